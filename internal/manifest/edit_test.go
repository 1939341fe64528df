package manifest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/fault"
)

func TestAddTo(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
		to              Table
		reqs            []string
	}{
		{"one line", "[project]\ndependencies = [\"a\"] # c\n", "[project]\ndependencies = [\"a\", \"b>=1\"] # c\n", Dependencies(), []string{"b>=1"}},
		{"one line, trailing comma", "[project]\ndependencies = [\"a\", ]\n", "[project]\ndependencies = [\"a\", \"b\", ]\n", Dependencies(), []string{"b"}},
		{"empty", "[project]\ndependencies = [ ]\n", "[project]\ndependencies = [\"b\"]\n", Dependencies(), []string{"b"}},
		{"lines", "[project]\ndependencies = [\n  \"a\", # first\n  # after\n]\n", "[project]\ndependencies = [\n  \"a\", # first\n  \"b\",\n  # after\n]\n", Dependencies(), []string{"b"}},
		{"lines, no trailing comma", "[project]\ndependencies = [\n\t\"a\" # first\n]\n", "[project]\ndependencies = [\n\t\"a\", # first\n\t\"b\"\n]\n", Dependencies(), []string{"b"}},
		{"closing on the last line", "[project]\ndependencies = [\n  \"a\",\n  \"b\"]\n", "[project]\ndependencies = [\n  \"a\",\n  \"b\",\n  \"c\"]\n", Dependencies(), []string{"c"}},
		{"only a comment", "[project]\ndependencies = [\n    # none\n]\n", "[project]\ndependencies = [\n    # none\n    \"b\",\n]\n", Dependencies(), []string{"b"}},
		{"replaced", "[project]\ndependencies = ['Foo.Bar<2', \"b\"]\n", "[project]\ndependencies = [\"foo-bar>=2\", \"b\"]\n", Dependencies(), []string{"foo-bar>=2"}},
		{"other marker", "[project]\ndependencies = [\"a; os_name == 'nt'\"]\n", "[project]\ndependencies = [\"a; os_name == 'nt'\", \"a>=2\"]\n", Dependencies(), []string{"a>=2"}},
		{"quotes", "[project]\ndependencies = []\n", "[project]\ndependencies = ['a; os_name == \"nt\"']\n", Dependencies(), []string{`a; os_name == "nt"`}},
		{"CRLF", "[project]\r\ndependencies = [\r\n  \"a\",\r\n]\r\n", "[project]\r\ndependencies = [\r\n  \"a\",\r\n  \"b\",\r\n]\r\n", Dependencies(), []string{"b"}},
		{"new array", "[project]\nname = \"x\"\n\n[tool.y]\n", "[project]\nname = \"x\"\ndependencies = [\n    \"a\",\n]\n\n[tool.y]\n", Dependencies(), []string{"a"}},
		{"new table", "[project]\nname = \"x\"\n[project.scripts]\nx = \"x:y\"\n\n# about y\n[tool.y]\n", "[project]\nname = \"x\"\n[project.scripts]\nx = \"x:y\"\n\n[dependency-groups]\ntest = [\n    \"a\",\n]\n\n# about y\n[tool.y]\n", Group("test"), []string{"a"}},
		{"no line end", "[project]\nname = \"x\"", "[project]\nname = \"x\"\n\n[dependency-groups]\ntest = [\n    \"a\",\n]\n", Group("test"), []string{"a"}},
		{"group by normalised name", "[dependency-groups]\nMy_Tests = [{include-group = \"b\"}]\nb = []\n", "[dependency-groups]\nMy_Tests = [{include-group = \"b\"}, \"a\"]\nb = []\n", Group("my-tests"), []string{"a"}},
		{"inline table", "project = {name = \"x\", dependencies = [\"a\"]}\n", "project = {name = \"x\", dependencies = [\"a\", \"b\"]}\n", Dependencies(), []string{"b"}},
		{"dotted key", "project.dependencies = [\"a\"]\n", "project.dependencies = [\"a\", \"b\"]\n", Dependencies(), []string{"b"}},
		{"brackets in strings", "[project]\ndescription = \"\"\"]\n[dependency-groups]\"\"\"\ndependencies = [ # ]\n  'a[b]', ]\n", "[project]\ndescription = \"\"\"]\n[dependency-groups]\"\"\"\ndependencies = [ # ]\n  'a[b]',\n  \"c\", ]\n", Dependencies(), []string{"c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AddTo([]byte(c.src), c.to, c.reqs)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestAddToRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		src, req string
		code     fault.Code
	}{
		"bad requirement":  {"[project]\nname = \"x\"\n", "a >>> 1", fault.Usage},
		"no project":       {"[tool.x]\n", "a", fault.Input},
		"not an array":     {"[project]\ndependencies = 1\n", "a", fault.Input},
		"broken TOML":      {"[project\n", "a", fault.Input},
		"dotted, no table": {"project.name = \"x\"\n", "a", fault.Input},
		"inline, no array": {"project = { name = \"x\" }\n", "a", fault.Input},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := AddTo([]byte(c.src), Dependencies(), []string{c.req})
			if fault.CodeOf(err) != c.code || err == nil {
				t.Errorf("got %v (%s), want %s", err, fault.CodeOf(err), c.code)
			}
		})
	}
}

func TestRemoveFrom(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"first", `["x", "a", "b"]`, `["a", "b"]`},
		{"middle", `["a", "X>1", "b"]`, `["a", "b"]`},
		{"last", `["a", "x"]`, `["a"]`},
		{"last, trailing comma", `["a", "x",]`, `["a",]`},
		{"only", `["x"]`, `[]`},
		{"twice", `["x; os_name == 'nt'", "x", "a"]`, `["a"]`},
		{"line", "[\n  \"a\", # a\n  \"x\", # x\n  # kept\n  \"b\",\n]", "[\n  \"a\", # a\n  # kept\n  \"b\",\n]"},
		{"last line", "[\n  \"a\",\n  \"x\"\n]", "[\n  \"a\"\n]"},
		{"closing on its line", "[\n  \"a\", # a\n  \"x\"]", "[\n  \"a\", # a\n  ]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := "[project]\ndependencies = " + c.src + "\nname = \"n\"\n"
			got, changed, err := RemoveFrom([]byte(src), "x")
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(src, c.src, c.want, 1); string(got) != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if len(changed) != 1 || changed[0].String() != "[project] dependencies" {
				t.Errorf("changed %v", changed)
			}
		})
	}
	if _, _, err := RemoveFrom([]byte("[project]\nname = \"x\"\n"), "x"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("absent: %v", err)
	}
}

// randomArray writes an array of the names in a random style.
func randomArray(r *rand.Rand, names []string) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	gap := func() string { return pick("", " ", "\n", "\n  ", " # c, \"x\" ]\n\t", "\r\n", "\n\n  # d\n  ") }
	var b strings.Builder
	b.WriteString("[" + gap())
	for i, n := range names {
		b.WriteString(pick(`"`+n+`"`, `'`+n+`'`, `"""`+n+`"""`) + gap())
		if i+1 < len(names) || r.IntN(2) == 0 {
			b.WriteString("," + gap())
		}
	}
	return b.String() + "]"
}

// Every byte outside of the array stays; inside, the wanted elements are there
// in order, and so is every comment of an added-to array.
func TestEditProperty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		var names []string
		for n := range r.IntN(5) {
			names = append(names, fmt.Sprintf("p%d", n))
		}
		array := randomArray(r, names)
		before := []string{"[project]\nname = \"n\"\n", "# [x]\n[project]\nurls = { a = \"]\", \"b.c\" = '''\n]'''}\n", "[project]\r\n"}[r.IntN(3)]
		after := []string{"\n", " # end\n[tool.x]\ny = [[1, 2], [\n3]]\n", "\nversion = '1'\n[[tool.z]]\n[[tool.z]]\n", ""}[r.IntN(4)]
		src := before + "dependencies = " + array + after

		got, err := AddTo([]byte(src), Dependencies(), []string{"new>=1"})
		if err != nil {
			t.Fatalf("%d: add to %q: %v", i, src, err)
		}
		checkEdit(t, src, string(got), before, after, append(slices.Clone(names), "new>=1"))
		if a, b := strings.Count(src, "#"), bytes.Count(got, []byte("#")); a != b {
			t.Fatalf("%d comments became %d: %q -> %q", a, b, src, got)
		}
		if len(names) == 0 {
			continue
		}
		gone := r.IntN(len(names))
		got, _, err = RemoveFrom([]byte(src), names[gone])
		if err != nil {
			t.Fatalf("%d: remove from %q: %v", i, src, err)
		}
		checkEdit(t, src, string(got), before, after, slices.Delete(slices.Clone(names), gone, gone+1))
	}
}

func checkEdit(t *testing.T, src, got, before, after string, want []string) {
	t.Helper()
	if !strings.HasPrefix(got, before+"dependencies = [") || !strings.HasSuffix(got, "]"+after) {
		t.Fatalf("bytes outside of the array changed:\n%q\n%q", src, got)
	}
	var doc struct {
		Project struct{ Dependencies []string }
	}
	if err := toml.Unmarshal([]byte(got), &doc); err != nil {
		t.Fatalf("%q -> %q: %v", src, got, err)
	}
	if !slices.Equal(doc.Project.Dependencies, want) {
		t.Fatalf("%q -> %q: got %q, want %q", src, got, doc.Project.Dependencies, want)
	}
}

func TestEditRequirementsFile(t *testing.T) {
	src := "# head\nDjango~=5.1  # web\nflask==3 \\\n    --hash=sha256:" + strings.Repeat("a", 64) + "\n-r x.txt"
	got, err := AddToFile([]byte(src), []string{"django~=5.2", "new"})
	want := strings.Replace(src, "Django~=5.1", "django~=5.2", 1) + "\nnew\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	got, err = RemoveFromFile([]byte(src), "Flask")
	if want := "# head\nDjango~=5.1  # web\n-r x.txt"; err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	if _, err := RemoveFromFile([]byte(src), "none"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("absent: %v", err)
	}
}

func FuzzAddTo(f *testing.F) {
	f.Add("[project]\ndependencies = [\"a\", # c\n]\n")
	f.Add("project.dependencies = ['a']\n[dependency-groups]\nx = [{include-group=\"y\"}]\n")
	f.Fuzz(func(t *testing.T, src string) {
		for _, to := range []Table{Dependencies(), Group("x")} {
			if _, err := AddTo([]byte(src), to, []string{"new"}); err != nil && fault.CodeOf(err) == fault.Internal {
				t.Fatal(err)
			}
		}
	})
}
