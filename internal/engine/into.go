package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/fault"
	"snug/internal/generation"
)

// intoFolder prepares the user's own folder: it may be absent, empty, or an
// earlier output of snug, which is replaced.
func intoFolder(path string) (dest string, commit commit, abandon func(), err error) {
	ours, err := replaceable(path)
	if err != nil {
		return "", nil, nil, err
	}
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", nil, nil, err
	}
	if dest, err = os.MkdirTemp(parent, "."+filepath.Base(path)+".tmp-"); err != nil {
		return "", nil, nil, err
	}
	sweepInto(path)
	commit = func(evidence generation.Evidence) (int, string, error) {
		if err := evidence.Deliver(dest); err != nil {
			return 0, "", err
		}
		if !ours {
			return 0, path, os.Rename(dest, path)
		}
		return 0, path, swap(dest, path)
	}
	return dest, commit, func() { removeTree(dest) }, os.Chmod(dest, 0o755)
}

// swap puts dest in the place of path and removes what was there: in one step
// where the system can, so that a kill leaves the old runtime or the new one.
func swap(dest, path string) error {
	err := exchange(dest, path)
	if err == nil {
		removeTree(dest)
		return nil
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	old := dest + ".old"
	if err := os.Rename(path, old); err != nil {
		return err
	}
	if err := os.Rename(dest, path); err != nil {
		return errors.Join(err, os.Rename(old, path))
	}
	removeTree(old)
	return nil
}

// leftover is the age at which a temporary folder beside path is one of a
// killed build, not of one at work.
const leftover = 24 * time.Hour

func sweepInto(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return // building into that folder will say so
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), "."+filepath.Base(path)+".tmp-") && time.Since(info.ModTime()) > leftover {
			removeTree(filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
}

func replaceable(path string) (exists bool, err error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.New(fault.Usage, "name a folder", "--into %s: %w", path, err)
	}
	if len(entries) == 0 {
		return true, nil
	}
	if _, err := generation.ReadHead(path); err != nil {
		return false, fault.New(fault.Usage, "name a new or an empty folder", "--into %s: not empty, and not made by snug", path)
	}
	return true, nil
}

// removeTree removes what may hold read-only folders. What cannot be removed is
// left: it has a temporary name, and garbage collection takes it later.
func removeTree(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o755)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}
