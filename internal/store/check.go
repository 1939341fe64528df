package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
)

// ErrChanged is in the chain of the error for a tree that is not as it entered.
var ErrChanged = errors.New("was changed")

// Check compares the tree with its plan: a file whose size or time moved since
// it entered is hashed again, and one that became a program, or is none any
// more, counts as changed (a hard link shares its mode). Read-only modes do not
// stop root, so no file is linked that was not looked at. A difference is
// ErrChanged and fault.Integrity.
func (t *Tree) Check() error {
	var at trail
	defer at.close()
	for i, f := range t.Files {
		folder, _ := path.Split(f.Path)
		dir, err := at.to(t.Dir, strings.TrimSuffix(folder, "/"))
		if err != nil {
			return t.Changed(f.Path, err)
		}
		if err := t.checkFile(dir, i); err != nil {
			return err
		}
	}
	return nil
}

// Hold is Check for file i, which lies in the open folder dir; once for each
// file and process.
func (t *Tree) Hold(dir *Dir, i int) error {
	if t.held[i].Load() {
		return nil
	}
	return t.checkFile(dir, i)
}

func (t *Tree) checkFile(dir *Dir, i int) error {
	f := t.Files[i]
	if err := compareFile(dir, f, t.moved[i]); err != nil {
		return t.Changed(f.Path, err)
	}
	t.held[i].Store(true)
	return nil
}

func compareFile(dir *Dir, f generation.File, entered int64) error {
	name := f.Path[strings.LastIndexByte(f.Path, '/')+1:]
	if f.Link != "" {
		to, err := os.Readlink(filepath.Join(dir.Path, name))
		if err == nil && to != f.Link {
			err = fmt.Errorf("points at %q", to)
		}
		return err
	}
	st, err := dir.lstat(name)
	switch {
	case err != nil:
		return err
	case runtime.GOOS != "windows" && (st.mode&0o111 != 0) != (f.Mode == "0755"):
		return fmt.Errorf("has mode %04o", st.mode.Perm())
	case st.mode.IsRegular() && st.size == f.Size && st.moved == entered:
		return nil
	}
	return rehash(filepath.Join(dir.Path, name), f)
}

// fileStat is what Check looks at.
type fileStat struct {
	mode  fs.FileMode
	size  int64
	moved int64 // time of change, nanoseconds
}

// Changed is the error for a path of the tree that is not as it entered.
func (t *Tree) Changed(path string, err error) error {
	return fault.New(fault.Integrity, "it is built again by the next snug build", "the store's %s/%s %w: %w", t.Key, path, ErrChanged, err)
}

func rehash(path string, f generation.File) error {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	sum, _, err := digest.OfReader(r)
	if err == nil && sum.String() != f.SHA256 {
		err = fmt.Errorf("has sha256 %s, entered with %s", sum, f.SHA256)
	}
	return err
}

// trail is the open folders from a root down to the one that was last asked
// for: sorted paths move on by a step or two.
type trail struct {
	open  []*Dir
	names []string // of each, relative to the root; the first is ""
}

func (t *trail) close() {
	for _, d := range t.open {
		d.Close()
	}
}

// to returns the folder below root, open until another one is asked for.
func (t *trail) to(root, folder string) (*Dir, error) {
	if len(t.open) == 0 {
		d, err := OpenDir(root)
		if err != nil {
			return nil, err
		}
		t.open, t.names = append(t.open, d), append(t.names, "")
	}
	for last := len(t.open) - 1; !within(folder, t.names[last]); last-- {
		t.open[last].Close()
		t.open, t.names = t.open[:last], t.names[:last]
	}
	for t.names[len(t.names)-1] != folder {
		above := t.names[len(t.names)-1]
		step, _, _ := strings.Cut(strings.TrimPrefix(folder[len(above):], "/"), "/")
		d, err := t.open[len(t.open)-1].Open(step)
		if err != nil {
			return nil, err
		}
		t.open, t.names = append(t.open, d), append(t.names, path.Join(above, step))
	}
	return t.open[len(t.open)-1], nil
}

func within(folder, above string) bool {
	return above == "" || folder == above || strings.HasPrefix(folder, above) && folder[len(above)] == '/'
}
