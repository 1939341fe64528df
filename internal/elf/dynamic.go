package elf

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
)

// The entries of the dynamic segment that are read.
const (
	tagNull       = 0
	tagNeeded     = 1
	tagHash       = 4
	tagStrings    = 5
	tagSymbols    = 6
	tagStringSize = 10
	tagSoName     = 14
	tagRPath      = 15
	tagTextRel    = 22
	tagBindNow    = 24
	tagRunPath    = 29
	tagFlags      = 30
	tagGNUHash    = 0x6ffffef5
	tagFlags1     = 0x6ffffffb
	tagVersions   = 0x6ffffffe
	tagVersionNum = 0x6fffffff

	flagTextRel = 4
	flagBindNow = 8
	flag1Now    = 1
)

// Version is a version of a library that symbols are asked of.
type Version struct{ Library, Name string }

// Dynamic is what a file asks of the loader. The zero value is that of a static file.
type Dynamic struct {
	Needed   []string
	SoName   string
	RunPath  []string // the folders of RPATH and RUNPATH, as written
	Versions []Version
	BindNow  bool // every symbol is bound at start
	TextRel  bool // code is written to at start
}

// Dynamic reads the dynamic segment; a file without one has an empty one.
func (f *File) Dynamic() (*Dynamic, error) {
	d := &Dynamic{}
	entries, _, err := f.entries()
	if err != nil {
		return nil, err
	}
	texts, err := f.texts(entries)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := d.take(e, texts); err != nil {
			return nil, err
		}
	}
	return d, f.versions(d, entries, texts)
}

// WithoutRunPath is the dynamic segment without RPATH and RUNPATH, of the same size, and where in the
// file it stands. ok is false when there is neither.
func (f *File) WithoutRunPath() (at uint64, part []byte, ok bool, err error) {
	entries, old, err := f.entries()
	if err != nil {
		return 0, nil, false, err
	}
	segment, _ := f.Segment(SegmentDynamic)
	le := binary.LittleEndian
	for _, e := range entries {
		if e.tag != tagRPath && e.tag != tagRunPath {
			part = le.AppendUint64(le.AppendUint64(part, e.tag), e.value)
		}
	}
	ok = len(part) < 16*len(entries)
	part = append(part, make([]byte, 16*len(entries)-len(part))...)
	return segment.Offset, append(part, old[len(part):]...), ok, nil
}

type dynamicEntry struct{ tag, value uint64 }

// entries are those of the dynamic segment before its end mark, with the segment; none without one.
func (f *File) entries() (entries []dynamicEntry, segment []byte, err error) {
	s, ok := f.Segment(SegmentDynamic)
	if !ok {
		return nil, nil, nil
	}
	if segment, err = read(f.r, s.Offset, s.Size, maxDynamic); err != nil {
		return nil, nil, err
	}
	le := binary.LittleEndian
	for part := segment; len(part) >= 16; part = part[16:] {
		e := dynamicEntry{le.Uint64(part), le.Uint64(part[8:])}
		if e.tag == tagNull {
			break
		}
		entries = append(entries, e)
	}
	return entries, segment, nil
}

// last is the value of the last entry with a tag, which is the one that loaders take.
func last(entries []dynamicEntry, tag uint64) (value uint64, ok bool) {
	for _, e := range entries {
		if e.tag == tag {
			value, ok = e.value, true
		}
	}
	return value, ok
}

// take reads one entry.
func (d *Dynamic) take(e dynamicEntry, texts texts) (err error) {
	var text string
	switch e.tag {
	case tagNeeded, tagSoName, tagRPath, tagRunPath:
		if text, err = texts.text(e.value); err != nil {
			return err
		}
	}
	switch e.tag {
	case tagNeeded:
		d.Needed = append(d.Needed, text)
	case tagSoName:
		d.SoName = text
	case tagRPath, tagRunPath:
		d.RunPath = append(d.RunPath, strings.Split(text, ":")...)
	case tagBindNow:
		d.BindNow = true
	case tagTextRel:
		d.TextRel = true
	case tagFlags:
		d.BindNow = d.BindNow || e.value&flagBindNow != 0
		d.TextRel = d.TextRel || e.value&flagTextRel != 0
	case tagFlags1:
		d.BindNow = d.BindNow || e.value&flag1Now != 0
	}
	if len(d.Needed) > maxNeeded || len(d.RunPath) > maxFolders {
		return ErrDamaged
	}
	return nil
}

// texts is a table of strings in the file.
type texts struct {
	r        io.ReaderAt
	at, size uint64
}

// texts finds the strings of the dynamic segment. Where there are none, none can be read.
func (f *File) texts(entries []dynamicEntry) (texts, error) {
	address, ok := last(entries, tagStrings)
	size, _ := last(entries, tagStringSize)
	if !ok {
		return texts{r: f.r}, nil
	}
	at, left, err := f.offset(address)
	if err != nil || size > left || at > 1<<62 || size > 1<<62 {
		return texts{}, ErrDamaged
	}
	return texts{f.r, at, size}, nil
}

func (t texts) text(offset uint64) (string, error) {
	if offset >= t.size {
		return "", ErrDamaged
	}
	part := make([]byte, min(t.size-offset, maxText))
	n, err := t.r.ReadAt(part, int64(t.at+offset))
	end := bytes.IndexByte(part[:n], 0)
	if end < 0 || err != nil && err != io.EOF {
		return "", ErrDamaged
	}
	return string(part[:end]), nil
}

// versions reads which versions of libraries are needed (LSB 5.0, "Symbol Version Requirements").
func (f *File) versions(d *Dynamic, entries []dynamicEntry, texts texts) error {
	address, ok := last(entries, tagVersions)
	count, counted := last(entries, tagVersionNum)
	if !ok {
		return nil
	}
	if !counted || count > maxVersions {
		return ErrDamaged
	}
	le := binary.LittleEndian
	var need [16]byte
	for range count {
		if err := f.ReadAddress(need[:], address); err != nil {
			return err
		}
		library, err := texts.text(uint64(le.Uint32(need[4:])))
		if err != nil {
			return err
		}
		if err := f.versionsOf(d, library, address+uint64(le.Uint32(need[8:])), le.Uint16(need[2:]), texts); err != nil {
			return err
		}
		next := uint64(le.Uint32(need[12:]))
		if next == 0 {
			return nil
		}
		address += next
	}
	return nil
}

func (f *File) versionsOf(d *Dynamic, library string, address uint64, count uint16, texts texts) error {
	le := binary.LittleEndian
	var aux [16]byte
	for range count {
		if err := f.ReadAddress(aux[:], address); err != nil {
			return err
		}
		name, err := texts.text(uint64(le.Uint32(aux[8:])))
		if err != nil {
			return err
		}
		if d.Versions = append(d.Versions, Version{library, name}); len(d.Versions) > maxVersions {
			return ErrDamaged
		}
		next := uint64(le.Uint32(aux[12:]))
		if next == 0 {
			return nil
		}
		address += next
	}
	return nil
}

// relativeRelocations is the one feature of glibc that is asked for by a name without a number: 2.36 brought it.
const relativeRelocations = "GLIBC_ABI_DT_RELR"

// Glibc is the newest version of glibc that is asked for; zero: none.
func (d *Dynamic) Glibc() (newest [2]int) {
	for _, v := range d.Versions {
		n, ok := Number(v.Name, "GLIBC")
		release := [2]int{n[0], n[1]}
		if v.Name == relativeRelocations {
			release, ok = [2]int{2, 36}, true
		}
		if ok && Older(newest, release) {
			newest = release
		}
	}
	return newest
}

// Number is the version in a name such as GLIBC_2.34 or GLIBCXX_3.4.29, of that family; ok is false
// for names of others, and for those without a number.
func Number(name, family string) (number [4]int, ok bool) {
	text, ok := strings.CutPrefix(name, family+"_")
	parts := strings.Split(text, ".")
	if !ok || len(parts) < 2 || len(parts) > len(number) {
		return [4]int{}, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return [4]int{}, false
		}
		number[i] = int(n)
	}
	return number, true
}

// Older tells whether a comes before b.
func Older(a, b [2]int) bool { return a[0] < b[0] || a[0] == b[0] && a[1] < b[1] }
