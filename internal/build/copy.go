package build

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
)

// What a source tree may at most hold.
const (
	maxFiles = 200_000
	maxTree  = 4 << 30
)

// copyTree copies a source tree so that only content, the executable bit and the
// order of times are left of it: modes are 0644 and 0755, no time is after the
// epoch. Links that lead out and special files are refused.
func copyTree(from, to string, epoch time.Time) error {
	return laidOut(from, to, epoch, copyEntry)
}

// tidyTree makes of a source tree what copyTree would make of it elsewhere.
func tidyTree(tree string, epoch time.Time) error {
	return laidOut(tree, tree, epoch, tidyEntry)
}

// laidOut calls entry for each file, link and folder of a source tree that lies, or
// comes to lie, at to, and gives the folders their times.
func laidOut(from, to string, epoch time.Time, entry func(root *os.Root, rel, to string, info fs.FileInfo, epoch time.Time) error) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer root.Close()
	files, total := 0, int64(0)
	var dirs []string
	err = filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if files, total = files+1, total+info.Size(); files > maxFiles || total > maxTree {
			return fault.New(fault.Unsupported, "", "the source tree holds more than %d files or %d bytes", maxFiles, int64(maxTree))
		}
		if d.IsDir() {
			dirs = append(dirs, rel)
		}
		return entry(root, rel, filepath.Join(to, rel), info, epoch)
	})
	if err != nil {
		return err
	}
	for _, rel := range dirs { // last: filling a folder changes its time
		if err := os.Chtimes(filepath.Join(to, rel), epoch, epoch); err != nil {
			return err
		}
	}
	return nil
}

func copyEntry(root *os.Root, rel, to string, info fs.FileInfo, epoch time.Time) error {
	switch {
	case info.IsDir():
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		return os.Chmod(to, 0o755)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := insideLink(root, rel)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case !info.Mode().IsRegular():
		return special(rel)
	}
	return copyFile(root, rel, to, info, epoch)
}

// insideLink is where a link points, which must be inside of the tree.
func insideLink(root *os.Root, rel string) (string, error) {
	target, err := root.Readlink(rel)
	if err != nil {
		return "", err
	}
	if reason := archive.CheckLink(filepath.ToSlash(rel), target); reason != "" {
		return "", fault.New(fault.Integrity, "", "the source tree: %s: %s", rel, reason)
	}
	return target, nil
}

func special(rel string) error {
	return fault.New(fault.Integrity, "", "the source tree holds a special file: %s", rel)
}

// tidyEntry is copyEntry of what lies there already.
func tidyEntry(root *os.Root, rel, file string, info fs.FileInfo, epoch time.Time) error {
	switch {
	case info.IsDir():
		return withMode(file, info, 0o755)
	case info.Mode()&fs.ModeSymlink != 0:
		_, err := insideLink(root, rel)
		return err
	case !info.Mode().IsRegular():
		return special(rel)
	}
	if err := withMode(file, info, modeOf(info)); err != nil || !info.ModTime().After(epoch) {
		return err
	}
	return os.Chtimes(file, epoch, epoch)
}

func withMode(file string, info fs.FileInfo, mode fs.FileMode) error {
	if info.Mode()&^fs.ModeDir == mode {
		return nil
	}
	return os.Chmod(file, mode)
}

// modeOf is the mode that a file has in a room.
func modeOf(info fs.FileInfo) fs.FileMode {
	if info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

func copyFile(root *os.Root, rel, to string, info fs.FileInfo, epoch time.Time) (err error) {
	in, err := root.Open(rel)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := writeFrom(to, in, modeOf(info)); err != nil {
		return err
	}
	at := info.ModTime()
	if at.After(epoch) {
		at = epoch
	}
	return os.Chtimes(to, at, at)
}

// writeFrom writes a new file of exactly that mode.
func writeFrom(name string, in io.Reader, mode fs.FileMode) error {
	out, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(name, mode)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func local(name string) bool { return filepath.IsLocal(name) && !strings.ContainsAny(name, `/\`) }
