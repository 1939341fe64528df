package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"snug/internal/elf"
	"snug/internal/generation"
)

// maxInMemory bounds a native file that can only be read from start to end, as
// those of an image's layers.
const maxInMemory = 256 << 20

// formats are the first bytes of files of machine code.
func formatOf(head []byte) string {
	switch {
	case elf.Is(head):
		return "elf"
	case bytes.HasPrefix(head, []byte("MZ")):
		return "pe"
	}
	for _, magic := range []string{"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe", "\xfe\xed\xfa\xcf", "\xfe\xed\xfa\xce"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return "macho"
		}
	}
	return ""
}

// isText tells the files that are not looked into for machine code, by their names.
func isText(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".py", ".pyi", ".pyx", ".pxd", ".pyc", ".txt", ".md", ".rst", ".json", ".toml", ".h", ".hpp", ".c", ".cpp", ".html", ".css", ".js",
		".mo", ".po", ".typed", ".csv", ".xml", ".svg", ".png", ".f90", ".npy", ".npz", ".gz", ".pth", ".tcl", ".msg":
		return true
	}
	return false
}

// natives lists the files of machine code.
func (r *reading) natives() error {
	for _, f := range r.files {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if f.Link != "" || f.Size < 64 || isText(f.Path) {
			continue
		}
		if err := r.native(f); err != nil {
			r.note("%s: %v", f.Path, err)
		}
	}
	r.facts.Natives = bounded(r.tree, "native files", r.facts.Natives)
	return nil
}

func (r *reading) native(f generation.File) error {
	file, err := r.fsys.Open(f.Path)
	if err != nil {
		return err
	}
	return errors.Join(r.nativeFile(f, file), file.Close())
}

func (r *reading) nativeFile(f generation.File, file fs.File) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(file, head); err != nil {
		return err
	}
	n := Native{Path: f.Path, Format: formatOf(head), SHA256: f.SHA256, Size: f.Size}
	if n.Format == "" {
		return nil
	}
	at, err := readerAt(file, head)
	if err != nil {
		return err
	}
	if n.Format == "elf" {
		err = n.readELF(at)
	}
	r.facts.Natives = append(r.facts.Natives, n)
	return err
}

// readerAt gives a file whose first bytes were read already to be read at any place.
func readerAt(file fs.File, head []byte) (io.ReaderAt, error) {
	if at, ok := file.(io.ReaderAt); ok {
		return at, nil
	}
	data, err := io.ReadAll(io.LimitReader(io.MultiReader(bytes.NewReader(head), file), maxInMemory+1))
	if err == nil && len(data) > maxInMemory {
		err = fmt.Errorf("larger than %d bytes", maxInMemory)
	}
	return bytes.NewReader(data), err
}

func (n *Native) readELF(r io.ReaderAt) error {
	f, ok, err := elf.Open(r)
	if err != nil || !ok {
		return err // of 32 bits, or big-endian: for no target
	}
	d, err := f.Dynamic()
	if err != nil {
		return err
	}
	_, starts := f.Segment(elf.SegmentInterp)
	n.SoName, n.Needed, n.Program = cut(d.SoName, 1000), d.Needed, starts || f.Kind == elf.Executable
	if len(n.Needed) > maxPaths*10 {
		n.Needed = n.Needed[:maxPaths*10]
	}
	return nil
}
