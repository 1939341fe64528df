package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/digest"
)

// factsHead begins the first line of kept facts, which ends with the SHA-256 of the
// rest: nothing waits for a disk to have them, so that a power cut may leave a part.
const factsHead = "snug-facts 1 "

// factsDir is the folder of what was found out about contents: KEY/NAME.
func (s *Store) factsDir() string { return filepath.Join(s.dir, "facts") }

// Facts is what compute says of the content that key names (a tree's key, or another
// word with a digest in it), asked for once: it is kept under name, which is to change
// when compute would say something else. GC takes it some days after its tree is gone
// and nobody asked for it. A store that cannot be written to keeps nothing: facts are
// computed each time then.
func (s *Store) Facts(key, name string, compute func() ([]byte, error)) ([]byte, error) {
	if err := errors.Join(checkKey(key), checkKey(name)); err != nil {
		return nil, err
	}
	path := filepath.Join(s.factsDir(), key, name)
	if data, ok := s.readFacts(path); ok {
		return data, nil
	}
	data, err := compute()
	if err != nil {
		return nil, err
	}
	_ = writeFacts(path, data) // see above
	return data, nil
}

// readFacts gives whole facts, and notes once a day that they are in use.
func (s *Store) readFacts(path string) ([]byte, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	head, rest, _ := strings.Cut(string(text), "\n")
	data := text[len(text)-len(rest):]
	if sum, ok := strings.CutPrefix(head, factsHead); !ok || sum != digest.Of(data).String() {
		return nil, false
	}
	if st, err := os.Stat(path); err == nil && s.now().Sub(st.ModTime()) > 24*time.Hour {
		_ = os.Chtimes(path, s.now(), s.now()) // a store of another user: GC may take it sooner, nothing breaks
	}
	return data, true
}

func writeFacts(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix)
	if err != nil {
		return err
	}
	_, err = f.Write(append([]byte(factsHead+digest.Of(data).String()+"\n"), data...))
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// gcFacts removes facts of trees that are gone, some days after they were last
// asked for.
func (s *Store) gcFacts(ctx context.Context, sum *collected) error {
	err := filepath.WalkDir(s.factsDir(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			return s.removeOld(path, e)
		}
		key := filepath.Base(filepath.Dir(path))
		st, err := e.Info()
		if err != nil || s.now().Sub(st.ModTime()) < keepTree || s.has(key) {
			return err
		}
		sum.entries, sum.bytes = sum.entries+1, sum.bytes+st.Size()
		err = os.Remove(path)
		_ = os.Remove(filepath.Dir(path)) // only where it is empty
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was ever asked
	}
	return err
}
