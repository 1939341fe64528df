//go:build !unix

package store

import (
	"os"
	"path/filepath"
)

// Dir is an open folder. A name in it is one path element.
type Dir struct{ Path string }

// OpenDir opens a folder; Close it.
func OpenDir(path string) (*Dir, error) { return &Dir{path}, nil }

// Open opens a folder in d.
func (d *Dir) Open(name string) (*Dir, error) { return &Dir{filepath.Join(d.Path, name)}, nil }

// Close gives the folder up.
func (d *Dir) Close() {}

// Mkdir makes a folder in d.
func (d *Dir) Mkdir(name string) error { return os.Mkdir(filepath.Join(d.Path, name), 0o755) }

// Symlink makes a symbolic link in d.
func (d *Dir) Symlink(target, name string) error {
	return os.Symlink(target, filepath.Join(d.Path, name))
}

// Link makes a hard link in d to the file of that name in from.
func (d *Dir) Link(from *Dir, name string) error {
	return os.Link(filepath.Join(from.Path, name), filepath.Join(d.Path, name))
}

func (d *Dir) lstat(name string) (fileStat, error) {
	st, err := os.Lstat(filepath.Join(d.Path, name))
	if err != nil {
		return fileStat{}, err
	}
	return fileStat{st.Mode(), st.Size(), st.ModTime().UnixNano()}, nil
}
