package build

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/pep440"
)

func version(t *testing.T, text string) pep440.Version {
	t.Helper()
	v, err := pep440.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The shipped recipes are read, each says why it is there, and what a distribution
// calls its libraries.
func TestShippedRecipes(t *testing.T) {
	recipes, err := ReadRecipes("")
	if err != nil {
		t.Fatal(err)
	}
	if len(recipes) < 12 {
		t.Errorf("%d recipes", len(recipes))
	}
	for name, r := range recipes {
		if len(r.Reason) < 20 || r.Name != name || r.Digest.IsZero() {
			t.Errorf("%+v", r)
		}
		for _, s := range r.System {
			for _, distribution := range []string{"debian", "fedora", "alpine"} {
				if s.Called[distribution] == "" {
					t.Errorf("%s: %s has no name on %s", name, s.Name, distribution)
				}
			}
		}
	}
}

func TestProjectsRecipes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "psycopg2.toml"), []byte("reason = \"ours\"\nversions = \">=3\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("no recipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	recipes, err := ReadRecipes(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := recipes.For("Psycopg2", version(t, "3.1")); !ok || r.Reason != "ours" || len(r.System) != 0 {
		t.Errorf("%+v, %v", r, ok)
	}
	if r, ok := recipes.For("psycopg2", version(t, "2.9")); ok {
		t.Errorf("a recipe for other versions is taken: %+v", r)
	}
	if _, ok := recipes.For("lxml", version(t, "5.0")); !ok {
		t.Error("the shipped ones are gone")
	}
	if _, err := ReadRecipes(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}

func TestRecipeIsReadWhole(t *testing.T) {
	r, err := ParseRecipe("recipes/some-thing.toml", []byte(`
reason = "needs it"
versions = ">=2"
excluded = "<2.3"
because = "they need Python 2"
native = true
rust = true
requires = ["cython<3", "numpy; python_version >= '3.9'"]
env = { FOO_DIR = "/usr" }
settings = { one = "a", many = ["b", "c"] }
[[system]]
name = "libfoo"
header = "foo.h"
debian = "libfoo-dev"
[[patch]]
file = "src/a.c"
from = "old"
to = "new"
versions = "<3"
`))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Native || !r.Rust || len(r.Requires) != 2 || r.Env["FOO_DIR"] != "/usr" || r.System[0].Called["debian"] != "libfoo-dev" || r.Patches[0].To != "new" {
		t.Errorf("%+v", r)
	}
	if r.Excludes(version(t, "2.1")) != "they need Python 2" || r.Excludes(version(t, "2.4")) != "" || (*Recipe)(nil).Excludes(version(t, "1")) != "" {
		t.Error("excluded versions")
	}
	said := r.settings()
	if said["one"] != "a" || !slices.Equal(said["many"].([]string), []string{"b", "c"}) || len((*Recipe)(nil).settings()) != 0 {
		t.Errorf("settings %v", said)
	}
}

// Every mistake is told with its line.
func TestBadRecipes(t *testing.T) {
	cases := []struct{ file, text, want string }{
		{"a.toml", "env = {}", "reason is missing"},
		{"a.toml", "reason = \"x\"\nreasno = \"y\"", `a.toml:2: unknown key "reasno"`},
		{"a.toml", "reason = \"x\"\n\nversions = \"two\"", "a.toml:3: versions"},
		{"a.toml", "reason = \"x\"\nexcluded = \"<2\"", "a.toml:2: excluded and because"},
		{"a.toml", "reason = \"x\"\nrequires = [\"a b\"]", "a.toml:2: requires"},
		{"a.toml", "reason = \"x\"\nnative = \"yes\"", "a.toml:2: native"},
		{"a.toml", "reason = \"x\"\n[env]\nHOME = \"/\"", "a.toml:3: [env] HOME"},
		{"a.toml", "reason = \"x\"\n[env]\nLD_PRELOAD = \"/\"", "a.toml:3: [env] LD_PRELOAD"},
		{"a.toml", "reason = \"x\"\n[env]\n\"A=B\" = \"/\"", "cannot be the name"},
		{"a.toml", "reason = \"x\"\n[env]\nA = 1", "a.toml:3: [env] A must be a string"},
		{"a.toml", "reason = \"x\"\n[settings]\na = 1", "a.toml:3: [settings] a"},
		{"a.toml", "reason = \"x\"\n[[system]]\ndebian = \"y\"", "needs a name"},
		{"a.toml", "reason = \"x\"\n[[system]]\nname = \"y\"\nbeos = \"z\"", `unknown key "beos"`},
		{"a.toml", "reason = \"x\"\n[[patch]]\nfile = \"../a\"\nfrom = \"b\"", "a patch names a file of the sources"},
		{"a.toml", "reason = \"x\"\n[[patch]]\nfile = \"/a\"\nfrom = \"b\"", "a patch names a file of the sources"},
		{"a.toml", "reason = \"x\"\n[[patch]]\nfile = \"a\"", "a patch names a file of the sources"},
		{"a.toml", "reason = ", "a.toml:1"},
		{"Some_Thing.toml", "reason = \"x\"", "normalised name"},
	}
	for _, c := range cases {
		_, err := ParseRecipe(c.file, []byte(c.text))
		if fault.CodeOf(err) != fault.Input || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.toml"), make([]byte, maxRecipe+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecipes(dir); fault.CodeOf(err) != fault.Input {
		t.Errorf("a large one: %v", err)
	}
}

func TestPatches(t *testing.T) {
	epoch := time.Unix(1600000000, 0)
	patch := func(text, version string, p Patch) (string, error) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.c"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("a.c", filepath.Join(dir, "link.c")); err != nil {
			t.Skip(err)
		}
		err := (&Recipe{File: "recipes/demo.toml", Patches: []Patch{p}}).apply(dir, version, epoch)
		got, rerr := os.ReadFile(filepath.Join(dir, "a.c"))
		if rerr != nil {
			t.Fatal(rerr)
		}
		return string(got), err
	}
	older, err := pep440.ParseSpecifiers("<2")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := patch("one old two", "1.0", Patch{File: "a.c", From: "old", To: "new"}); got != "one new two" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := patch("one old two", "2.0", Patch{File: "a.c", From: "old", To: "new", Versions: older}); got != "one old two" || err != nil {
		t.Errorf("for other versions: %q, %v", got, err)
	}
	for what, c := range map[string]struct{ text, file string }{"is there 0 times": {"nothing", "a.c"}, "is there 2 times": {"old old", "a.c"}, "no such file": {"old", "b.c"}, "no regular file": {"old", "link.c"}} {
		got, err := patch(c.text, "1.0", Patch{File: c.file, From: "old", To: "new"})
		if got != c.text || fault.CodeOf(err) != fault.Input || !strings.Contains(err.Error(), what) || fault.HintOf(err) == "" {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
}

// A recipe reaches the backend: its environment, its settings and its patches.
func TestRecipeInABuild(t *testing.T) {
	b := newBench(t)
	job := b.job(t, `
def build_wheel(f, settings=None, *a):
    assert os.environ["DEMO"] == "yes", os.environ
    assert settings == {"one": "a", "many": ["b", "c"]}, settings
    assert "patched" == "patch" + "ed"
    raise AssertionError("not patched")`)
	job.Recipe = &Recipe{File: "recipes/demo.toml", Env: map[string]string{"DEMO": "yes"}, Settings: map[string][]string{"one": {"a"}, "many": {"b", "c"}},
		Patches: []Patch{{File: "inside/own.py", From: `raise AssertionError("not patched")`, To: "return honest(f)"}}}
	if _, err := b.Wheel(t.Context(), job); err != nil {
		t.Error(err)
	}
}
