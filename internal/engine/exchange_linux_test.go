package engine

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func folder(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "whole"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Whoever looks while --into's folder is replaced sees the old runtime or the
// new one.
func TestSwapIsOneStep(t *testing.T) {
	dir := t.TempDir()
	path, next := filepath.Join(dir, "rt"), filepath.Join(dir, "next")
	folder(t, path)
	folder(t, next)
	if err := exchange(next, path); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this file system cannot exchange: a build takes two renames there")
	}
	if err := os.RemoveAll(next); err != nil {
		t.Fatal(err)
	}
	done, absent := make(chan struct{}), make(chan int)
	go func() {
		gone := 0
		for {
			select {
			case <-done:
				absent <- gone
				return
			default:
				if _, err := os.Stat(path); err != nil {
					gone++
				}
			}
		}
	}()
	for range 2000 {
		folder(t, next)
		if err := swap(next, path); err != nil {
			t.Error(err)
			break
		}
	}
	close(done)
	if n := <-absent; n > 0 {
		t.Errorf("absent at %d looks", n)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSweepInto(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rt")
	for _, name := range []string{"rt", ".rt.tmp-old", ".rt.tmp-new", ".other.tmp-old"} {
		folder(t, filepath.Join(dir, name))
		if at := time.Now().Add(-2 * leftover); name != ".rt.tmp-new" {
			if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	sweepInto(path)
	left, err := filepath.Glob(filepath.Join(dir, ".*.tmp-*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
}
