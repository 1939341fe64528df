//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
)

// change is what is asked for besides the list where one package is to differ:
// a small one that both lists hold, in an older version.
const change = "idna<3.20\n"

// changed is b with the change.
func (b *bench) changed() *bench {
	c := *b
	c.text, c.lock = append(append([]byte{}, b.text...), change...), b.changedLock
	return &c
}

// asksChanged makes an existing project ask for the change, locked if there is a
// lock of it.
func (b *bench) asksChanged(project string) error {
	c := b.changed()
	files := map[string][]byte{"requirements.txt": c.text, "pyproject.toml": c.pyproject()}
	if lock := c.lock[filepath.Base(filepath.Dir(project))]; lock != nil {
		files[lockName] = lock
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(project, file), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// warmChange lets a tool lock and build the change, in the project where it did
// so with the list.
func (b *bench) warmChange(ctx context.Context, tool, project string) error {
	delete(b.changedLock, tool)
	if err := os.RemoveAll(filepath.Join(project, lockName)); err != nil {
		return err
	}
	if err := b.asksChanged(project); err != nil {
		return err
	}
	cache := b.warmCache(tool, fresh)
	if _, err := b.tools.time(ctx, b.locking(tool, project, cache, fresh)); err != nil {
		return err
	}
	lock, err := os.ReadFile(filepath.Join(project, lockName))
	if err != nil {
		return err
	}
	b.changedLock[tool] = lock
	_, err = b.tools.time(ctx, b.building(tool, project, cache, linked)...)
	return err
}

// oneChanged brings a runtime, or an environment, to a lock in which one package
// differs.
func oneChanged(ctx context.Context, b *bench, tool string) (cost, error) {
	return b.buildAfter(ctx, tool, b.asksChanged)
}

// elsewhere makes a runtime that another project with the same lock has.
func elsewhere(ctx context.Context, b *bench, tool string) (cost, error) {
	project, cache, err := b.fresh(tool, true, false)
	if err != nil {
		return cost{}, err
	}
	if _, err := b.tools.time(ctx, b.building(tool, project, cache, common)...); err != nil {
		return cost{}, err
	}
	if project, cache, err = b.fresh(tool, true, false); err != nil {
		return cost{}, err
	}
	return b.tools.time(ctx, b.building(tool, project, cache, common)...)
}

// startup is the least that a command takes.
func startup(ctx context.Context, b *bench, tool string) (cost, error) {
	c := command{dir: b.tools.dir, argv: []string{b.tools.snug, "--version"}, env: b.tools.environment("SNUG_HOME=" + b.warmCache(tool, fresh))}
	if tool == "uv" {
		c.argv = []string{b.tools.uv, "--version"}
	}
	return b.tools.time(ctx, c)
}
