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
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"snug/internal/generation"
	"snug/internal/store"
)

// linkers is how many goroutines link at once: two give most of the gain, more
// than four none (docs/benchmarks.md).
const linkers = 4

// folder is one folder of the runtime, with what lies directly in it.
type folder struct {
	path    string // relative to Dest; "." is Dest
	items   []*item
	folders []string // names
}

// placing says how files are put into a folder. The zero value links them all.
type placing struct {
	copies func(generation.File) bool
	placed func(files int) // called from several goroutines
}

// materialise writes the items below dest, and the folders named in more. It
// goes level by level, since a folder is made while the one above it is filled.
// Nearly all the time goes into the kernel's work on names, so every call names
// one file in an open folder instead of a path from the root.
func materialise(ctx context.Context, dest string, items []*item, how placing, more ...string) error {
	if err := os.MkdirAll(dest, 0o755); err != nil {
		return err
	}
	for _, level := range levels(items, more...) {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(linkers)
		for _, f := range level {
			g.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return f.fill(dest, how)
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// levels are the folders of the items, and more empty ones, by depth.
func levels(items []*item, more ...string) [][]*folder {
	root := &folder{path: "."}
	out := [][]*folder{{root}}
	known := map[string]*folder{".": root}
	var at func(dir string) *folder
	at = func(dir string) *folder {
		f := known[dir]
		if f == nil {
			f = &folder{path: dir}
			known[dir] = f
			above := at(folderOf(dir))
			above.folders = append(above.folders, path.Base(dir))
			depth := strings.Count(dir, "/") + 1
			for len(out) <= depth {
				out = append(out, nil)
			}
			out[depth] = append(out[depth], f)
		}
		return f
	}
	for _, dir := range more {
		at(dir)
	}
	last := root
	for _, it := range items { // sorted, so that neighbours share a folder
		if dir := folderOf(it.Path); dir != last.path {
			last = at(dir)
		}
		last.items = append(last.items, it)
	}
	return out
}

// fill makes the folders in f and puts its files there.
func (f *folder) fill(dest string, how placing) error {
	d, err := store.OpenDir(filepath.Join(dest, filepath.FromSlash(f.path)))
	if err != nil {
		return err
	}
	defer d.Close()
	for _, name := range f.folders {
		if err := d.Mkdir(name); err != nil {
			return fmt.Errorf("make %s: %w", path.Join(f.path, name), err)
		}
	}
	for tree, items := range f.byTree() {
		if err := f.fillFrom(tree, items, d, how); err != nil {
			return err
		}
	}
	if how.placed != nil {
		how.placed(len(f.items))
	}
	return nil
}

// byTree divides the files of f by where they come from.
func (f *folder) byTree() map[*store.Tree][]*item {
	out := map[*store.Tree][]*item{}
	for _, it := range f.items {
		out[it.from] = append(out[it.from], it)
	}
	return out
}

// fillFrom puts files of one tree there, each held to the tree just before.
func (f *folder) fillFrom(tree *store.Tree, items []*item, d *store.Dir, how placing) error {
	from, err := store.OpenDir(filepath.Join(tree.Dir, filepath.FromSlash(f.path)))
	if err != nil {
		return tree.Changed(f.path, err)
	}
	defer from.Close()
	for _, it := range items {
		if err := tree.Hold(from, it.at); err != nil {
			return err
		}
		if err := place(from, d, *it.File, how.copies != nil && how.copies(*it.File)); err != nil {
			return fmt.Errorf("write %s of %s: %w", it.Path, it.owner, err)
		}
	}
	return nil
}

// place puts one file into a folder: a symbolic link as it is, a file as hard
// link, or as copy where asked or where the file system wants it so.
func place(from, to *store.Dir, f generation.File, asCopy bool) error {
	name := f.Path[strings.LastIndexByte(f.Path, '/')+1:]
	if f.Link != "" {
		return to.Symlink(f.Link, name)
	}
	if !asCopy {
		err := to.Link(from, name)
		if err == nil || !unlinkable(err) {
			return err
		}
	}
	return copyFile(filepath.Join(from.Path, name), filepath.Join(to.Path, name), f.Mode)
}

// copies reports whether a file is copied instead of linked: everything that
// is delivered, and in dev what people edit.
func (in *Input) copies(f generation.File) bool {
	return in.Copy || in.Editable && isText(f.Path)
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
