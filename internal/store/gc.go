package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Item is a blob or tree that GC asks about.
type Item struct {
	Kind string // "blob" or "tree"
	Key  string // the blob's digest, or the tree's key
	Used time.Time
	Size int64
}

// GC removes what keep refuses and temporary names older than a day, and
// returns how many bytes that were. Runtimes made of links keep their files.
// It waits for builds that use the store (Use) and keeps new ones waiting.
func (s *Store) GC(now time.Time, keep func(Item) bool) (freed int64, err error) {
	release, err := lockFile(filepath.Join(s.locks(), "gc"), exclusive)
	if err != nil {
		return 0, err
	}
	defer release()
	trees, terr := s.gcTrees(now, keep)
	blobs, berr := s.gcBlobs(now, keep)
	return trees + blobs, errors.Join(terr, berr)
}

func (s *Store) gcTrees(now time.Time, keep func(Item) bool) (int64, error) {
	entries, err := os.ReadDir(s.trees())
	if err != nil {
		return 0, err
	}
	var freed int64
	var errs []error
	for _, e := range entries {
		path := filepath.Join(s.trees(), e.Name())
		if strings.HasPrefix(e.Name(), tempPrefix) {
			errs = append(errs, removeOld(path, e, now))
			continue
		}
		item := Item{Kind: "tree", Key: e.Name()}
		if t, err := readPlan(path); err == nil {
			item.Size = t.size()
		}
		if st, err := os.Stat(filepath.Join(path, planName)); err == nil {
			item.Used = st.ModTime()
		}
		if keep(item) {
			continue
		}
		freed += item.Size
		errs = append(errs, s.discard(e.Name()))
	}
	return freed, errors.Join(errs...)
}

func (t *Tree) size() (n int64) {
	for _, f := range t.Files {
		n += f.Size
	}
	return n
}

func (s *Store) gcBlobs(now time.Time, keep func(Item) bool) (int64, error) {
	var freed int64
	err := filepath.WalkDir(s.blobs(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			return removeOld(path, e, now)
		}
		st, err := e.Info()
		if err != nil || keep(Item{Kind: "blob", Key: e.Name(), Used: st.ModTime(), Size: st.Size()}) {
			return err
		}
		freed += st.Size()
		return os.Remove(path)
	})
	return freed, err
}

// removeOld removes what a process left behind, not what one is making.
func removeOld(path string, e fs.DirEntry, now time.Time) error {
	st, err := e.Info()
	if err != nil || now.Sub(st.ModTime()) < 24*time.Hour {
		return err
	}
	return os.RemoveAll(path)
}
