package manifest

import (
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
		to              Array
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

// randomArray writes an array of the requirements in a random style: on one line
// or several, with comments that look like TOML, either line end, any quotes.
func randomArray(r *rand.Rand, reqs []string, gaps []string) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	gap := func() string { return pick(gaps...) }
	var b strings.Builder
	b.WriteString("[" + gap())
	for i, n := range reqs {
		quoted := []string{`"` + n + `"`, `"""` + n + `"""`}
		if strings.Contains(n, `"`) {
			quoted = nil
		}
		b.WriteString(pick(append(quoted, `'`+n+`'`, `'''`+n+`'''`)...) + gap())
		if i+1 < len(reqs) || r.IntN(2) == 0 {
			b.WriteString("," + gap())
		}
	}
	return b.String() + "]"
}

// layout is where an array can stand: between the two texts.
type layout struct {
	before, after string
	table         Array
	oneLine       bool
}

var layouts = []layout{
	{"[project]\nname = \"n\"\ndependencies = ", "\n", Dependencies(), false},
	{"# [x]\n[project]\nurls = { a = \"]\", \"b.c\" = '''\n]'''}\n\"dependencies\"=", " # end\n[tool.x]\ny = [[1, 2], [\n3]]\n", Dependencies(), false},
	{"[project]\r\ndependencies\t=\t", "\r\nversion = '1'\r\n[[tool.z]]\r\n[[tool.z]]\r\n", Dependencies(), false},
	{"[tool.a]\ndependencies = ['p0']\n[dependency-groups]\ndependencies = ['p1']\n[project.scripts]\np0 = 'p0:main'\n[project]\ndependencies = ", "", Dependencies(), false},
	{"project.name = 'n'\nproject . dependencies = ", "\nproject.version = '1'\n", Dependencies(), false},
	{"project = { name = 'n', dependencies = ", ", version = '1' } # end\n", Dependencies(), true},
	{"[dependency-groups]\ndocs = ['p0', {include-group = 'test'}]\n'My.Group' = ", "\ntest = [\n  'p1', # ,\n]\n[project]\nname = 'n'\ndependencies = ['p2']\n", Group("my-group"), false},
	{"dependency-groups.test = ", "\ndependency-groups.docs = ['p0']\n", Group("test"), false},
}

// An edit touches no byte outside of the array. Inside it, adding only inserts
// and removing only deletes: the wanted requirements stand there as they were
// written and in order, and every comment beside the others stays.
func TestEditProperty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	gaps := []string{"", " ", "\n", "\n  ", " # c, \"x\" ]\n\t", "\r\n", "\n\n  # d\n  ", " #\r\n    "}
	forms := []string{"p%d", "p%d>=1,<2", "P%d[a,b]~=1.0", "p%d; os_name == \"nt\"", "p%d @ https://index.example/p.whl"}
	for i := range 6000 {
		at := layouts[r.IntN(len(layouts))]
		var reqs []string
		for n := range r.IntN(5) {
			reqs = append(reqs, fmt.Sprintf(forms[r.IntN(len(forms))], n))
		}
		style := gaps
		if at.oneLine {
			style = gaps[:2]
		}
		src := at.before + randomArray(r, reqs, style) + at.after

		got, err := AddTo([]byte(src), at.table, []string{"new>=1"})
		if err != nil {
			t.Fatalf("%d: add to %q: %v", i, src, err)
		}
		checkEdit(t, at, src, string(got), append(slices.Clone(reqs), "new>=1"))
		if !subsequence(src, string(got)) && len(reqs) > 0 { // "[ ]" may become ["new"]
			t.Fatalf("adding did more than insert:\n%q\n%q", src, got)
		}
		if len(reqs) == 0 {
			continue
		}
		gone := r.IntN(len(reqs))
		out, _, err := RemoveFrom([]byte(src), fmt.Sprintf("p%d", gone), at.table)
		if err != nil {
			t.Fatalf("%d: remove from %q: %v", i, src, err)
		}
		checkEdit(t, at, src, string(out), slices.Delete(slices.Clone(reqs), gone, gone+1))
		if !subsequence(string(out), src) {
			t.Fatalf("removing did more than delete:\n%q\n%q", src, out)
		}
		if lost := strings.Count(src, "#") - strings.Count(string(out), "#"); lost > 2 { // its own, and that of its comma
			t.Fatalf("removing one lost %d comments:\n%q\n%q", lost, src, out)
		}
	}
}

// subsequence reports whether b is a with bytes put in.
func subsequence(a, b string) bool {
	for ; a != "" && b != ""; b = b[1:] {
		if a[0] == b[0] {
			a = a[1:]
		}
	}
	return a == ""
}

func checkEdit(t *testing.T, at layout, src, got string, want []string) {
	t.Helper()
	if !strings.HasPrefix(got, at.before+"[") || !strings.HasSuffix(got, "]"+at.after) {
		t.Fatalf("bytes outside of the array changed:\n%q\n%q", src, got)
	}
	var doc map[string]map[string]any
	if err := toml.Unmarshal([]byte(got), &doc); err != nil {
		t.Fatalf("%q -> %q: %v", src, got, err)
	}
	var have []string
	for key, list := range doc[at.table[0]] {
		if same(at.table, []string{at.table[0], key}) {
			for _, x := range list.([]any) {
				have = append(have, x.(string))
			}
		}
	}
	if !slices.Equal(have, want) {
		t.Fatalf("%q -> %q: got %q, want %q", src, got, have, want)
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

// In a requirements file an edit adds one line at the end, changes the lines of
// the one requirement, or removes them; every other byte stays.
func TestEditRequirementsFileProperty(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	hash := "--hash=sha256:" + strings.Repeat("0a", 32)
	for range 4000 {
		nl := pick("\n", "\n", "\r\n")
		var lines []string
		for n := range 1 + r.IntN(5) {
			name := fmt.Sprintf(pick("p%d", "P%d", "p%d[x]"), n)
			lines = append(lines, pick(name, name+" >=1,<2", name+"==1 # p9", name+"; os_name == 'nt'", "  "+name, name+" \\"+nl+"    "+hash, name+"==1 \\"+nl+"    "+hash+" \\"+nl+"    "+hash+"  # why")+nl)
		}
		around := []string{"# p0", "-r p1.txt", "--extra-index-url https://index.example/p2", "-e ./p3", "", "  # \\", "https://index.example/p4-1-py3-none-any.whl"}
		for range r.IntN(4) {
			i := r.IntN(len(lines) + 1)
			lines = slices.Insert(lines, i, pick(around...)+nl)
		}
		src := strings.Join(lines, "")
		if r.IntN(3) == 0 {
			src = strings.TrimRight(src, "\r\n")
		}
		if !strings.Contains(src, "\r\n") {
			nl = "\n"
		}
		gone := r.IntN(len(lines))
		out, err := RemoveFromFile([]byte(src), fmt.Sprintf("p%d", gone))
		want := strings.Builder{}
		found := false
		for _, line := range lines {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), fmt.Sprintf("p%d", gone)) {
				found = true
			} else {
				want.WriteString(line)
			}
		}
		if found != (err == nil) || found && strings.TrimRight(string(out), "\r\n") != strings.TrimRight(want.String(), "\r\n") {
			t.Fatalf("remove p%d from %q: got %q, %v; want %q", gone, src, out, err, want.String())
		}
		got, err := AddToFile([]byte(src), []string{"new>=1"})
		if err != nil || !strings.HasPrefix(string(got), src) || strings.TrimLeft(string(got[len(src):]), "\r\n") != "new>=1"+nl {
			t.Fatalf("add to %q: got %q, %v", src, got, err)
		}
		back, err := RemoveFromFile(got, "NEW")
		if err != nil || strings.TrimRight(string(back), "\r\n") != strings.TrimRight(src, "\r\n") {
			t.Fatalf("add to %q and remove: got %q, %v", src, back, err)
		}
	}
}

func FuzzAddTo(f *testing.F) {
	f.Add("[project]\ndependencies = [\"a\", # c\n]\n")
	f.Add("project.dependencies = ['a']\n[dependency-groups]\nx = [{include-group=\"y\"}]\n")
	f.Fuzz(func(t *testing.T, src string) {
		for _, to := range []Array{Dependencies(), Group("x")} {
			if _, err := AddTo([]byte(src), to, []string{"new"}); err != nil && fault.CodeOf(err) == fault.Internal {
				t.Fatal(err)
			}
		}
	})
}
