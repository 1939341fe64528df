package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/pep508"
)

// TestRuntimeOf holds the runtime that is told to what Add does with it: the
// project is then what With says, and nothing else.
func TestRuntimeOf(t *testing.T) {
	for _, c := range []struct {
		name, files string // "NAME: text" paragraphs
		want        string // "requirement runtime", "-" for none
	}{
		{"files", "requirements.txt: a<1 # why\\\n b\n-r base.txt\nb>1; os_name == 'nt'\nb>1; os_name == 'nt'\n" + "\n\nbase.txt: c==1\n" + "\n\nrequirements-dev.txt: -r requirements.txt\nd<2\n",
			"a<1 prod, c==1 -, b>1; os_name == \"nt\" prod, b>1; os_name == \"nt\" -, d<2 dev"},
		{"tables", "pyproject.toml: [project]\nname='x'\nversion='1'\ndependencies=['a<1', 'x[pg]']\noptional-dependencies.pg=['b<1']\n[dependency-groups]\nTest=['c', {include-group='more'}]\nmore=['d']\n[tool.snug]\npackage=false\n",
			"a<1 prod, b<1 -, c test, d -"},
		{"dynamic", "pyproject.toml: [project]\nname='x'\nversion='1'\ndynamic=['dependencies']\n[tool.setuptools.dynamic]\ndependencies={file=['in.txt', 'more.txt']}\n[tool.snug]\npackage=false\n\n\nin.txt: a<1\n\n\nmore.txt: b<1\n",
			"a<1 prod, b<1 -"},
		{"runtimes by name", "pyproject.toml: [project]\nname='x'\nversion='1'\ndependencies=['a<1']\n[dependency-groups]\none=['b']\ntwo=['c']\n[tool.snug]\npackage=false\n[tool.snug.runtimes]\napp={groups=[]}\nall={groups=['one','two'], contains='app'}\n",
			"a<1 app, b all, c -"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for file := range strings.SplitSeq(c.files, "\n\n\n") {
				name, text, _ := strings.Cut(file, ": ")
				if err := os.WriteFile(filepath.Join(root, strings.TrimSpace(name)), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			p := load(t, root)
			var got []string
			for _, q := range p.all() {
				runtime, ok := p.RuntimeOf(q)
				if !ok {
					runtime = "-"
				}
				got = append(got, q.String()+" "+runtime)
				if ok {
					holdsAdd(t, p, q, runtime)
				}
			}
			if text := strings.Join(slices.Compact(got), ", "); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

func load(t *testing.T, root string) *Project {
	t.Helper()
	p, err := Load(root, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func holdsAdd(t *testing.T, p *Project, q Requirement, runtime string) {
	t.Helper()
	other, err := pep508.Parse(q.Name + ">=7")
	if err != nil {
		t.Fatal(err)
	}
	other.Marker = q.Marker
	files, err := Add(p, runtime, []string{other.String()})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range files {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		defer os.WriteFile(path, before, 0o644)
	}
	if got, want := load(t, p.Root).Digest(), p.With(q, &other).Digest(); got != want {
		t.Errorf("snug add %s to %s does something else", other, runtime)
	}
}
