package repro

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/elf/elftest"
)

// compare packs two wheels and compares them.
func compare(t *testing.T, ours, theirs map[string]string) *Difference {
	t.Helper()
	d, err := Compare(put(t, nativeName, ours, packing{}), put(t, nativeName, theirs, packing{at: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), store: true}))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func changed(name, text string) map[string]string {
	files := nativeFiles()
	files[name] = text
	return files
}

func TestCompareVerdicts(t *testing.T) {
	one := put(t, nativeName, nativeFiles(), packing{})
	if d, err := Compare(one, one); err != nil || d.Verdict != Equal || d.Same != len(nativeFiles()) {
		t.Errorf("with itself: %+v, %v", d, err)
	}
	if d := compare(t, nativeFiles(), nativeFiles()); d.Verdict != Stabilised || d.Same != len(nativeFiles()) || len(d.Files)+len(d.Fields) != 0 {
		t.Errorf("packed otherwise: %+v", d)
	}
	respelled := map[string]string{}
	for name, text := range nativeFiles() {
		respelled[strings.Replace(name, "shop_kit-1.0.", "Shop.Kit-1.0.0.", 1)] = text
	}
	if d := compare(t, nativeFiles(), respelled); d.Verdict != Stabilised {
		t.Errorf("spelled otherwise: %s", d)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  Verdict
		says  string
	}{
		"a field": {changed(info+"METADATA", "Metadata-Version: 2.1\nName: shop-kit\nVersion: 1.0\nRequires-Dist: a\nClassifier: b\n\nText.\n"), MetadataOnly,
			"other lines: METADATA, METADATA Classifier, METADATA Description, …\n"},
		"a generator":   {changed(info+"WHEEL", strings.Replace(wheelFile(false, "cp313-cp313-linux_x86_64"), "(1.0)", "(2.0)", 1)), MetadataOnly, "other lines: WHEEL Generator\n"},
		"line ends":     {changed(info+"WHEEL", strings.ReplaceAll(wheelFile(false, "cp313-cp313-linux_x86_64"), "\n", "\r\n")), MetadataOnly, "metadata only"},
		"a licence":     {changed(info+"licenses/LICENSE", "do not\n"), MetadataOnly, "from line 1 on"},
		"entry points":  {changed(info+"entry_points.txt", "[console_scripts]\nshop = shop_kit:other\n"), CodeDiffers, "+ shop = shop_kit:main"},
		"their spaces":  {changed(info+"entry_points.txt", "[console_scripts]\n\nshop=shop_kit:main\n"), MetadataOnly, "entry_points.txt: differs"},
		"code":          {changed("shop_kit/__init__.py", "def main():\n    return 1\x1b[2J\n"), CodeDiffers, "differs from line 2 on\n    +     return 0\n    -     return 1\\x1b[2J\n"},
		"one file more": {changed("shop_kit/more.py", ""), CodeDiffers, "shop_kit/more.py: only theirs has it"},
		"more to say":   {changed(info+"top_level.txt", "shop_kit\n"), MetadataOnly, "shop_kit.dist-info/top_level.txt: only theirs has it"},
	} {
		d := compare(t, nativeFiles(), c.files)
		if d.Verdict != c.want || !strings.Contains(d.String(), c.says) {
			t.Errorf("%s: want %s with\n%s\ngot\n%s", name, c.want, c.says, d)
		}
	}
	if d := compare(t, changed("shop_kit/more.py", ""), nativeFiles()); d.Verdict != CodeDiffers || d.Files[0].Kind != "added" {
		t.Errorf("%+v", d)
	}
}

// TestCompareIsBounded: a wheel of many differences gives a report of some.
func TestCompareIsBounded(t *testing.T) {
	files := nativeFiles()
	for i := range maxListed + 5 {
		files["x/"+strings.Repeat("x", i%200)+string(rune('a'+i/200))] = ""
	}
	d := compare(t, files, nativeFiles())
	if len(d.Files) != maxListed || d.Unlisted == 0 || strings.Count(d.String(), "\n") != shownFiles+2 {
		t.Errorf("%d files, %d unlisted:\n%s", len(d.Files), d.Unlisted, d)
	}
}

// TestCompareNative: what differs in a native file is told apart.
func TestCompareNative(t *testing.T) {
	base := func() elftest.Library {
		l := speedups()
		l.Funcs = []elftest.Func{{Name: "PyInit__speedups", Code: "\xc3"}}
		l.Hidden = []elftest.Func{{Name: "add", Code: "\x8d\x04\x37\xc3"}, {Name: "sub", Code: "\x29\xf7\x89\xf8\xc3"}}
		l.Comment, l.BuildID, l.Frames = "GCC: 1", "one", true
		return l
	}
	with := func(change func(*elftest.Library)) elftest.Library {
		l := base()
		change(&l)
		return l
	}
	otherSub := func(l *elftest.Library) { l.Hidden[1].Code = "\x29\xf7\x89\xf8\xcc" }
	strip := func(l *elftest.Library) { l.Stripped = true }
	for name, c := range map[string]struct {
		ours, theirs elftest.Library
		code         bool
		changed      []Function
		moved        bool
	}{
		"compiler's name": {base(), with(func(l *elftest.Library) { l.Comment = "GCC: 2" }), false, nil, false},
		"build id":        {base(), with(func(l *elftest.Library) { l.BuildID = "two" }), false, nil, false},
		"stripped":        {base(), with(strip), false, nil, false},
		"a function":      {base(), with(otherSub), true, []Function{{"sub", 5, 5}}, false},
		"a longer one":    {base(), with(func(l *elftest.Library) { l.Hidden[0].Code = "\x90\x90\x8d\x04\x37\xc3" }), true, []Function{{"add", 4, 6}}, true},
		"one more":        {base(), with(func(l *elftest.Library) { l.Hidden = append(l.Hidden, elftest.Func{Name: "mul", Code: "\xf7\xc3"}) }), true, []Function{{"mul", -1, 2}}, false},
		"both stripped":   {with(strip), with(func(l *elftest.Library) { strip(l); otherSub(l) }), true, []Function{{"at 0x1005", 5, -1}, {"at 0x1005", -1, 5}}, false},
		"one stripped":    {base(), with(func(l *elftest.Library) { strip(l); otherSub(l) }), true, []Function{{"sub", 5, -1}, {"at 0x1005", -1, 5}}, false},
		"data":            {base(), with(func(l *elftest.Library) { l.Data = "x" }), true, nil, false},
		"a library":       {base(), with(func(l *elftest.Library) { l.Needed = []string{"libm.so.6"} }), true, nil, false},
		"two of one name": {with(func(l *elftest.Library) { l.Hidden[1].Name = "add" }), with(func(l *elftest.Library) { l.Hidden[1].Name = "add"; otherSub(l) }), true, []Function{{"add (2)", 5, 5}}, false},
	} {
		d := compare(t, changed("shop_kit/_speedups.so", c.ours.String()), changed("shop_kit/_speedups.so", c.theirs.String()))
		if len(d.Files) != 1 || d.Files[0].Native == nil {
			t.Errorf("%s: %s", name, d)
			continue
		}
		b := d.Files[0].Native
		want := map[bool]Verdict{true: CodeDiffers, false: MetadataOnly}[c.code]
		if d.Verdict != want || b.Code != c.code || !slices.Equal(b.Changed, c.changed) || b.Moved != c.moved || b.Note != "" {
			t.Errorf("%s: want %s, %v, moved %v, got\n%s%+v", name, want, c.changed, c.moved, d, b)
		}
	}
	comment := compare(t, changed("shop_kit/_speedups.so", base().String()), changed("shop_kit/_speedups.so", with(func(l *elftest.Library) { l.Comment = "GCC: 2\x00ld" }).String()))
	if want := "shop_kit/_speedups.so: differs: nothing that is loaded; compiler +\"GCC: 1\", -\"GCC: 2\", -\"ld\"\n"; !strings.HasSuffix(comment.String(), want) {
		t.Errorf("want %s, got %s", want, comment)
	}
	damaged := compare(t, changed("shop_kit/_speedups.so", "\x7fELF\x02\x01"+strings.Repeat("\xff", 80)), nativeFiles())
	if damaged.Verdict != CodeDiffers || damaged.Files[0].Native.Note != "a damaged ELF file" {
		t.Errorf("%s", damaged)
	}
}

// TestCompareJSON: the data has stable names.
func TestCompareJSON(t *testing.T) {
	d := compare(t, changed("shop_kit/__init__.py", "x\n"), changed("shop_kit/__init__.py", "y\n"))
	data, err := json.Marshal(d)
	want := `{"verdict":"code differs","ours":"` + nativeName + `","theirs":"` + nativeName + `","same":12,"files":[{"path":"shop_kit/__init__.py","kind":"changed","code":true,"text":{"first":1,"ours":["x",""],"theirs":["y",""],"count":[2,2]}}]}`
	if err != nil || string(data) != want {
		t.Errorf("%s, want %s, %v", data, want, err)
	}
}

// TestCompiled: the same with what a real compiler writes.
func TestCompiled(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc on this machine")
	}
	build := func(source string, flags ...string) string {
		dir := t.TempDir()
		in, out := filepath.Join(dir, "x.c"), filepath.Join(dir, "x.so")
		if err := os.WriteFile(in, []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), gcc, append(flags, "-fPIC", "-shared", "-O1", "-o", out, in)...)
		cmd.Env = []string{"PATH=/usr/bin:/bin"}
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v", said, err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	const source = "#include <string.h>\nstatic int __attribute__((noinline)) twice(int x) { return x * 2; }\nint f(int x) { return twice(x) + 1; }\nvoid g(char *s) { char b[64]; strcpy(b, s); f(b[0]); memcpy(s, b, 4); }\n"
	other := strings.Replace(source, "x * 2", "x * 2 - 9", 1)
	wheel := func(so string) map[string]string { return changed("shop_kit/_speedups.so", so) }

	hard := build(source, "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now")
	report, _, _ := normal(t, put(t, nativeName, wheel(hard), packing{}), expectation(t))
	if h := report.Natives[0].Hardening; h.RELRO != "full" || !h.BindNow || !h.PIE || !h.NX || !h.StackProtector || h.Fortify == 0 || h.WriteExecute {
		t.Errorf("%+v", h)
	}
	soft := build(source, "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-Wl,-z,lazy,-z,norelro,-z,execstack")
	report, _, _ = normal(t, put(t, nativeName, wheel(soft), packing{}), expectation(t))
	if h := report.Natives[0].Hardening; h != (Hardening{PIE: true, RELRO: "none"}) {
		t.Errorf("%+v", h)
	}
	if d := compare(t, wheel(build(source)), wheel(build(source, "-Wl,--build-id=0x"+strings.Repeat("12", 20), "-fno-ident"))); d.Verdict != MetadataOnly {
		t.Errorf("%s", d)
	}
	for _, strip := range [][]string{nil, {"-s"}} {
		d := compare(t, wheel(build(source, strip...)), wheel(build(other, strip...)))
		b := d.Files[0].Native
		var names []string
		for _, f := range b.Changed {
			names = append(names, f.Name)
		}
		if named := slices.Contains(names, "twice"); d.Verdict != CodeDiffers || b.Functions < 3 || len(names) == 0 || named != (strip == nil) || b.Note != "" {
			t.Errorf("%q: %s", strip, d)
		}
	}
}
