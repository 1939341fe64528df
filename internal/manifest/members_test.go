package manifest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/pep508"
)

const mono = `-- pyproject.toml --
[project]
name = "shop"
version = "1"
dependencies = ["core[x]; os_name == 'posix'", "gone"]
[tool.uv.sources]
core = { path = "libs/core" }
gone = { path = "libs/gone", editable = true }
[tool.snug]
exclude = ["gone"]
-- libs/core/pyproject.toml --
[tool.poetry]
name = "Core"
version = "0.1"
[tool.poetry.dependencies]
python = ">=3.12"
own = { version = "^1", source = "there" }
early = { version = "1", allow-prereleases = true }
[tool.poetry.extras]
x = ["early"]
[[tool.poetry.source]]
name = "there"
url = "https://there.example/"
[tool.uv]
override-dependencies = ["o>1"]
-- libs/gone/pyproject.toml --
[project]
name = "gone"
version = "1"
dependencies = ["never"]
`

func TestMembers(t *testing.T) {
	p, err := Load(write(t, mono), env)
	if err != nil {
		t.Fatal(err)
	}
	prod := p.Runtimes[0]
	expect(t, "prod", texts(prod.Requirements), []string{`early==1; os_name == "posix"`, `early==1; os_name == "posix"`, `own<2,>=1; os_name == "posix"`, "gone"})
	if len(prod.Members) != 1 || prod.Members[0].Dir != "libs/core" || prod.Members[0].Name != "Core" {
		t.Errorf("members %+v", prod.Members)
	}
	if p.RequiresPython.String() != ">=3.12" || !slices.Equal(p.Prereleases, []string{"early"}) || p.PackageIndex["own"] != "there" || len(p.Indexes) != 1 || !p.Indexes[0].Explicit || p.IndexURL != "" {
		t.Errorf("got %+v", p)
	}
	if !slices.ContainsFunc(p.Notes, func(n string) bool { return strings.HasPrefix(n, "libs/core/pyproject.toml: constraints, overrides") }) || len(p.Overrides) != 0 {
		t.Errorf("notes %q, overrides %v", p.Notes, p.Overrides)
	}
	for os, want := range map[string]int{"posix": 2, "nt": 1} {
		for _, runtime := range []string{"prod", "dev"} {
			own, err := p.FirstParty(runtime, pep508.Environment{OSName: os})
			if err != nil || len(own) != want {
				t.Errorf("%s on %s: %v %v", runtime, os, own, err)
			}
		}
	}
	alone := DigestOf([]*Local{p.Local})
	if alone != p.Local.Digest() || alone == DigestOf(p.Own()) || DigestOf(nil) != "" {
		t.Error("the digest of what is first-party")
	}
}

func TestFoldersOfRequirements(t *testing.T) {
	dir := write(t, strings.Replace(mono, "-- pyproject.toml --", "-- requirements.txt --\n-e ./libs/core\n-- other.toml --", 1))
	p, err := Load(dir, env)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "prod", texts(p.Runtimes[0].Requirements), []string{"early==1", "own<2,>=1"})
	src, err := Init(nil, p.Draft()) // the folder, not what it stands for
	if err != nil || !strings.Contains(string(src), "# requirements.txt:1: local path libs/core") || strings.Contains(string(src), "early") {
		t.Errorf("%s %v", src, err)
	}
	loose, err := Loose(filepath.Join(dir, "libs", "core"), []string{"."}, nil, nil, env)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "-e .", texts(loose.Runtimes[0].Requirements), []string{"early==1", "own<2,>=1"})
}

func TestConstraintsNameNoPlace(t *testing.T) {
	_, err := Load(write(t, "-- requirements.txt --\na\n-c c.txt\n-- c.txt --\na @ https://index.example/a-1-py3-none-any.whl\n"), env)
	if err == nil || !strings.Contains(err.Error(), "c.txt:1: the constraint a names a place") {
		t.Errorf("got %v", err)
	}
}

func TestForeignTablesBesideRequirementsFiles(t *testing.T) {
	p, err := Load(write(t, "-- requirements.txt --\na\n-- pyproject.toml --\n[tool.uv]\nconstraint-dependencies = ['a<2']\n[tool.poetry]\nname = 'x'\n"), env)
	if err != nil || len(p.Constraints) != 1 || p.Declared() {
		t.Errorf("got %+v %v", p, err)
	}
	for table, want := range map[string]string{
		"[tool.uv]\ndev-dependencies = ['b']":          "[tool.uv] dev-dependencies needs [project]",
		"[tool.pdm.dev-dependencies]\nx = ['b']":       "[tool.pdm] dev-dependencies needs [project]",
		"[tool.poetry.dev-dependencies]\nx = '1'":      "name is missing",
		"[tool.uv]\nresolution = 'oldest'":             "what resolution asks for",
		"[tool.snug.runtimes]\nprod = { groups = [] }": "runtimes need [dependency-groups]",
	} {
		_, err := Load(write(t, "-- requirements.txt --\na\n-- pyproject.toml --\n"+table+"\n"), env)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", table, err, want)
		}
	}
}
