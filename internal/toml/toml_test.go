package toml

import (
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
)

const sample = `# head
top = 1
[a]
text = "x"
list = ["1", # one
  '2',
]
dotted.key = true
"quoted key" = { inner = [], day = 2026-11-01 }
[[a.rows]]
n = "first"
[[a.rows]]
n = "second"
`

func parse(t *testing.T, src string) *Document {
	t.Helper()
	d, err := Parse("x.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLines(t *testing.T) {
	d := parse(t, sample)
	for path, want := range map[string]int{"top": 2, "a": 3, "a list": 5, "a dotted key": 8, "a quoted_key inner": 9, "a rows": 10, "none": 0} {
		keys := strings.Fields(path)
		for i, key := range keys {
			keys[i] = strings.ReplaceAll(key, "_", " ")
		}
		if got := d.Layout.LineOf(keys...); got != want {
			t.Errorf("%s: line %d, want %d", path, got, want)
		}
	}
	a, _, err := d.Top().Table("a")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{5, 6, 5} { // an element that is not there is where the array is
		if got := a.ElementLine("list", i); got != want {
			t.Errorf("element %d: line %d, want %d", i, got, want)
		}
	}
}

func TestRefusalsNameThePlace(t *testing.T) {
	top := parse(t, sample).Top()
	a, _, err := top.Table("a")
	if err != nil {
		t.Fatal(err)
	}
	refused := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"x.toml:2: top must be a string, not an integer":           refused(top.Text("top")),
		"x.toml:2: top must be true or false, not an integer":      refused(top.Bool("top", false)),
		"x.toml:4: [a] text must be an array of strings":           refused(a.Texts("text")),
		"x.toml:4: [a] text must be an array of tables":            refused(a.Tables("text")),
		"x.toml:5: [a] list: element 1 must be a table":            refused(a.Tables("list")),
		"x.toml:9: [a.quoted key] inner must be a string":          refused(a.TextMap("quoted key")),
		`x.toml:4: [a] text: "x" is not a date`:                    refused(a.Time("text")),
		`x.toml:2: unknown key "top"`:                              top.Only("a"),
		"x.toml:4: [a] text must be a table, not a string":         refused(a.OneOrMore("text")),
		"x.toml:2:2: expected '=' after key":                       refused(Parse("x.toml", []byte("a = 1\nb\n"))),
		"x.toml:3: [a] is refused for the reason that is given":    a.Bad("", "hint", "is refused for the reason that is %s", "given"),
		"x.toml:10: [a] rows must be a string, not an array":       refused(a.Text("rows")),
		"x.toml:8: [a] dotted must be a string, not a table":       refused(a.Text("dotted")),
		"x.toml: [a] nothing of the kind is there, so no line is ": a.Bad("absent", "hint", "nothing of the kind is there, so no line is "),
	} {
		if fault.CodeOf(err) != fault.Input || fault.HintOf(err) == "" || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v (%s), want %s", err, fault.CodeOf(err), want)
		}
	}
}

func TestReadsWhatIsThere(t *testing.T) {
	a, _, err := parse(t, sample).Top().Table("a")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := a.OneOrMore("rows")
	if err != nil || len(rows) != 2 || rows[1].Values["n"] != "second" {
		t.Errorf("rows: %v, %v", rows, err)
	}
	if list, err := a.Texts("list"); err != nil || !slices.Equal(list, []string{"1", "2"}) {
		t.Errorf("list: %v, %v", list, err)
	}
	inner, ok, err := a.Table("quoted key")
	if day, dayErr := inner.Time("day"); !ok || err != nil || dayErr != nil || day.Format("2006-01-02 15:04 MST") != "2026-11-01 00:00 UTC" {
		t.Errorf("day: %v, %v, %v", day, err, dayErr)
	}
	if _, there, err := a.Table("absent"); there || err != nil {
		t.Errorf("absent: %v, %v", there, err)
	}
	for want, keys := range map[string][]string{"text": {"text", "x"}, "": {"text", "list"}} {
		if got := a.OneOf(keys...); got != want {
			t.Errorf("one of %v: %q, want %q", keys, got, want)
		}
	}
}

// Of "a = [...]" the edits change the array and leave the rest.
func TestEdits(t *testing.T) {
	for _, c := range []struct{ src, appended, removed string }{
		{"a = ['1']\nb = 2\n", "a = ['1', 'n']\nb = 2\n", "a = []\nb = 2\n"},
		{"a = ['1', '2'] # c\n", "a = ['1', '2', 'n'] # c\n", "a = ['2'] # c\n"},
		{"a = [\n\t'1', # c\n\t# d\n]\n", "a = [\n\t'1', # c\n\t'n',\n\t# d\n]\n", "a = [\n\t# d\n]\n"},
		{"a = [\r\n  \"[']\",\r\n  '2'\r\n]", "a = [\r\n  \"[']\",\r\n  '2',\r\n  'n'\r\n]", "a = [\r\n  '2'\r\n]"},
		{"x = { a = [ { b = [1, 2] }, '''\n]''' ] }\n", "x = { a = [ { b = [1, 2] }, '''\n]''', 'n' ] }\n", "x = { a = [ '''\n]''' ] }\n"},
	} {
		s := Scan([]byte(c.src))
		v, ok := s.Find([]string{"a"}, func(have, want []string) bool { return have[len(have)-1] == want[0] })
		if !ok || !s.IsArray(v) {
			t.Errorf("%q: no array", c.src)
			continue
		}
		if got := string(s.Append(v, "'n'")); got != c.appended {
			t.Errorf("append to %q:\n%q, want\n%q", c.src, got, c.appended)
		}
		if got := string(s.Remove(v, 0)); got != c.removed {
			t.Errorf("remove from %q:\n%q, want\n%q", c.src, got, c.removed)
		}
	}
}

// Text that is written as a key or a string is read as it was; what is no UTF-8 in
// it becomes U+FFFD.
func FuzzQuote(f *testing.F) {
	for _, text := range []string{"", "a-b", "a.b", `say "x"`, `it's "x"`, `\`, "é", "a\nb\x00", "\xff\xfe"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse("x.toml", []byte(Key(text)+" = "+Quote(text)+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := d.Root[string([]rune(text))]; !ok || got != string([]rune(text)) {
			t.Errorf("%q is read as %q", text, d.Root)
		}
	})
}
