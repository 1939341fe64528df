package engine

import (
	"strings"
	"testing"
	"time"

	"snug/internal/component"
	"snug/internal/finding"
	"snug/internal/lock"
	"snug/internal/manifest"
)

// TestRemedies: the command is the one that moves what is in the way, and where none
// does it, that is named.
func TestRemedies(t *testing.T) {
	dir := writeTree(t, map[string]string{"pyproject.toml": `[project]
name = "web"
version = "1"
dependencies = ["django==4.2.1", "flask<3", "click", "idna", "pinned==1"]
[dependency-groups]
test = ["pytest~=7.1"]
[tool.snug]
constraints = ["idna<3"]
`})
	p, err := manifest.Load(dir, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	wheel := func(sum string) []lock.File {
		return []lock.File{{Hashes: map[string]string{"sha256": sum}}}
	}
	on := []lock.Target{{Name: "linux-x86_64", Python: "3.11.4"}}
	l := &lock.Lock{Tool: lock.Tool{Targets: on, Runtimes: []lock.Runtime{{Name: "prod", Roots: []string{"django==4.2.1", "flask<3"}}}}, Packages: []lock.Package{
		{Name: "django", Version: "4.2.1"}, {Name: "click", Version: "8"}, {Name: "idna", Version: "2"}, {Name: "pytest", Version: "7.1"},
		{Name: "flask", Version: "2.0", Wheels: wheel("f"), Dependencies: []lock.Dependency{{Name: "jinja2"}, {Name: "werkzeug"}}},
		{Name: "pinned", Version: "1", Wheels: wheel("p"), Dependencies: []lock.Dependency{{Name: "six"}}},
		{Name: "jinja2", Version: "3.1.2"}, {Name: "werkzeug", Version: "2"}, {Name: "six", Version: "1"},
	}}
	kept := map[string]string{
		"f": "Requires-Dist: jinja2>=3\nRequires-Dist: werkzeug<3\nRequires-Dist: jinja2<3.1.3; sys_platform == 'win32'\nRequires-Dist: werkzeug<2.1; extra == 'old'\n",
		"p": "Requires-Dist: six==1\n",
	}
	vulnerable := func(name string, fixed ...string) finding.Finding {
		return finding.Finding{Class: finding.Vulnerability, Component: component.Package, ID: "X-1", Package: name, Fixed: fixed}
	}
	owned := vulnerable("openssl")
	owned.Component, owned.Owner = component.Library, "pinned"
	python := vulnerable("cpython", "3.11.9")
	python.Component = component.Interpreter
	malware := vulnerable("six")
	malware.Class = finding.Malware
	for _, c := range []struct {
		f           finding.Finding
		want, alone string // with the project, with the lock alone
	}{
		{vulnerable("click", "8.1"), "snug lock --upgrade click", ""},
		{vulnerable("django", "4.2.2"), "snug add django==4.2.2", "ask for django==4.2.2 in the place of django==4.2.1"},
		{vulnerable("pytest", "8.1"), "snug add 'pytest~=8.1' --runtime test", "snug lock --upgrade pytest"},
		{vulnerable("flask", "2.2.5"), "snug lock --upgrade flask", ""},
		{vulnerable("flask", "3.0.1"), "snug add 'flask<4'", "ask for flask<4 in the place of flask<3"},
		{vulnerable("flask", "3.0.1", "2.2.5"), "snug lock --upgrade flask", ""},
		{vulnerable("idna", "3.7"), "admit idna 3.7 in idna<3 (pyproject.toml: [tool.snug] constraints)", "snug lock --upgrade idna"},
		{vulnerable("jinja2", "3.1.3"), "snug lock --upgrade jinja2", ""},
		{vulnerable("werkzeug", "3.0.1"), "flask 2.0 needs werkzeug<3: snug lock --upgrade flask werkzeug", ""},
		{vulnerable("six", "1.1"), "pinned 1 needs six==1: ask for a newer pinned than pinned==1 (pyproject.toml: [project] dependencies)", "pinned 1 needs six==1: snug lock --upgrade pinned six"},
		{vulnerable("click"), "no release mends it: do without click, or snug waive X-1 --package click --until DATE --reason TEXT", ""},
		{vulnerable("click", "what it says"), "", ""},
		{owned, "snug lock --upgrade pinned, once a release of pinned carries another openssl", ""},
		{python, "snug lock --upgrade takes the newest patch of Python", ""},
		{malware, "do not run it; snug lock --upgrade six, or do without pinned", ""},
		{finding.Finding{Class: finding.License, Package: "click"}, "", ""},
	} {
		if c.alone == "" {
			c.alone = c.want
		}
		for project, want := range map[*manifest.Project]string{p: c.want, nil: c.alone} {
			e, err := New(Options{Home: t.TempDir(), Env: func(string) string { return "" }, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			r := e.remedies(project, l)
			r.kept = func(sum string) ([]byte, bool) {
				text, ok := kept[sum]
				return []byte("Metadata-Version: 2.1\nName: x\nVersion: 1\nProvides-Extra: old\n" + text), ok
			}
			if got := r.of(c.f); got != want {
				t.Errorf("%s %v, project %t:\ngot  %s\nwant %s", c.f.Package, strings.Join(c.f.Fixed, " "), project != nil, got, want)
			}
		}
	}
}
