package interp

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"snug/internal/digest"
)

// LayoutVersion changes whenever the same interpreter would be laid out
// otherwise; it is part of a tree's key.
const LayoutVersion = "2"

// relocate is appended to _sysconfigdata.
//
//go:embed sysconfigdata.py
var relocate string

// What an interpreter may at most hold.
const (
	maxFiles = 20_000
	maxFile  = 256 << 20
	maxTree  = 1 << 30
)

// layout writes an interpreter in snug's layout and takes its digest on the
// way. On Unix the interpreter itself is moved to the root, where a ._pth
// beside it isolates it, and bin/ holds links to it; on Windows it lies at the
// root already. Left out are: scripts of bin/, whose first lines name the
// machine that built them; pip, which is not in the lock; bytecode, which snug
// compiles itself. _sysconfigdata, which names the folder of its build, gets a
// few lines that correct this when it is imported (sysconfigdata.py); they are
// not in the digest. The Makefile is kept as it is: nothing that builds
// extensions reads it.
type layout struct {
	root    *os.Root
	minor   string // "3.14"
	entries []digest.Entry
	total   int64
}

func newLayout(dir, minor string) (*layout, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &layout{root: root, minor: minor}, nil
}

// place returns where the file goes; false if it is left out.
func (l *layout) place(name string) (string, bool) {
	name = path.Clean(name)
	if name == "bin/python"+l.minor {
		return "python" + l.minor, true
	}
	for _, out := range []string{"bin/", "Scripts/", "Lib/site-packages/", "lib/python" + l.minor + "/site-packages/"} {
		if strings.HasPrefix(name, out) {
			return "", false
		}
	}
	return name, !strings.Contains("/"+name, "/__pycache__/") && name != "lib/python"+l.minor+"/EXTERNALLY-MANAGED"
}

// file writes one regular file.
func (l *layout) file(name string, mode fs.FileMode, body io.Reader) error {
	name, ok := l.place(name)
	if !ok {
		return nil
	}
	if err := l.room(name); err != nil {
		return err
	}
	if name == "python"+l.minor {
		var err error
		if body, err = fromRoot(body); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	perm := fs.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	sum, n, err := digest.OfReader(io.TeeReader(io.LimitReader(body, maxFile+1), f))
	l.total += n
	if err == nil && (n > maxFile || l.total > maxTree) {
		err = errors.New("larger than any interpreter")
	}
	if err == nil && l.isSysconfigdata(name) {
		_, err = f.WriteString(relocate)
	}
	if err = errors.Join(err, f.Chmod(perm), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	l.entries = append(l.entries, digest.Entry{Mode: perm, Sum: sum, Path: name})
	return nil
}

func (l *layout) isSysconfigdata(name string) bool {
	ok, err := path.Match("lib/python"+l.minor+"/_sysconfigdata_*.py", name)
	return ok && err == nil
}

// fromRoot corrects, in place and without changing its length, where an ELF
// interpreter that was made to lie in bin/ looks for its libpython.
func fromRoot(body io.Reader) (io.Reader, error) {
	elf, err := io.ReadAll(io.LimitReader(body, maxFile+1))
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(bytes.ReplaceAll(elf, []byte("$ORIGIN/../lib"), []byte("$ORIGIN/.//lib"))), nil
}

// link writes a symbolic link, which may not lead out of the tree.
func (l *layout) link(name, target string) error {
	name, ok := l.place(name)
	if !ok {
		return nil
	}
	if path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return fmt.Errorf("link %s leads out of the tree: %q", name, target)
	}
	return l.symlink(name, target)
}

func (l *layout) symlink(name, target string) error {
	if err := l.room(name); err != nil {
		return err
	}
	if err := l.root.Symlink(target, name); err != nil {
		return err
	}
	l.entries = append(l.entries, digest.Entry{Mode: 0o777, Sum: digest.Of([]byte(target)), Path: name, Link: target})
	return nil
}

// room checks the name and makes its folder.
func (l *layout) room(name string) error {
	if !fs.ValidPath(name) || !filepath.IsLocal(name) || strings.ContainsAny(name, "\\:\x00") {
		return fmt.Errorf("unsafe path %q", name)
	}
	if len(l.entries) >= maxFiles {
		return fmt.Errorf("more than %d files", maxFiles)
	}
	return l.root.MkdirAll(path.Dir(name), 0o755)
}

// finish adds the links and the empty site-packages and returns the digest of
// the tree.
func (l *layout) finish() (digest.SHA256, error) {
	defer l.root.Close()
	site, err := "Lib/site-packages", error(nil)
	if _, missing := l.root.Lstat("python.exe"); missing != nil {
		site = "lib/python" + l.minor + "/site-packages"
		for _, name := range []string{"python", "python3", "python" + l.minor} {
			err = errors.Join(err, l.symlink("bin/"+name, "../python"+l.minor))
		}
		if _, missing := l.root.Lstat("python" + l.minor); missing != nil {
			err = errors.Join(err, fmt.Errorf("no interpreter in it: %w", missing))
		}
	}
	err = errors.Join(err, l.root.MkdirAll(site, 0o755))
	return digest.Tree(l.entries), err
}

// LayOut copies the Python that was installed below the folder from (its prefix, with
// bin, lib and include) into the empty folder dir, in snug's layout.
func LayOut(from, dir, minor string) error {
	l, err := newLayout(dir, minor)
	if err != nil {
		return err
	}
	if err := l.copy(from); err != nil {
		return errors.Join(err, l.root.Close())
	}
	_, err = l.finish()
	return err
}

// copy takes every file and link below from, in the order of their names.
func (l *layout) copy(from string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return l.link(rel, target)
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		st, err := f.Stat()
		if err == nil && !st.Mode().IsRegular() {
			err = fmt.Errorf("%s: neither file nor link", rel)
		}
		if err == nil {
			err = l.file(rel, st.Mode(), f)
		}
		return errors.Join(err, f.Close())
	})
}
