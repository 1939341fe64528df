package inventory

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"snug/internal/component"
	"snug/internal/elf"
	"snug/internal/generation"
)

// maxInMemory bounds a native file that can only be read from start to end, as
// those of an image's layers.
const maxInMemory = 256 << 20

// maxNeeded bounds the libraries that one file names.
const maxNeeded = 200

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

// natives lists the files of machine code, and the libraries in them.
func (r *reading) natives() error {
	detector := detecting()
	for _, f := range r.files {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if f.Link != "" || f.Size < 64 || isText(f.Path) {
			continue
		}
		if err := r.native(f, detector); err != nil {
			r.note("%s: %v", f.Path, err)
		}
	}
	r.facts.Natives = bounded(r.tree, "native files", r.facts.Natives)
	return nil
}

func (r *reading) native(f generation.File, detector func() *detector) error {
	file, err := r.fsys.Open(f.Path)
	if err != nil {
		return err
	}
	return errors.Join(r.nativeFile(f, file, detector), file.Close())
}

func (r *reading) nativeFile(f generation.File, file fs.File, detector func() *detector) error {
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
	spans := []span{{0, f.Size}}
	if n.Format == "elf" {
		spans, err = n.readELF(at, f.Size)
	}
	r.facts.Natives = append(r.facts.Natives, n)
	r.audited(f.Path, at)
	inside, scanErr := detector().file(n, r.facts.Package.Name, isBundled(f.Path), at, spans)
	for _, l := range inside {
		c := l.component()
		c.Paths = []string{f.Path}
		if l.named {
			c.SHA256 = f.SHA256
		}
		r.add(part{c, l.named && l.version == ""})
	}
	return errors.Join(err, scanErr)
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

// readELF fills in what the loader sees, and tells where constant data lies: versions
// stand there. A file without a section table is looked through as a whole.
func (n *Native) readELF(r io.ReaderAt, size int64) ([]span, error) {
	whole := []span{{0, size}}
	f, ok, err := elf.Open(r)
	if err != nil || !ok {
		return whole, err // not ok: of 32 bits, or big-endian
	}
	d, err := f.Dynamic()
	if err != nil {
		return whole, err
	}
	_, starts := f.Segment(elf.SegmentInterp)
	n.SoName, n.Needed, n.Program = cut(d.SoName, 1000), d.Needed, starts || f.Kind == elf.Executable
	n.Needed = n.Needed[:min(len(n.Needed), maxNeeded)]
	sections, err := f.Sections()
	if err != nil || len(sections) == 0 {
		return whole, err
	}
	var data []span
	for _, s := range sections {
		if holdsData(s) && s.Offset < uint64(size) {
			data = append(data, span{int64(s.Offset), int64(min(s.Size, uint64(size)-s.Offset))})
		}
	}
	return data, nil
}

// holdsData tells the sections that constants lie in: loaded, not code, and no table
// of the linker's.
func holdsData(s elf.Section) bool {
	const programBits, executable = 1, 4
	return s.Kind == programBits && s.Flags&elf.FlagAllocated != 0 && s.Flags&executable == 0 &&
		!strings.HasPrefix(s.Name, ".eh_frame") && s.Name != ".gcc_except_table"
}

// The bounds of what cargo auditable puts into a program: a section with the list of
// its crates, as compressed JSON.
const (
	auditSection = ".dep-v0"
	maxAudit     = 16 << 20
)

// audited reads that section, where an ELF file has it.
func (r *reading) audited(name string, at io.ReaderAt) {
	f, ok, err := elf.Open(at)
	if !ok || err != nil {
		return // noted already
	}
	sections, err := f.Sections()
	if err != nil {
		return // noted already
	}
	for _, s := range sections {
		if s.Name != auditSection {
			continue
		}
		list, err := readAudit(f, s)
		if err != nil {
			r.note("%s: %s: %v", name, auditSection, err)
		}
		for _, c := range list {
			c.Paths = []string{name}
			r.add(part{Component: c})
		}
	}
}

func readAudit(f *elf.File, s elf.Section) ([]component.Component, error) {
	content, err := f.Content(s)
	if err != nil {
		return nil, err
	}
	z, err := zlib.NewReader(content)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, maxAudit))
	if err != nil {
		return nil, err
	}
	var list struct {
		Packages []struct {
			Name, Version, Kind string
			Root                bool
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	if len(list.Packages) > maxComponents {
		return nil, errTooMany
	}
	var out []component.Component
	for _, p := range list.Packages {
		if !p.Root && p.Kind != "build" {
			out = append(out, crate(cut(p.Name, maxField), cut(p.Version, maxField), howCargo))
		}
	}
	return out, nil
}
