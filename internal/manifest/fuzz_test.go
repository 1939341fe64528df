package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
)

// loads reads text as a project's only file: whatever stands in it, a refusal
// names the file and gives a remedy.
func loads(t *testing.T, name, text string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Load(dir, env)
	if err == nil {
		return
	}
	if !slices.Contains([]fault.Code{fault.Input, fault.NotFound, fault.Unsupported}, fault.CodeOf(err)) || fault.HintOf(err) == "" {
		t.Errorf("%q: code %q, hint %q: %v", text, fault.CodeOf(err), fault.HintOf(err), err)
	}
	if !strings.Contains(err.Error(), name) {
		t.Errorf("%q: no file is named: %v", text, err)
	}
}

func FuzzLoadPyproject(f *testing.F) {
	for _, text := range []string{
		"[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"idna>=3 ; python_version > '3'\"]\n",
		"[project]\nname = \"x\"\ndynamic = [\"version\", \"dependencies\"]\n[project.scripts]\na = \"b:c\"\n[project.optional-dependencies]\nall = [\"x[all]\"]\n",
		"[dependency-groups]\ntest = [{include-group = \"dev\"}]\ndev = [\"a @ https://index.example/a-1-py3-none-any.whl\"]\n",
		"[project]\nname = \"x\"\n[tool.snug]\npython = \"3.14\"\ntargets = [\"linux-x86_64\"]\nas-of = 2026-01-01\nmin-age = \"7d\"\nmin-age-package = { y = \"0\" }\n[tool.snug.runtimes]\nprod = { slim = \"safe\" }\n[tool.snug.overlaps]\n\"a/**\" = \"b\"\n",
		"project.name = 'x'\nproject.readme = { file = 'R', content-type = 'text/plain' }\nproject.license = 'MIT'\nproject.urls.a = 'b'\n",
		"[project", "a = 1\n[a.b]\n", "[project]\nname = 7\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { loads(t, FileName, text) })
}

func FuzzLoadRequirements(f *testing.F) {
	for _, text := range []string{
		"idna>=3 # c\n-r other.txt\n", "idna==3.9 \\\n  --hash=sha256:" + strings.Repeat("0", 64) + "\n", "-e .\n./pkg[x] ; os_name == 'nt'\n",
		"https://${TOKEN}@index.example/a-1-py3-none-any.whl\n", "--index-url https://index.example/\n-c c.txt\n--pre\n", "a @ file:///a-1-py3-none-any.whl\n",
		"-r requirements.txt\n", "\ufeffidna\n", "-", "--hash", "[x]", "a[b", "-c.\n0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { loads(t, "requirements.txt", text) })
}
