package wheel

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/generation"
	"snug/internal/pep508"
)

// worthSharing is from how many bytes on another processor is asked to help, and
// an entry is started before its turn.
const worthSharing = 1 << 20

// copyBuffer is what is handed on at once: the window of the format.
const copyBuffer = 32 << 10

// unpacking is the entries of a wheel in the order in which they are started.
type unpacking struct {
	*install
	order []int // of the zip's files
	next  atomic.Int64
	left  atomic.Int64 // bytes that nobody has started with
}

// unpack writes every entry but those that are made anew, by the installer or
// by Python. Processors that have nothing else to do help with a large wheel.
func (in *install) unpack() error {
	u := &unpacking{install: in}
	files := in.zip.Files()
	for i, f := range files {
		if !f.Dir && !in.remade(f.Name) && !cached(f.Name) {
			u.order = append(u.order, i)
			u.left.Add(f.Size)
		}
	}
	// A large entry that came last would keep one processor at work alone.
	slices.SortStableFunc(u.order, func(a, b int) int { return cmp.Compare(files[b].Size/worthSharing, files[a].Size/worthSharing) })
	in.notes = make([]string, len(files))
	g, ctx := errgroup.WithContext(context.Background())
	g.Go(func() error { return u.work(ctx, g) })
	err := g.Wait()
	in.info.Notes = append(in.info.Notes, slices.DeleteFunc(in.notes, func(note string) bool { return note == "" })...)
	return err
}

// work takes entries until there are none, and where it may, lets others help.
func (u *unpacking) work(ctx context.Context, helpers *errgroup.Group) error {
	buffer := make([]byte, copyBuffer)
	for ctx.Err() == nil {
		n := int(u.next.Add(1)) - 1
		if n >= len(u.order) {
			return nil
		}
		i := u.order[n]
		f := u.zip.Files()[i]
		if left := u.left.Add(-f.Size); helpers != nil && u.opt.Spare != nil && left >= worthSharing {
			u.help(ctx, helpers)
		}
		if err := u.one(i, f, buffer); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func (u *unpacking) help(ctx context.Context, helpers *errgroup.Group) {
	release, ok := u.opt.Spare()
	if !ok {
		return
	}
	helpers.Go(func() error {
		defer release()
		return u.work(ctx, nil)
	})
}

func (in *install) one(i int, f archive.ZipFile, buffer []byte) error {
	dest, scheme, err := in.place(f.Name)
	if err != nil {
		return err
	}
	if scheme == "scripts" && f.Size <= maxScript {
		return in.script(i, f, dest)
	}
	if scheme == "scripts" {
		f.Mode = 0o755
	}
	return in.copy(i, f, dest, buffer)
}

// remade are the files that the installer writes itself, and signatures of the
// RECORD that no longer holds.
func (in *install) remade(name string) bool {
	base, ok := strings.CutPrefix(name, in.distInfo+"/")
	if !ok {
		return false
	}
	switch base {
	case "RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json":
		return true
	}
	return false
}

// cached is bytecode beside its source: it names the machine that made it and
// no longer fits the source's new time, so the runtime's own stands there.
func cached(name string) bool {
	return strings.HasSuffix(name, ".pyc") && path.Base(path.Dir(name)) == "__pycache__"
}

// copy streams one entry to dest and holds it to RECORD.
func (in *install) copy(i int, f archive.ZipFile, dest string, buffer []byte) error {
	r, err := in.zip.Open(i)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := in.create(dest, f.Mode)
	if err != nil {
		return err
	}
	h := sha256.New()
	size, err := io.CopyBuffer(io.MultiWriter(w, h), r, buffer)
	sum := digest.SHA256(h.Sum(nil))
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = in.verify(i, f.Name, sum)
	}
	in.add(dest, f.Mode, sum, size)
	return err
}

// write puts data that snug made or rewrote.
func (in *install) write(dest string, mode fs.FileMode, data []byte) error {
	w, err := in.create(dest, mode)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	in.add(dest, mode, digest.Of(data), int64(len(data)))
	return nil
}

func (in *install) create(dest string, mode fs.FileMode) (*os.File, error) {
	if !filepath.IsLocal(filepath.FromSlash(dest)) || path.Clean(dest) != dest {
		return nil, in.broken("%q leaves the runtime", dest)
	}
	full := filepath.Join(in.dir, filepath.FromSlash(dest))
	if err := in.folder(filepath.Dir(full)); err != nil {
		return nil, err
	}
	w, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode.Perm()&^0o222) // the store's are read-only
	if errors.Is(err, fs.ErrExist) {
		return nil, in.broken("two of its files install to %s", dest)
	}
	return w, err
}

// folder makes a folder where it was not made yet.
func (in *install) folder(dir string) error {
	in.mu.Lock()
	made := in.made[dir]
	in.mu.Unlock()
	if made {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { // another one may do the same
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.made[dir] = true
	return nil
}

func (in *install) add(dest string, mode fs.FileMode, sum digest.SHA256, size int64) {
	text := "0644"
	if mode&0o111 != 0 {
		text = "0755"
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.done[dest] = true
	in.files = append(in.files, generation.File{Path: dest, Mode: text, SHA256: sum.String(), Size: size, Owner: pep508.NormalizeName(in.name.Name)})
}
