package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"snug/internal/digest"
	"snug/internal/fault"
)

// MaxBlob bounds a blob whose size is not known.
const MaxBlob = 8 << 30

func (s *Store) blobPath(sum digest.SHA256) string {
	hex := sum.String()
	return filepath.Join(s.blobs(), hex[:2], hex)
}

// Blob returns where the content with that digest lies, if it is here and
// whole: what another process put there is hashed again, once, since nothing
// waits for a disk to have it and a power failure may have torn it.
func (s *Store) Blob(sum digest.SHA256) (path string, ok bool) {
	path = s.blobPath(sum)
	s.mu.Lock()
	ok = s.whole[sum]
	s.mu.Unlock()
	if ok {
		return path, true
	}
	f, err := os.Open(path)
	if err != nil {
		return path, false
	}
	defer f.Close()
	if got, _, err := digest.OfReader(f); err != nil || got != sum {
		return path, false // PutBlob replaces it
	}
	s.noteWhole(sum)
	return path, true
}

func (s *Store) noteWhole(sum digest.SHA256) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole[sum] = true
}

// PutBlob takes in content whose digest must be want and, where size is not
// negative, whose length must be size. Content that differs is fault.Integrity
// and leaves nothing behind.
func (s *Store) PutBlob(ctx context.Context, want digest.SHA256, size int64, r io.Reader) (string, error) {
	path := s.blobPath(want)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix)
	if err != nil {
		return "", err
	}
	got, n, err := copyHashed(ctx, f, r, size)
	if err == nil {
		err = compare(want, got, size, n)
	}
	err = errors.Join(err, f.Chmod(0o444), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	s.noteWhole(want)
	return path, nil
}

// copyHashed copies at most one byte more than size, so that a longer stream
// shows, and stops when ctx ends.
func copyHashed(ctx context.Context, w io.Writer, r io.Reader, size int64) (digest.SHA256, int64, error) {
	limit := size
	if size < 0 {
		limit = MaxBlob
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(&canceled{ctx, r}, limit+1))
	var sum digest.SHA256
	h.Sum(sum[:0])
	return sum, n, err
}

func compare(want, got digest.SHA256, size, n int64) error {
	switch {
	case size >= 0 && n < size:
		return fault.New(fault.Network, "try again, what was fetched before is kept; if it stays so the file changed since it was locked, and snug lock --upgrade NAME takes the new one", "only %d of %d bytes came", n, size)
	case size >= 0 && n > size || size < 0 && n > MaxBlob:
		return fault.New(fault.Integrity, "the file is not the one that was locked", "more bytes came than the %d that were announced", max(size, 0))
	case got != want:
		return fault.New(fault.Integrity, "the file at that address changed since it was locked; snug lock --upgrade NAME takes the new one",
			"content has sha256 %s, expected %s", got, want)
	}
	return nil
}

// canceled is a reader that fails once its context has ended.
type canceled struct {
	ctx context.Context
	r   io.Reader
}

func (c *canceled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	return c.r.Read(p)
}
