package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// How long what no runtime holds is kept: a tree a few days, so that switching
// between branches costs nothing; a blob longer, so that a locked release that
// vanished from its index can still be built.
const (
	keepTree = 3 * 24 * time.Hour
	keepBlob = 90 * 24 * time.Hour
)

// GC removes shared runtimes that no project uses, trees that no runtime links to and that were not used for days,
// blobs that no tree here was unpacked from and that were not used for months,
// evidence and facts of neither, and temporary names older than a day. It returns how many entries and bytes
// that were. It waits until no build uses the store (Use), and keeps new ones
// waiting while it works.
func (s *Store) GC(ctx context.Context) (entries int, freed int64, err error) {
	release, err := lockFile(ctx, filepath.Join(s.locks(), "gc"), exclusive)
	if err != nil {
		return 0, 0, err
	}
	defer release()
	sum := collected{kept: map[string]bool{}}
	if sum.evidence, err = s.evidenceKept(); err != nil {
		return 0, 0, err
	}
	err = s.gcShared(ctx, &sum) // first: they link to trees
	err = errors.Join(err, s.gcTrees(ctx, &sum), s.gcBlobs(ctx, &sum), s.gcEvidence(ctx, &sum), s.gcFacts(ctx, &sum))
	return sum.entries, sum.bytes, err
}

type collected struct {
	entries int
	bytes   int64
	kept    map[string]bool // digests in the keys of trees that stay

	evidence map[string]bool // digests of what there is evidence about; true: it is in a tree that stays
}

func (s *Store) gcTrees(ctx context.Context, sum *collected) error {
	entries, err := os.ReadDir(s.trees())
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			errs = append(errs, s.removeOld(filepath.Join(s.trees(), e.Name()), e))
			continue
		}
		size, used := s.inUse(e.Name(), sum)
		if used {
			sum.kept[sumIn(e.Name())] = true
			continue
		}
		sum.entries, sum.bytes = sum.entries+1, sum.bytes+size
		errs = append(errs, s.discard(e.Name()))
	}
	return errors.Join(errs...)
}

// inUse tells whether a tree was used lately or is linked from a runtime, and
// notes of which evidence it is then. One without a plan is a leftover.
func (s *Store) inUse(key string, sum *collected) (size int64, used bool) {
	st, err := os.Stat(filepath.Join(s.treePath(key), planName))
	if err != nil {
		return 0, false
	}
	t, err := readPlan(s.treePath(key))
	if err != nil {
		return 0, false
	}
	used = s.now().Sub(st.ModTime()) < keepTree || t.linked()
	if used && len(sum.evidence) > 0 {
		t.noteEvidence(sum.evidence)
	}
	return t.size(), used
}

// linked reports whether a runtime holds a file of the tree.
func (t *Tree) linked() bool {
	for _, f := range t.Files {
		if st, err := os.Lstat(filepath.Join(t.Dir, filepath.FromSlash(f.Path))); err == nil && f.Link == "" && links(st) > 1 {
			return true
		}
	}
	return false
}

func (t *Tree) size() (n int64) {
	for _, f := range t.Files {
		n += f.Size
	}
	return n
}

func (s *Store) gcBlobs(ctx context.Context, sum *collected) error {
	return filepath.WalkDir(s.blobs(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			return s.removeOld(path, e)
		}
		st, err := e.Info()
		if err != nil || s.now().Sub(st.ModTime()) < keepBlob || sum.kept[e.Name()] {
			return err
		}
		sum.entries, sum.bytes = sum.entries+1, sum.bytes+st.Size()
		return os.Remove(path)
	})
}

// removeOld removes what a process left behind, not what one is making.
func (s *Store) removeOld(path string, e fs.DirEntry) error {
	st, err := e.Info()
	if err != nil || s.now().Sub(st.ModTime()) < 24*time.Hour {
		return err
	}
	return os.RemoveAll(path)
}
