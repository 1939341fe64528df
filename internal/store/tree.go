package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"snug/internal/digest"
	"snug/internal/generation"
)

// Plan lists the files of a tree, each with its digest.
type Plan = []generation.File

// Tree is an unpacked artifact. Its files are read-only and shared: link or
// copy them, never write.
type Tree struct {
	Key   string
	Dir   string // the files lie below
	Files Plan   // sorted by path
	moved []int64
	held  []atomic.Bool // files that this process found to be as they entered
}

// planName is the completeness mark inside a tree's folder.
const planName = "plan"

func (s *Store) treePath(key string) string { return filepath.Join(s.trees(), key) }

// Tree returns the whole tree of that key, if it is here.
func (s *Store) Tree(key string) (*Tree, bool) {
	if checkKey(key) != nil {
		return nil, false
	}
	s.mu.Lock()
	t := s.known[key]
	s.mu.Unlock()
	if t != nil && s.has(key) {
		return t, true
	}
	t, err := readPlan(s.treePath(key))
	if err != nil {
		return nil, false // incomplete or absent: it is built again
	}
	t.Key = key
	s.touch(key)
	s.note(t)
	return t, true
}

func (s *Store) note(t *Tree) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[t.Key] = t
}

// has tells whether a tree that was seen before is still here: another process
// may have collected it.
func (s *Store) has(key string) bool {
	_, err := os.Lstat(filepath.Join(s.treePath(key), planName))
	return err == nil
}

// touch notes that a tree is in use, and the blob that it was unpacked from,
// for GC; once a day is enough.
func (s *Store) touch(key string) {
	plan := filepath.Join(s.treePath(key), planName)
	if st, err := os.Stat(plan); err == nil && s.now().Sub(st.ModTime()) > 24*time.Hour {
		now := s.now()
		// A store of another user, or no blob: GC may take them sooner, nothing breaks.
		_ = os.Chtimes(plan, now, now)
		if sum, err := digest.Parse(sumIn(key)); err == nil {
			_ = os.Chtimes(s.blobPath(sum), now, now)
		}
	}
}

// sumIn is the digest in a tree's key: that of the blob it was unpacked from, ""
// if there is none.
func sumIn(key string) string {
	for part := range strings.SplitSeq(key, "-") {
		if _, err := digest.Parse(part); err == nil {
			return part
		}
	}
	return ""
}

// A Builder fills dir and lists what it wrote.
type Builder func(dir string) (Plan, error)

// AddTree returns the tree of that key, building it if it is not here or no
// longer whole. build runs once among all goroutines and processes that ask. Its
// error comes back as it is.
func (s *Store) AddTree(ctx context.Context, key string, build Builder) (*Tree, error) {
	return s.addTree(ctx, key, build, s.check)
}

// AddUnchecked is AddTree for those who hold each file to the tree when they
// link it (Hold), which costs half of looking at all of them before. Where one
// turns out to be changed, AddTree builds the tree anew.
func (s *Store) AddUnchecked(ctx context.Context, key string, build Builder) (*Tree, error) {
	return s.addTree(ctx, key, build, func(*Tree) error { return nil })
}

func (s *Store) addTree(ctx context.Context, key string, build Builder, check func(*Tree) error) (*Tree, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if t, ok := s.Tree(key); ok && check(t) == nil {
		return t, nil
	}
	got, err, _ := s.flight.Do(key, func() (any, error) { return s.addAlone(ctx, key, build, check) })
	if err != nil {
		return nil, err
	}
	return got.(*Tree), nil
}

// check is Tree.Check, once for each tree and process.
func (s *Store) check(t *Tree) error {
	for i := range t.held {
		if !t.held[i].Load() {
			return t.Check()
		}
	}
	return nil
}

func (s *Store) addAlone(ctx context.Context, key string, build Builder, check func(*Tree) error) (*Tree, error) {
	release, err := lockFile(ctx, filepath.Join(s.locks(), key), exclusive)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", key, err)
	}
	defer release()
	if t, ok := s.Tree(key); ok {
		if check(t) == nil {
			return t, nil
		}
		if err := s.discard(key); err != nil { // damaged: never linked again
			return nil, err
		}
	}
	return s.build(key, build)
}

func (s *Store) build(key string, build Builder) (*Tree, error) {
	temp, err := os.MkdirTemp(s.trees(), tempPrefix)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp) // nothing is left to remove after the rename
	files := filepath.Join(temp, "files")
	if err := os.Mkdir(files, 0o755); err != nil {
		return nil, err
	}
	plan, err := build(files)
	if err != nil {
		return nil, err
	}
	if err := writePlan(temp, files, plan); err != nil {
		return nil, fmt.Errorf("seal %s: %w", key, err)
	}
	if err := s.replace(temp, key); err != nil {
		return nil, err
	}
	t, err := readPlan(s.treePath(key))
	if err != nil {
		return nil, err
	}
	t.Key = key
	for i := range t.held {
		t.held[i].Store(true)
	}
	s.note(t)
	return t, nil
}

// replace renames a finished tree into place; what lies there without a plan
// is a leftover.
func (s *Store) replace(temp, key string) error {
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(s.treePath(key)); err == nil {
		if err := s.discard(key); err != nil {
			return err
		}
	}
	return os.Rename(temp, s.treePath(key))
}

func (s *Store) discard(key string) error {
	s.mu.Lock()
	delete(s.known, key)
	s.mu.Unlock()
	gone, err := os.MkdirTemp(s.trees(), tempPrefix)
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(s.treePath(key), filepath.Join(gone, "tree")), os.RemoveAll(gone))
}
