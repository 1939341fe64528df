// Package elftest writes small ELF files, so that tests need no compiler. They are whole for a
// loader's reading (segments) and for a debugger's (sections and symbols); nothing in them runs.
package elftest

import (
	"encoding/binary"
	"slices"
)

// Func is a function: its code is filed under its name.
type Func struct{ Name, Code string }

// Library says what a file holds. The zero value is a shared library for x86-64 that needs nothing.
type Library struct {
	Kind     uint16 // 3 when zero
	Machine  uint16 // 62 when zero
	Needed   []string
	SoName   string
	RunPath  string
	Versions map[string][]string // of which library
	Now      bool                // bound at start
	RELRO    bool
	Stack    uint32 // flags of the stack's segment; 0: 6, no execution
	Interp   bool
	Imports  []string // undefined dynamic symbols
	Funcs    []Func   // in .text, exported
	Hidden   []Func   // in .text, in .symtab only
	Comment  string   // .comment
	Data     string   // .rodata
	Features uint32   // of the processor, all code uses them (.note.gnu.property)
	BuildID  string   // .note.gnu.build-id
	Frames   bool     // with a table for unwinding, of all functions
	Stripped bool     // without .symtab: Hidden functions have code, and no name
	Static   bool     // without dynamic segment
	SysV     bool     // symbols are looked up by DT_HASH, not by GNU's table
}

type section struct {
	name             string
	kind, link, info uint32
	flags, entry     uint64
	data             []byte
	at               uint64
}

const base = 0x1000 // file offsets equal addresses from here on, in one segment

// Bytes is the file.
func (l Library) Bytes() []byte {
	b := &builder{lib: l, strings: []byte{0}}
	b.sections = []*section{{}}
	b.at = base
	b.text()
	if !l.Static {
		b.dynamic()
	}
	if len(l.Hidden) > 0 && !l.Stripped {
		b.table()
	}
	if l.Features != 0 {
		b.property()
	}
	if l.BuildID != "" {
		b.add(&section{name: ".note.gnu.build-id", kind: 7, flags: 2, data: []byte(l.BuildID)})
	}
	if l.Comment != "" {
		b.add(&section{name: ".comment", kind: 1, data: []byte(l.Comment)})
	}
	return b.file()
}

// String is the file as a text.
func (l Library) String() string { return string(l.Bytes()) }

type builder struct {
	lib                    Library
	at                     uint64
	sections               []*section
	strings                []byte // of the dynamic segment
	places                 map[string]uint64
	dynamicAt, dynamicTo   uint64
	framesAt, framesTo     uint64
	propertyAt, propertyTo uint64
}

func (b *builder) add(s *section) int {
	b.at = (b.at + 15) &^ 15
	s.at = b.at
	b.at += uint64(len(s.data))
	b.sections = append(b.sections, s)
	return len(b.sections) - 1
}

func (b *builder) name(text string) uint64 {
	at := uint64(len(b.strings))
	b.strings = append(append(b.strings, text...), 0)
	return at
}

// text lays out the code, its symbols and the constants.
func (b *builder) text() {
	b.places = map[string]uint64{}
	var code []byte
	for _, f := range slices.Concat(b.lib.Funcs, b.lib.Hidden) {
		b.places[f.Name] = uint64(len(code))
		code = append(code, f.Code...)
	}
	index := b.add(&section{name: ".text", kind: 1, flags: 6, data: code})
	start := b.sections[index].at
	for name := range b.places {
		b.places[name] += start
	}
	b.add(&section{name: ".rodata", kind: 1, flags: 2, data: []byte(b.lib.Data)})
	if b.lib.Frames {
		b.frames(start)
	}
}

// frames lays out .eh_frame, of which only the functions' places are true, and its index.
func (b *builder) frames(start uint64) {
	le := binary.LittleEndian
	funcs := slices.Concat(b.lib.Funcs, b.lib.Hidden)
	frames := b.sections[b.add(&section{name: ".eh_frame", kind: 1, flags: 2, data: make([]byte, 16*len(funcs))})]
	index := b.sections[b.add(&section{name: ".eh_frame_hdr", kind: 1, flags: 2, data: make([]byte, 12+8*len(funcs))})]
	copy(index.data, []byte{1, 0x1b, 3, 0x3b})
	le.PutUint32(index.data[8:], uint32(len(funcs)))
	for i, f := range funcs {
		fde, line := frames.data[16*i:], index.data[12+8*i:]
		at := frames.at + uint64(16*i)
		le.PutUint32(fde, 12)
		le.PutUint32(fde[8:], uint32(start-at-8))
		le.PutUint32(fde[12:], uint32(len(f.Code)))
		le.PutUint32(line, uint32(start-index.at))
		le.PutUint32(line[4:], uint32(at-index.at))
		start += uint64(len(f.Code))
	}
	b.framesAt, b.framesTo = index.at, index.at+uint64(len(index.data))
}

// table lays out the symbols for debuggers.
func (b *builder) table() {
	names := []byte{0}
	symbols := make([]byte, 24)
	for _, f := range slices.Concat(b.lib.Funcs, b.lib.Hidden) {
		symbols = append(symbols, symbol(uint32(len(names)), 0x12, 1, b.places[f.Name], uint64(len(f.Code)))...)
		names = append(append(names, f.Name...), 0)
	}
	table := b.add(&section{name: ".strtab", kind: 3, data: names})
	b.add(&section{name: ".symtab", kind: 2, link: uint32(table), info: 1, entry: 24, data: symbols})
}

// property lays out the note of features (x86-64 psABI, "Program Property").
func (b *builder) property() {
	le := binary.LittleEndian
	var data []byte
	for _, n := range []uint32{4, 16, 5, 0x554e47, 0xc0000002, 4, b.lib.Features, 0} {
		data = le.AppendUint32(data, n)
	}
	s := b.sections[b.add(&section{name: ".note.gnu.property", kind: 7, flags: 2, data: data})]
	b.propertyAt, b.propertyTo = s.at, s.at+uint64(len(data))
}

func symbol(name uint32, info byte, section uint16, value, size uint64) []byte {
	le := binary.LittleEndian
	s := append(le.AppendUint32(nil, name), info, 0)
	s = le.AppendUint16(s, section)
	return le.AppendUint64(le.AppendUint64(s, value), size)
}

// dynamic lays out what the loader reads.
func (b *builder) dynamic() {
	l := b.lib
	var entries []uint64
	for _, n := range l.Needed {
		entries = append(entries, 1, b.name(n))
	}
	if l.SoName != "" {
		entries = append(entries, 14, b.name(l.SoName))
	}
	if l.RunPath != "" {
		entries = append(entries, 29, b.name(l.RunPath))
	}
	if l.Now {
		entries = append(entries, 30, 8)
	}
	needs := b.needs()
	symbols := make([]byte, 24)
	for _, n := range l.Imports {
		symbols = append(symbols, symbol(uint32(b.name(n)), 0x12, 0, 0, 0)...)
	}
	for _, f := range l.Funcs {
		symbols = append(symbols, symbol(uint32(b.name(f.Name)), 0x12, 1, b.places[f.Name], uint64(len(f.Code)))...)
	}
	table := b.add(&section{name: ".dynstr", kind: 3, flags: 2, data: b.strings})
	strings := b.sections[table]
	dynsym := b.sections[b.add(&section{name: ".dynsym", kind: 11, link: uint32(table), info: 1, entry: 24, flags: 2, data: symbols})]
	if len(needs) > 0 {
		v := b.sections[b.add(&section{name: ".gnu.version_r", kind: 0x6ffffffe, link: uint32(table), info: uint32(len(l.Versions)), flags: 2, data: needs})]
		entries = append(entries, 0x6ffffffe, v.at, 0x6fffffff, uint64(len(l.Versions)))
	}
	hash, tag := b.hash(len(symbols) / 24)
	entries = append(entries, tag, b.sections[b.add(hash)].at)
	entries = append(entries, 5, strings.at, 10, uint64(len(strings.data)), 6, dynsym.at, 11, 24, 0, 0)
	var data []byte
	for _, e := range entries {
		data = binary.LittleEndian.AppendUint64(data, e)
	}
	d := b.sections[b.add(&section{name: ".dynamic", kind: 6, link: uint32(table), entry: 16, flags: 3, data: data})]
	b.dynamicAt, b.dynamicTo = d.at, d.at+uint64(len(data))
}

// hash is the table by which symbols are looked up, with one chain for all.
func (b *builder) hash(symbols int) (s *section, tag uint64) {
	le := binary.LittleEndian
	if b.lib.SysV {
		data := le.AppendUint32(le.AppendUint32(nil, 1), uint32(symbols))
		return &section{name: ".hash", kind: 5, flags: 2, data: append(data, make([]byte, 4*(1+symbols))...)}, 4
	}
	first, bucket := uint32(1), uint32(0) // as GNU's linker writes it for a file that offers nothing
	if len(b.lib.Funcs) > 0 {
		first = uint32(symbols - len(b.lib.Funcs))
		bucket = first
	}
	data := le.AppendUint32(le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 1), first), 1), 0)
	data = le.AppendUint32(le.AppendUint64(data, 1<<63), bucket)
	for i := range b.lib.Funcs {
		hash := uint32(8)
		if i == len(b.lib.Funcs)-1 {
			hash |= 1
		}
		data = le.AppendUint32(data, hash)
	}
	return &section{name: ".gnu.hash", kind: 0x6ffffff6, flags: 2, data: data}, 0x6ffffef5
}

// needs is the table of needed versions.
func (b *builder) needs() (out []byte) {
	le := binary.LittleEndian
	var libraries []string
	for library := range b.lib.Versions {
		libraries = append(libraries, library)
	}
	slices.Sort(libraries)
	for i, library := range libraries {
		versions := b.lib.Versions[library]
		next := uint32(16 + 16*len(versions))
		if i == len(libraries)-1 {
			next = 0
		}
		out = le.AppendUint16(le.AppendUint16(out, 1), uint16(len(versions)))
		out = le.AppendUint32(le.AppendUint32(le.AppendUint32(out, uint32(b.name(library))), 16), next)
		for j, v := range versions {
			more := uint32(16)
			if j == len(versions)-1 {
				more = 0
			}
			out = le.AppendUint64(out, 0)
			out = le.AppendUint32(le.AppendUint32(out, uint32(b.name(v))), more)
		}
	}
	return out
}

// file puts header, segments, content and sections one behind the other.
func (b *builder) file() []byte {
	names := []byte{0}
	var offsets []uint32
	for _, s := range b.sections {
		offsets = append(offsets, uint32(len(names)))
		names = append(append(names, s.name...), 0)
	}
	offsets = append(offsets, uint32(len(names)))
	names = append(names, ".shstrtab\x00"...)
	b.add(&section{name: ".shstrtab", kind: 3, data: names})
	segments := b.segments()
	table := (b.at + 15) &^ 15
	le := binary.LittleEndian
	out := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	out = le.AppendUint16(le.AppendUint16(out, or(b.lib.Kind, 3)), or(b.lib.Machine, 62))
	out = le.AppendUint32(out, 1)
	out = le.AppendUint64(le.AppendUint64(le.AppendUint64(out, 0), 64), table)
	out = le.AppendUint32(out, 0)
	for _, n := range []int{64, 56, len(segments) / 56, 64, len(b.sections), len(b.sections) - 1} {
		out = le.AppendUint16(out, uint16(n))
	}
	out = append(out, segments...)
	for _, s := range b.sections[1:] {
		out = append(out, make([]byte, int(s.at)-len(out))...)
		out = append(out, s.data...)
	}
	out = append(out, make([]byte, int(table)-len(out))...)
	for i, s := range b.sections {
		out = le.AppendUint32(le.AppendUint32(out, offsets[i]), s.kind)
		address := s.at
		if s.flags&2 == 0 {
			address = 0
		}
		out = le.AppendUint64(le.AppendUint64(out, s.flags), address)
		out = le.AppendUint64(le.AppendUint64(out, s.at), uint64(len(s.data)))
		out = le.AppendUint32(le.AppendUint32(out, s.link), s.info)
		out = le.AppendUint64(le.AppendUint64(out, 16), s.entry)
	}
	return out
}

func (b *builder) segments() (out []byte) {
	le := binary.LittleEndian
	add := func(kind, flags uint32, at, size uint64) {
		out = le.AppendUint32(le.AppendUint32(out, kind), flags)
		for _, n := range []uint64{at, at, at, size, size, 16} {
			out = le.AppendUint64(out, n)
		}
	}
	add(1, 5, base, b.at-base)
	if b.dynamicTo > 0 {
		add(2, 6, b.dynamicAt, b.dynamicTo-b.dynamicAt)
	}
	if b.framesTo > 0 {
		add(0x6474e550, 4, b.framesAt, b.framesTo-b.framesAt)
	}
	if b.propertyTo > 0 {
		add(0x6474e553, 4, b.propertyAt, b.propertyTo-b.propertyAt)
	}
	if b.lib.Interp {
		add(3, 4, base, 0)
	}
	add(0x6474e551, or(b.lib.Stack, 6), 0, 0)
	if b.lib.RELRO {
		add(0x6474e552, 4, b.dynamicAt, 16)
	}
	return out
}

func or[N uint16 | uint32](n, fallback N) N {
	if n == 0 {
		return fallback
	}
	return n
}
