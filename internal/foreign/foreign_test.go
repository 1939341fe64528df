package foreign

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"snug/internal/fault"
	"snug/internal/manifest"
)

var update = flag.Bool("update", false, "write what was read into testdata/read")

func env(name string) string { return map[string]string{"TOKEN": "s3cret"}[name] }

// Each archive is a file of another tool, what lies beside it, and `want`.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			last := len(a.Files) - 1
			for _, f := range a.Files[:last] {
				if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			m, err := Read(filepath.Join(dir, a.Files[0].Name), env)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(tell(m), dir+string(filepath.Separator), "")
			if *update {
				a.Files[last].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(a.Files[last].Data); got != want {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

// tell is an import as text, a line for each thing that it says.
func tell(m *Import) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("%s %q %q python %q rooted %v", m.Format, m.Name, m.Version, m.RequiresPython, m.Rooted)
	asked := func(group string, asks []manifest.Requirement) {
		for _, q := range asks {
			say("%s: %s (%s) index %q", group, q.Requirement.String(), q.Origin, q.Index)
		}
	}
	asked("asked", m.Dependencies)
	for _, g := range slices.Sorted(maps.Keys(m.Groups)) {
		asked("group "+g, m.Groups[g])
	}
	for _, g := range slices.Sorted(maps.Keys(m.Extras)) {
		asked("extra "+g, m.Extras[g])
	}
	for _, p := range m.Pins {
		say("pin %s %s if %q line %d", p.Name, p.Version, p.Marker, p.Line)
		for _, f := range slices.Sorted(maps.Keys(p.Files)) {
			say("  %s %s", f, p.Files[f][:4])
		}
		for _, sum := range p.Hashes {
			say("  %s", sum[:4])
		}
		if len(p.Needs) > 0 {
			say("  needs %s", strings.Join(p.Needs, " "))
		}
		if p.File != "" {
			say("  in %s", p.File)
		}
	}
	for _, l := range m.Loose {
		say("loose: %s (%s) own %v line %d%s", l.Name, l.What, l.Own, l.Line, l.File)
	}
	if m.IndexURL != "" {
		say("index %s", m.IndexURL)
	}
	for _, x := range m.Indexes {
		say("index %s = %s explicit %v", x.Name, x.URL, x.Explicit)
	}
	for _, s := range m.Sources {
		say("made from %s", s)
	}
	for _, l := range m.Left {
		say("left: %s: %s", l.What, l.Why)
	}
	return b.String()
}

// What cannot be read is refused with the file, its line where that is known,
// and a remedy.
func TestRefused(t *testing.T) {
	cases := []struct {
		file, text, want string
		code             fault.Code
	}{
		{"uv.lock", "version = 1\n[[package]\n", "uv.lock:2: ", fault.Input},
		{"uv.lock", "version = 2\n", `uv.lock: version "2" of the format is not supported, want 1`, fault.Unsupported},
		{"uv.lock", "version = 1\nrequires-python = \"three\"\n", "uv.lock: requires-python: ", fault.Input},
		{"uv.lock", "version = 1\n[[package]]\nname = 7\n", "uv.lock:3: ", fault.Input},
		{"uv.lock", "version = 1\n\n[[package]]\nname = \"a\"\nversion = \"new\"\n", "uv.lock:3: a: invalid version", fault.Input},
		{"uv.lock", "version = 1\n[[package]]\nname = \"a b\"\nversion = \"1\"\n", `uv.lock:2: "a b" is no name of a package`, fault.Input},
		{"uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nresolution-markers = [\"os is nt\"]\n", "uv.lock:2: a: ", fault.Input},
		{"uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ url = \"a.whl\", hash = \"sha256:12\" }]\n", `uv.lock:2: a: malformed hash "sha256:12"`, fault.Input},
		{"uv.lock", "a = " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "uv.lock: nested deeper than 64", fault.Input},
		{"uv.lock", "a = \"\xff\"", "uv.lock: not a UTF-8 text file", fault.Input},
		{"poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n", `poetry.lock: version "" of the format`, fault.Unsupported},
		{"poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\nmarkers = 7\n[metadata]\nlock-version = \"2.1\"\n", "poetry.lock:1: a: markers must be", fault.Input},
		{"poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\nmarkers = { main = 7 }\n[metadata]\nlock-version = \"2.1\"\n", `poetry.lock:1: a: the marker of group "main"`, fault.Input},
		{"pdm.lock", "[metadata]\nlock_version = \"9\"\n", `pdm.lock: version "9" of the format is not supported, want 4`, fault.Unsupported},
		{"Pipfile", "[packages]\n\nidna = \"3.9\"\n", `Pipfile:3: idna: `, fault.Input},
		{"Pipfile", "[packages]\nidna = 7\n", `Pipfile:2: idna must be a string or a table`, fault.Input},
		{"Pipfile", "[packages.idna]\nextras = \"x\"\n", `Pipfile:1: idna: extras must be an array of strings`, fault.Input},
		{"Pipfile", "[requires]\npython_version = \"three\"\n", `Pipfile:1: python: `, fault.Input},
		{"Pipfile.lock", "{\n\"_meta\": {\"pipfile-spec\": 6},\n\"default\": {\n\"idna\": {\"version\": 7}}}", "Pipfile.lock:4: ", fault.Input},
		{"Pipfile.lock", "{\n\"_meta\": {\n", "Pipfile.lock:3: ", fault.Input},
		{"Pipfile.lock", "{}", `Pipfile.lock: there is no "_meta"`, fault.Input},
		{"Pipfile.lock", `{"_meta": {"pipfile-spec": 7}}`, `Pipfile.lock: version "7" of the format`, fault.Unsupported},
		{"requirements.txt", "idna ==\n", "requirements.txt:1: ", fault.Input},
		{"requirements.txt", "a\n-r missing.txt\n", "requirements.txt:2: no requirements file missing.txt", fault.Input},
		{"environment.yml", "dependencies:\n\t- a\n", "environment.yml:2: ", fault.Input},
		{"environment.yml", "- a\n", "environment.yml:1: the file is not a mapping", fault.Input},
		{"environment.yml", "", "environment.yml: the file is not a mapping", fault.Input},
		{"environment.yml", "a: &a [x]\ndependencies: *a\n", "environment.yml:2: aliases (*a) are not read", fault.Input},
		{"environment.yml", "dependencies:\n  numpy: 1\n", "environment.yml:2: dependencies must be a list", fault.Input},
		{"environment.yml", "dependencies:\n  - [a]\n", "environment.yml:2: a dependency must be", fault.Input},
		{"environment.yml", "dependencies:\n  - pip:\n      - idna\n      - not a package !\n", "environment.yml:4: ", fault.Input},
		{"environment.yml", "dependencies:\n  - pip: idna\n", "environment.yml:2: pip must be a list", fault.Input},
		{"pylock.old.toml", "lock-version = \"1.0\"\n", "pylock.old.toml: ", fault.Input},
		{"setup.cfg", "", "setup.cfg: not a lock or a list that snug reads", fault.Usage},
	}
	for _, c := range cases {
		t.Run(c.file+" "+c.want, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Read(filepath.Join(dir, c.file), env)
			if err == nil {
				t.Fatal("it was read")
			}
			if got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""); !strings.HasPrefix(got, c.want) || fault.CodeOf(err) != c.code || fault.HintOf(err) == "" {
				t.Errorf("%s: %s\nhint: %s\nwant %s: %s", fault.CodeOf(err), got, fault.HintOf(err), c.code, c.want)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), Uv), env); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestCondaBounds(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "*": "", "=1.26": "==1.26.*", "==1.26": "==1.26", "1.26": "==1.26", "1.26.*": "==1.26.*", "1.26*": "==1.26.*", "=1.26.*": "==1.26.*",
		">=1.2,<2": ">=1.2,<2", ">=1.8.*": ">=1.8", "!=1.2.*": "!=1.2.*", " >=1.2, <2 ": ">=1.2,<2", "~=1.4": "~=1.4", ">=1,*": ">=1",
		"1.2|1.3": "", ">=1.2|<1": "", "=9e": "", "[version=1]": "",
	} {
		if got := condaBounds(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// No name stands in two of the lists, and each can be the name of a package.
func TestCondaNames(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range append(slices.Collect(maps.Keys(otherwise)), append(strings.Fields(likewise), strings.Fields(native)...)...) {
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
	for conda, want := range map[string]string{"pytorch": "torch", "numpy": "numpy", "huggingface_hub": "huggingface-hub", "libblas": "", "openssl": "", "nosuch": "", "pip": ""} {
		if got, why := onIndex(conda); got != want || (got == "") != (why != "") {
			t.Errorf("%s: got %q (%s), want %q", conda, got, why, want)
		}
	}
}

func TestBare(t *testing.T) {
	for text, want := range map[string]string{
		"https://index.example/simple":                      "https://index.example/simple",
		"https://me:secret@index.example/simple":            "https://index.example/simple",
		"https://${USER}:${PASS_WORD}@index.example/simple": "https://index.example/simple",
		"https://$USER:pa$$@index.example/simple":           "https://index.example/simple",
		"https://index.example/a@b":                         "https://index.example/a@b",
		"git+ssh://git@index.example/a":                     "git+ssh://index.example/a",
	} {
		r := newReader(Pipfile, "Pipfile")
		if got := r.bare("it", text); got != want || (got != text) != (len(r.out.Left) == 1) {
			t.Errorf("%s: got %s, left %v", text, got, r.out.Left)
		}
	}
}

func TestNameIn(t *testing.T) {
	for text, want := range map[string]string{
		"kit @ git+https://me:pw@code.example/k.git@main":       "kit",
		"git+https://me:pw@code.example/kit.git@main":           "kit.git",
		"git+https://me:pw@code.example/k.git@main#egg=kit":     "kit",
		"git+ssh://git@code.example/kit":                        "kit",
		"file:///home/me/kit":                                   "kit",
		"git+https://${USER}:${PASS}@code.example/kit@v1#sub=x": "kit",
	} {
		if got := nameIn(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// The markers of a lock by PEP 751 speak of groups, which must be known where
// they are decided.
func TestLock(t *testing.T) {
	l := Lock([]*Import{
		{Format: Uv, Pins: []Pin{{Name: "a", Version: "1", Marker: "os_name == 'nt'"}}},
		{Format: Pylock, Pins: []Pin{{Name: "a", Version: "2"}}, MarkerGroups: []string{"dev"}, MarkerExtras: []string{"pg"}},
	})
	if len(l.Packages) != 2 || l.Packages[0].Version != "1" || l.Packages[0].Marker == "" || !slices.Equal(l.DependencyGroups, []string{"dev"}) || !slices.Equal(l.Extras, []string{"pg"}) {
		t.Errorf("got %+v", l)
	}
}

func TestCutExtra(t *testing.T) {
	for marker, want := range map[string][2]string{
		"extra == 'x'":                                           {"", "x"},
		`os_name == "nt" and extra == "x"`:                       {`os_name == "nt"`, "x"},
		"extra == 'x' and os_name == 'nt'":                       {"os_name == 'nt'", "x"},
		"(a == 'b' or c == 'd') and extra == 'x'":                {"(a == 'b' or c == 'd')", "x"},
		"a == 'b' or c == 'd' and extra == 'x'":                  {"a == 'b' or c == 'd' and extra == 'x'", ""},
		"(a == 'b') or (c == 'd') and extra == 'x'":              {"(a == 'b') or (c == 'd') and extra == 'x'", ""},
		"os_name == 'nt' and extra == 'x' and e == 'f'":          {"os_name == 'nt' and e == 'f'", "x"},
		"extra == 'x' or extra == 'y'":                           {"extra == 'x' or extra == 'y'", ""},
		"(e == 'f' and extra == 'x') or (extra == 'y')":          {"(e == 'f' and extra == 'x') or (extra == 'y')", ""},
		"os_name == 'nt'":                                        {"os_name == 'nt'", ""},
		"extra == 'x' and e == 'f' or extra == 'y' and g == 'h'": {"extra == 'x' and e == 'f' or extra == 'y' and g == 'h'", ""},
	} {
		if rest, extra := cutExtra(marker); [2]string{rest, extra} != want {
			t.Errorf("%s: got %q of %q", marker, rest, extra)
		}
	}
}
