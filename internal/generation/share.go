package generation

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// How the files of a generation came there: Manifest.LinkMode.
const (
	LinkHard   = "hardlink"
	LinkCopy   = "copy"
	LinkShared = "shared" // its large folders are links to those of another runtime
)

// Share fills dest, an empty folder, as a runtime with the same manifest as the
// one at from, an absolute path. What Python and its scripts look for beside
// themselves is there, by hard links; all other folders are symbolic links to
// those of from.
func Share(from, dest string) error { return share(from, dest, ".") }

func share(from, dest, folder string) error {
	entries, err := os.ReadDir(filepath.Join(from, filepath.FromSlash(folder)))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if err := shareEntry(e, from, dest, name); err != nil {
			return err
		}
	}
	return nil
}

func shareEntry(e fs.DirEntry, from, dest, name string) error {
	there, here := filepath.Join(from, filepath.FromSlash(name)), filepath.Join(dest, filepath.FromSlash(name))
	switch {
	case e.IsDir() && besides(name):
		if err := os.Mkdir(here, 0o755); err != nil {
			return err
		}
		return share(from, dest, name)
	case e.IsDir():
		return os.Symlink(there, here)
	case e.Type()&fs.ModeSymlink != 0:
		to, err := os.Readlink(there)
		return errors.Join(err, os.Symlink(to, here))
	}
	return os.Link(there, here)
}

// besides are the folders that a sharing generation has to itself: launchers
// find Python, and Python its runtime, from where bin lies, and share/snug is
// what a runtime is known by.
func besides(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	return top == "bin" || name == "share" || name == path.Dir(ManifestPath) || strings.HasPrefix(name, path.Dir(ManifestPath)+"/")
}

// Origin is the runtime whose folders the sharing generation at dir links to;
// not ok where that is gone.
func Origin(dir string) (from string, ok bool) {
	lib, err := os.Readlink(filepath.Join(dir, "lib"))
	if err != nil {
		return "", false
	}
	from = filepath.Dir(lib)
	_, err = os.Stat(filepath.Join(from, filepath.FromSlash(ManifestPath)))
	return from, err == nil
}

// Usable tells whether all folders of the generation at dir are there, m being
// its head.
func (m *Manifest) Usable(dir string) bool {
	if m.LinkMode != LinkShared {
		return true
	}
	_, ok := Origin(dir)
	return ok
}
