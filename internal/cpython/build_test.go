package cpython

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
)

// request is one for fake sources.
func request(t *testing.T, profile string, files map[string]string) Request {
	t.Helper()
	tarball, places := sources(t, files)
	r, err := NewRequest(tarball, profile, "")
	if err != nil {
		t.Fatal(err)
	}
	r.Places = places
	return r
}

func TestBuild(t *testing.T) {
	var steps []string
	s := opened(t, func(o *Options) { o.Step = func(step string) { steps = append(steps, step) } })
	dir := t.TempDir()
	built, err := s.Build(context.Background(), request(t, Minimal, fakeSources()), dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(steps, " "), "unpack probe configure make install check strip"; got != want {
		t.Errorf("steps %q, want %q", got, want)
	}
	want := []string{
		"bin/python", "bin/python3", "bin/python3.13",
		"include/python3.13/Python.h", "include/python3.13/cpython/object.h", "include/python3.13/patchlevel.h", "include/python3.13/pyconfig.h",
		"lib/python3.13/_sysconfigdata__linux_x.py", "lib/python3.13/config-3.13/Makefile", "lib/python3.13/lib-dynload/README.txt", "lib/python3.13/os.py",
		"python3.13", "share/licenses/openssl.txt", SBOMPath,
	}
	if got := list(t, dir); !slices.Equal(got, want) {
		t.Errorf("laid out %q\nwant %q", got, want)
	}
	if built.Version != fakeVersion || built.ID != "minimal-"+recipeVersion || built.Level == "" || built.Files != 11 {
		t.Errorf("%+v", built)
	}
	if !built.Epoch.Equal(built.Epoch.UTC()) || built.Epoch.Format("2006-01-02") != "2026-08-05" {
		t.Errorf("the clock of the build is %s", built.Epoch)
	}
	if !slices.Equal(built.Absent, []string{"_testcapi", "_tkinter"}) {
		t.Errorf("absent %q", built.Absent)
	}
	log, err := os.ReadFile(blobOf(t, s, built.Log))
	if err != nil || !strings.Contains(string(log), "configured with -q --prefix=/install") {
		t.Errorf("log %q, %v", log, err)
	}
	hardened(t, built)
	tellsNothing(t, dir, s.opt.Temp)
	if rest, err := os.ReadDir(s.opt.Temp); err != nil || len(rest) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", rest, err)
	}
}

// hardened: the flags reached the compiler and the linker.
func hardened(t *testing.T, built *Built) {
	t.Helper()
	if len(built.Native) != 1 {
		t.Fatalf("native files %+v", built.Native)
	}
	n := built.Native[0]
	if n.Path != "python3.13" || !n.Hardening.PIE || !n.Hardening.BindNow || n.Hardening.RELRO != "full" || !n.Hardening.NX {
		t.Errorf("%+v", n)
	}
}

// tellsNothing: no file of the tree names the folder of the build.
func tellsNothing(t *testing.T, dir, temp string) {
	t.Helper()
	for _, name := range list(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := isELF(filepath.Join(dir, name)); ok || err != nil {
			text = bytes.ReplaceAll(text, []byte("prefix-map"), nil) // OpenSSL says how it was built itself
		}
		for _, word := range []string{temp, "prefix-map", "'/src", "'/usr/bin/install", "-I/usr"} {
			if strings.Contains(string(text), word) {
				t.Errorf("%s holds %q", name, word)
			}
		}
	}
}

// TestFull: the modules of the tests become files of their own, and ensurepip stays.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	built, err := opened(t, nil).Build(context.Background(), request(t, Full, fakeSources()), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(built.Absent, []string{"_tkinter"}) || !slices.Contains(list(t, dir), "lib/python3.13/ensurepip/__init__.py") {
		t.Errorf("absent %q, files %q", built.Absent, list(t, dir))
	}
}

// TestSameTwice: another name of the machine, mask and number of jobs change nothing.
func TestSameTwice(t *testing.T) {
	s := opened(t, nil)
	r := request(t, Minimal, fakeSources())
	first, second := t.TempDir(), t.TempDir()
	a, err := s.Build(context.Background(), r, first)
	if err != nil {
		t.Fatal(err)
	}
	r.Conditions = s.Others()
	b, err := s.Build(context.Background(), r, second)
	if err != nil {
		t.Fatal(err)
	}
	differences, err := Differences(first, second)
	if a.Tree != b.Tree || len(differences) > 0 || err != nil {
		t.Errorf("%s, then %s: %v, %v", a.Tree, b.Tree, differences, err)
	}
}

// TestDifferences: what depends on its conditions is found, and named.
func TestDifferences(t *testing.T) {
	files := fakeSources()
	files["Makefile.in"] += "\thostname >$(DESTDIR)/install/lib/python3.13/where.py\n\ttest $$(umask) != 0077 || touch $(DESTDIR)/install/lib/python3.13/masked.py\n"
	s := opened(t, nil)
	r := request(t, Minimal, files)
	first, second := t.TempDir(), t.TempDir()
	a, err := s.Build(context.Background(), r, first)
	if err != nil {
		t.Fatal(err)
	}
	if a.Level == "none" || a.Level == "landlock" {
		t.Skip("this machine's sandbox gives a build no name of its own")
	}
	r.Conditions = s.Others()
	if _, err = s.Build(context.Background(), r, second); err != nil {
		t.Fatal(err)
	}
	got, err := Differences(first, second)
	if err != nil || len(got) != 2 || got[0].Path != "lib/python3.13/masked.py" || got[1].Path != "lib/python3.13/where.py" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What goes wrong is told by the step, what it said, and where the log is.
func TestBuildFails(t *testing.T) {
	cases := []struct {
		name   string
		change func(files map[string]string)
		code   fault.Code
		text   string // in the error
		hint   string // in its hint
	}{
		{"configure", func(f map[string]string) { f["configure"] = "#!/bin/sh\necho 'error: no compiler'; exit 77\n" }, fault.Failed, "configure of Python 3.13.99 failed (exit 77)\n", "the whole log is "},
		{"says why", func(f map[string]string) { f["configure"] = "#!/bin/sh\necho 'error: no compiler'; exit 77\n" }, fault.Failed, "error: no compiler", ""},
		{"make", func(f map[string]string) { f["python.c"] = "#include <nowhere.h>\n" }, fault.Failed, "nowhere.h", ""},
		{"missing", func(f map[string]string) {
			f["configure"] = strings.Replace(fakeConfigure, "_SSL_STATE=yes", "_SSL_STATE=missing", 1)
		}, fault.Failed, "configure would leave out _ssl", "openssl (libssl-dev); the whole log is "},
		{"no modules", func(f map[string]string) {
			f["configure"] = strings.ReplaceAll(fakeConfigure, "_STATE=", "_OTHER=")
		}, fault.Unsupported, "names no module", ""},
		{"import", func(f map[string]string) {
			f["python.c"] = strings.Replace(fakePython, `\"failed\": {}`, `\"failed\": {\"math\": \"ImportError: no\"}`, 1)
		}, fault.Failed, "module math of Python 3.13.99 does not import: ImportError: no", ""},
		{"version inside", func(f map[string]string) {
			f["python.c"] = strings.Replace(fakePython, fakeVersion, "3.13.1", 1)
		}, fault.Failed, `says it is "3.13.1"`, ""},
		{"version", func(f map[string]string) { f["Include/patchlevel.h"] = "#define PY_VERSION \"3.13.98\"\n" }, fault.Integrity, `"3.13.98", not 3.13.99`, ""},
		{"no python", func(f map[string]string) { delete(f, "Include/patchlevel.h") }, fault.Input, "not the sources of CPython", ""},
		{"library", func(f map[string]string) {
			f["python.c"] = "#include <stdio.h>\nvoid *__cxa_begin_catch(void *);\nint main(int c, char **v) { FILE *f = fopen(v[3], \"w\"); if (c > 99) __cxa_begin_catch(0); fputs(\"{\\\"version\\\": \\\"3.13.99\\\"}\", f); return fclose(f); }\n"
			f["Makefile.in"] = strings.Replace(fakeMakefile, "-o python", "-o python -Wl,--no-as-needed /usr/lib/gcc/x86_64-linux-gnu/*/libstdc++.so", 1)
		}, fault.Failed, "libstdc++", ""},
		{"exports", func(f map[string]string) {
			f["python.c"] = "#include <stdio.h>\n__attribute__((visibility(\"default\"))) int SSL_new(void) { return 0; }\n" + strings.TrimPrefix(fakePython, "\n#include <stdio.h>")
		}, fault.Failed, "shows 1 symbols of OpenSSL, such as SSL_new", ""},
		{"escape", func(f map[string]string) { f["../evil"] = "x" }, fault.Integrity, "leaves the archive", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "library" {
				if found, err := filepath.Glob("/usr/lib/gcc/x86_64-linux-gnu/*/libstdc++.so"); err != nil || len(found) == 0 {
					t.Skip("no shared C++ library here to link")
				}
			}
			files := fakeSources()
			c.change(files)
			dir := t.TempDir()
			_, err := opened(t, nil).Build(context.Background(), request(t, Minimal, files), dir)
			if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) || !strings.Contains(fault.HintOf(err), c.hint) || fault.HintOf(err) == "" {
				t.Errorf("%v (%s), hint %q", err, fault.CodeOf(err), fault.HintOf(err))
			}
		})
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		out = append(out, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// The list of what is inside names the machine's libraries and CPython's own, and is
// the same each time.
func TestSBOM(t *testing.T) {
	s := opened(t, nil)
	dir := t.TempDir()
	if _, err := s.Build(context.Background(), request(t, Minimal, fakeSources()), dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, SBOMPath))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		BOMFormat, SpecVersion, SerialNumber string
		Metadata                             struct {
			Component struct{ Name, Version, PURL string }
		}
		Components []struct {
			Name, Version, PURL, CPE string
			Licenses                 []struct{ Expression string }
		}
		Dependencies []struct{ DependsOn []string }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.BOMFormat != "CycloneDX" || doc.SpecVersion != "1.6" || !strings.HasPrefix(doc.SerialNumber, "urn:uuid:") || doc.Metadata.Component.Version != fakeVersion {
		t.Errorf("%s", text)
	}
	var names []string
	for _, c := range doc.Components {
		names = append(names, c.Name+" "+c.Version)
		switch c.Name {
		case "openssl":
			if c.PURL != "pkg:deb/debian/libssl-dev@3.0.19-1~deb12u2?arch=amd64&distro=debian-12" || c.CPE != "cpe:2.3:a:openssl:openssl:3.0.19:*:*:*:*:*:*:*" || c.Licenses[0].Expression != "Apache-2.0" {
				t.Errorf("%+v", c)
			}
		case "xz":
			if c.Licenses[0].Expression != "LicenseRef-public-domain" {
				t.Errorf("%+v", c)
			}
		case "zlib":
			if c.PURL != "pkg:generic/zlib" {
				t.Errorf("a package that is not installed: %+v", c)
			}
		}
	}
	want := "bzip2 , libffi , libuuid , openssl 3.0.19, sqlite , xz 5.4.1, zlib , expat 2.8.1, libb2 0.98.1"
	if got := strings.Join(names, ", "); got != want || len(doc.Dependencies[0].DependsOn) != len(names) {
		t.Errorf("inside %q, want %q", got, want)
	}
}
