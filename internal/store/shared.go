package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"snug/internal/generation"
)

// Shared is the room of a runtime that is made once for all projects: its
// generations hold all that is in a runtime but `app`. The key is a tree's.
// Hold Use from the time that one is looked for until its manifest is linked into
// the generation of a project: that link is what GC knows its users by.
func (s *Store) Shared(key string) generation.Room {
	return generation.Room{Dir: filepath.Join(s.sharedDir(), key)}
}

func (s *Store) sharedDir() string { return filepath.Join(s.dir, "shared") }

// gcShared removes shared runtimes that no project uses and that were not made
// or asked for lately. Their files are those of trees, which are counted there.
func (s *Store) gcShared(ctx context.Context, sum *collected) error {
	rooms, err := os.ReadDir(s.sharedDir())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range rooms {
		if ctx.Err() != nil || !e.IsDir() {
			continue
		}
		gone, err := s.Shared(e.Name()).PruneIf(s.idle)
		sum.entries += gone
		errs = append(errs, err)
		_ = os.Remove(s.Shared(e.Name()).Dir) // only where it is empty
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// idle tells whether nothing links to the shared runtime at path, and nobody
// looked for it for days (TouchShared).
func (s *Store) idle(path string) bool {
	st, err := os.Lstat(filepath.Join(path, filepath.FromSlash(generation.ManifestPath)))
	if err != nil || links(st) > 1 {
		return false
	}
	room, err := os.Stat(filepath.Dir(path))
	return err == nil && s.now().Sub(room.ModTime()) >= keepTree
}

// TouchShared notes that a shared runtime was asked for.
func (s *Store) TouchShared(key string) {
	now := s.now()
	_ = os.Chtimes(s.Shared(key).Dir, now, now) // a store of another user: GC may take it sooner, nothing breaks
}

// CanShare tells whether a generation below dir, which may not exist yet, can
// link to a shared runtime.
func (s *Store) CanShare(dir string) bool {
	for {
		there, err := os.Stat(dir)
		if err == nil {
			here, err := os.Stat(s.dir)
			return err == nil && sameFileSystem(here, there)
		}
		if above := filepath.Dir(dir); above != dir {
			dir = above
			continue
		}
		return false
	}
}
