package repro

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/elf/elftest"
	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

const (
	pureName   = "shop_kit-1.0-py3-none-any.whl"
	nativeName = "shop_kit-1.0-cp313-cp313-linux_x86_64.whl"
	info       = "shop_kit-1.0.dist-info/"
)

func wheelFile(pure bool, tag string) string {
	return "Wheel-Version: 1.0\nGenerator: backend (1.0)\nRoot-Is-Purelib: " + map[bool]string{true: "true", false: "false"}[pure] + "\nTag: " + tag + "\n\n"
}

// pureFiles is a wheel with everything that the standard has a place for.
func pureFiles() map[string]string {
	return map[string]string{
		"shop_kit/__init__.py":                 "def main():\n    return 0\n",
		"shop_kit/über.py":                     "#!/usr/bin/env python\n",
		"shop_kit/py.typed":                    "",
		"shop_kit/data.json":                   strings.Repeat("{}", 5000),
		"a-last.pth":                           "shop\n",
		info + "METADATA":                      "Metadata-Version: 2.1\nName: Shop.Kit\nVersion: 1.0\n",
		info + "WHEEL":                         wheelFile(true, "py3-none-any"),
		info + "entry_points.txt":              "[console_scripts]\nshop = shop_kit:main\n",
		info + "licenses/LICENSE":              "do\n",
		"shop_kit-1.0.data/scripts/tool":       "#!python\n",
		"shop_kit-1.0.data/data/share/man/x.1": "man",
		"shop_kit-1.0.data/headers/kit.h":      "int x;",
	}
}

func speedups() elftest.Library {
	return elftest.Library{
		Needed: []string{"libc.so.6"}, Versions: map[string][]string{"libc.so.6": {"GLIBC_2.2.5", "GLIBC_2.17"}},
		Imports: []string{"__stack_chk_fail", "__memcpy_chk"}, Now: true, RELRO: true, Funcs: []elftest.Func{{Name: "PyInit__speedups", Code: "\xc3"}},
	}
}

func nativeFiles() map[string]string {
	files := pureFiles()
	files["shop_kit/_speedups.so"] = speedups().String()
	files[info+"WHEEL"] = wheelFile(false, "cp313-cp313-linux_x86_64")
	return files
}

func expectation(t *testing.T) Expect {
	t.Helper()
	target, err := pytag.ParseTarget("linux-x86_64")
	if err != nil {
		t.Fatal(err)
	}
	python, err := pep440.Parse("3.13.5")
	if err != nil {
		t.Fatal(err)
	}
	return Expect{Name: "shop-kit", Version: "1.0", Python: python, Target: target}
}

// packing is how a wheel is written, which must not matter.
type packing struct {
	order func(names []string)
	mode  func() fs.FileMode
	at    time.Time
	store bool
	dirs  bool
}

// put writes a wheel with a true RECORD, unless files brings one, and gives its path.
func put(t testing.TB, name string, files map[string]string, p packing) string {
	t.Helper()
	own := info + "RECORD"
	var lines []dist.RecordEntry
	var names []string
	for name, text := range files {
		names = append(names, name)
		lines = append(lines, dist.RecordEntry{Path: name, Sum: digest.Of([]byte(text)), Size: int64(len(text))})
	}
	slices.Sort(names)
	if _, given := files[own]; !given {
		names = append(names, own)
		files[own] = string(dist.FormatRecord(append(lines, dist.RecordEntry{Path: own, Size: -1})))
		defer delete(files, own)
	}
	if p.order != nil {
		p.order(names)
	}
	if p.dirs {
		names = append([]string{"shop_kit/", info}, names...)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		head := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.at}
		if p.store || strings.HasSuffix(name, "/") {
			head.Method = zip.Store
		}
		if p.mode != nil {
			head.SetMode(p.mode())
		}
		if strings.HasSuffix(name, "/") {
			head.SetMode(0o755 | fs.ModeDir)
		}
		f, err := w.CreateHeader(head)
		if err == nil && files[name] != "" {
			_, err = f.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// normal normalises without stripping and reads the result.
func normal(t *testing.T, wheel string, e Expect) (*Report, string, []byte) {
	t.Helper()
	report, path, err := Normalise(t.Context(), wheel, e, nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return report, path, data
}

// TestCanonical: how a wheel was packed does not show in what becomes of it, and doing it again
// changes nothing.
func TestCanonical(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, files := range map[string]map[string]string{pureName: pureFiles(), nativeName: nativeFiles()} {
		report, path, want := normal(t, put(t, name, files, packing{}), expectation(t))
		for i := range 20 {
			p := packing{
				order: func(names []string) {
					r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
				},
				mode: func() fs.FileMode { return fs.FileMode(r.IntN(0o1000)) },
				at:   time.Date(1990+i, 1, 2, 3, 4, 6, 0, time.UTC), store: i%2 == 0, dirs: i%3 == 0,
			}
			other, _, got := normal(t, put(t, name, files, p), expectation(t))
			if !bytes.Equal(got, want) || other.Contents != report.Contents || other.SHA256 != digest.Of(got) {
				t.Fatalf("%s: another packing came out as other bytes", name)
			}
		}
		again, at, got := normal(t, path, expectation(t))
		if !bytes.Equal(got, want) || filepath.Base(at) != filepath.Base(path) || again.Name != report.Name {
			t.Errorf("%s: a canonical wheel was changed, to %s", name, again.Name)
		}
	}
}

// TestForm: what the canonical form promises, read by another reader of zip files.
func TestForm(t *testing.T) {
	files := nativeFiles()
	report, _, data := normal(t, put(t, nativeName, files, packing{}), expectation(t))
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "shop_kit-1.0-cp313-cp313-manylinux_2_17_x86_64.whl"; report.Name != want {
		t.Errorf("named %s, want %s", report.Name, want)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(f.Name, err)
		}
		want := fs.FileMode(0o644)
		if slices.Contains([]string{"shop_kit/_speedups.so", "shop_kit/über.py", "shop_kit-1.0.data/scripts/tool"}, f.Name) {
			want = 0o755
		}
		if f.Mode() != want || f.Flags != flagUTF8 || len(f.Extra) != 0 || !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: mode %v, flags %x, extra %x, time %v", f.Name, f.Mode(), f.Flags, f.Extra, f.Modified)
		}
		if f.Method != zip.Store && f.CompressedSize64 >= f.UncompressedSize64 {
			t.Errorf("%s grew from %d to %d bytes", f.Name, f.UncompressedSize64, f.CompressedSize64)
		}
		switch f.Name {
		case info + "RECORD":
			checkRecord(t, string(text), z)
		case info + "WHEEL":
			if want := strings.Replace(files[f.Name], "linux_x86_64", "manylinux_2_17_x86_64", 1); string(text) != want {
				t.Errorf("WHEEL is %q, want %q", text, want)
			}
		default:
			if string(text) != files[f.Name] {
				t.Errorf("%s was changed", f.Name)
			}
		}
	}
	if len(names) != len(files)+1 || !strings.HasPrefix(names[len(names)-4], info) || strings.HasPrefix(names[len(names)-6], info) || names[len(names)-1] != info+"RECORD" {
		t.Errorf("in the order %q", names)
	}
	rest := names[:slices.Index(names, info+"METADATA")]
	if !slices.IsSorted(rest) {
		t.Errorf("not sorted: %q", rest)
	}
}

func checkRecord(t *testing.T, text string, z *zip.Reader) {
	t.Helper()
	lines, err := dist.ParseRecord([]byte(text))
	if err != nil || len(lines) != len(z.File) {
		t.Errorf("%d lines for %d files, %v", len(lines), len(z.File), err)
	}
	if !slices.IsSortedFunc(lines, func(a, b dist.RecordEntry) int { return strings.Compare(a.Path, b.Path) }) {
		t.Errorf("RECORD is not sorted:\n%s", text)
	}
}

// TestRefused: each way in which a build can lie or slip.
func TestRefused(t *testing.T) {
	with := func(files map[string]string, changes ...string) map[string]string {
		for i := 0; i < len(changes); i += 2 {
			if files[changes[i]] = changes[i+1]; changes[i+1] == "-" {
				delete(files, changes[i])
			}
		}
		return files
	}
	own := info + "RECORD"
	broken := speedups()
	broken.Machine = 183
	musl := speedups()
	musl.Needed = []string{"libc.musl-x86_64.so.1"}
	mixed := speedups()
	mixed.RunPath = "$ORIGIN/lib:/opt/lib"
	so := "shop_kit/_speedups.so"
	for name, c := range map[string]struct {
		wheel  string
		files  map[string]string
		expect func(*Expect)
		says   string
		code   fault.Code
	}{
		"no name":             {"shop.whl", pureFiles(), nil, "no wheel file name", fault.Integrity},
		"another name":        {"other-1.0-py3-none-any.whl", pureFiles(), nil, "its file name says that it is other, not shop-kit", fault.Integrity},
		"another version":     {"shop_kit-1.1-py3-none-any.whl", pureFiles(), nil, "its file name says version 1.1, not 1.0", fault.Integrity},
		"METADATA's name":     {pureName, with(pureFiles(), info+"METADATA", "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"), nil, "its METADATA says that it is other", fault.Integrity},
		"METADATA's version":  {pureName, with(pureFiles(), info+"METADATA", "Metadata-Version: 2.1\nName: shop-kit\nVersion: 2\n"), func(e *Expect) { e.Version = "" }, "its METADATA says version 2, not 1.0", fault.Integrity},
		"no METADATA":         {pureName, with(pureFiles(), info+"METADATA", "-"), nil, "no METADATA", fault.Integrity},
		"no WHEEL":            {pureName, with(pureFiles(), info+"WHEEL", "-"), nil, "no WHEEL", fault.Integrity},
		"two dist-infos":      {pureName, with(pureFiles(), "other-1.0.dist-info/METADATA", "x"), nil, "two dist-info folders", fault.Integrity},
		"a data folder":       {pureName, with(pureFiles(), "other-1.0.data/scripts/x", "x"), nil, "belongs to no dist-info folder", fault.Integrity},
		"a scheme":            {pureName, with(pureFiles(), "shop_kit-1.0.data/etc/x", "x"), nil, "lies in no scheme", fault.Integrity},
		"WHEEL's tags":        {pureName, with(pureFiles(), info+"WHEEL", wheelFile(true, "py2-none-any")), nil, "WHEEL has the tags py2-none-any, the file name py3-none-any", fault.Integrity},
		"purelib with an ABI": {nativeName, with(nativeFiles(), info+"WHEEL", wheelFile(true, "cp313-cp313-linux_x86_64")), nil, "WHEEL says Root-Is-Purelib", fault.Integrity},
		"entry points":        {pureName, with(pureFiles(), info+"entry_points.txt", "[console_scripts]\n../x = a:b\n"), nil, "is no script name", fault.Integrity},
		"another Python":      {nativeName, nativeFiles(), func(e *Expect) { e.Python, _ = pep440.Parse("3.14") }, "do not fit Python 3.14", fault.Failed},
		"another platform":    {nativeName, nativeFiles(), func(e *Expect) { e.Target.Arch = "aarch64" }, "do not fit Python 3.13.5 on linux-aarch64", fault.Failed},
		"a line too few":      {pureName, with(pureFiles(), own, own+",,\n"), nil, "is not in RECORD", fault.Integrity},
		"no RECORD":           {pureName, with(pureFiles(), own, ""), nil, "is not in RECORD", fault.Integrity},
		"a line too many":     {pureName, map[string]string{info + "METADATA": pureFiles()[info+"METADATA"], info + "WHEEL": pureFiles()[info+"WHEEL"], own: recordOf(pureFiles(), info+"METADATA", info+"WHEEL", "shop_kit/py.typed")}, nil, "RECORD lists shop_kit/py.typed, which the wheel lacks", fault.Integrity},
		"another sum":         {pureName, with(pureFiles(), own, strings.Replace(recordOf(pureFiles()), "sha256=", "sha256=A", 1)), nil, "bad hash", fault.Integrity},
		"silently pure":       {pureName, pureFiles(), func(e *Expect) { e.Native = true }, "came out without native code", fault.Failed},
		"silently empty":      {nativeName, with(nativeFiles(), so, "-"), func(e *Expect) { e.Native = true }, "came out without native code", fault.Failed},
		"native for any":      {pureName, with(pureFiles(), so, speedups().String()), nil, "its name says that it runs anywhere, and shop_kit/_speedups.so is native code", fault.Integrity},
		"another processor":   {nativeName, with(nativeFiles(), so, broken.String()), nil, "shop_kit/_speedups.so is not for linux-x86_64 (ELF machine 183)", fault.Failed},
		"32 bits":             {nativeName, with(nativeFiles(), so, "\x7fELF\x01\x01"+strings.Repeat("\x00", 80)), nil, "another word size", fault.Integrity},
		"damaged":             {nativeName, with(nativeFiles(), so, "\x7fELF\x02\x01"+strings.Repeat("\xff", 80)), nil, "a damaged ELF file", fault.Integrity},
		"another libc":        {nativeName, with(nativeFiles(), so, musl.String()), nil, "is not for glibc: it needs libc.musl-x86_64.so.1", fault.Failed},
		"too new":             {nativeName, nativeFiles(), func(e *Expect) { e.Glibc = [2]int{2, 16} }, "it needs glibc 2.17, and 2.16 is allowed", fault.Unsupported},
		"mixed search paths":  {nativeName, with(nativeFiles(), so, mixed.String()), nil, "looks for libraries in /opt/lib, outside of the wheel", fault.Failed},
		"two of one file":     {pureName, with(pureFiles(), "shop_kit/PY.typed", ""), nil, "where case or Unicode form is not kept", fault.Integrity},
		"a path that leaves":  {pureName, with(pureFiles(), "../x", ""), nil, "the path leaves the archive", fault.Integrity},
		"an absolute path":    {pureName, with(pureFiles(), "/etc/x", ""), nil, "an absolute path", fault.Integrity},
	} {
		e := expectation(t)
		if c.expect != nil {
			c.expect(&e)
		}
		out := t.TempDir()
		_, _, err := Normalise(t.Context(), put(t, c.wheel, c.files, packing{}), e, nil, out)
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.CodeOf(err) != c.code || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%s, hint %q), want %q (%s)", name, err, fault.CodeOf(err), fault.HintOf(err), c.says, c.code)
		}
		if left, err := os.ReadDir(out); err != nil || len(left) != 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}

func recordOf(files map[string]string, names ...string) string {
	var lines []dist.RecordEntry
	for name, text := range files {
		if names == nil || slices.Contains(names, name) {
			lines = append(lines, dist.RecordEntry{Path: name, Sum: digest.Of([]byte(text)), Size: int64(len(text))})
		}
	}
	return string(dist.FormatRecord(lines))
}

func TestNoDistInfo(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_, err := w.Create("shop_kit.py")
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	wheel := filepath.Join(t.TempDir(), pureName)
	if err := os.WriteFile(wheel, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Normalise(t.Context(), wheel, expectation(t), nil, t.TempDir()); err == nil || !strings.Contains(err.Error(), "no dist-info folder") {
		t.Error(err)
	}
}

func TestSymlinkIsRefused(t *testing.T) {
	p := packing{mode: func() fs.FileMode { return fs.ModeSymlink | 0o777 }}
	if _, _, err := Normalise(t.Context(), put(t, pureName, pureFiles(), p), expectation(t), nil, t.TempDir()); err == nil || !strings.Contains(err.Error(), "a symbolic link") {
		t.Error(err)
	}
}

// TestTrueTag: which tag a wheel gets for what its files need.
func TestTrueTag(t *testing.T) {
	c := func(versions ...string) elftest.Library {
		return elftest.Library{Needed: []string{"libc.so.6"}, Versions: map[string][]string{"libc.so.6": versions}}
	}
	cxx := func(versions ...string) elftest.Library {
		return elftest.Library{Needed: []string{"libstdc++.so.6", "libc.so.6"}, Versions: map[string][]string{"libstdc++.so.6": versions, "libc.so.6": {"GLIBC_2.14"}}}
	}
	bundled := elftest.Library{Needed: []string{"libfoo.so.1", "libc.so.6"}, RunPath: "$ORIGIN/../shop_kit.libs", Versions: map[string][]string{"libfoo.so.1": {"FOO_9"}}}
	for name, test := range map[string]struct {
		library  elftest.Library
		beside   map[string]elftest.Library
		platform string
		note     string
	}{
		"nothing":              {elftest.Library{}, nil, "manylinux_2_5_x86_64", ""},
		"old":                  {c("GLIBC_2.2.5"), nil, "manylinux_2_5_x86_64", ""},
		"new":                  {c("GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4"), nil, "manylinux_2_34_x86_64", "it needs glibc 2.34, newer than the 2.28 that the target promises"},
		"relative relocations": {c("GLIBC_2.2.5", "GLIBC_ABI_DT_RELR"), nil, "manylinux_2_36_x86_64", "newer than"},
		"private":              {c("GLIBC_PRIVATE"), nil, "linux_x86_64", "needs GLIBC_PRIVATE of libc.so.6, which no manylinux tag stands for"},
		"C++":                  {cxx("GLIBCXX_3.4", "CXXABI_1.3"), nil, "manylinux_2_14_x86_64", ""},
		"newer C++":            {cxx("GLIBCXX_3.4.21"), nil, "manylinux_2_24_x86_64", ""},
		"its ABI":              {cxx("CXXABI_1.3.11"), nil, "manylinux_2_27_x86_64", ""},
		"C++ of tomorrow":      {cxx("GLIBCXX_3.4.99"), nil, "linux_x86_64", "needs GLIBCXX_3.4.99 of libstdc++.so.6"},
		"zlib":                 {elftest.Library{Needed: []string{"libz.so.1"}, Versions: map[string][]string{"libz.so.1": {"ZLIB_1.2.0", "ZLIB_1.2.5.2"}}}, nil, "manylinux_2_17_x86_64", ""},
		"its own C++":          {cxx("GLIBCXX_3.4.99"), map[string]elftest.Library{"shop_kit.libs/libstdc++.so.6": {}}, "manylinux_2_14_x86_64", ""},
		"another library":      {elftest.Library{Needed: []string{"libyaml-0.so.2", "libc.so.6"}}, nil, "linux_x86_64", "needs libyaml-0.so.2 of the system that runs it"},
		"Python's":             {elftest.Library{Needed: []string{"libpython3.13.so.1.0"}}, nil, "linux_x86_64", "which an extension must not be"},
		"one that is bundled":  {bundled, map[string]elftest.Library{"shop_kit.libs/libfoo-12.so": {SoName: "libfoo.so.1"}}, "manylinux_2_5_x86_64", ""},
		"a search path":        {elftest.Library{RunPath: "/build/lib:/usr/lib"}, nil, "manylinux_2_5_x86_64", "its search path /build/lib:/usr/lib, outside of the wheel, was taken out"},
		"one that climbs":      {elftest.Library{RunPath: "$ORIGIN/../../lib"}, nil, "manylinux_2_5_x86_64", "was taken out"},
		"one that varies":      {elftest.Library{RunPath: "$ORIGIN/$LIB"}, nil, "manylinux_2_5_x86_64", "was taken out"},
	} {
		files := nativeFiles()
		files["shop_kit/_speedups.so"] = test.library.String()
		for path, l := range test.beside {
			files[path] = l.String()
		}
		report, _, _ := normal(t, put(t, nativeName, files, packing{}), expectation(t))
		if want := "shop_kit-1.0-cp313-cp313-" + test.platform + ".whl"; report.Name != want {
			t.Errorf("%s: %s, want %s", name, report.Name, want)
		}
		if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, test.note) || (test.note == "") != (notes == "") {
			t.Errorf("%s: noted %q, want %q", name, notes, test.note)
		}
		for _, n := range report.Natives {
			if strings.Contains(test.note, "taken out") && len(n.RunPath) != 0 {
				t.Errorf("%s: still looks in %q", name, n.RunPath)
			}
		}
	}
}

func TestHardening(t *testing.T) {
	report, _, _ := normal(t, put(t, nativeName, nativeFiles(), packing{}), expectation(t))
	want := Hardening{PIE: true, BindNow: true, RELRO: "full", NX: true, StackProtector: true, Fortify: 1}
	if len(report.Natives) != 1 || report.Natives[0].Hardening != want || report.Natives[0].Glibc != [2]int{2, 17} {
		t.Errorf("%+v, want %+v", report.Natives, want)
	}
	files := nativeFiles()
	files["shop_kit/_speedups.so"] = elftest.Library{Kind: 2, Stack: 7, RELRO: true}.String()
	report, _, _ = normal(t, put(t, nativeName, files, packing{}), expectation(t))
	if got := report.Natives[0].Hardening; got != (Hardening{RELRO: "partial"}) {
		t.Errorf("%+v", got)
	}
}

// TestStrip: the caller's strip is given the native files, and what it makes of them counts.
func TestStrip(t *testing.T) {
	wheel := put(t, nativeName, nativeFiles(), packing{})
	smaller := elftest.Library{Needed: []string{"libc.so.6"}}.Bytes()
	strip := func(_ context.Context, files []string) error {
		if len(files) != 1 || !strings.HasSuffix(files[0], "_speedups.so") {
			t.Errorf("given %q", files)
		}
		return os.WriteFile(files[0], smaller, 0o600)
	}
	report, path, err := Normalise(t.Context(), wheel, expectation(t), strip, t.TempDir())
	if err != nil || report.Glibc != [2]int{} {
		t.Fatal(report, err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	got, err := fs.ReadFile(z, "shop_kit/_speedups.so")
	if err != nil || !bytes.Equal(got, smaller) {
		t.Error("the stripped file is not in the wheel", err)
	}
	failure := errors.New("no strip here")
	if _, _, err := Normalise(t.Context(), wheel, expectation(t), func(context.Context, []string) error { return failure }, t.TempDir()); !errors.Is(err, failure) {
		t.Error(err)
	}
	victim := filepath.Join(t.TempDir(), "victim")
	searching := elftest.Library{RunPath: "/opt/lib"}.Bytes()
	if err := os.WriteFile(victim, searching, 0o644); err != nil {
		t.Fatal(err)
	}
	link := func(_ context.Context, files []string) error {
		return errors.Join(os.Remove(files[0]), os.Symlink(victim, files[0]))
	}
	_, _, err = Normalise(t.Context(), wheel, expectation(t), link, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "is no plain file any more") {
		t.Errorf("a file that became a link was followed: %v", err)
	}
	if now, err := os.ReadFile(victim); err != nil || !bytes.Equal(now, searching) {
		t.Error("what the link led to was changed", err)
	}
	never := func(context.Context, []string) error { t.Error("called without native files"); return nil }
	if _, _, err := Normalise(t.Context(), put(t, pureName, pureFiles(), packing{}), expectation(t), never, t.TempDir()); err != nil {
		t.Error(err)
	}
}

// TestSignaturesGo: a signature of the RECORD that was is left out, and said.
func TestSignaturesGo(t *testing.T) {
	files := pureFiles()
	files[info+"RECORD.jws"] = "{}"
	files[info+"RECORD"] = recordOf(pureFiles())
	report, _, _ := normal(t, put(t, pureName, files, packing{}), expectation(t))
	if !strings.Contains(strings.Join(report.Notes, "\n"), "RECORD.jws was left out") {
		t.Errorf("%q", report.Notes)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Normalise(ctx, put(t, pureName, pureFiles(), packing{}), expectation(t), nil, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
