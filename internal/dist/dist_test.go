package dist

import (
	"reflect"
	"strings"
	"testing"

	"snug/internal/digest"
)

func TestParseMetadata(t *testing.T) {
	m, err := ParseMetadata([]byte("Metadata-Version: 2.5\r\nName: Café\r\nVersion: 1.0\r\nSummary: two\r\n  lines\r\n" +
		"requires-dist: a>=1\r\nRequires-Dist: b; extra == 'x'\r\nProvides-Extra: x\r\nRequires-Python: >=3.9\r\n" +
		"Dynamic: Requires-Dist\r\nImport-Name: cafe\r\nX-Unknown: 1\r\nAuthor: \xff\r\nLicense: a\r\nLicense: b\r\n\r\nThe body\r\nName: no\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Metadata{MetadataVersion: "2.5", Name: "Café", Version: "1.0", Summary: "two\n  lines",
		RequiresDist: []string{"a>=1", "b; extra == 'x'"}, ProvidesExtra: []string{"x"}, RequiresPython: ">=3.9",
		Dynamic: []string{"requires-dist"}, ImportNames: []string{"cafe"}, Description: "The body\nName: no\n",
		Unparsed: []string{"author", "license"}}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
	if m.IsStatic("Requires-Dist") || !m.IsStatic("Requires-Python") {
		t.Error("dynamic fields are mixed up")
	}
}

func TestParseMetadataRefuses(t *testing.T) {
	for place, text := range map[string]string{
		"no Name":            "Metadata-Version: 2.1\nVersion: 1\n",
		"no Version":         "Metadata-Version: 2.1\nName: a\n",
		"no Metadata-Ver":    "Name: a\nVersion: 1\n",
		"\"3.0\"":            "Metadata-Version: 3.0\nName: a\nVersion: 1\n",
		"field name":         "Metadata-Version: 2.1\nName: a\nName: b\nVersion: 1\n",
		"field requires-dis": "Metadata-Version: 2.1\nName: a\nVersion: 1\nRequires-Dist: \xff\n",
		"continues no field": "  Name: a\n",
		"line 4 is no field": "Metadata-Version: 2.1\nName: a\nVersion: 1\nstray text\nRequires-Dist: b\n\n",
		"more than":          strings.Repeat("x", MaxMetadata+1),
	} {
		if _, err := ParseMetadata([]byte(text)); err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// A stray line ends the fields, as in pip, when nothing that matters follows it.
// A field of a million folded lines takes a moment, not an hour.
func TestParseMetadataFoldsInOnePass(t *testing.T) {
	const lines = 1_000_000
	m, err := ParseMetadata([]byte("Metadata-Version: 2.1\nName: a\nVersion: 1\nLicense: x" + strings.Repeat("\n y", lines) + "\nRequires-Dist: b\n"))
	if err != nil || len(m.License) != 1+3*lines || len(m.RequiresDist) != 1 {
		t.Errorf("%v, %d bytes of licence", err, len(m.License))
	}
}

func TestParseMetadataTakesStrayText(t *testing.T) {
	m, err := ParseMetadata([]byte("Metadata-Version: 1.1\nName: a\nVersion: 1\nLicense: MIT\nall rights\nPlatform: any\n\nbody"))
	if err != nil || m.License != "MIT" || m.Platforms != nil {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestParseEntryPoints(t *testing.T) {
	points, err := ParseEntryPoints([]byte("# made by hand\n[console_scripts]\n  Shop = shop.cli:main\n  shop-two = shop.cli:App.run [web, dev]\n" +
		"\n[pytest11]\r\nshop = shop.plugin\nlong =\n    shop.plugin:deep\n; gone\n[other]\nodd = not a reference!\n"))
	want := []EntryPoint{
		{Group: "console_scripts", Name: "Shop", Module: "shop.cli", Attr: "main"},
		{Group: "console_scripts", Name: "shop-two", Module: "shop.cli", Attr: "App.run", Extras: []string{"web", "dev"}},
		{Group: "pytest11", Name: "shop", Module: "shop.plugin"},
		{Group: "pytest11", Name: "long", Module: "shop.plugin", Attr: "deep"},
	}
	if err != nil || !reflect.DeepEqual(points, want) {
		t.Errorf("%+v, %v", points, err)
	}
}

func TestParseEntryPointsRefuses(t *testing.T) {
	for _, text := range []string{
		"a = b:c\n",
		"[console_scripts]\nno delimiter\n",
		"[console_scripts]\na = module\n",
		"[console_scripts]\na = os:system('x')\n",
		"[console_scripts]\n../a = m:f\n",
		"[gui_scripts]\na\\b = m:f\n",
		"[console_scripts]\n.. = m:f\n",
		"[console_scripts]\na = m:f\na = m:g\n",
		"[console_scripts]\na = m:f [x\n",
	} {
		if points, err := ParseEntryPoints([]byte(text)); err == nil {
			t.Errorf("%q is taken: %+v", text, points)
		}
	}
}

func TestRecord(t *testing.T) {
	sum := digest.Of([]byte("hello"))
	text := "\"a,b.py\",sha256=LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ,5\na/__init__.py,,\nold.py,md5=abc,7,x,y,z\n"
	entries, err := ParseRecord([]byte(text))
	want := []RecordEntry{{"a,b.py", sum, "", 5}, {"a/__init__.py", digest.SHA256{}, "", -1}, {"old.py", digest.SHA256{}, "md5=abc", 7}}
	if err != nil || !reflect.DeepEqual(entries, want) {
		t.Errorf("%+v, %v", entries, err)
	}
	again, err := ParseRecord(FormatRecord(entries))
	if err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("written and read: %+v, %v", again, err)
	}
	for _, bad := range []string{",sha256=,1\n", "a,sha256=short,1\n", "a,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,1\n", "a,nonsense,1\n", "a,,-1\n", "a,,many\n", "\"a\n"} {
		if entries, err := ParseRecord([]byte(bad)); err == nil {
			t.Errorf("%q is taken: %+v", bad, entries)
		}
	}
}

func TestParseWheelFile(t *testing.T) {
	w, err := ParseWheelFile([]byte("Wheel-Version: 1.9\nGenerator: x\nRoot-Is-Purelib: False\nTag:\n"))
	if err != nil || w.RootIsPurelib || w.Generator != "x" || len(w.Tags) != 1 {
		t.Errorf("%+v, %v", w, err)
	}
	for _, bad := range []string{"", "Wheel-Version: 2.0\nRoot-Is-Purelib: true\n", "Wheel-Version: 1.0\n", "Wheel-Version: 1.0\nRoot-Is-Purelib: maybe\n"} {
		if w, err := ParseWheelFile([]byte(bad)); err == nil {
			t.Errorf("%q is taken: %+v", bad, w)
		}
	}
}

func TestSdistNameOfProject(t *testing.T) {
	for _, c := range []struct{ file, project, version string }{
		{"foo-bar-1.0.tar.gz", "foo.bar", "1.0"},
		{"foo_bar-1.0-1.tar.gz", "foo-bar", "1.0.post1"},
		{"Foo-2.0.zip", "", "2.0"},
	} {
		s, err := ParseSdistName(c.file, c.project)
		if err != nil || s.Version.String() != c.version {
			t.Errorf("%s: %v, %v", c.file, s, err)
		}
	}
	for _, file := range []string{"foobar-1.0.tar.gz", "foo-bar.tar.gz", "foo-bar-1.0-bin.tar.gz"} {
		if s, err := ParseSdistName(file, "foo-bar"); err == nil {
			t.Errorf("%s is taken: %v", file, s)
		}
	}
}

func TestBuildOrder(t *testing.T) {
	names := []string{"a-1-py3-none-any.whl", "a-1-1-py3-none-any.whl", "a-1-1a-py3-none-any.whl", "a-1-10-py3-none-any.whl"}
	for i := range names[1:] {
		older, err1 := ParseWheelName(names[i])
		newer, err2 := ParseWheelName(names[i+1])
		if err1 != nil || err2 != nil || older.Build.Compare(newer.Build) >= 0 || newer.Build.Compare(older.Build) <= 0 {
			t.Errorf("%s is not before %s", names[i], names[i+1])
		}
	}
}

func TestIdentity(t *testing.T) {
	for text, want := range map[string]string{
		"Metadata-Version: 2.1\nName: a\nVersion: 1\n\nVersion: 2\n": "a 1",
		"name : a\r\nVERSION:1\r\n\r\nbody":                          " 1",
		"Version: 1\nName: A.b\n":                                    "A.b 1",
		"\nName: a\nVersion: 1\n":                                    " ",
		"Summary: x\n Name: folded\nName: a\nVersion: 1":             "a 1",
		"":                            " ",
		"\ufeffName: a\nVersion: 1\n": "a 1",
	} {
		if name, version := Identity([]byte(text)); name+" "+version != want {
			t.Errorf("%q: %q %q", text, name, version)
		}
	}
}
