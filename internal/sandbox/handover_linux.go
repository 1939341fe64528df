package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// handOver makes the writable inputs, and the private folders where there are
// some, belong to the command's user. The function it returns takes them back.
func handOver(p *plan) (takeBack func() error, err error) {
	var given []string
	takeBack = func() error {
		var errs []error
		for _, dir := range given {
			errs = append(errs, takeOver(dir, p.Off))
		}
		return errors.Join(errs...)
	}
	if p.Level != Hermetic {
		if err := os.Mkdir(p.home(), 0o700); err != nil {
			return nil, err
		}
		if p.Privileged {
			if err := os.Lchown(p.home(), p.UID, p.UID); err != nil {
				return nil, err
			}
		}
	}
	for _, in := range p.Inputs {
		if !in.Writable {
			continue
		}
		if p.Off.on(noLinks) {
			if err := noLinksOut(in.Host); err != nil {
				return nil, errors.Join(err, takeBack())
			}
		}
		given = append(given, in.Host)
		if p.Privileged {
			if err := giveTo(in.Host, p.UID); err != nil {
				return nil, errors.Join(err, takeBack())
			}
		}
	}
	return takeBack, nil
}

type inode struct{ dev, ino uint64 }

// noLinksOut refuses a folder in which a file has a name elsewhere too: what the
// command writes would be written there, into the store for example.
func noLinksOut(dir string) error {
	missing, names := map[inode]uint64{}, map[inode]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || st.Nlink == 1 {
			return nil
		}
		id := inode{uint64(st.Dev), st.Ino}
		if _, seen := missing[id]; !seen {
			missing[id], names[id] = uint64(st.Nlink), path
		}
		missing[id]--
		return nil
	})
	if err != nil {
		return err
	}
	for id, n := range missing {
		if n > 0 {
			return fault.New(fault.Integrity, "copy the folder for the build", "%s has another name outside %s, so a sandboxed command may not write to it", names[id], dir)
		}
	}
	return nil
}

func giveTo(dir string, uid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	})
}

// takeOver makes all below dir the caller's own again. Links are not followed, and no
// step leaves the folder: should a process of the command's have got away, what it
// swaps meanwhile is still its own. A file that takes on its caller's rights loses
// that; what is no file, folder or link is removed, since reading a pipe may never end.
func takeOver(dir string, off switches) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return takeEntry(root, ".", off)
}

func takeEntry(root *os.Root, name string, off switches) error {
	if len(root.Name())+len(name) >= unix.PathMax {
		return fault.New(fault.Integrity, "remove the folder; what was built is no good", "the command left folders in %s that are deeper than a path can say", root.Name())
	}
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0 && !off.on(noLinks):
		return takeLinked(filepath.Join(root.Name(), name))
	case info.Mode().IsRegular() && !off.on(noSetuid):
		return nil
	}
	if err := owned(root, name, info.Mode()); err != nil || !info.IsDir() {
		return err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	entries, err := f.ReadDir(-1)
	f.Close() // only read from
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := takeEntry(root, filepath.Join(name, e.Name()), off); err != nil {
			return err
		}
	}
	return nil
}

// takeLinked does to what a link leads to what would be done to it in the folder: the
// attack, for the test that shows it.
func takeLinked(link string) error {
	to, err := filepath.EvalSymlinks(link)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(filepath.Base(to))
	if err != nil {
		return err
	}
	return owned(root, filepath.Base(to), info.Mode())
}

func owned(root *os.Root, name string, mode fs.FileMode) error {
	switch {
	case mode.IsDir():
		if err := root.Chmod(name, mode.Perm()|0o700); err != nil {
			return err
		}
	case mode.IsRegular():
		if err := root.Chmod(name, mode.Perm()); err != nil {
			return err
		}
	case mode&fs.ModeSymlink == 0:
		return root.Remove(name)
	}
	if os.Geteuid() != 0 {
		return nil
	}
	return root.Lchown(name, os.Geteuid(), os.Getegid())
}
