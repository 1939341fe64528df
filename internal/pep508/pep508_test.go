package pep508

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"snug/internal/pep440"
)

func TestCanonicalText(t *testing.T) {
	for text, want := range map[string]string{
		"Requests [Socks, a_b] ( >=2.8 , <3 ) ; os.name=='nt'":         `Requests[Socks,a_b]<3,>=2.8; os_name == "nt"`,
		"pip @ https://index.example/pip.whl#sha256=00 ; extra=='X_y'": `pip @ https://index.example/pip.whl#sha256=00 ; extra == "x-y"`,
		"a>=1,": "a>=1",
		"a[]":   "a",
		"a===foo;'x' in sys_platform and((python_version<'3')or os_name!='nt')": `a===foo; "x" in sys_platform and (python_version < "3" or os_name != "nt")`,
		"a; (os_name=='nt')": `a; os_name == "nt"`,
	} {
		r, err := Parse(text)
		if err != nil || r.String() != want {
			t.Errorf("%s\n got %s, %v\nwant %s", text, r, err, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, reason := range map[string]string{
		"":                                "a package name",
		"-x":                              "a package name",
		"x-":                              "a package name",
		"x 1.0":                           "does not start with one of",
		"x[a b]":                          "a comma or ]",
		"x[a,]":                           "an extra's name",
		"x (>=1":                          "expected )",
		"x @ ":                            "a URL",
		"x>=1 <2":                         "is not expected there",
		"x; os_name":                      "one of <=",
		"x; os_name = 'nt'":               "one of <=",
		"x; os_name == nt":                "a quoted string",
		"x; os_name == 'nt":               "does not end",
		"x>=1\n--hash=sha256:":            "line break",
		"x; " + strings.Repeat("(", 1000): "too deep",
		strings.Repeat("x", MaxText+1):    "too long",
	} {
		_, err := Parse(text)
		var syntax *ParseError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func TestSpecifierErrorIsInTheChain(t *testing.T) {
	_, err := Parse("x>=1.*")
	var specifier *pep440.ParseError
	if !errors.As(err, &specifier) {
		t.Errorf("got %v", err)
	}
}

func TestLenient(t *testing.T) {
	r, said, err := ParseLenient("elasticsearch-dsl (>=7.2.0<8.0.0) ; extra == 'es'")
	if err != nil || len(said) != 1 || r.String() != `elasticsearch-dsl<8.0.0,>=7.2.0; extra == "es"` {
		t.Errorf("got %s, %q, %v", r, said, err)
	}
	if _, said, err := ParseLenient("x>=1"); err != nil || said != nil {
		t.Errorf("a well-formed requirement: %q, %v", said, err)
	}
}

var linux = Environment{
	OSName: "posix", SysPlatform: "linux", PlatformMachine: "x86_64", PlatformPythonImplementation: "CPython",
	PlatformSystem: "Linux", PythonVersion: "3.14", PythonFullVersion: "3.14.0", ImplementationName: "cpython",
	ImplementationVersion: "3.14.0", PlatformRelease: "6.1.0-18-amd64",
}

func TestEval(t *testing.T) {
	ctx := Context{Extra: "Socks_5", Extras: []string{"A_b"}, DependencyGroups: []string{"test"}}
	for text, want := range map[string]bool{
		"python_version >= '3.9'":                     true,
		"'3.9' <= python_version":                     true,
		"python_version in '2.7 3.14'":                true,
		"python_version not in '2.7 3.1'":             true,
		"python_version == '3.*'":                     true,
		"python_version ~= '3.10'":                    true,
		"python_full_version < '3.14.0rc1'":           false,
		"platform_release >= '5'":                     false, // no version: PEP 440 does not match
		"sys_platform >= 'linux'":                     true,  // strings: equality
		"sys_platform > 'aix'":                        false,
		"sys.platform == 'linux' and os.name == 'nt'": false,
		"os_name == 'nt' or os_name == 'x' and os_name == 'y' or os_name == 'posix'": true,
		"python_implementation == 'CPython'":                                         true,
		"extra == 'socks-5'":                                                         true,
		"'a.b' in extras and 'TEST' in dependency_groups":                            true,
		"'lin' in sys_platform":                                                      true,
	} {
		m, err := ParseMarker(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Eval(linux, ctx); err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	if ok, err := (*Marker)(nil).Eval(linux, ctx); !ok || err != nil {
		t.Error("no marker is not true")
	}
}

func TestUndefined(t *testing.T) {
	for _, text := range []string{"os_name ~= 'x'", "os_name === 'posix'", "'a' == 'b'", "extras == 'x'", "'x' == extras"} {
		m, err := ParseMarker(text)
		if err != nil {
			t.Fatal(err)
		}
		var undefined *UndefinedError
		if _, err := m.Eval(linux, Context{}); !errors.As(err, &undefined) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestVariables(t *testing.T) {
	m, err := ParseMarker("os.name=='nt' or ('x' in extras and os_name!='a')")
	if err != nil || !slices.Equal(m.Variables(), []string{"extras", "os_name"}) {
		t.Errorf("got %v, %v", m.Variables(), err)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{"Foo__Bar.-baz": "foo-bar-baz", "a-b": "a-b", "A": "a"} {
		if got := NormalizeName(name); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a", "a[b]>=1;os_name=='x'", "a @ b ; extra=='c'", `a;"\x41\"" in os_name`, "a>=1<2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, _, err := ParseLenient(s)
		if err != nil {
			return
		}
		again, err := Parse(r.String())
		if err != nil || again.String() != r.String() {
			t.Errorf("%q prints as %q, that reads as %q, %v", s, r, again, err)
		}
	})
}

func FuzzParseMarker(f *testing.F) {
	for _, s := range []string{"os_name=='x'", "('a' in extras)or python_version<'3'", `os_name == '\\x41'`, `os_name=="\'"`, `os_name!='\000'`, "os.name!='\\\xb9'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMarker(s)
		if err != nil {
			return
		}
		again, err := ParseMarker(m.String())
		if err != nil || again.String() != m.String() {
			t.Fatalf("%q prints as %q, that reads as %q, %v", s, m, again, err)
		}
		got, err := m.Eval(linux, Context{})
		same, err2 := again.Eval(linux, Context{})
		if got != same || (err == nil) != (err2 == nil) {
			t.Errorf("%q and its own text decide differently", s)
		}
	})
}

func TestOfExtra(t *testing.T) {
	for text, want := range map[string]string{
		`os_name == "nt"`:                  "",
		`extra == "X_y"`:                   `extra == "x-y"`,
		`"x" == extra and os_name == "nt"`: `"x" == extra`,
		`os_name == "nt" and (os_name != "x" and extra == "x")`:              `extra == "x"`,
		`os_name == "nt" or extra == "x"`:                                    "",
		`extra == "x" or os_name == "nt"`:                                    "",
		`extra == "x" and os_name == "a" or os_name == "b" and extra == "x"`: `extra == "x"`,
		`extra == "x" or extra == "y"`:                                       "",
		`extra != "x"`:                                                       "",
	} {
		m, err := ParseMarker(text)
		if got := m.OfExtra().String(); err != nil || got != want {
			t.Errorf("%s: got %q %v, want %q", text, got, err, want)
		}
	}
	if (*Marker)(nil).OfExtra() != nil {
		t.Error("no marker has an extra")
	}
}

func TestMarkerReads(t *testing.T) {
	m, err := ParseMarker("(os_name == 'nt' or 'x' == extra) and python_version > '3'")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"os_name", "extra", "python_version", "sys_platform"} {
		if m.Reads(name) != slices.Contains(m.Variables(), name) {
			t.Error(name)
		}
	}
	if (*Marker)(nil).Reads("extra") {
		t.Error("no marker reads")
	}
}
