package assemble

import (
	"context"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/lock"
)

// Wheels that other targets of the lock get as well must fit their file systems.
func TestWheelsFitEveryTarget(t *testing.T) {
	for name, c := range map[string]struct {
		targets string
		files   map[string]string
		want    string // in the error; "": none
	}{
		"a device":                 {"windows-x86_64", map[string]string{"alpha2/aux.py": ""}, `beta2 1.0 brings "alpha2/aux.py" to windows-x86_64: a name that Windows keeps for a device`},
		"a device in data":         {"windows-x86_64", map[string]string{"beta2-1.0.data/data/share/nul": ""}, `"share/nul"`},
		"a trailing dot":           {"linux-x86_64 windows-arm64", map[string]string{"beta2/a.": ""}, "a trailing dot or space, which Windows drops"},
		"a character":              {"windows-x86_64", map[string]string{"beta2/a:b": ""}, "a character that Windows has no names with"},
		"a long path":              {"windows-x86_64", map[string]string{strings.Repeat("beta2/", 40) + "x.py": ""}, "a path that is too long for Windows"},
		"no such target":           {"linux-x86_64", map[string]string{"beta2/aux.py": "", "beta2/a.": "", "ALPHA/__init__.py": ""}, ""},
		"macOS has these":          {"macos-arm64", map[string]string{"beta2/aux.py": "", "beta2/a:b": ""}, ""},
		"case":                     {"macos-arm64", map[string]string{"Alpha/__init__.py": ""}, `alpha brings "alpha/__init__.py" and beta2 "Alpha/__init__.py", which are one file on macos-arm64`},
		"Unicode form":             {"macos-arm64", map[string]string{"alpha/e\u0301.py": ""}, "which are one file on macos-arm64"},
		"folders that differ only": {"macos-arm64 windows-x86_64", map[string]string{"Alpha/beta2.py": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			w.add("alpha", map[string]string{"alpha/__init__.py": "", "alpha/\u00e9.py": ""}, "prod")
			w.add("beta2", c.files, "prod")
			for target := range strings.FieldsSeq(c.targets) {
				w.lock.Tool.Targets = append(w.lock.Tool.Targets, lock.Target{Name: target, Python: "3.14.6"})
			}
			_, err := Assemble(context.Background(), w.input("prod"))
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(fault.HintOf(err), "beta2; sys_platform != '") {
				t.Errorf("got %v, hint %q; want %q", err, fault.HintOf(err), c.want)
			}
			w.lock.Packages[1].Marker += " and sys_platform == 'linux'" // and so it is not theirs
			in := w.input("prod")
			if _, err := Assemble(context.Background(), in); err != nil {
				t.Error(err)
			}
		})
	}
}

// What several wheels bring alike is shared, whatever way a namespace is made; what
// differs is refused with the way out, wherever it lies.
func TestNamespacePackages(t *testing.T) {
	const pkgutil = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
	for name, c := range map[string]struct {
		a, b map[string]string
		want string // in the hint; "": they fit
	}{
		"PEP 420":           {map[string]string{"google/auth/__init__.py": "a"}, map[string]string{"google/cloud/__init__.py": "b"}, ""},
		"pkgutil":           {map[string]string{"azure/__init__.py": pkgutil, "azure/a.py": "a"}, map[string]string{"azure/__init__.py": pkgutil, "azure/b.py": "b"}, ""},
		"pkg_resources":     {map[string]string{"zope/a.py": "", "zope.a-nspkg.pth": "import types"}, map[string]string{"zope/b.py": "", "zope.b-nspkg.pth": "import types"}, ""},
		"equal tests":       {map[string]string{"tests/__init__.py": ""}, map[string]string{"tests/__init__.py": ""}, ""},
		"other tests":       {map[string]string{"tests/__init__.py": "a"}, map[string]string{"tests/__init__.py": "b"}, `"tests/**" = "one" (or "two")`},
		"a licence on top":  {map[string]string{"LICENSE": "MIT"}, map[string]string{"LICENSE": "BSD"}, `"LICENSE" = "one" (or "two")`},
		"the same in share": {map[string]string{"one-1.0.data/data/share/x": "1"}, map[string]string{"two-1.0.data/data/share/x": "2"}, `"share/**" = "one" (or "two")`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			w.add("one", c.a, "prod")
			w.add("two", c.b, "prod")
			in := w.input("prod")
			_, err := Assemble(context.Background(), in)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				for _, files := range []map[string]string{c.a, c.b} {
					for name, text := range files {
						if got := read(t, in.Dest, site, name); got != text {
							t.Errorf("%s is %q", name, got)
						}
					}
				}
				return
			}
			if fault.CodeOf(err) != fault.Conflict || !strings.Contains(fault.HintOf(err), c.want) {
				t.Errorf("got %v, hint %q", err, fault.HintOf(err))
			}
		})
	}
}
