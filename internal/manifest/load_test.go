package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/dist"
	"snug/internal/fault"
)

// write unpacks "-- name --" sections into a new folder.
func write(t *testing.T, text string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "proj")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split("\n"+text, "\n-- ")[1:] {
		name, body, _ := strings.Cut(section, " --\n")
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func env(name string) string {
	return map[string]string{"TOKEN": "s3cret", "VER": "5.2"}[name]
}

func texts(reqs []Requirement) []string {
	var out []string
	for _, r := range reqs {
		out = append(out, r.String())
	}
	return out
}

func expect[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

const shop = `-- pyproject.toml --
[project]
name = "My.Shop"
version = "1.04"
description = "things"
requires-python = ">=3.13"
license = "MIT"
authors = [{ name = "A", email = "a@shop.example" }, { name = "B" }]
dependencies = ["django~=5.2", "my-shop[PG]; os_name == 'posix'"]
[project.optional-dependencies]
pg = ["psycopg"]
[project.scripts]
shop = "shop.cli:main"
[dependency-groups]
Test = [
  "pytest",
]
dev = [{ include-group = "test" }, "ipython"]
[tool.snug]
python = "3.14"
targets = ["linux-x86_64"]
as-of = 2026-11-01T02:00:00+02:00
index = { Torch_X = "gpu" }
[tool.snug.extra-index]
gpu = { url = "https://index.example/gpu/", explicit = true }
-- src/shop/cli.py --
`

func TestLoadPyproject(t *testing.T) {
	p, err := Load(write(t, shop), env)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "my-shop" || p.Python != "3.14" || !p.AsOf.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", p)
	}
	if len(p.Runtimes) != 3 || p.Runtimes[2].Name != "dev" || p.Runtimes[2].Contains != "test" || !p.Runtimes[0].Isolated {
		t.Fatalf("runtimes: %+v", p.Runtimes)
	}
	if got := texts(p.Runtimes[0].Requirements); len(got) != 2 || got[0] != "django~=5.2" || !strings.HasPrefix(got[1], "psycopg") || !strings.Contains(got[1], "os_name") {
		t.Errorf("prod: %v", got)
	}
	expect(t, "test", texts(p.Runtimes[1].Requirements), []string{"pytest"})
	expect(t, "dev", texts(p.Runtimes[2].Requirements), []string{"pytest", "ipython"})
	if o := p.Runtimes[1].Requirements[0].Origin; o.Line != 15 || o.String() != "pyproject.toml: [dependency-groups] Test" {
		t.Errorf("origin: %d %s", o.Line, o)
	}
	if p.PackageIndex["torch-x"] != "gpu" || len(p.Indexes) != 1 || !p.Indexes[0].Explicit {
		t.Errorf("indexes: %v %v", p.PackageIndex, p.Indexes)
	}
}

func TestLocal(t *testing.T) {
	p, err := Load(write(t, shop), env)
	if err != nil {
		t.Fatal(err)
	}
	l := p.Local
	expect(t, "paths", l.Paths, []string{"src"})
	m, err := dist.ParseMetadata(l.Metadata)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, l.Metadata)
	}
	if m.Name != "My.Shop" || m.Version != "1.4" || m.RequiresPython != ">=3.13" || len(m.RequiresDist) != 3 {
		t.Errorf("metadata: %+v", m)
	}
	if !strings.Contains(m.RequiresDist[2], "extra ==") || m.LicenseExpression != "MIT" {
		t.Errorf("metadata: %+v", m)
	}
	if len(l.EntryPoints) != 1 || l.EntryPoints[0].Group != "console_scripts" || l.EntryPoints[0].Attr != "main" {
		t.Errorf("entry points: %+v", l.EntryPoints)
	}
}

func TestLocalSaysWhatIsNotDone(t *testing.T) {
	p, err := Load(write(t, `-- pyproject.toml --
[build-system]
build-backend = "maturin"
[project]
name = "x"
dynamic = ["version", "dependencies", "readme"]
[tool.setuptools.dynamic]
dependencies = { file = "reqs.txt" }
-- reqs.txt --
a
`), env)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "prod", texts(p.Runtimes[0].Requirements), []string{"a"})
	if notes := strings.Join(p.Local.Notes, "\n"); !strings.Contains(notes, "version is dynamic") || !strings.Contains(notes, "readme is dynamic") || !strings.Contains(notes, "maturin") {
		t.Errorf("notes: %s", notes)
	}
}

func TestLoadSaysThatRequirementsAreNotRead(t *testing.T) {
	const files = "-- requirements.txt --\na\n-- pyproject.toml --\n[project]\nname = \"x\"\nversion = \"1\"\n"
	for text, want := range map[string]int{
		files: 1,
		files + "-- requirements-dev.txt --\na\n-- test-requirements.txt --\nb\n":                                3,
		files + "[dependency-groups]\ndev = []\n-- requirements-dev.txt --\na\n-- requirements-test.txt --\nb\n": 2,
		files + "dependencies = [\"b\"]\n": 0,
		files + "dynamic = [\"dependencies\"]\n[tool.setuptools.dynamic]\ndependencies = { file = \"requirements.txt\" }\n": 0,
	} {
		p, err := Load(write(t, text), env)
		if err != nil || len(p.Notes) != want {
			t.Errorf("%s: %v, notes %q", text, err, p.Notes)
		}
	}
}

func TestLoadRequirementsFiles(t *testing.T) {
	p, err := Load(write(t, `-- requirements.txt --
--extra-index-url https://u:${TOKEN}@index.example/x/
# a comment
django~=${VER} \
    --hash=sha256:`+strings.Repeat("A", 64)+` \
    --hash sha256:`+strings.Repeat("b", 64)+`
psycopg [binary] >=3 ; python_version >= "3.9" # why
-c limits.txt
--find-links wheels
-- limits.txt --
sqlparse<1
-- requirements-dev.txt --
-r requirements.txt
ipython
`), env)
	if err != nil {
		t.Fatal(err)
	}
	prod := p.Runtimes[0].Requirements
	if len(prod) != 2 || len(prod[0].Hashes) != 2 || prod[0].Hashes[0] != "sha256:"+strings.Repeat("a", 64) || prod[1].Origin.String() != "requirements.txt:6" {
		t.Errorf("prod: %+v", prod)
	}
	expect(t, "test", texts(p.Runtimes[1].Requirements), nil)
	expect(t, "dev", texts(p.Runtimes[2].Requirements), []string{"ipython"})
	expect(t, "constraints", texts(p.Constraints), []string{"sqlparse<1"})
	if len(p.Notes) == 0 || !strings.Contains(p.Notes[0], "requirements.txt:8: --find-links is ignored") {
		t.Errorf("notes: %v", p.Notes)
	}
	if len(p.Indexes) != 1 || p.Indexes[0].URL != "https://u:s3cret@index.example/x/" {
		t.Errorf("indexes: %v", p.Indexes)
	}
}

func TestLoose(t *testing.T) {
	dir := write(t, "-- pyproject.toml --\n[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"a\"]\n-- r.txt --\n-e .\n-- w/lib-1-py3-none-any.whl --\n")
	p, err := Loose(dir, []string{"django~=5.2", "./w/lib-1-py3-none-any.whl"}, []string{filepath.Join(dir, "r.txt")}, nil, env)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "prod", texts(p.Runtimes[0].Requirements), []string{"django~=5.2", "lib", "a"})
	if p.Local == nil || p.Runtimes[0].Requirements[1].Path != "w/lib-1-py3-none-any.whl" {
		t.Errorf("got %+v", p)
	}
}

func TestLoadRefuses(t *testing.T) {
	const project = "-- pyproject.toml --\n[project]\nname = \"x\"\nversion = \"1\"\n"
	for _, c := range []struct{ name, files, want string }{
		{"nothing", "", "no pyproject.toml and no requirements.txt"},
		{"TOML", "-- pyproject.toml --\n[project]\nname = \n", "pyproject.toml:2:"},
		{"cycle", "-- pyproject.toml --\n[dependency-groups]\na = [{include-group = \"B\"}]\nb = [{include-group = \"a\"}]\n", "a -> b -> a"},
		{"unknown include", "-- pyproject.toml --\n[dependency-groups]\na = [{include-group = \"z\"}]\n", `pyproject.toml:2: [dependency-groups] a: element 1 includes the unknown group "z"`},
		{"same name", "-- pyproject.toml --\n[dependency-groups]\na-b = []\na_b = []\n", "same group"},
		{"requirement", project + "dependencies = [\n\"a\",\n\"b >>> 1\"]\n", "pyproject.toml:6: [project] dependencies"},
		{"unknown key", project + "[tool.snug]\npyhton = \"3.14\"\n", `pyproject.toml:5: [tool.snug] unknown key "pyhton"`},
		{"unknown runtime key", project + "[tool.snug.runtimes]\nprod = { group = [] }\n", `[tool.snug.runtimes.prod] unknown key "group"`},
		{"runtime group", project + "[tool.snug.runtimes]\nprod = { groups = [\"z\"] }\n", `unknown dependency group "z"`},
		{"runtime cycle", project + "[tool.snug.runtimes]\na = { contains = \"b\" }\nb = { contains = \"a\" }\n", "a -> b -> a"},
		{"runtime inside", project + "[tool.snug.runtimes]\na = { contains = \"b\" }\n", `unknown runtime "b"`},
		{"type", project + "[tool.snug]\ntargets = \"linux\"\n", "targets must be an array of strings, not a string"},
		{"date", project + "[tool.snug]\nas-of = 2026-11-01T00:00:00\n", "no offset"},
		{"age", project + "[tool.snug]\nmin-age = \"soon\"\n", `pyproject.toml:5: [tool.snug] min-age: "soon" is no age`},
		{"age of a package twice", project + "[tool.snug]\nmin-age-package = { a_b = \"0\", A-B = \"1d\" }\n", `"a_b" names no package, or one that is there already`},
		{"age of an index", project + "[tool.snug]\nextra-index.in = { url = \"https://index.example/\", min-age = 7 }\n", "min-age must be a string, not an integer"},
		{"no version", "-- pyproject.toml --\n[project]\nname = \"x\"\n", "version is missing"},
		{"extra", project + "dependencies = [\"x[none]\"]\n", `no extra "none"`},
		{"python", project + "requires-python = \"3.x\"\n", "requires-python"},
		{"include cycle", "-- requirements.txt --\n-r b.txt\n-- b.txt --\n\n-r requirements.txt\n", "b.txt:2: files include each other: requirements.txt -> b.txt -> requirements.txt"},
		{"missing include", "-- requirements.txt --\na\n-r b.txt\n", "requirements.txt:2: no requirements file b.txt"},
		{"variable", "-- requirements.txt --\na==${NOPE}\n", "requirements.txt:1: the variable ${NOPE} is not set"},
		{"hash", "-- requirements.txt --\na --hash=sha256:12\n", `requirements.txt:1: a: malformed hash "sha256:12"`},
		{"option", "-- requirements.txt --\n--frob\n", "requirements.txt:1: unknown option --frob"},
		{"line", "-- requirements.txt --\n\n\\\n\na b c\n", "requirements.txt:4"},
		{"setup.py", "-- requirements.txt --\n-e .\n-- setup.py --\n", "snug runs no setup.py"},
		{"text", "-- requirements.txt --\n\xff\xfea\n", "not a UTF-8 text file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(write(t, c.files), env)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if fault.HintOf(err) == "" {
				t.Errorf("%v: no remedy", err)
			}
			if code := fault.CodeOf(err); code != fault.Input && code != fault.NotFound && code != fault.Unsupported {
				t.Errorf("code %s", code)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	digest := func(text string) string {
		t.Helper()
		p, err := Load(write(t, text), env)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest().String()
	}
	base := digest(shop)
	for name, text := range map[string]string{
		"formatting": strings.Replace(shop, `["django~=5.2", `, "[ # c\n 'Django ~= 5.2' ,", 1),
		"version":    strings.Replace(shop, "1.04", "2", 1),
	} {
		if digest(text) != base {
			t.Errorf("%s: another digest", name)
		}
	}
	const uv = "[[tool.uv.index]]\nname = \"in\"\nurl = \"https://user:pass@index.example/in/\"\n[tool.uv.sources]\ndjango = { index = \"in\" }\n"
	with := func(text string) string { return digest(strings.Replace(shop, "[tool.snug]", text+"[tool.snug]", 1)) }
	mapped := with(uv)
	if mapped == base || with(strings.Replace(uv, "example/in", "example/out", 1)) == mapped {
		t.Error("[tool.uv] is not in the digest")
	}
	if with(strings.Replace(uv, "user:pass@", "", 1)) != mapped {
		t.Error("the login of an index is in the digest")
	}
	const week = "[tool.snug]\nmin-age = \"7d\""
	waits := digest(strings.Replace(shop, "[tool.snug]", week, 1))
	for name, same := range map[string]bool{
		week + "\nmin-age-package = { django = \"0\" }": false, "[tool.snug]\nmin-age = \"8d\"": false,
		"[tool.snug]\nmin-age = \"1w\"": true, "[tool.snug]\nmin-age = \"168h\"": true,
	} {
		if (digest(strings.Replace(shop, "[tool.snug]", name, 1)) == waits) != same || waits == base {
			t.Errorf("the digest with %s", name)
		}
	}
	for _, change := range [][2]string{{"5.2", "5.3"}, {"3.14", "3.13"}, {"linux-x86_64", "macos-arm64"}, {"T02:", "T03:"}, {"psycopg", "psycopg2"}} {
		if digest(strings.Replace(shop, change[0], change[1], 1)) == base {
			t.Errorf("%s for %s: the same digest", change[1], change[0])
		}
	}
}

func TestAddRemoveInProject(t *testing.T) {
	dir := write(t, "-- pyproject.toml --\n[project]\nname = \"x\"\nversion = \"1\"\n")
	for _, c := range []struct{ runtime, in string }{{"prod", "[project] dependencies"}, {"dev", "[dependency-groups] dev"}} {
		p, err := Load(dir, env)
		if err != nil {
			t.Fatal(err)
		}
		files, err := Add(p, c.runtime, []string{"a>1"})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, FileName)
		if err := os.WriteFile(path, files[path], 0o644); err != nil {
			t.Fatal(err)
		}
		if p, err = Load(dir, env); err != nil {
			t.Fatal(err)
		}
		rt, _ := p.Runtime(c.runtime)
		if len(rt.Requirements) != 1 || rt.Requirements[0].Origin.String() != "pyproject.toml: "+c.in {
			t.Errorf("%s: %+v", c.runtime, rt)
		}
		if _, err := Remove(p, c.runtime, []string{"A"}); err != nil {
			t.Error(err)
		}
		if _, err := Remove(p, "none", []string{"a"}); fault.CodeOf(err) != fault.Usage {
			t.Error(err)
		}
	}
}

func TestInit(t *testing.T) {
	from, err := Load(write(t, "-- requirements.txt --\na>1; os_name == 'nt'\n"), env)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Init(nil, "My Shop", ">=3.12", from)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Load(write(t, "-- pyproject.toml --\n"+string(out)), env)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "my-shop" || len(p.Runtimes[0].Requirements) != 1 {
		t.Errorf("got %s", out)
	}
}
