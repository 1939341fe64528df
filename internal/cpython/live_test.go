//go:build live

package cpython

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/fetch"
	"snug/internal/interp"
	"snug/internal/sandbox"
	"snug/internal/store"
)

// measured is what the last builds of real sources came to, as it is committed.
type measured struct {
	Recipe string   `json:"recipe"` // RecipeDigest of then
	Builds []result `json:"builds"`
}

type result struct {
	Version string   `json:"version"`
	ID      string   `json:"id"`
	Tree    string   `json:"tree"` // of all that were built of it
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"`
	Seconds float64  `json:"seconds"` // of the first
	Peak    int64    `json:"peak"`    // bytes of memory
	Sandbox string   `json:"sandbox"`
	Needs   []string `json:"needs"`
	Glibc   string   `json:"glibc"`
	Tests   []string `json:"tests,omitempty"` // of CPython's own that passed
	Host    []string `json:"host"`            // the libraries that were linked
}

const measuredFile = "testdata/measured.json"

// buildAnyway makes the test build although the recipe is that of the last results.
const buildAnyway = "SNUG_BUILD_PYTHON"

// liveVersion is the release that is built: one that Debian has the sources of.
const liveVersion = "3.13.15"

// coreTests are modules of CPython's own tests.
var coreTests = []string{
	"test_json", "test_re", "test_dict", "test_hashlib", "test_zlib", "test_sqlite3", "test_ctypes", "test_decimal", "test_lzma", "test_capi",
}

// lastMeasured is what is committed; again tells whether to build once more: when the
// recipe is another, or when that is asked for.
func lastMeasured(t *testing.T) (again bool) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("the committed results are those of x86_64")
	}
	var last measured
	text, err := os.ReadFile(measuredFile)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	if err == nil {
		err = json.Unmarshal(text, &last)
	}
	if err != nil {
		t.Fatal(err)
	}
	if last.Recipe != RecipeDigest().String() || os.Getenv(buildAnyway) != "" {
		return true
	}
	t.Logf("NOTHING WAS BUILT: the recipe is that of the committed results (%s); %s=1 builds all the same", measuredFile, buildAnyway)
	if len(last.Builds) != 2 {
		t.Fatalf("the committed results are not whole: %+v", last)
	}
	return false
}

// TestLiveBuild builds CPython twice under different conditions, and once in full for
// its own tests. It takes ten minutes, so it does so only when the recipe is another
// than that of the committed results, which it then writes.
func TestLiveBuild(t *testing.T) {
	if !lastMeasured(t) {
		return
	}
	s := real(t)
	now := measured{Recipe: RecipeDigest().String(), Builds: []result{liveMinimal(t, s), liveFull(t, s)}}
	if t.Failed() {
		return
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(measuredFile, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s was written: commit it, and the figures of docs/benchmarks.md\n%s", measuredFile, text)
}

// TestLiveHeaders compiles a module with the headers of a release. It follows the rule
// of TestLiveBuild.
func TestLiveHeaders(t *testing.T) {
	if !lastMeasured(t) {
		return
	}
	s := real(t)
	dir, err := s.Headers(t.Context(), "3.13.1", nil) // the catalogue has no such release
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "m.c")
	if err := os.WriteFile(source, []byte("#include <Python.h>\n#if !defined(HAVE_DLOPEN) || PY_MINOR_VERSION != 13\n#error\n#endif\nPyMODINIT_FUNC PyInit_m(void) { return NULL; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "cc", "-Werror", "-fsyntax-only", "-I"+dir, source).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	start := time.Now()
	if again, err := s.Headers(t.Context(), "3.13.1", nil); err != nil || again != dir {
		t.Errorf("%s, then %s, %v", dir, again, err)
	}
	t.Logf("a second time in %s", time.Since(start))
}

// real is a Source over this machine's own libraries.
func real(t *testing.T) *Source {
	t.Helper()
	home := t.TempDir()
	for dir := home; strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) { // a build may have a user of its own
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := store.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	client, err := fetch.New(fetch.Options{Env: os.Getenv, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return NewSource(Options{
		Client: client, Store: kept, Temp: filepath.Join(home, "tmp"), Mirror: mirror(t), Jobs: runtime.GOMAXPROCS(0), Step: func(step string) { t.Log(step) },
		Sandbox: func(ctx context.Context) (*sandbox.Sandbox, error) {
			return sandbox.Open(ctx, sandbox.Options{Temp: home})
		},
	})
}

// mirror is a folder with the sources: the one that SNUG_PYTHON_SOURCES names, or what
// Debian has of them, by the mirror that this machine's apt uses.
func mirror(t *testing.T) string {
	t.Helper()
	if where := os.Getenv("SNUG_PYTHON_SOURCES"); where != "" {
		return where
	}
	address := aptMirror(t)
	dir := t.TempDir()
	file := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var lines strings.Builder
	for _, suite := range []string{"sid", "trixie"} {
		fmt.Fprintf(&lines, "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", address, suite)
	}
	file("sources.list", lines.String())
	file("apt.conf", fmt.Sprintf("Dir::State::lists %q;\nDir::Cache %q;\nDir::Etc::sourcelist %q;\nDir::Etc::sourceparts \"/dev/null\";\nAPT::Sandbox::User \"root\";\n",
		filepath.Join(dir, "lists"), filepath.Join(dir, "cache"), filepath.Join(dir, "sources.list")))
	for _, name := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"update"}, {"source", "--download-only", "python3.13=" + liveVersion + "-1"}} {
		cmd := exec.CommandContext(t.Context(), "apt-get", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "APT_CONFIG="+filepath.Join(dir, "apt.conf"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("apt-get %s: %v\n%s\nSNUG_PYTHON_SOURCES may name a mirror or folder that has Python-%s.tar.xz", args, err, out, liveVersion)
		}
	}
	if err := os.Rename(filepath.Join(dir, "python3.13_"+liveVersion+".orig.tar.xz"), filepath.Join(dir, "Python-"+liveVersion+".tar.xz")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// aptMirror is the address of Debian's archive that this machine's apt uses.
func aptMirror(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("/etc/apt/sources.list.d/*.sources")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, "/etc/apt/sources.list") {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // one of the two forms is enough
		}
		for line := range strings.Lines(string(text)) {
			for _, word := range strings.Fields(line) {
				if strings.HasSuffix(strings.TrimSuffix(word, "/"), "/debian") && isAddress(word) {
					return word
				}
			}
		}
	}
	t.Skip("this machine's apt knows no Debian archive to take CPython's sources from; SNUG_PYTHON_SOURCES may name a mirror or folder")
	return ""
}

func liveRequest(t *testing.T, profile string) Request {
	t.Helper()
	list, err := Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	tarball, err := find(list, liveVersion)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRequest(tarball, profile, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func liveBuild(t *testing.T, s *Source, r Request, dir string) (*Built, result) {
	t.Helper()
	start := time.Now()
	built, err := s.Build(t.Context(), r, dir)
	if err != nil {
		t.Fatal(err)
	}
	out := result{Version: built.Version, ID: built.ID, Tree: built.Tree, Files: built.Files, Bytes: built.Bytes, Seconds: time.Since(start).Round(time.Second).Seconds(), Sandbox: string(built.Level)}
	for _, step := range built.Steps {
		t.Logf("%s %s, %d MB", step.Name, step.Took.Round(time.Second), step.Peak>>20)
		out.Peak = max(out.Peak, step.Peak)
	}
	for _, n := range built.Native {
		t.Logf("%s needs %v, %+v", n.Path, n.Needs, n.Hardening)
		if !n.Hardening.PIE || n.Hardening.RELRO != "full" || !n.Hardening.NX {
			t.Errorf("%s is not hardened", n.Path)
		}
		if n.Path == "python3.13" {
			out.Needs, out.Glibc = n.Needs, fmt.Sprintf("%d.%d", n.Glibc[0], n.Glibc[1])
		}
	}
	for _, l := range built.Libraries {
		version := l.Version
		if l.Package != nil {
			version = l.Package.Version
		}
		out.Host = append(out.Host, l.Name+" "+version)
	}
	return built, out
}

// liveMinimal builds twice, and looks at what came out.
func liveMinimal(t *testing.T, s *Source) result {
	first, second := filepath.Join(t.TempDir(), "python"), t.TempDir()
	if err := os.Mkdir(first, 0o755); err != nil {
		t.Fatal(err)
	}
	r := liveRequest(t, Minimal)
	built, out := liveBuild(t, s, r, first)
	if out.Bytes > 30_000_000 {
		t.Errorf("%d bytes, more than 30 MB", out.Bytes)
	}
	if !slices.Equal(slices.Sorted(slices.Values(out.Needs)), []string{"libc.so.6", "libm.so.6"}) {
		t.Errorf("needs %v", out.Needs)
	}
	tellsNothing(t, first, s.opt.Temp)
	liveMoved(t, first)
	r.Conditions = s.Others()
	again, _ := liveBuild(t, s, r, second)
	if built.Tree != again.Tree {
		t.Errorf("two builds: %s and %s", built.Tree, again.Tree)
	}
	return out
}

// liveMoved starts the interpreter where it was built, and again from a folder with a
// space in its name, isolated by a ._pth file.
func liveMoved(t *testing.T, dir string) {
	t.Helper()
	moved := filepath.Join(t.TempDir(), "a folder", "of snug")
	if err := os.MkdirAll(filepath.Dir(moved), 0o755); err != nil {
		t.Fatal(err)
	}
	runner := interp.NewRunner(os.Getenv)
	check := func(isolated bool) {
		t.Helper()
		got, err := runner.Start(t.Context(), moved)
		if err != nil || got.Version != liveVersion || got.Prefix != moved || got.Isolated != isolated {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if err := os.CopyFS(moved, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	check(false)
	if out, err := exec.CommandContext(t.Context(), interp.Executable(moved), "-S", "-c", "").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("it starts with %q, %v", out, err)
	}
	pth := "lib/python3.13\nlib/python3.13/lib-dynload\nlib/python3.13/site-packages\n"
	if err := os.WriteFile(filepath.Join(moved, "python3.13._pth"), []byte(pth), 0o644); err != nil {
		t.Fatal(err)
	}
	check(true)
	cmd := exec.CommandContext(t.Context(), interp.Executable(moved), "-B", "-c", `
import sysconfig, ssl, sqlite3, ctypes, lzma, bz2, uuid, decimal, zoneinfo, venv, unittest, pydoc
v = sysconfig.get_config_vars()
bad = [k for k, x in v.items() if isinstance(x, str) and ("/src" in x.split(":") or "prefix-map" in x or "/install/" in x)]
assert not bad, bad
assert v["CC"] == "cc", v["CC"]
print(sysconfig.get_path("include"), ssl.OPENSSL_VERSION, sqlite3.sqlite_version)`)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), moved+"/include/python3.13 ") {
		t.Errorf("%s, %v", out, err)
	}
}

// liveFull builds with the tests, and runs some of them.
func liveFull(t *testing.T, s *Source) result {
	dir := t.TempDir()
	_, out := liveBuild(t, s, liveRequest(t, Full), dir)
	cmd := exec.CommandContext(t.Context(), interp.Executable(dir), append([]string{"-m", "test", "-j2"}, coreTests...)...)
	cmd.Dir, cmd.Env = t.TempDir(), []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8"}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if !strings.Contains(said.String(), "All 10 tests OK.") {
		t.Errorf("%s", said.String())
	}
	out.Tests = coreTests
	return out
}
