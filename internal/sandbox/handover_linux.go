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

// takeOver makes all below dir the caller's own again, when nothing runs in it any
// more. Links are not followed; a file that takes on its caller's rights loses that;
// what is no file, folder or link is removed, since reading a pipe may never end.
func takeOver(dir string, off switches) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !off.on(noLinks) {
			if path, err = filepath.EvalSymlinks(path); err != nil {
				return err
			}
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode().IsRegular() && !off.on(noSetuid) {
			return err
		}
		return owned(path, info)
	})
	if errors.Is(err, unix.ENAMETOOLONG) {
		return fault.New(fault.Integrity, "remove the folder; what was built is no good", "the command left folders in %s that are deeper than a path can say", dir)
	}
	return err
}

func owned(path string, info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		if err := os.Chmod(path, mode.Perm()|0o700); err != nil {
			return err
		}
	case mode.IsRegular():
		if err := os.Chmod(path, mode.Perm()); err != nil {
			return err
		}
	case mode&fs.ModeSymlink == 0:
		return os.Remove(path)
	}
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(path, os.Geteuid(), os.Getegid())
}
