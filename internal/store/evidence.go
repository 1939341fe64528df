package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"snug/internal/attest"
	"snug/internal/digest"
)

// evidenceSuffix ends the name of a bundle.
const evidenceSuffix = ".jsonl"

func (s *Store) evidenceDir() string { return filepath.Join(s.dir, "evidence", "sha256") }

func (s *Store) evidencePath(sum digest.SHA256) string {
	hex := sum.String()
	return filepath.Join(s.evidenceDir(), hex[:2], hex+evidenceSuffix)
}

// AddEvidence keeps what was signed about something that was made here: a wheel
// by the digest of its file, an interpreter by that of its tree (Tree.Digest). It
// stands in place of what was kept before.
func (s *Store) AddEvidence(sum digest.SHA256, b attest.Bundle) error {
	path := s.evidencePath(sum)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return attest.WriteBundle(path, b)
}

// Evidence is what AddEvidence kept; fault.NotFound for what was not made here.
// Nothing in it is verified.
func (s *Store) Evidence(sum digest.SHA256) (attest.Bundle, error) {
	return attest.ReadBundle(s.evidencePath(sum))
}

// Digest is that of all files of the tree: what an interpreter that was built here
// is known by.
func (t *Tree) Digest() digest.SHA256 {
	entries := make([]digest.Entry, len(t.Files))
	for i, f := range t.Files {
		entries[i] = f.Entry()
	}
	return digest.Tree(entries)
}

// evidenceKept are the digests of all that there is evidence about.
func (s *Store) evidenceKept() (map[string]bool, error) {
	names, err := filepath.Glob(filepath.Join(s.evidenceDir(), "*", "*"+evidenceSuffix))
	out := make(map[string]bool, len(names))
	for _, name := range names {
		out[strings.TrimSuffix(filepath.Base(name), evidenceSuffix)] = false
	}
	return out, err
}

// noteEvidence notes what of it is about the tree, or a file in it.
func (t *Tree) noteEvidence(evidence map[string]bool) {
	note := func(sum string) {
		if _, there := evidence[sum]; there {
			evidence[sum] = true
		}
	}
	note(t.Digest().String())
	for _, f := range t.Files {
		note(f.SHA256)
	}
}

// gcEvidence removes evidence of what is no longer here, some days after it was
// written: its subject may be on its way into the store.
func (s *Store) gcEvidence(ctx context.Context, sum *collected) error {
	err := filepath.WalkDir(s.evidenceDir(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		if strings.HasPrefix(e.Name(), ".tmp-") {
			return s.removeOld(path, e)
		}
		name := strings.TrimSuffix(e.Name(), evidenceSuffix)
		st, err := e.Info()
		if err != nil || s.now().Sub(st.ModTime()) < keepTree || sum.kept[name] || sum.evidence[name] || s.hasBlob(name) {
			return err
		}
		sum.entries, sum.bytes = sum.entries+1, sum.bytes+st.Size()
		return os.Remove(path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was ever made here
	}
	return err
}

// hasBlob tells whether there is a blob of that digest, whole or not.
func (s *Store) hasBlob(hex string) bool {
	sum, err := digest.Parse(hex)
	if err != nil {
		return false
	}
	_, err = os.Lstat(s.blobPath(sum))
	return err == nil
}
