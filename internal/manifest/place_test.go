package manifest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/pep508"
)

func TestRepository(t *testing.T) {
	for text, want := range map[string]Repository{
		"git+https://code.example/o/a":                                    {URL: "https://code.example/o/a"},
		"git+https://code.example/o/a.git@v1.0#subdirectory=x/y&egg=a":    {URL: "https://code.example/o/a.git", Revision: "v1.0", Subdirectory: "x/y"},
		"git+http://code.example:8080/a@feature/one":                      {URL: "http://code.example:8080/a", Revision: "feature/one"},
		"git+https://code.example/a@pkg%401.0":                            {URL: "https://code.example/a", Revision: "pkg@1.0"},
		"git+https://code.example/a%20b@0123456789abcdef0123456789abcdef": {URL: "https://code.example/a%20b", Revision: "0123456789abcdef0123456789abcdef"},
	} {
		r := Requirement{Requirement: pep508.Requirement{Name: "a", URL: text}}
		got, ok, err := r.Repository()
		if err != nil || !ok || got != want {
			t.Errorf("%s: got %+v, %v, %v", text, got, ok, err)
		}
	}
	for _, text := range []string{"", "https://code.example/a+b.zip", "https://code.example/a.zip#x+y"} {
		r := Requirement{Requirement: pep508.Requirement{Name: "a", URL: text}}
		if got, ok, err := r.Repository(); ok || err != nil {
			t.Errorf("%s: got %+v, %v, %v", text, got, ok, err)
		}
	}
	for text, want := range map[string]string{
		"hg+https://code.example/a":           "by hg+https",
		"git+ssh://git@code.example/a":        "by git+ssh",
		"git+file:///srv/a":                   "by git+file",
		"git+git@code.example:o/a":            "malformed address",
		"git+https://code.example/a@":         "no revision stands behind the @",
		"git+https://code.example/a@--upload": `"--upload" can be no revision`,
		"git+https://code.example/a@x..y":     `"x..y" can be no revision`,
		"git+https://code.example/a@x%0Ay":    "can be no revision",
		"git+https://code.example/a@x%20y":    "can be no revision",
	} {
		r := Requirement{Requirement: pep508.Requirement{Name: "a", URL: text}, Origin: Origin{File: "f"}}
		if _, _, err := r.Repository(); err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// TestPlaces: sources of every kind, as they stand in pyproject.toml and in
// requirements files. What is told of each is name, address or path, subdirectory.
func TestPlaces(t *testing.T) {
	outside := filepath.ToSlash(t.TempDir())
	for _, c := range []struct{ text, want string }{
		{"-- pyproject.toml --\n[project]\nname = 'p'\nversion = '1'\ndependencies = ['a @ git+https://u:s3cret@code.example/a@main#subdirectory=x']\n", "a git+https://code.example/a@main#subdirectory=x x"},
		{"-- pyproject.toml --\n" + standard + "[tool.uv.sources]\na = { git = 'https://code.example/a', tag = 'v1@x', subdirectory = 'x' }\n", "a git+https://code.example/a@v1%40x#subdirectory=x x"},
		{"-- pyproject.toml --\n" + standard + "[tool.uv.sources]\na = { git = 'git+https://code.example/a' }\n", "a git+https://code.example/a "},
		{"-- pyproject.toml --\n" + standard + "[tool.uv.sources]\na = { url = 'https://index.example/a.zip', subdirectory = 'x' }\n", "a https://index.example/a.zip#subdirectory=x x"},
		{"-- pyproject.toml --\n" + standard + "[tool.uv.sources]\na = { path = 'old/a.tar.gz', subdirectory = 'x' }\n-- old/a.tar.gz --\n", "a old/a.tar.gz x"},
		{"-- pyproject.toml --\n[tool.poetry]\nname = 'p'\nversion = '1'\n[tool.poetry.dependencies]\na = { git = 'https://u:s3cret@code.example/a', rev = 'c0ffee', subdirectory = 'x' }\n", "a git+https://code.example/a@c0ffee#subdirectory=x x"},
		{"-- pyproject.toml --\n[tool.poetry]\nname = 'p'\nversion = '1'\n[tool.poetry.dependencies]\na = { path = 'mono', subdirectory = 'x' }\n-- mono/x/setup.py --\n", "a mono x"},
		{"-- requirements.txt --\na @ file://" + outside + "\n", "a " + outside + " "},
		{"-- requirements.txt --\na @ file://" + outside + "#subdirectory=x\n", "a " + outside + " x"},
		{"-- requirements.txt --\n./a-1.0.tar.bz2\n-- a-1.0.tar.bz2 --\n", "a a-1.0.tar.bz2 "},
		{"-- requirements.txt --\nhttps://index.example/a-1.0.tgz\n", "a https://index.example/a-1.0.tgz "},
		{"-- pyproject.toml --\n" + standard + "[tool.uv.sources]\na = { path = 'old', editable = true }\n-- old/setup.py --\n", "a old "},
	} {
		p, err := Load(write(t, c.text), env)
		if err != nil {
			t.Errorf("%s\n%v", c.text, err)
			continue
		}
		r := p.Runtimes[0].Requirements[0]
		got := r.Path
		if got != "" && filepath.IsAbs(filepath.Join(p.Root, got)) && strings.HasPrefix(got, "..") {
			got = filepath.ToSlash(filepath.Join(p.Root, got))
		}
		if got = r.Key() + " " + r.URL + got + " " + r.Subdirectory(); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
		if strings.Contains(c.text, "s3cret") && !slices.Contains(p.Logins, "https://u:s3cret@code.example") {
			t.Errorf("%s\nlogins %q", c.text, p.Logins)
		}
		if said := strings.Contains(strings.Join(p.Notes, "\n"), "is not editable"); said != strings.Contains(c.text, "editable") {
			t.Errorf("%s\nnotes %q", c.text, p.Notes)
		}
	}
}

func TestPlacesRefused(t *testing.T) {
	for text, want := range map[string]string{
		"-- requirements.txt --\na @ file://other.example/x\n":                                                                                                "names no file of this machine",
		"-- requirements.txt --\na @ https://index.example/a.zip#subdirectory=../x\n":                                                                         `the subdirectory "../x" leads out`,
		"-- requirements.txt --\n./old\n-- old/setup.py --\n":                                                                                                 "runs no setup.py to learn its name",
		"-- pyproject.toml --\n" + standard + "[tool.uv.sources]\na = { path = 'old', package = false }\n-- old/setup.py --\n":                                "cannot be read without building it",
		"-- pyproject.toml --\n" + standard + "[tool.uv.sources]\na = { path = 'old' }\n-- old/pyproject.toml --\n[project]\nname = 'other'\nversion = '1'\n": "old is called other there, not a",
	} {
		_, err := Load(write(t, text), env)
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
