//go:build live

package interp

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/fetch"
	"snug/internal/pytag"
)

// fetched is Python 3.14 in a folder with a space, from the real module proxy.
func fetched(t *testing.T) (string, Interpreter) {
	t.Helper()
	ctx := context.Background()
	client, err := fetch.New(fetch.Options{Env: os.Getenv, CacheDir: t.TempDir(), Now: time.Now, UserAgent: "snug-test"})
	if err != nil {
		t.Fatal(err)
	}
	host, err := pytag.Host()
	if err != nil {
		t.Skip(err)
	}
	source := NewModule(ctx, client, os.Getenv)
	chosen, said, err := Choose(ctx, []Source{source}, "3.14", nil, []pytag.Target{host})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(strings.Join(said, "\n"))
	i := chosen[host.String()]
	dir := filepath.Join(t.TempDir(), "a folder", "python")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	start, calls := time.Now(), 0
	if err := source.Fetch(ctx, i, dir, func(done, total int64) { calls++ }); err != nil {
		t.Fatal(err)
	}
	t.Logf("cold fetch of %s in %s, %d reports of progress", i.Version, time.Since(start).Round(10*time.Millisecond), calls)
	return dir, i
}

func TestLiveRunsAnywhere(t *testing.T) {
	dir, i := fetched(t)
	runner := NewRunner(os.Getenv)
	check := func(dir string, isolated bool) {
		t.Helper()
		s, err := runner.Start(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		exe := filepath.Join(dir, "bin", "python3")
		if s.Version != i.Version.String() || s.Prefix != dir || s.Executable != exe || s.Isolated != isolated {
			t.Errorf("%+v, want prefix %s, isolated %v", s, dir, isolated)
		}
	}
	check(dir, false)
	pth := "lib/python3.14\nlib/python3.14/lib-dynload\nlib/python3.14/site-packages\n"
	if err := os.WriteFile(filepath.Join(dir, "python3.14._pth"), []byte(pth), 0o644); err != nil {
		t.Fatal(err)
	}
	check(dir, true)
	moved := filepath.Join(t.TempDir(), "moved to", "here")
	if err := os.MkdirAll(filepath.Dir(moved), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	check(moved, true)
	isolatedFromEnvironment(t, moved)
	namesItsOwnFolder(t, moved)
}

// namesItsOwnFolder: what builds extensions is told where Python lies now, not
// where it was built.
func namesItsOwnFolder(t *testing.T, dir string) {
	var out strings.Builder
	code, err := NewRunner(os.Getenv).Exec(context.Background(), Command{
		Argv: []string{"python3", "-c", `import json, sysconfig; print(json.dumps([sysconfig.get_config_var(n) for n in ("LIBDIR", "INCLUDEPY", "CC", "INSTALL")]))`},
		Path: filepath.Join(dir, "bin"), Env: []string{"PATH=/usr/bin"}, Stdout: &out, Stderr: &out,
	})
	var got []string
	if err != nil || code != 0 || json.Unmarshal([]byte(out.String()), &got) != nil {
		t.Fatalf("%d %v: %s", code, err, out.String())
	}
	if want := []string{dir + "/lib", dir + "/include/python3.14", "cc -pthread", "/usr/bin/install -c"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// isolatedFromEnvironment starts the runtime with everything set that would
// make another Python import other code.
func isolatedFromEnvironment(t *testing.T, dir string) {
	evil := t.TempDir()
	if err := os.WriteFile(filepath.Join(evil, "json.py"), []byte("raise SystemExit('hijacked')"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	code, err := NewRunner(os.Getenv).Exec(context.Background(), Command{
		Argv: []string{"python3", "-c", "import json, sys; print(json.dumps(sys.path))"}, Dir: evil, Path: filepath.Join(dir, "bin"),
		Env: []string{"PATH=/usr/bin", "PYTHONPATH=" + evil, "PYTHONHOME=" + evil}, Stdout: &out, Stderr: &errs,
	})
	var paths []string
	if err != nil || code != 0 || json.Unmarshal([]byte(out.String()), &paths) != nil {
		t.Fatalf("%d %v: %s %s", code, err, out.String(), errs.String())
	}
	for _, p := range paths {
		if !strings.HasPrefix(p, dir+"/lib/python3.14") {
			t.Errorf("sys.path has %s", p)
		}
	}
}

// TestLiveCompileIsReproducible compiles the standard library in two places
// with different numbers of processes: the bytecode is the same.
func TestLiveCompileIsReproducible(t *testing.T) {
	dir, _ := fetched(t)
	lib := filepath.Join(dir, "lib")
	compile := func(n int, lib string) map[string]string {
		p := newProcesses(os.Getenv, n)
		start := time.Now()
		failed, err := p.Compile(context.Background(), Executable(dir), []CompileJob{{Dir: lib, Prefix: "lib"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d processes: %s, failures %v", n, time.Since(start).Round(10*time.Millisecond), failed)
		return bytecode(t, lib)
	}
	copied := filepath.Join(t.TempDir(), "x")
	if err := os.CopyFS(copied, os.DirFS(lib)); err != nil {
		t.Fatal(err)
	}
	one, three := compile(1, lib), compile(3, copied)
	if len(one) < 400 || len(one) != len(three) {
		t.Fatalf("%d and %d files", len(one), len(three))
	}
	for name, text := range one {
		if three[name] != text {
			t.Errorf("%s differs", name)
		}
		if strings.Contains(text, dir) {
			t.Errorf("%s holds the build folder", name)
		}
	}
}

func bytecode(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".pyc") {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLiveImports(t *testing.T) {
	dir, _ := fetched(t)
	site := filepath.Join(dir, "lib", "python3.14", "site-packages")
	for name, text := range map[string]string{"slow.py": "import time; time.sleep(600)", "broken.py": "import nothing_like_this",
		"writes.py": "import os, pathlib\nassert pathlib.Path.home() == pathlib.Path.cwd()"} {
		if err := os.WriteFile(filepath.Join(site, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(limit time.Duration, want ...ImportResult) {
		t.Helper()
		var modules []string
		for _, w := range want {
			modules = append(modules, w.Module)
		}
		got, err := NewRunner(os.Getenv).Imports(context.Background(), dir, modules, limit)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	check(time.Minute, ImportResult{Module: "sqlite3", OK: true}, ImportResult{Module: "writes", OK: true},
		ImportResult{Module: "broken", Reason: "exit status 1: ModuleNotFoundError: No module named 'nothing_like_this'"})
	check(time.Second, ImportResult{Module: "slow", TimedOut: true, Reason: "still importing after 1s"})
}

func TestLiveFound(t *testing.T) {
	host, err := pytag.Host()
	if err != nil {
		t.Skip(err)
	}
	found := NewFound(os.Getenv)
	list, err := found.List(context.Background(), host)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Skip("no Python on this machine")
	}
	dir := t.TempDir()
	if err := found.Fetch(context.Background(), list[0], dir, nil); err != nil {
		t.Fatal(err)
	}
	s, err := NewRunner(os.Getenv).Start(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Version != list[0].Version.String() || s.Prefix != dir {
		t.Errorf("%+v of %+v", s, list[0])
	}
}
