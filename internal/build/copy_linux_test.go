package build

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// untidy is a tree with modes and times of all kinds.
func untidy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	err := os.MkdirAll(filepath.Join(dir, "sub", "deep"), 0o755)
	for name, mode := range map[string]fs.FileMode{"run": 0o700, "text": 0o600, "sub/open": 0o777, "sub/deep/shut": 0o444} {
		file := filepath.Join(dir, name)
		year := 2010 + len(name)
		at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		err = errors.Join(err, os.WriteFile(file, []byte(name), 0o644), os.Chmod(file, mode), os.Chtimes(file, at, at))
	}
	if err := errors.Join(err, os.Symlink("../text", filepath.Join(dir, "sub", "link")), os.Chmod(filepath.Join(dir, "sub"), 0o750)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// seen is what can be told of a tree.
func seen(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		at := info.ModTime().UTC().Format(time.RFC3339)
		if info.Mode()&fs.ModeSymlink != 0 {
			at, err = os.Readlink(file)
		}
		out = append(out, fmt.Sprint(rel, " ", info.Mode(), " ", at))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestMovedAsCopied: a tree that was moved looks as its copy would, modes and times too.
func TestMovedAsCopied(t *testing.T) {
	from, epoch := untidy(t), time.Date(2015, 6, 1, 0, 0, 0, 0, time.UTC)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := copyTree(from, copied, epoch); err != nil {
		t.Fatal(err)
	}
	before := seen(t, from)
	if err := tidyTree(from, epoch); err != nil {
		t.Fatal(err)
	}
	got, want := seen(t, from), seen(t, copied)
	if !slices.Equal(got, want) || slices.Equal(got, before) {
		t.Errorf("moved:\n%s\ncopied:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestTreesRefused: what leads out or is no file is refused, moved or copied.
func TestTreesRefused(t *testing.T) {
	for want, spoil := range map[string]func(dir string) error{
		"leaves":       func(dir string) error { return os.Symlink("../../x", filepath.Join(dir, "sub", "out")) },
		"special file": func(dir string) error { return unix.Mkfifo(filepath.Join(dir, "pipe"), 0o644) },
	} {
		dir := untidy(t)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		for how, err := range map[string]error{"copied": copyTree(dir, filepath.Join(t.TempDir(), "copy"), time.Now()), "moved": tidyTree(dir, time.Now())} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", how, err, want)
			}
		}
	}
}

// TestGiven: sources that are given are moved, and make the same wheel.
func TestGiven(t *testing.T) {
	b := newBench(t)
	kept := b.job(t, "")
	given := b.job(t, "")
	given.Source = filepath.Join(b.temp, "given")
	if err := os.CopyFS(given.Source, os.DirFS(kept.Source)); err != nil {
		t.Fatal(err)
	}
	given.Given = true
	var sums []string
	for _, job := range []Job{kept, given} {
		out, err := b.Wheel(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, out.SHA256.String())
	}
	_, keptErr := os.Stat(kept.Source)
	_, givenErr := os.Stat(given.Source)
	if sums[0] != sums[1] || keptErr != nil || !errors.Is(givenErr, fs.ErrNotExist) {
		t.Errorf("wheels %q; the kept sources: %v, the given ones: %v", sums, keptErr, givenErr)
	}
}
