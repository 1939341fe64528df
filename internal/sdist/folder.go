package sdist

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/fault"
)

// beside is what lies in a working folder and is no source.
var beside = []string{".git", ".hg", ".svn", ".snug", ".venv", ".tox", "__pycache__", "node_modules"}

// Sum is the digest of what Copy would copy of a folder.
func Sum(from string) (digest.SHA256, error) { return Copy(from, "") }

// Copy copies a folder of sources into the empty folder to, without what version
// control and tools keep there, and returns the digest of what it copied. Links
// are kept where they stay inside; special files are refused. To "" it copies nothing.
func Copy(from, to string) (digest.SHA256, error) {
	root, err := os.OpenRoot(from)
	if err != nil {
		return digest.SHA256{}, err
	}
	defer root.Close()
	c := &copying{root: root, to: to}
	if err := fs.WalkDir(root.FS(), ".", c.entry); err != nil {
		return digest.SHA256{}, err
	}
	return digest.Tree(c.entries), nil
}

type copying struct {
	root    *os.Root
	to      string
	entries []digest.Entry
	total   int64
}

func (c *copying) entry(name string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	if c.total += info.Size(); c.total > Limits().Total || len(c.entries) > Limits().Files {
		return fault.New(fault.Input, "name a folder of sources", "%s holds more than sources", c.root.Name())
	}
	to := filepath.Join(c.to, filepath.FromSlash(name))
	switch {
	case d.IsDir() && slices.Contains(beside, d.Name()):
		return fs.SkipDir
	case d.IsDir() && c.to == "":
		return nil
	case d.IsDir():
		return os.MkdirAll(to, 0o755)
	case info.Mode()&fs.ModeSymlink != 0:
		return c.link(name, to)
	case !info.Mode().IsRegular():
		return fault.New(fault.Input, "remove it from the folder", "%s is no file", filepath.Join(c.root.Name(), name))
	}
	return c.file(name, to, info)
}

func (c *copying) link(name, to string) error {
	target, err := c.root.Readlink(name)
	if err != nil {
		return err
	}
	if reason := archive.CheckLink(name, filepath.ToSlash(target)); reason != "" {
		return fault.New(fault.Input, "put the file itself there", "%s: %s", filepath.Join(c.root.Name(), name), reason)
	}
	c.entries = append(c.entries, digest.Entry{Path: name, Link: target, Sum: digest.Of([]byte(target))})
	if c.to == "" {
		return nil
	}
	return os.Symlink(target, to)
}

func (c *copying) file(name, to string, info fs.FileInfo) (err error) {
	in, err := c.root.Open(name)
	if err != nil {
		return err
	}
	defer in.Close() // only read from
	mode := fs.FileMode(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	body := io.LimitReader(in, Limits().Entry)
	if c.to != "" {
		out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.Close(), os.Chtimes(to, info.ModTime(), info.ModTime())) }()
		body = io.TeeReader(body, out)
	}
	sum, _, err := digest.OfReader(body)
	if err != nil {
		return err
	}
	c.entries = append(c.entries, digest.Entry{Path: name, Mode: mode, Sum: sum})
	return nil
}
