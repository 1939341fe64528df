// Package store keeps what was fetched and unpacked: blobs by SHA-256 and trees
// by key, shared by all projects and by concurrent processes. It does not know
// what a wheel or an interpreter is.
//
// The hard idea: nothing is seen before it is whole. A blob or tree is made
// under a temporary name, checked, made read-only and renamed; the plan file
// inside a tree, written last, is its mark of completeness. A crash at any
// point leaves only temporary names behind. A power cut may, for as long as the
// system keeps writes back (some 30 s), leave a tree with empty files: that is
// seen before it is linked again (Check), and the tree is made anew.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"snug/internal/digest"
)

// tempPrefix marks what is being made.
const tempPrefix = ".tmp-"

// Store is an open store. It is safe for concurrent use, also by processes.
type Store struct {
	dir    string
	now    func() time.Time
	flight singleflight.Group
	mu     sync.Mutex
	known  map[string]*Tree       // trees whose plan this process has read
	whole  map[digest.SHA256]bool // blobs that it hashed
}

// Open returns the store below home, creating its folders.
func Open(home string) (*Store, error) {
	s := &Store{dir: filepath.Join(home, "store"), now: time.Now, known: map[string]*Tree{}, whole: map[digest.SHA256]bool{}}
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
func (s *Store) Use(ctx context.Context) (release func(), err error) {
	return lockFile(ctx, filepath.Join(s.locks(), "gc"), shared)
}

// lockPause is the time between two tries at a lock that another process holds.
const lockPause = 20 * time.Millisecond

// lockFile waits for a lock among processes, until ctx ends.
func lockFile(ctx context.Context, path string, how int) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		busy, err := tryLock(f, how)
		if err == nil && !busy {
			return func() { f.Close() }, nil // closing gives up the lock
		}
		if err == nil {
			err = pause(ctx, lockPause)
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Hold keeps everybody else who asks for the same key waiting until release is
// called. Processes that share a store are kept apart, others are not.
func (s *Store) Hold(ctx context.Context, key string) (release func(), err error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return lockFile(ctx, filepath.Join(s.locks(), key), exclusive)
}

// checkKey takes 8 to 200 of a-z, 0-9 and "._-", a letter or digit first.
func checkKey(key string) error {
	bad := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c)
	}
	if len(key) < 8 || len(key) > 200 || strings.ContainsFunc(key, bad) || strings.ContainsRune("._-", rune(key[0])) {
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
