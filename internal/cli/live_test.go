//go:build live

package cli

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"snug/internal/generation"
)

// liveHome is one store for all live tests of this package: what one fetched,
// the next one finds.
func liveHome(t *testing.T) string {
	t.Helper()
	if h := os.Getenv("SNUG_LIVE_HOME"); h != "" {
		return h
	}
	return filepath.Join(os.TempDir(), "snug-live-home")
}

// liveSnug runs snug against the real index and returns what it printed.
func liveSnug(t *testing.T, dir string, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	env := []string{"SNUG_HOME=" + liveHome(t)}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "PYTHON") && !strings.HasPrefix(name, "PIP_FIND") && !strings.HasPrefix(name, "SNUG_") {
			env = append(env, kv)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), 15*time.Minute)
	defer stop()
	code := Run(ctx, World{Args: args, Dir: dir, Env: env, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errOut, Now: time.Now})
	t.Logf("snug %s: exit code %d\n%s%s", strings.Join(args, " "), code, out.String(), errOut.String())
	if code != 0 {
		t.FailNow()
	}
	return out.String()
}

// example copies a project of examples/ to a fresh folder.
func example(t *testing.T, name string) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	src := filepath.Join(filepath.Dir(file), "..", "..", "examples", name)
	dest := filepath.Join(t.TempDir(), name)
	err := filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".snug" || d.Name() == "__pycache__" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(dest, rel), 0o755)
		}
		if strings.HasPrefix(d.Name(), "pylock") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dest, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dest
}

func TestLiveExamples(t *testing.T) {
	for _, name := range []string{"shop", "api", "report"} {
		t.Run(name, func(t *testing.T) {
			dir := example(t, name)
			liveSnug(t, dir, "build", "--prove")
			liveSnug(t, dir, "run", "test", "--", "pytest", "-q", "-p", "no:cacheprovider")
			for _, r := range []string{"prod", "test", "dev"} {
				liveSnug(t, dir, "verify", r)
			}
			nested(t, dir)
		})
	}
}

// nested checks invariant 1: prod's payload is in test's, test's in dev's, with
// equal mode and content, bytecode apart.
func nested(t *testing.T, dir string) {
	t.Helper()
	payload := func(name string) map[string]string {
		m, err := generation.Read(filepath.Join(dir, ".snug", name, "current"))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, f := range m.Files {
			if f.Kind == "" {
				out[f.Path] = f.Mode + f.SHA256
			}
		}
		return out
	}
	inside := func(inner, outer string) {
		have := payload(outer)
		for path, sum := range payload(inner) {
			if have[path] != sum {
				t.Errorf("%s of %s is not in %s with the same bytes", path, inner, outer)
			}
		}
	}
	inside("prod", "test")
	inside("test", "dev")
}

// The moved-prod test: what is delivered runs at another path, with a space in
// it, after the project is gone.
func TestLiveMovedProd(t *testing.T) {
	dir := example(t, "shop")
	base := t.TempDir()
	liveSnug(t, dir, "build", "--into", filepath.Join(base, "rt"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(base, "moved to here")
	if err := os.Rename(filepath.Join(base, "rt"), moved); err != nil {
		t.Fatal(err)
	}
	for _, argv := range [][]string{
		{filepath.Join(moved, "bin", "python"), filepath.Join(moved, "app", "manage.py"), "check"},
		{filepath.Join(moved, "bin", "gunicorn"), "--check-config", "shop.wsgi:application"},
	} {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + cmd.Dir, "SHOP_SECRET_KEY=for-this-test-only", "SECRET_KEY=for-this-test-only", "SHOP_DEBUG=1"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", argv, err, out)
		}
	}
}

// Two machines' worth of paths, one digest.
func TestLiveSameDigestAnywhere(t *testing.T) {
	a, b := example(t, "shop"), example(t, "shop")
	liveSnug(t, a, "build", "prod")
	data, err := os.ReadFile(filepath.Join(a, "pylock.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b, "pylock.toml"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(t.TempDir(), "another home")
	liveSnug(t, b, "build", "prod", "--home", home)
	one, err := generation.ReadHead(filepath.Join(a, ".snug", "prod", "current"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := generation.ReadHead(filepath.Join(b, ".snug", "prod", "current"))
	if err != nil {
		t.Fatal(err)
	}
	if one.Tree != two.Tree {
		t.Errorf("digests differ: %s and %s", one.Tree, two.Tree)
	}
}
