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

// repository is where this source lies.
func repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// bounded is a command that is killed after some minutes.
func bounded(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(stop)
	return exec.CommandContext(ctx, name, args...)
}

// example copies a project of examples/ to a fresh folder.
func example(t *testing.T, name string) string {
	t.Helper()
	src := filepath.Join(repository(), "examples", name)
	dest := filepath.Join(t.TempDir(), "examples", name)
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

// The examples build, prove and pass their tests as a newcomer would type it,
// and leave the clone as it was.
func TestLiveExamples(t *testing.T) {
	for _, name := range []string{"shop", "api", "report"} {
		t.Run(name, func(t *testing.T) {
			dir := example(t, name)
			clone := cloneOf(t, dir)
			liveSnug(t, dir, "build", "--prove")
			liveSnug(t, dir, "run", "test", "--", "pytest", "-q")
			for _, r := range []string{"prod", "test", "dev"} {
				liveSnug(t, dir, "verify", r)
			}
			nested(t, dir)
			if left := clone.git("status", "--porcelain"); left != "" {
				t.Errorf("git status shows\n%s", left)
			}
		})
	}
}

// clone is a git working tree with this repository's .gitignore.
type clone struct {
	t   *testing.T
	dir string
}

// cloneOf makes the folder two above an example's a repository, so that the
// example lies in it where it lies in this one.
func cloneOf(t *testing.T, example string) clone {
	t.Helper()
	c := clone{t, filepath.Dir(filepath.Dir(example))}
	ignore, err := os.ReadFile(filepath.Join(repository(), ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	place(t, filepath.Join(c.dir, ".gitignore"), string(ignore))
	c.git("init", "-q")
	c.git("add", ".")
	c.git("-c", "user.name=snug", "-c", "user.email=snug@index.example", "commit", "-q", "-m", "as cloned")
	return c
}

func (c clone) git(args ...string) string {
	c.t.Helper()
	cmd := bounded(c.t, "git", args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
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
		cmd := bounded(t, argv[0], argv[1:]...)
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + cmd.Dir, "SHOP_SECRET_KEY=for-this-test-only", "SECRET_KEY=for-this-test-only", "SHOP_DEBUG=1"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", argv, err, out)
		}
	}
}

// Two machines' worth of paths, one digest for every runtime.
func TestLiveSameDigestAnywhere(t *testing.T) {
	a, b := example(t, "shop"), filepath.Join(t.TempDir(), "deeper", "another place")
	if err := os.CopyFS(b, os.DirFS(a)); err != nil {
		t.Fatal(err)
	}
	liveSnug(t, a, "build")
	data, err := os.ReadFile(filepath.Join(a, "pylock.toml"))
	if err != nil {
		t.Fatal(err)
	}
	place(t, filepath.Join(b, "pylock.toml"), string(data))
	liveSnug(t, b, "build", "--home", filepath.Join(t.TempDir(), "another home"))
	for _, r := range []string{"prod", "test", "dev"} {
		one, two := treeOf(t, a, r), treeOf(t, b, r)
		if one != two {
			t.Errorf("%s: digests differ: %s and %s", r, one, two)
		}
	}
}

func treeOf(t *testing.T, dir, runtime string) string {
	t.Helper()
	head, err := generation.ReadHead(filepath.Join(dir, ".snug", runtime, "current"))
	if err != nil {
		t.Fatal(err)
	}
	return head.Tree
}

// liveAudit is liveSnug for a command that ends with a verdict.
func liveAudit(t *testing.T, dir string, args ...string) (code int, stdout string) {
	t.Helper()
	var out, errOut bytes.Buffer
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	defer stop()
	code = Run(ctx, World{Args: args, Dir: dir, Env: []string{"SNUG_HOME=" + t.TempDir()}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errOut, Now: time.Now})
	t.Logf("snug %s: exit code %d\n%s", strings.Join(args, " "), code, errOut.String())
	return code, out.String()
}
