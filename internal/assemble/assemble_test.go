package assemble

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/lock"
	"snug/internal/store"
)

const site = "lib/python3.14/site-packages/"

// standard is a project with a package in all runtimes and one in test and dev.
func standard(t *testing.T, base string) *world {
	w := newWorld(t, base)
	w.add("alpha", map[string]string{
		"alpha/__init__.py": "a = 1\n", "alpha.pth": "vendored\nimport alpha\n", "LICENSE": "same",
		"INFO/entry_points.txt": "[console_scripts]\nalpha = alpha:a\n",
	}, "prod", "test", "dev")
	w.add("beta", map[string]string{"beta.py": "b = 1\n", "LICENSE": "same"}, "test", "dev")
	return w
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestOneDigestAtTwoPaths(t *testing.T) {
	for _, runtime := range []string{"prod", "test", "dev"} {
		a := standard(t, t.TempDir())
		b := standard(t, filepath.Join(t.TempDir(), "another place", "deeper"))
		one, two := a.build(a.input(runtime)), b.build(b.input(runtime))
		if one.Tree != two.Tree || one.Tree == "" {
			t.Errorf("%s: %s and %s", runtime, one.Tree, two.Tree)
		}
		in := b.input(runtime)
		in.Copy, in.Dest = true, filepath.Join(b.base, "delivered")
		if copied := b.build(in); copied.Tree != one.Tree {
			t.Errorf("%s: delivered %s, built %s", runtime, copied.Tree, one.Tree)
		}
	}
}

// contained lists what of a is not in b, bytecode apart.
func contained(a, b *generation.Manifest) (missing []string) {
	there := map[string]bool{}
	for _, f := range b.Files {
		there[f.Path+f.Mode+f.SHA256] = true
	}
	for _, f := range a.Files {
		if f.Kind == "" && !there[f.Path+f.Mode+f.SHA256] {
			missing = append(missing, f.Path)
		}
	}
	return missing
}

func TestRuntimesAreNested(t *testing.T) {
	w := standard(t, t.TempDir())
	prod, test, dev := w.build(w.input("prod")), w.build(w.input("test")), w.build(w.input("dev"))
	if missing := append(contained(prod, test), contained(test, dev)...); len(missing) > 0 {
		t.Errorf("not nested: %q", missing)
	}
	prod.Files[slices.IndexFunc(prod.Files, func(f generation.File) bool { return f.Kind == "" })].SHA256 = "other"
	if len(contained(prod, test)) != 1 {
		t.Error("a changed file was not seen")
	}
	if len(test.Packages) != 3 || test.Packages[2].Name != "my-shop" {
		t.Errorf("packages %v", test.Packages)
	}
}

func TestIsolatedRuntime(t *testing.T) {
	w := standard(t, t.TempDir())
	in := w.input("prod")
	m := w.build(in)
	want := "share/snug/isolated\nlib/python3.14\nlib/python3.14/lib-dynload\nlib/python3.14/site-packages\nlib/python3.14/site-packages/vendored\napp\napp/src\n"
	if got := read(t, in.Dest, "python3.14._pth"); got != want {
		t.Errorf("._pth is %q", got)
	}
	if len(m.Notes) != 1 || !strings.Contains(m.Notes[0], "alpha.pth runs code") || !strings.Contains(m.Notes[0], "isolated = false") {
		t.Errorf("notes %q", m.Notes)
	}
	if to, err := os.Readlink(filepath.Join(in.Dest, "app")); err != nil || to != "../../.." {
		t.Errorf("app points at %q, %v", to, err)
	}
	if text := read(t, in.Dest, "lib/python3.14/EXTERNALLY-MANAGED"); !strings.Contains(text, "snug add") {
		t.Errorf("EXTERNALLY-MANAGED is %q", text)
	}
	if got := read(t, in.Dest, site, "alpha/__pycache__/__init__.cpython-314.pyc"); got != "pyc of "+site+"alpha/__init__.py: a = 1\n" {
		t.Errorf("bytecode %q", got)
	}
	read(t, in.Dest, "bin/shop")
	if text := read(t, in.Dest, "share/snug/isolated/venv.py"); !strings.Contains(text, "snug run dev -- python -m venv") {
		t.Errorf("venv.py is %q", text)
	}
	read(t, in.Dest, site, "my_shop-1.4.0.dist-info/direct_url.json")
}

func TestPthLines(t *testing.T) {
	for _, c := range []struct{ file, text, paths, lost string }{
		{"a.pth", "vendored\n# said\n\nimport a; import b\nimport\tc\n", "s/vendored", "what it sets up is missing"},
		{"a.pth", "a/../b  \r\n", "s/b", ""},
		{"a.pth", "/etc\n", "", "/etc to the path, which lies outside"},
		{"a.pth", "../../x\n", "", "../../x to the path, which lies outside"},
		{"a.pth", "important\n", "s/important", ""},
		{"distutils-precedence.pth", "import os; x", "", "distutils can be imported only after setuptools"},
		{"a1_coverage.pth", "import sys", "", "coverage of child processes"},
		{"zc.lockfile-3.0-py3.12-nspkg.pth", "import sys, types", "", ""},
	} {
		var p pthLines
		p.add("owner", "s", c.file, c.text)
		lost := strings.Join(p.lost, "\n")
		if strings.Join(p.paths, " ") != c.paths || !strings.Contains(lost, c.lost) || (lost == "") != (c.lost == "") || len(p.lost) > 1 {
			t.Errorf("%s %q: paths %q, lost %q", c.file, c.text, p.paths, p.lost)
		}
	}
}

func TestDevIsForEditing(t *testing.T) {
	w := standard(t, t.TempDir())
	in := w.input("dev")
	m := w.build(in)
	if !m.Editable || slices.ContainsFunc(m.Files, func(f generation.File) bool { return f.Kind == generation.Bytecode }) {
		t.Error("dev carries bytecode")
	}
	if got := read(t, in.Dest, site, projectPth); got != "../../../../../..\n../../../../../../src\n" {
		t.Errorf("pth %q", got)
	}
	write(t, filepath.Join(in.Dest, site, "beta.py"), "breakpoint()\n")
	again := w.input("test")
	w.build(again)
	if got := read(t, again.Dest, site, "beta.py"); got != "b = 1\n" {
		t.Errorf("an edit in dev reached test: %q", got)
	}
}

// Virtual environments get their pip from the runtime's own where the
// interpreter has no ensurepip; with neither, pip's users are told.
func TestVenvsNeedPip(t *testing.T) {
	managed, standIn := "lib/python3.14/EXTERNALLY-MANAGED", "lib/python3.14/ensurepip.py"
	for _, tt := range []struct {
		runtime           string
		own, pip          bool // ensurepip in the interpreter, pip in the lock
		standsIn, isAsked bool
	}{
		{runtime: "dev", standsIn: true, isAsked: true},
		{runtime: "dev", pip: true, standsIn: true},
		{runtime: "dev", own: true},
		{runtime: "prod"},
	} {
		w := standard(t, t.TempDir())
		if tt.pip {
			w.add("pip", map[string]string{"pip/__init__.py": ""}, "dev")
		}
		w.ensurepip = tt.own
		in := w.input(tt.runtime)
		w.build(in)
		if _, err := os.Lstat(filepath.Join(in.Dest, standIn)); (err == nil) != tt.standsIn {
			t.Errorf("%+v: %s: %v", tt, standIn, err)
		}
		if text := read(t, in.Dest, managed); strings.Contains(text, "snug add pip") != tt.isAsked {
			t.Errorf("%+v: EXTERNALLY-MANAGED says %s", tt, text)
		}
	}
}

func TestDelivered(t *testing.T) {
	w := standard(t, t.TempDir())
	in := w.input("prod")
	in.Copy, in.Dest = true, filepath.Join(w.root(), "out")
	w.build(in)
	read(t, in.Dest, "app/src/shop.py")
	for _, name := range []string{"app/.git", "app/.env", "app/pylock.toml", "app/out", site + "my_shop-1.4.0.dist-info/direct_url.json"} {
		if _, err := os.Lstat(filepath.Join(in.Dest, name)); err == nil {
			t.Errorf("%s was delivered", name)
		}
	}
	moved := filepath.Join(w.base, "moved away")
	if err := errors.Join(os.Rename(in.Dest, moved), os.RemoveAll(w.root())); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(moved, quiet); err != nil || !r.Clean() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestVerifyNamesChanges(t *testing.T) {
	w := standard(t, t.TempDir())
	in := w.input("dev")
	w.build(in)
	if r, err := Verify(in.Dest, quiet); err != nil || !r.Clean() {
		t.Fatalf("fresh: %+v, %v", r, err)
	}
	write(t, filepath.Join(in.Dest, site, "beta.py"), "b = 2\n")
	write(t, filepath.Join(in.Dest, site, "evil.py"), "")
	write(t, filepath.Join(in.Dest, site, "__pycache__/beta.cpython-314.pyc"), "")
	if err := os.Remove(filepath.Join(in.Dest, site, "LICENSE")); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(in.Dest, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Changed, []string{site + "beta.py"}) || !slices.Equal(r.Added, []string{site + "evil.py"}) ||
		!slices.Equal(r.Missing, []string{site + "LICENSE"}) || r.AddedBytecode != 1 {
		t.Errorf("%+v", r)
	}
}

func TestOverlaps(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.add("opencv", map[string]string{"cv2/__init__.py": "full\n"}, "prod")
	w.add("opencv_headless", map[string]string{"cv2/__init__.py": "headless\n"}, "prod")
	w.lock.Packages[1].Name = "opencv-headless"
	_, err := Assemble(context.Background(), w.input("prod"))
	if fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "opencv and opencv-headless") ||
		!strings.Contains(fault.HintOf(err), `[tool.snug.overlaps] "cv2/**" = "opencv"`) {
		t.Fatalf("%v; hint %s", err, fault.HintOf(err))
	}
	for _, c := range []struct{ pattern, owner, text string }{
		{"cv2/**", "opencv-headless", "headless\n"}, {"cv2/__init__.py", "opencv-headless", "headless\n"},
		{"cv2/**", "opencv", "full\n"}, {"cv2/__init__.py", "opencv", "full\n"},
	} {
		w.lock.Tool.Overlaps = map[string]string{c.pattern: c.owner}
		in := w.input("prod")
		if err := os.RemoveAll(in.Dest); err != nil {
			t.Fatal(err)
		}
		m := w.build(in)
		if got := read(t, in.Dest, site, "cv2/__init__.py"); got != c.text || m.Overlaps[site+"cv2/__init__.py"] != c.owner || len(m.Overlaps) != 1 {
			t.Errorf("%v: %q, %v", c, got, m.Overlaps)
		}
		if got := read(t, in.Dest, site, "cv2/__pycache__/__init__.cpython-314.pyc"); !strings.HasSuffix(got, c.text) {
			t.Errorf("%v: bytecode of the one that lost: %q", c, got)
		}
	}
}

// Some wheels bring bytecode, which says whose machine made it and is stale
// once unpacked: the runtime's own stands in its place.
func TestBytecodeOfAWheelIsLeftOut(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.add("alpha", map[string]string{"alpha.py": "a = 1\n", "__pycache__/alpha.cpython-314.pyc": "theirs", "bare.pyc": "no source"}, "prod", "dev")
	in := w.input("prod")
	w.build(in)
	if got := read(t, in.Dest, site, "__pycache__/alpha.cpython-314.pyc"); got != "pyc of "+site+"alpha.py: a = 1\n" {
		t.Errorf("bytecode %q", got)
	}
	if got := read(t, in.Dest, site, "bare.pyc"); got != "no source" {
		t.Errorf("a module without source is %q", got)
	}
	dev := w.build(w.input("dev"))
	if slices.ContainsFunc(dev.Files, func(f generation.File) bool { return strings.Contains(f.Path, "__pycache__") }) {
		t.Error("dev has the wheel's bytecode")
	}
}

func TestToleratedWheelIsNamed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.add("alpha", map[string]string{"alpha.py": "", "beta.py": "", "INFO/RECORD": "gone.py,,\n"}, "prod")
	in := w.input("prod")
	heard := &said{}
	in.Events = heard
	w.build(in)
	want := []string{"alpha-1.0-py3-none-any.whl: RECORD lists gone.py, which the wheel lacks (and 4 more)"}
	if !slices.Equal(heard.notes, want) {
		t.Errorf("said %q", heard.notes)
	}
}

func TestRefusedWheels(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, in *Input)
		want   fault.Code
	}{
		"wrong hash": {func(w *world, in *Input) {
			in.Download = func(context.Context, lock.File) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader([]byte("other"))), nil
			}
			w.lock.Packages[0].Wheels[0].Size = 0
		}, fault.Integrity},
		"too old to isolate": {func(_ *world, in *Input) { in.Python = version(t, "3.10.16") }, fault.Unsupported},
		"no sha256":          {func(w *world, _ *Input) { w.lock.Packages[0].Wheels[0].Hashes = map[string]string{"md5": "0"} }, fault.Integrity},
		"control file":       {func(w *world, _ *Input) { w.add("evil", map[string]string{"evil-1.0.data/data/app/x.py": ""}, "prod") }, fault.Conflict},
		"the interpreter": {func(w *world, _ *Input) {
			w.add("evil", map[string]string{"evil-1.0.data/scripts/python3": ""}, "prod")
		}, fault.Conflict},
		"file and folder": {func(w *world, _ *Input) { w.add("evil", map[string]string{"alpha": ""}, "prod") }, fault.Conflict},
		"needs what is not locked": {func(w *world, _ *Input) {
			w.add("liar", map[string]string{"INFO/METADATA": "Metadata-Version: 2.1\nName: liar\nVersion: 1.0\nRequires-Dist: absent\n"}, "prod")
		}, fault.Integrity},
		"version control": {func(w *world, _ *Input) {
			w.lock.Packages[0].Wheels, w.lock.Packages[0].VCS = nil, &lock.VCS{Type: "git", URL: "https://index.example/x", CommitID: "1"}
		}, fault.Unsupported},
	} {
		w := standard(t, t.TempDir())
		in := w.input("prod")
		c.change(w, &in)
		if _, err := Assemble(context.Background(), in); fault.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStoreThatWasChangedIsNotLinked(t *testing.T) {
	base := t.TempDir()
	w := standard(t, base)
	m := w.build(w.input("prod"))
	files, err := filepath.Glob(filepath.Join(base, "home", "store", "trees", "whl-*", "files", site, "alpha", "__init__.py"))
	if err != nil || len(files) != 1 {
		t.Fatalf("found %v, %v", files, err)
	}
	if err := errors.Join(os.Chmod(files[0], 0o644), os.WriteFile(files[0], []byte("evil = 1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(base, "home")) // as a later process
	if err != nil {
		t.Fatal(err)
	}
	w.store = s
	in := w.input("prod")
	in.Dest = filepath.Join(w.root(), ".snug", "prod", "2")
	if again := w.build(in); again.Tree != m.Tree || read(t, in.Dest, site, "alpha/__init__.py") != "a = 1\n" {
		t.Error("a changed file of the store was linked")
	}
}

func TestGlobMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"cv2/**", "cv2/a/b.py", true}, {"cv2/**", "cv2", false}, {"cv2/*", "cv2/a/b.py", false}, {"**/b.py", "cv2/a/b.py", true},
		{"cv2/*.py", "cv2/b.py", true}, {"LICENSE", "LICENSE", true}, {"LICENSE", "a/LICENSE", false}, {"**", "a/b", true},
	} {
		if got := globMatch(c.pattern, c.name); got != c.want {
			t.Errorf("globMatch(%q, %q) = %t", c.pattern, c.name, got)
		}
	}
}

func quiet(_, _ int64) {}
