// Package elf reads ELF files that somebody else made: what the loader will ask of the system, what
// the sections hold, and which symbols there are. It knows 64-bit little-endian files, as on every
// target; it judges nothing and changes nothing.
//
// The one hard idea: what counts is what the loader sees. Needs, versions and search paths come from
// the segments, never from the section table, which may say something else or be gone. Every table
// is bounded before it is read, so that a hostile file costs no more than an honest one.
package elf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// The bounds of what is read.
const (
	maxSegments = 1000
	maxSections = 10_000
	maxDynamic  = 4 << 20 // bytes of the dynamic segment
	maxText     = 4096    // bytes of one string of the dynamic segment
	maxVersions = 10_000
	maxNeeded   = 10_000
	maxFolders  = 1000
	maxTable    = 128 << 20 // bytes of a table of symbols or of their names
)

// The sizes of the structures (gABI 4.1, chapters 4 and 5).
const (
	sizeHead    = 64
	sizeSegment = 56
	sizeSection = 64
	sizeSymbol  = 24
)

// ErrDamaged is that a file contradicts itself, is cut off, or goes over a bound.
var ErrDamaged = errors.New("a damaged ELF file")

// Kind is what a file is for.
type Kind uint16

// The kinds that are told apart.
const (
	Relocatable Kind = 1 // for the linker
	Executable  Kind = 2 // at a fixed address
	Shared      Kind = 3 // a library, or an executable that may lie anywhere
)

// Machine is the processor that a file is for.
type Machine uint16

// The machines of the targets.
const (
	X86_64  Machine = 62
	AArch64 Machine = 183
)

// The segments that readers ask for.
const (
	SegmentLoad    = 1
	SegmentDynamic = 2
	SegmentInterp  = 3
	SegmentEHFrame = 0x6474e550
	SegmentStack   = 0x6474e551
	SegmentRELRO   = 0x6474e552
	SegmentFeature = 0x6474e553
)

// The flags of a segment.
const (
	FlagExecute = 1
	FlagWrite   = 2
)

// Segment is a line of the program header table.
type Segment struct {
	Kind, Flags           uint32
	Offset, Address, Size uint64 // Size is that in the file
}

// File is an opened ELF file. It is safe for concurrent use when its io.ReaderAt is.
type File struct {
	Kind    Kind
	Machine Machine

	r        io.ReaderAt
	segments []Segment
	loads    []Segment // those that are loaded, joined where they lie side by side
	head     []byte
}

// Is tells an ELF file of any kind by its first bytes.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte("\x7fELF")) }

// Open reads the header and the segments. ok is false for what is no ELF file of 64 bits,
// little-endian; the error is ErrDamaged.
func Open(r io.ReaderAt) (f *File, ok bool, err error) {
	head, err := read(r, 0, sizeHead, sizeHead)
	if err != nil || !bytes.HasPrefix(head, []byte("\x7fELF\x02\x01")) {
		return nil, false, nil // too short, or something else
	}
	le := binary.LittleEndian
	f = &File{Kind: Kind(le.Uint16(head[16:])), Machine: Machine(le.Uint16(head[18:])), r: r, head: head}
	at, size, count := le.Uint64(head[32:]), le.Uint16(head[54:]), uint64(le.Uint16(head[56:]))
	if count == 0 {
		return f, true, nil
	}
	if size != sizeSegment || count > maxSegments {
		return nil, true, ErrDamaged
	}
	table, err := read(r, at, count*sizeSegment, maxSegments*sizeSegment)
	if err != nil {
		return nil, true, err
	}
	for ; len(table) > 0; table = table[sizeSegment:] {
		f.segments = append(f.segments, Segment{
			Kind: le.Uint32(table), Flags: le.Uint32(table[4:]),
			Offset: le.Uint64(table[8:]), Address: le.Uint64(table[16:]), Size: le.Uint64(table[32:]),
		})
	}
	f.join()
	return f, true, nil
}

// join makes one of loaded segments that follow one another in the file and in memory: tools that
// rewrite files let tables run from one into the next.
func (f *File) join() {
	for _, s := range f.segments {
		if s.Kind != SegmentLoad {
			continue
		}
		if n := len(f.loads) - 1; n >= 0 && f.loads[n].Address+f.loads[n].Size == s.Address && f.loads[n].Offset+f.loads[n].Size == s.Offset {
			f.loads[n].Size += s.Size
			continue
		}
		f.loads = append(f.loads, s)
	}
}

// Segments lists the segments in the order of the file. The caller must not change it.
func (f *File) Segments() []Segment { return f.segments }

// Segment is the first segment of a kind.
func (f *File) Segment(kind uint32) (Segment, bool) {
	for _, s := range f.segments {
		if s.Kind == kind {
			return s, true
		}
	}
	return Segment{}, false
}

// offset is where in the file an address lies, as the loader maps it.
func (f *File) offset(address uint64) (at, left uint64, err error) {
	for _, s := range f.loads {
		if address >= s.Address && address-s.Address < s.Size {
			into := address - s.Address
			return s.Offset + into, s.Size - into, nil
		}
	}
	return 0, 0, ErrDamaged
}

// ReadAddress fills p with what lies at an address in the file.
func (f *File) ReadAddress(p []byte, address uint64) error {
	at, left, err := f.offset(address)
	if err != nil || left < uint64(len(p)) || at > 1<<62 {
		return ErrDamaged
	}
	return readFull(f.r, p, at)
}

// read gives size bytes, at most max.
func read(r io.ReaderAt, at, size, max uint64) ([]byte, error) {
	if size > max || at > 1<<62 {
		return nil, ErrDamaged
	}
	var part bytes.Buffer // grows with what is really there
	n, err := io.Copy(&part, io.NewSectionReader(r, int64(at), int64(size)))
	if err != nil || uint64(n) != size {
		return nil, ErrDamaged
	}
	return part.Bytes(), nil
}

func readFull(r io.ReaderAt, p []byte, at uint64) error {
	if n, _ := r.ReadAt(p, int64(at)); n != len(p) {
		return ErrDamaged
	}
	return nil
}
