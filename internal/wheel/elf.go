package wheel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// native is what an ELF file asks of the system that it will run on.
type native struct {
	glibc   [2]int   // the newest version of glibc that a symbol names; zero: none
	runpath []string // folders in which libraries are looked for
}

// The parts of the ELF format that are read (gABI 4.1, chapters 4 and 5; LSB 5.0,
// "Symbol Versioning"): 64 bits, little-endian, as on every target.
const (
	elfHead        = 64
	elfSection     = 64
	elfDynamic     = 6
	elfVersionNeed = 0x6ffffffe
	elfRpath       = 15
	elfRunpath     = 29
	maxSections    = 10_000
	maxElfPart     = 4 << 20 // bytes of a section that is read
	maxElfText     = 4096
	maxVersions    = 10_000
	maxRunpath     = 1000
)

var errELF = errors.New("a damaged ELF file")

// readNative reads an ELF file; ok is false for any other, and for one of a
// platform that is no target.
func readNative(r io.ReaderAt) (n native, ok bool, err error) {
	head, err := elfPart(r, 0, elfHead)
	if err != nil || !bytes.HasPrefix(head, []byte("\x7fELF\x02\x01")) {
		return n, false, nil // too short, or something else
	}
	le := binary.LittleEndian
	at, size, count := le.Uint64(head[40:]), le.Uint16(head[58:]), int(le.Uint16(head[60:]))
	if count == 0 {
		return n, true, nil // nothing is said of sections
	}
	if size != elfSection || count > maxSections {
		return n, true, errELF
	}
	table, err := elfPart(r, at, uint64(count)*elfSection)
	if err != nil {
		return n, true, err
	}
	section := func(i uint32) []byte { return table[int(i)*elfSection:][:elfSection] }
	seen := map[uint32]bool{}
	for i := range uint32(count) {
		s := section(i)
		kind, link := le.Uint32(s[4:]), le.Uint32(s[40:])
		if kind != elfDynamic && kind != elfVersionNeed {
			continue
		}
		if link >= uint32(count) || seen[kind] { // of each kind there is one
			return n, true, errELF
		}
		seen[kind] = true
		part, err := elfPart(r, le.Uint64(s[24:]), le.Uint64(s[32:]))
		if err != nil {
			return n, true, err
		}
		names := section(link)
		text := elfTexts{r, le.Uint64(names[24:]), le.Uint64(names[32:])}
		if kind == elfDynamic {
			err = n.dynamic(part, text)
		} else {
			err = n.versions(part, text)
		}
		if err != nil {
			return n, true, err
		}
	}
	return n, true, nil
}

func elfPart(r io.ReaderAt, at, size uint64) ([]byte, error) {
	if size > maxElfPart || at > 1<<62 {
		return nil, errELF
	}
	part := make([]byte, size)
	if _, err := r.ReadAt(part, int64(at)); err != nil {
		return nil, errELF
	}
	return part, nil
}

// elfTexts is a table of strings.
type elfTexts struct {
	r        io.ReaderAt
	at, size uint64
}

func (t elfTexts) text(offset uint64) (string, error) {
	if offset >= t.size || t.at > 1<<62 || t.size > 1<<62 {
		return "", errELF
	}
	part := make([]byte, min(t.size-offset, maxElfText))
	n, err := t.r.ReadAt(part, int64(t.at+offset))
	end := bytes.IndexByte(part[:n], 0)
	if end < 0 || err != nil && err != io.EOF {
		return "", errELF
	}
	return string(part[:end]), nil
}

// dynamic reads where libraries are looked for.
func (n *native) dynamic(part []byte, texts elfTexts) error {
	le := binary.LittleEndian
	for ; len(part) >= 16; part = part[16:] {
		switch le.Uint64(part) {
		case 0:
			return nil
		case elfRpath, elfRunpath:
			text, err := texts.text(le.Uint64(part[8:]))
			if err != nil {
				return err
			}
			if n.runpath = append(n.runpath, strings.Split(text, ":")...); len(n.runpath) > maxRunpath {
				return errELF
			}
		}
	}
	return nil
}

// versions reads which versions of libraries are needed.
func (n *native) versions(part []byte, texts elfTexts) error {
	le := binary.LittleEndian
	read := 0
	for at := uint64(0); ; {
		if at+16 > uint64(len(part)) {
			return errELF
		}
		need := part[at:]
		name := at + uint64(le.Uint32(need[8:]))
		for range le.Uint16(need[2:]) {
			if read++; read > maxVersions || name+16 > uint64(len(part)) {
				return errELF
			}
			text, err := texts.text(uint64(le.Uint32(part[name+8:])))
			if err != nil {
				return err
			}
			if v := glibcOf(text); older(n.glibc, v) {
				n.glibc = v
			}
			name += uint64(le.Uint32(part[name+12:]))
		}
		next := uint64(le.Uint32(need[12:]))
		if next == 0 {
			return nil
		}
		if read++; read > maxVersions {
			return errELF
		}
		at += next
	}
}

// glibcOf is the version in a name such as GLIBC_2.34, zero in any other.
func glibcOf(name string) [2]int {
	text, ok := strings.CutPrefix(name, "GLIBC_")
	major, minor, _ := strings.Cut(text, ".")
	minor, _, _ = strings.Cut(minor, ".")
	if !ok {
		return [2]int{}
	}
	return versionOf(major, minor)
}

func older(a, b [2]int) bool { return a[0] < b[0] || a[0] == b[0] && a[1] < b[1] }
