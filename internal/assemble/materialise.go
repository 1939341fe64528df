package assemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"snug/internal/generation"
	"snug/internal/store"
)

// linkers is how many goroutines link at once: two give most of the gain, more
// than four none (docs/benchmarks.md).
const linkers = 4

// materialise writes the items below Dest: folders once and in order, then the
// files in runs of neighbours, so that goroutines seldom meet in a folder.
func (in *Input) materialise(ctx context.Context, items []item) ([]generation.File, error) {
	if err := in.makeDirs(items); err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(linkers)
	for run := range slices.Chunk(items, max(64, len(items)/(4*linkers)+1)) {
		g.Go(func() error {
			for _, it := range run {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := place(it.from, it.File, in.Dest, in.copies(it.File)); err != nil {
					return fmt.Errorf("write %s of %s: %w", it.Path, it.Owner, err)
				}
			}
			return nil
		})
	}
	files := make([]generation.File, len(items))
	for i, it := range items {
		files[i] = it.File
	}
	return files, g.Wait()
}

func (in *Input) makeDirs(items []item) error {
	made := map[string]bool{}
	var dirs []string
	for _, it := range items {
		for dir := path.Dir(it.Path); dir != "." && !made[dir]; dir = path.Dir(dir) {
			made[dir] = true
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs) // parents come before what is in them
	if err := os.MkdirAll(in.Dest, 0o755); err != nil {
		return err
	}
	for _, dir := range append(dirs, "share", "share/snug") {
		if err := os.Mkdir(filepath.Join(in.Dest, filepath.FromSlash(dir)), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(in.Dest, filepath.FromSlash(in.sitePackages())), 0o755)
}

// copies reports whether a file is copied instead of linked: everything that
// is delivered, and in dev what people edit.
func (in *Input) copies(f generation.File) bool {
	return in.Copy || !in.Bytecode && isText(f.Path)
}

// isText goes by the name alone: launchers and scripts, and what has the
// suffix of a text file. Being wrong costs a copy, or one edit less.
func isText(name string) bool {
	if strings.HasPrefix(name, "bin/") {
		return true
	}
	switch path.Ext(name) {
	case ".py", ".pyi", ".pyx", ".pxd", ".pth", ".txt", ".md", ".rst", ".cfg", ".ini", ".toml", ".json", ".yaml", ".yml", ".xml",
		".html", ".htm", ".css", ".js", ".ts", ".mjs", ".svg", ".csv", ".sql", ".sh", ".jinja", ".jinja2", ".j2", ".tmpl", ".tpl", ".mako", ".po", ".c", ".h", ".hpp", ".cpp":
		return true
	}
	return false
}

// place puts one file of a tree below dest: a symbolic link as it is, a file as
// hard link, or as copy where asked or where the file system wants it so.
func place(tree *store.Tree, f generation.File, dest string, asCopy bool) error {
	to := filepath.Join(dest, filepath.FromSlash(f.Path))
	if f.Link != "" {
		return os.Symlink(f.Link, to)
	}
	from := filepath.Join(tree.Dir, filepath.FromSlash(f.Path))
	if asCopy {
		return copyFile(from, to, f.Mode)
	}
	err := os.Link(from, to)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the folder: compile places into an empty one
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		err = os.Link(from, to)
	case err == nil:
		return nil
	}
	if unlinkable(err) {
		return copyFile(from, to, f.Mode)
	}
	return err
}

// unlinkable are another file system, too many links, the protection of other
// users' files (protected_hardlinks), and file systems without hard links.
func unlinkable(err error) bool {
	return errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported)
}

func copyFile(from, to, mode string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	perm := fs.FileMode(0o644)
	if mode == "0755" {
		perm = 0o755
	}
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// syncTree makes the runtime's names last before it gets its number: on journaled
// file systems one folder's fsync carries all that were made before it. It does
// not wait for what is in the files (docs/decisions/0005-power-cuts.md).
func syncTree(dir string) error {
	if filepath.Separator == '\\' {
		return nil // Windows cannot sync folders
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
