package elf

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

// The sections that are told apart.
const (
	sectionSymbols        = 2
	sectionDynamicSymbols = 11
	SectionEmpty          = 8 // takes no room in the file
)

// FlagAllocated marks a section that is loaded.
const FlagAllocated = 2

// Section is a line of the section header table. Name is cut after 4096 bytes.
type Section struct {
	Name                         string
	Kind                         uint32
	Flags, Address, Offset, Size uint64
	link                         uint32
}

// Symbol is a line of a symbol table. Section is 0 for one that is defined elsewhere.
type Symbol struct {
	Name          string
	Address, Size uint64
	Section       uint16
	Kind          byte // 1 data, 2 function, …
	Binding       byte // 0 local, 1 global, 2 weak
	Visibility    byte // 0 default, 2 hidden, …
}

// The kinds of a symbol that are told apart.
const (
	SymbolData     = 1
	SymbolFunction = 2
)

// Sections reads the section table. A file without one has none: loaders do not ask for it.
func (f *File) Sections() ([]Section, error) {
	le := binary.LittleEndian
	at, size, count, names := le.Uint64(f.head[40:]), le.Uint16(f.head[58:]), uint64(le.Uint16(f.head[60:])), int(le.Uint16(f.head[62:]))
	if count == 0 {
		return nil, nil
	}
	if size != sizeSection || count > maxSections {
		return nil, ErrDamaged
	}
	table, err := read(f.r, at, count*sizeSection, maxSections*sizeSection)
	if err != nil {
		return nil, err
	}
	sections, offsets := make([]Section, count), make([]uint32, count)
	for i := range sections {
		s := table[i*sizeSection:]
		offsets[i] = le.Uint32(s)
		sections[i] = Section{
			Kind: le.Uint32(s[4:]), Flags: le.Uint64(s[8:]), Address: le.Uint64(s[16:]),
			Offset: le.Uint64(s[24:]), Size: le.Uint64(s[32:]), link: le.Uint32(s[40:]),
		}
	}
	if names >= len(sections) {
		return nil, ErrDamaged
	}
	text := texts{f.r, sections[names].Offset, sections[names].Size}
	if text.at > 1<<62 || text.size > 1<<62 {
		return nil, ErrDamaged
	}
	for i := range sections {
		if sections[i].Kind == 0 {
			continue // the first, and others that are not in use
		}
		if sections[i].Name, err = text.text(uint64(offsets[i])); err != nil {
			return nil, err
		}
	}
	return sections, nil
}

// Content reads a section as it lies in the file; nothing where it takes no room there.
func (f *File) Content(s Section) (io.Reader, error) {
	switch {
	case s.Kind == SectionEmpty || s.Kind == 0:
		return bytes.NewReader(nil), nil
	case s.Offset > 1<<62 || s.Size > 1<<62:
		return nil, ErrDamaged
	}
	return io.NewSectionReader(f.r, int64(s.Offset), int64(s.Size)), nil
}

// Symbols reads the symbol table for debuggers; a file that was stripped has none.
func (f *File) Symbols() ([]Symbol, error) {
	sections, err := f.Sections()
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		if s.Kind != sectionSymbols {
			continue
		}
		if int(s.link) >= len(sections) {
			return nil, ErrDamaged
		}
		table, err := read(f.r, s.Offset, s.Size, maxTable)
		if err != nil {
			return nil, err
		}
		names, err := read(f.r, sections[s.link].Offset, sections[s.link].Size, maxTable)
		if err != nil {
			return nil, err
		}
		return symbols(table, string(names))
	}
	return nil, nil
}

// DynamicSymbols reads the symbols that the loader binds: what a file asks of others, and what it
// offers them.
func (f *File) DynamicSymbols() ([]Symbol, error) {
	entries, _, err := f.entries()
	if err != nil {
		return nil, err
	}
	address, ok := last(entries, tagSymbols)
	if !ok {
		return nil, nil
	}
	count, err := f.countSymbols(entries)
	if err != nil {
		return nil, err
	}
	at, left, err := f.offset(address)
	if err != nil || count > left/sizeSymbol {
		return nil, ErrDamaged
	}
	table, err := read(f.r, at, count*sizeSymbol, maxTable)
	if err != nil {
		return nil, err
	}
	texts, err := f.texts(entries)
	if err != nil {
		return nil, err
	}
	names, err := read(f.r, texts.at, texts.size, maxTable)
	if err != nil {
		return nil, err
	}
	return symbols(table, string(names))
}

// countSymbols asks the tables for looking symbols up: nothing else of what is loaded tells how many
// there are.
func (f *File) countSymbols(entries []dynamicEntry) (uint64, error) {
	le := binary.LittleEndian
	if address, ok := last(entries, tagHash); ok {
		var head [8]byte
		err := f.ReadAddress(head[:], address)
		return uint64(le.Uint32(head[4:])), err
	}
	address, ok := last(entries, tagGNUHash)
	if !ok {
		return 0, nil
	}
	var head [16]byte
	if err := f.ReadAddress(head[:], address); err != nil {
		return 0, err
	}
	buckets, first, bloom := uint64(le.Uint32(head[:])), uint64(le.Uint32(head[4:])), uint64(le.Uint32(head[8:]))
	address += uint64(len(head)) + 8*bloom
	table, err := f.readAddress(address, 4*buckets)
	if err != nil {
		return 0, err
	}
	newest := uint64(0)
	for ; len(table) > 0; table = table[4:] {
		newest = max(newest, uint64(le.Uint32(table)))
	}
	if newest < first {
		return f.countAsked(entries, first), nil
	}
	return f.endOfChain(address+4*buckets-4*first, newest)
}

// countAsked is the number of symbols of a file that offers none: its table for looking up need not
// count those that it asks for. Only the section table does, if it speaks of the same symbols.
func (f *File) countAsked(entries []dynamicEntry, least uint64) uint64 {
	address, _ := last(entries, tagSymbols)
	sections, err := f.Sections()
	if err != nil {
		return least // the loader would not look there either
	}
	for _, s := range sections {
		if s.Kind == sectionDynamicSymbols && s.Address == address {
			return max(least, s.Size/sizeSymbol)
		}
	}
	return least
}

// endOfChain follows the last chain to its end, which is that of the symbols.
func (f *File) endOfChain(chains, symbol uint64) (uint64, error) {
	var hash [4]byte
	for range maxTable / sizeSymbol {
		if err := f.ReadAddress(hash[:], chains+4*symbol); err != nil {
			return 0, err
		}
		if symbol++; hash[0]&1 != 0 {
			return symbol, nil
		}
	}
	return 0, ErrDamaged
}

// readAddress gives size bytes at an address.
func (f *File) readAddress(address, size uint64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	at, left, err := f.offset(address)
	if err != nil || size > left {
		return nil, ErrDamaged
	}
	return read(f.r, at, size, maxTable)
}

// symbols reads the lines behind the first, which stands for none. The names share the memory of
// the table: they may overlap, and a hostile file may name one long text a million times.
func symbols(table []byte, names string) ([]Symbol, error) {
	le := binary.LittleEndian
	var out []Symbol
	for first := true; len(table) >= sizeSymbol; table = table[sizeSymbol:] {
		if first {
			first = false
			continue
		}
		at := uint64(le.Uint32(table))
		if at >= uint64(len(names)) {
			return nil, ErrDamaged
		}
		end := strings.IndexByte(names[at:min(at+maxText, uint64(len(names)))], 0)
		if end < 0 {
			end = min(maxText, len(names)-int(at))
		}
		out = append(out, Symbol{
			Name: names[at:][:end], Kind: table[4] & 15, Binding: table[4] >> 4, Visibility: table[5] & 3,
			Section: le.Uint16(table[6:]), Address: le.Uint64(table[8:]), Size: le.Uint64(table[16:]),
		})
	}
	return out, nil
}
