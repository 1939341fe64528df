//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What is compared, pinned.
const (
	uvVersion     = "0.13.9"
	pythonVersion = "3.13.1"
)

// tools are the two programs, and the interpreter that both use: the one that
// snug fetches, from snug's store.
type tools struct {
	dir      string
	uv, snug string
	python   string
	mirror   *mirror
}

func prepareTools(ctx context.Context, dir string, m *mirror) (*tools, error) {
	t := &tools{dir: dir, uv: filepath.Join(dir, "uv-"+uvVersion, "bin", "uv"), snug: filepath.Join(dir, "snug"), mirror: m}
	for _, d := range []string{"home", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	if _, err := os.Stat(t.uv); err != nil {
		venv := filepath.Dir(filepath.Dir(t.uv))
		// With this machine's settings: it says where packages come from.
		if err := plain(ctx, "python3", "-m", "venv", venv); err != nil {
			return nil, err
		}
		if err := plain(ctx, filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "uv=="+uvVersion); err != nil {
			return nil, err
		}
	}
	if err := plain(ctx, "go", "build", "-trimpath", "-o", t.snug, "./cmd/snug"); err != nil {
		return nil, err
	}
	return t, t.findPython(ctx)
}

// findPython has snug fetch the interpreter through the mirror.
func (t *tools) findPython(ctx context.Context) error {
	store := filepath.Join(t.dir, "interpreter")
	if _, err := t.time(ctx, t.installPython(store)); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(store, "store", "trees", "python-"+pythonVersion+"-*", "files", "bin", "python3"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("%d interpreters %s in %s, which may be removed", len(found), pythonVersion, store)
	}
	t.python = found[0]
	return nil
}

func (t *tools) installPython(home string) command {
	return t.snugCommand(t.dir, home, fresh, "python", "install", pythonVersion)
}

// plain runs a program of the preparation in this machine's environment.
func plain(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

// environment is all that the programs see: nothing of this machine's settings.
func (t *tools) environment(more ...string) []string {
	return append([]string{"HOME=" + filepath.Join(t.dir, "home"), "TMPDIR=" + filepath.Join(t.dir, "tmp"), "PATH="}, more...)
}

// kind is which of the mirror's indexes is asked.
type kind string

const (
	fresh kind = ""       // pages may be used unasked for a while
	stale kind = "/stale" // they may not
	slow  kind = "/slow"  // each answer takes slowness
)

func (t *tools) indexURL(k kind) string { return t.mirror.base + string(k) + "/simple/" }

func (t *tools) snugCommand(dir, home string, k kind, args ...string) command {
	return command{dir: dir, argv: append([]string{t.snug, "--quiet"}, args...),
		env: t.environment("SNUG_HOME="+home, "SNUG_INDEX_URL="+t.indexURL(k), "GOPROXY="+t.mirror.base+"/goproxy")}
}

func (t *tools) uvCommand(dir, cache string, k kind, args ...string) command {
	return command{dir: dir, argv: append([]string{t.uv, "--quiet", "--no-config"}, args...),
		env: t.environment("UV_CACHE_DIR="+cache, "UV_DEFAULT_INDEX="+t.indexURL(k), "UV_PYTHON_DOWNLOADS=never")}
}
