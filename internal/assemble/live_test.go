//go:build live

package assemble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/fetch"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/manifest"
	"snug/internal/pytag"
	"snug/internal/store"
)

// TestLiveRealPython builds prod with a movable Python, moves it, and runs
// its launcher under settings that must not count.
func TestLiveRealPython(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, t.TempDir())
	w.add("alpha", map[string]string{"alpha.py": "import sys\ndef main():\n    import shop\n    print(sys.version_info[0], shop.__name__)\n",
		"INFO/entry_points.txt": "[console_scripts]\nalpha = alpha:main\n",
		// Its docstring and its future are to come first.
		"alpha-1.0.data/scripts/tool": "#!python\n\"Usage.\"\nfrom __future__ import annotations\nimport sys\ndef f(x: nothing): raise KeyError(__doc__)\n" +
			"print(__doc__, __name__, sys.argv[1:], __file__ == sys.argv[0])\nif sys.argv[2:]: f(1)\n"}, "prod")
	in := w.live(ctx, "prod")
	in.Copy, in.Dest = true, filepath.Join(w.base, "out")
	w.build(in)
	moved := filepath.Join(w.base, "moved away")
	if err := os.Rename(in.Dest, moved); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(moved, "bin", "alpha"))
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=/usr/bin:/bin", "PYTHONPATH=/nowhere", "PYTHONHOME=/nowhere", "PYTHONPYCACHEPREFIX=" + cmd.Dir}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "3 shop" {
		t.Errorf("said %q, %v", out, err)
	}
	tool := func(args ...string) string {
		out, _ := exec.Command(filepath.Join(moved, "bin", "tool"), args...).CombinedOutput() // one call is to fail
		return string(out)
	}
	if got := tool("a b"); got != "Usage. __main__ ['a b'] True\n" {
		t.Errorf("said %q", got)
	}
	if got := tool("a", "b"); !strings.Contains(got, "def f(x: nothing): raise KeyError(__doc__)") || !strings.Contains(got, "KeyError: 'Usage.'") {
		t.Errorf("the traceback does not show its lines: %s", got)
	}
	if r, err := Verify(moved, quiet); err != nil || !r.Clean() || r.AddedBytecode > 0 {
		t.Errorf("after running: %+v, %v", r, err)
	}
}

// live is input with a real interpreter.
func (w *world) live(ctx context.Context, runtime string) Input {
	t := w.t
	t.Helper()
	host, err := pytag.Host()
	if err != nil {
		t.Fatal(err)
	}
	client, err := fetch.New(fetch.Options{Env: os.Getenv, CacheDir: t.TempDir(), Now: time.Now, UserAgent: "snug-test"})
	if err != nil {
		t.Fatal(err)
	}
	source := interp.NewModule(ctx, client, os.Getenv)
	chosen, _, err := interp.Choose(ctx, []interp.Source{source}, "3.14", nil, []pytag.Target{host})
	if err != nil {
		t.Fatal(err)
	}
	py := chosen[host.String()]
	tree, err := w.store.AddTree(ctx, "python-live-"+py.SHA256, func(dir string) (store.Plan, error) {
		if err := source.Fetch(ctx, py, dir, nil); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerPython)
	})
	if err != nil {
		t.Fatal(err)
	}
	in := w.input(runtime)
	in.Target, in.Python, in.Interpreter, in.Runner = host, py.Version, tree, interp.NewRunner(os.Getenv)
	return in
}

// Two projects share a runtime: each runs its own code in it, by its own Python
// and launchers, also after it was moved.
func TestLiveShared(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, t.TempDir())
	w.add("alpha", map[string]string{"alpha.py": "import sys\ndef main():\n    import shop\n    print(sys.prefix, shop.NAME, __file__)\n",
		"INFO/entry_points.txt": "[console_scripts]\nalpha = alpha:main\n"}, "prod", "test")
	for _, runtime := range []string{"prod", "test"} {
		in := w.live(ctx, runtime)
		in.Shared, in.At, in.Dest = true, filepath.Join(w.root(), ".snug", runtime, "1"), filepath.Join(w.base, "shared", runtime, "1")
		w.build(in)
		for _, name := range []string{"one", "two"} {
			root := filepath.Join(w.base, name)
			write(t, filepath.Join(root, "src", "shop.py"), "NAME = '"+name+"'\n")
			user := in
			user.Project = &manifest.Project{Root: root, Local: w.local}
			user.At, user.Dest = "", filepath.Join(root, ".snug", runtime, "1")
			if err := errors.Join(os.MkdirAll(user.Dest, 0o755), Share(user, in.Dest)); err != nil {
				t.Fatal(err)
			}
		}
		moved := filepath.Join(w.base, "moved "+runtime)
		if err := os.Rename(filepath.Join(w.base, "two"), moved); err != nil {
			t.Fatal(err)
		}
		for name, root := range map[string]string{"one": filepath.Join(w.base, "one"), "two": moved} {
			dir := filepath.Join(root, ".snug", runtime, "1")
			cmd := exec.Command(filepath.Join(dir, "bin", "alpha"))
			cmd.Dir, cmd.Env = t.TempDir(), []string{"PATH=/usr/bin:/bin"}
			out, err := cmd.CombinedOutput()
			want := fmt.Sprintf("%s %s %s/lib/python%s/site-packages/alpha.py\n", dir, name, dir, in.minor())
			if err != nil || string(out) != want {
				t.Errorf("%s of %s said %q, want %q: %v", runtime, name, out, want, err)
			}
			if r, err := Verify(dir, quiet); err != nil || !r.Clean() || r.AddedBytecode > 0 {
				t.Errorf("%s of %s after running: %+v, %v", runtime, name, r, err)
			}
		}
	}
}
