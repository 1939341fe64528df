//go:build unix

package store

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Dir is an open folder. A name in it is one path element: the kernel then
// looks up one name, and not a dozen from the root down, which is most of the
// cost of linking a tree.
type Dir struct {
	Path string
	fd   int
}

// OpenDir opens a folder; Close it.
func OpenDir(path string) (*Dir, error) { return openDirAt(unix.AT_FDCWD, path, path) }

// Open opens a folder in d.
func (d *Dir) Open(name string) (*Dir, error) {
	return openDirAt(d.fd, name, filepath.Join(d.Path, name))
}

func openDirAt(at int, name, path string) (*Dir, error) {
	for {
		fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		switch err {
		case nil:
			return &Dir{Path: path, fd: fd}, nil
		case unix.EINTR:
		default:
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// Close gives the folder up. There is no error that could matter: nothing was
// written through it.
func (d *Dir) Close() { unix.Close(d.fd) }

// Mkdir makes a folder in d.
func (d *Dir) Mkdir(name string) error { return unix.Mkdirat(d.fd, name, 0o755) }

// Symlink makes a symbolic link in d.
func (d *Dir) Symlink(target, name string) error { return unix.Symlinkat(target, d.fd, name) }

// Link makes a hard link in d to the file of that name in from.
func (d *Dir) Link(from *Dir, name string) error {
	return unix.Linkat(from.fd, name, d.fd, name, 0)
}

func (d *Dir) lstat(name string) (fileStat, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fileStat{}, &os.PathError{Op: "lstat", Path: filepath.Join(d.Path, name), Err: err}
	}
	mode := fs.FileMode(st.Mode & 0o777)
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		mode |= fs.ModeIrregular
	}
	return fileStat{mode, st.Size, st.Mtim.Nano()}, nil
}
