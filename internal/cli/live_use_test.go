//go:build live

package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// use is a small project whose runtimes are used as people use a Python.
type use struct {
	t   *testing.T
	dir string
}

// newUse writes files (path and text in turn) into a fresh project and builds it.
func newUse(t *testing.T, files map[string]string) *use {
	t.Helper()
	u := &use{t: t, dir: filepath.Join(t.TempDir(), "project")}
	for name, text := range files {
		u.write(name, text)
	}
	liveSnug(t, u.dir, "build")
	return u
}

func (u *use) write(name, text string) {
	u.t.Helper()
	place(u.t, filepath.Join(u.dir, filepath.FromSlash(name)), text)
}

// place writes a file and the folders above it.
func place(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// try is `snug run RUNTIME -- ARGS…` with more variables set; it returns the
// exit code and everything that was printed.
func (u *use) try(env []string, runtime string, args ...string) (int, string) {
	u.t.Helper()
	var out bytes.Buffer
	all := append([]string{"SNUG_HOME=" + liveHome(u.t), "PATH=" + os.Getenv("PATH"), "HOME=" + u.t.TempDir()}, env...)
	ctx, stop := context.WithTimeout(u.t.Context(), 5*time.Minute)
	defer stop()
	w := World{Args: append([]string{"run", runtime, "--"}, args...), Dir: u.dir, Env: all,
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Now: time.Now}
	return Run(ctx, w), out.String()
}

// run is try for what must work.
func (u *use) run(runtime string, args ...string) string {
	u.t.Helper()
	code, out := u.try(nil, runtime, args...)
	if code != 0 {
		u.t.Fatalf("snug run %s -- %s: exit code %d\n%s", runtime, strings.Join(args, " "), code, out)
	}
	return out
}

// clean checks that using the runtimes changed no file of theirs.
func (u *use) clean() {
	u.t.Helper()
	for _, r := range []string{"prod", "test", "dev"} {
		liveSnug(u.t, u.dir, "verify", r)
	}
}

func (u *use) says(out string, wants ...string) {
	u.t.Helper()
	for _, want := range wants {
		if !strings.Contains(out, want) {
			u.t.Errorf("%q is not in:\n%s", want, out)
		}
	}
}

// A virtual environment made from an isolated Python would see prod's packages
// in place of its own, so it is not made.
func TestLiveNoVenvFromProd(t *testing.T) {
	u := newUse(t, map[string]string{"requirements.txt": "six==1.16.0\n", "requirements-dev.txt": ""})
	code, out := u.try(nil, "prod", "python", "-m", "venv", "env")
	if code == 0 {
		t.Errorf("it was made:\n%s", out)
	}
	u.says(out, "isolated", "snug run dev -- python -m venv DIR")
	u.run("prod", "python", "-c", "import venv\nclass Builder(venv.EnvBuilder): pass")
	u.clean()
}

// Where neither the interpreter (that is a matter of its source) nor the lock
// has a pip, virtual environments from dev are made without one, and what would
// put one there says what to do.
func TestLiveVenvWithoutPip(t *testing.T) {
	u := newUse(t, map[string]string{"requirements.txt": "six==1.16.0\n", "requirements-dev.txt": ""})
	env := filepath.Join(t.TempDir(), "env")
	u.run("dev", "python", "-m", "venv", "--without-pip", env)
	u.run("dev", filepath.Join(env, "bin", "python"), "-c", "import sys; assert sys.prefix != sys.base_prefix")
	own, err := filepath.Glob(filepath.Join(u.dir, ".snug", "dev", "current", "lib", "python3*", "ensurepip", "__init__.py"))
	if err != nil {
		t.Fatal(err)
	}
	code, out := u.try(nil, "dev", filepath.Join(env, "bin", "python"), "-m", "ensurepip")
	if brings := len(own) > 0; (code == 0) != brings || !brings && !strings.Contains(out, "snug add pip --runtime dev") {
		t.Errorf("the interpreter brings a pip: %v; exit code %d\n%s", brings, code, out)
	}
	u.clean()
}
