package repro

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/elf"
)

// unpack writes every file below temp, under a number: ELF files side by side in one folder, so that
// strip can be given that and nothing else.
func (w *work) unpack(ctx context.Context) error {
	for _, dir := range []string{"elf", "other"} {
		if err := os.Mkdir(filepath.Join(w.temp, dir), 0o755); err != nil {
			return err
		}
	}
	for i, f := range w.zip.Files() {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch f.Name {
		case w.distInfo + "/RECORD":
			continue
		case w.distInfo + "/RECORD.jws", w.distInfo + "/RECORD.p7s":
			w.note(f.Name + " was left out: it signs the RECORD that was")
			continue
		}
		if f.Dir {
			continue
		}
		if err := w.extract(i, f); err != nil {
			return named(w.file, err)
		}
	}
	slices.SortFunc(w.entries, func(a, b *entry) int { return strings.Compare(a.name, b.name) })
	return nil
}

// headSize is how much of a file is looked at to know its kind.
const headSize = 4

func (w *work) extract(i int, f archive.ZipFile) error {
	r, err := w.zip.Open(i)
	if err != nil {
		return err
	}
	defer r.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	e := &entry{name: f.Name, elf: elf.Is(head[:n])}
	e.run = e.elf || bytes.HasPrefix(head[:n], []byte("#!")) || strings.HasPrefix(f.Name, w.data+"/scripts/")
	dir := "other"
	if e.elf {
		dir = "elf"
	}
	e.path = filepath.Join(w.temp, dir, fmt.Sprintf("%06d-%s", i, plain(path.Base(f.Name))))
	h := sha256.New()
	if e.size, err = create(e.path, io.TeeReader(io.MultiReader(bytes.NewReader(head[:n]), r), h)); err != nil {
		return err
	}
	e.sum = digest.SHA256(h.Sum(nil))
	w.entries = append(w.entries, e)
	return nil
}

// plain keeps of a file's name what a command line and a log can hold.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), 100)]
}

func create(name string, content io.Reader) (int64, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(f, content)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return size, err
}

// openRegular opens a file that others could have replaced, with a flag of os.OpenFile, bounded by
// what an archive may hold.
func openRegular(name string, flag int) (*os.File, int64, error) {
	before, err := os.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !before.Mode().IsRegular() || before.Size() > archive.DefaultLimits().Entry {
		return nil, 0, fmt.Errorf("%s is no plain file any more", filepath.Base(name))
	}
	f, err := os.OpenFile(name, flag, 0)
	if err != nil {
		return nil, 0, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(before, now) {
		err = fmt.Errorf("%s was replaced while it was read", filepath.Base(name))
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, before.Size(), nil
}
