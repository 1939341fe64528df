package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Write puts the lock at path by renaming a complete file over it, and tells whether its bytes changed. Equal bytes are
// left untouched, time stamp and all; so are those that differ in MinAgeAt alone, which l then takes: the same answer at another moment is the same lock. On an error the old file is as it was. A symbolic link is followed, not replaced.
func Write(path string, l *Lock) (changed bool, err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	data, mode := l.Marshal(), fs.FileMode(0o644)
	old, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(old, data):
		return false, nil
	case err == nil && l.asBefore(old):
		return false, nil
	case err == nil:
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("read the old lock: %w", err)
	}
	// A power cut must not cost the lock that was there; a new one can be made again.
	if err := replace(path, data, mode, err == nil); err != nil {
		return false, fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return true, nil
}

// asBefore tells whether l is the lock in data but for MinAgeAt, which l takes from there.
func (l *Lock) asBefore(data []byte) bool {
	if l.Tool.MinAgeAt.IsZero() {
		return false
	}
	before, err := Parse(data, FileName)
	if err != nil {
		return false // it is replaced
	}
	same := *l
	same.Tool.MinAgeAt = before.Tool.MinAgeAt
	if !bytes.Equal(same.Marshal(), data) {
		return false
	}
	*l = same
	return true
}

// The name of a lock in the making.
const (
	tempStart = ".pylock-"
	tempEnd   = ".tmp"
)

// leftover is the age at which such a file was left by a killed process.
const leftover = time.Hour

// sweep removes leftovers: they lie in the user's own folder.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // writing there will say so
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempStart) || !strings.HasSuffix(e.Name(), tempEnd) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > leftover {
			_ = os.Remove(filepath.Join(dir, e.Name())) // another process may have been quicker
		}
	}
}

func replace(path string, data []byte, mode fs.FileMode, sync bool) (err error) {
	sweep(filepath.Dir(path))
	temp, err := os.CreateTemp(filepath.Dir(path), tempStart+"*"+tempEnd)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, temp.Close(), os.Remove(temp.Name()))
		}
	}()
	if _, err = temp.Write(data); err != nil {
		return err
	}
	if err = temp.Chmod(mode); err != nil {
		return err
	}
	if sync {
		if err = temp.Sync(); err != nil {
			return err
		}
	}
	if err = temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
