// Package store keeps what was fetched and unpacked: blobs by SHA-256 and trees
// by key, shared by all projects and by concurrent processes. It does not know
// what a wheel or an interpreter is.
//
// The hard idea: nothing is seen before it is whole. A blob or tree is made
// under a temporary name, checked, made read-only and renamed; the plan file
// inside a tree, written last, is its mark of completeness. A crash at any
// point leaves only temporary names behind.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// tempPrefix marks what is being made.
const tempPrefix = ".tmp-"

// Store is an open store. It is safe for concurrent use, also by processes.
type Store struct {
	dir    string
	now    func() time.Time
	flight singleflight.Group
	mu     sync.Mutex
	intact map[string]*Tree // trees that were checked in this process
}

// Open returns the store below home, creating its folders.
func Open(home string) (*Store, error) {
	s := &Store{dir: filepath.Join(home, "store"), now: time.Now, intact: map[string]*Tree{}}
	for _, d := range []string{s.blobs(), s.trees(), s.locks(), filepath.Join(home, "cache")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("open the store: %w", err)
		}
	}
	return s, nil
}

func (s *Store) blobs() string { return filepath.Join(s.dir, "blobs", "sha256") }
func (s *Store) trees() string { return filepath.Join(s.dir, "trees") }
func (s *Store) locks() string { return filepath.Join(s.dir, "locks") }

// Use keeps garbage collection away until release is called. Hold it while
// files of the store are linked into a runtime.
func (s *Store) Use() (release func(), err error) {
	return lockFile(filepath.Join(s.locks(), "gc"), shared)
}

// Hold keeps everybody else who asks for the same key waiting until release is
// called. Processes that share a store are kept apart, others are not.
func (s *Store) Hold(ctx context.Context, key string) (release func(), err error) {
	if err := errors.Join(checkKey(key), ctx.Err()); err != nil {
		return nil, err
	}
	return lockFile(filepath.Join(s.locks(), key), exclusive)
}

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{7,199}$`)

func checkKey(key string) error {
	if !keyPattern.MatchString(key) {
		return fmt.Errorf("snug: internal error: %q is no tree key", key)
	}
	return nil
}

// WriteFile replaces path whole: readers see the old bytes or the new ones,
// also after a crash. A symbolic link is followed, so that it stays one.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
