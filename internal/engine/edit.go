package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/store"
)

// Add writes requirements into the manifest for one runtime and locks. When
// resolving fails, every file is as it was.
func (e *Engine) Add(ctx context.Context, root, runtime string, reqs []string) (*Locked, error) {
	locked, err := e.edit(ctx, root, asking{added: reqs, runtime: runtime}, func(p *manifest.Project) (map[string][]byte, error) {
		return manifest.Add(p, runtime, reqs)
	})
	if err != nil {
		return nil, err
	}
	p, err := manifest.Load(root, e.Env)
	if err != nil {
		return nil, err
	}
	return locked, e.sayNames(ctx, p, locked.Lock, reqs)
}

// Remove takes a package's own requirements out of the manifest, from one
// runtime or, when runtime is empty, from every one, and locks. A package that
// stays because another one needs it is said.
func (e *Engine) Remove(ctx context.Context, root, runtime string, names []string) (*Locked, error) {
	locked, err := e.edit(ctx, root, asking{removes: true}, func(p *manifest.Project) (map[string][]byte, error) {
		return manifest.Remove(p, runtime, names)
	})
	if err != nil {
		return nil, err
	}
	return locked, e.sayKept(locked.Lock, names)
}

// sayKept tells which of the names the lock holds all the same, and why.
func (e *Engine) sayKept(l *lock.Lock, names []string) error {
	for _, name := range names {
		chains, err := Why(l, name)
		if fault.CodeOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		if len(chains) > 0 {
			c := chains[0]
			e.say("lock", event.Note, name, fmt.Sprintf("%s stays locked: %s needs it (%s)", name, c.Runtime, strings.Join(c.Names, " -> ")))
		}
	}
	return nil
}

// edit replaces the files that change returns, locks, and puts the old bytes
// back if that fails. Two edits of one project wait for each other: the second
// starts from what the first wrote.
func (e *Engine) edit(ctx context.Context, root string, by asking, change func(*manifest.Project) (map[string][]byte, error)) (*Locked, error) {
	release, err := e.store.Hold(ctx, editKey(root))
	if err != nil {
		return nil, fmt.Errorf("wait for other edits of %s: %w", root, err)
	}
	defer release()
	p, err := manifest.Load(root, e.Env)
	if err != nil {
		return nil, err
	}
	files, err := change(p)
	if err != nil {
		return nil, err
	}
	restore, err := replaceAll(files)
	if err != nil {
		return nil, err
	}
	if p, err = manifest.Load(root, e.Env); err == nil {
		var locked *Locked
		if locked, err = e.Lock(ctx, p, LockRequest{by: by}); err == nil {
			return locked, nil
		}
	}
	return nil, errors.Join(err, restore())
}

// editKey names the project at root, by whatever path it was reached.
func editKey(root string) string {
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	if abs, err := filepath.Abs(root); err == nil {
		root = abs
	}
	return "edit-" + digest.Of([]byte(root)).String()
}

// replaceAll writes every file whole and returns how to undo that.
func replaceAll(files map[string][]byte) (restore func() error, err error) {
	old := map[string][]byte{}
	restore = func() error {
		var errs []error
		for path, data := range old {
			if data == nil {
				errs = append(errs, os.Remove(path))
				continue
			}
			errs = append(errs, store.WriteFile(path, data, 0o644))
		}
		return errors.Join(errs...)
	}
	for path, data := range files {
		before, err := os.ReadFile(path) // nil: the file is new
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(err, restore())
		}
		if err := store.WriteFile(path, data, 0o644); err != nil {
			return nil, errors.Join(err, restore())
		}
		old[path] = before
	}
	return restore, nil
}
