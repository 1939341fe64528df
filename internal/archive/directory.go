package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"
)

// The records of a zip file: APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
const (
	sigLocal      = 0x04034b50
	sigCentral    = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50
	sigDescriptor = 0x08074b50
	lenLocal      = 30
	lenCentral    = 46
	lenEnd        = 22
	lenEnd64      = 56
	lenLocator64  = 20
	maxComment    = math.MaxUint16
	methodStore   = 0
	methodDeflate = 8
	flagEncrypted = 1 << 0
	flagTrailing  = 1 << 3 // sizes and CRC follow the data
	flagUTF8      = 1 << 11
	extraZip64    = 0x0001
	madeOnUnix    = 3
	madeOnDarwin  = 19
)

// directory says where the central directory lies.
type directory struct{ offset, size, count int64 }

// entry is a header of the central directory.
type entry struct {
	name         string
	flags        uint16
	method       uint16
	crc          uint32
	packed, size int64
	offset       int64
	unix         uint32 // st_mode, 0 when not made on Unix
	changed      uint32 // MS-DOS date and time
	limit        int64  // where the next entry, or the directory, begins
}

func (e *entry) dir() bool { return strings.HasSuffix(e.name, "/") }

// time reads APPNOTE 4.4.6: two seconds is as fine as it gets.
func (e *entry) time() time.Time {
	date, clock := int(e.changed>>16), int(e.changed&0xffff)
	return time.Date(1980+date>>9, time.Month(date>>5&15), date&31, clock>>11, clock>>5&63, clock&31*2, 0, time.UTC)
}

func (e *entry) mode() fs.FileMode { return permission(e.dir() || e.unix&0o111 != 0) }

// findDirectory reads the end record, which must be the last thing in the file.
func findDirectory(r io.ReaderAt, size int64) (directory, error) {
	tail := make([]byte, min(size, lenEnd+maxComment))
	base := size - int64(len(tail))
	if err := readAt(r, tail, base); err != nil {
		return directory{}, err
	}
	at := findEnd(tail)
	if at < 0 {
		return directory{}, unsafe("", "not a zip file: no end record, or something after it")
	}
	rec, le := tail[at:], binary.LittleEndian
	dir := directory{int64(le.Uint32(rec[16:])), int64(le.Uint32(rec[12:])), int64(le.Uint16(rec[10:]))}
	disks, end := le.Uint32(rec[4:]), base+int64(at)
	if dir.offset == math.MaxUint32 || dir.size == math.MaxUint32 || dir.count == math.MaxUint16 {
		if found, start, err := findDirectory64(r, end); err != nil || found.size > 0 {
			return checkExtent(found, start, err)
		}
	}
	if disks != 0 || le.Uint16(rec[8:]) != le.Uint16(rec[10:]) {
		return directory{}, unsafe("", "a zip file in several parts")
	}
	return checkExtent(dir, end, nil)
}

// findEnd is the place of the last end record whose comment reaches exactly to the end, or -1.
func findEnd(tail []byte) int {
	for at := len(tail) - lenEnd; at >= 0; at-- {
		rec := tail[at:]
		if binary.LittleEndian.Uint32(rec) == sigEnd && int(binary.LittleEndian.Uint16(rec[20:])) == len(rec)-lenEnd {
			return at
		}
	}
	return -1
}

// findDirectory64 reads the zip64 end record before the end record at end, and says where it starts;
// without one the directory is zero.
func findDirectory64(r io.ReaderAt, end int64) (directory, int64, error) {
	var locator [lenLocator64]byte
	if end < lenLocator64 {
		return directory{}, 0, nil
	}
	if err := readAt(r, locator[:], end-lenLocator64); err != nil {
		return directory{}, 0, err
	}
	le := binary.LittleEndian
	if le.Uint32(locator[:]) != sigLocator64 {
		return directory{}, 0, nil
	}
	start := int64(le.Uint64(locator[8:]))
	if start < 0 || start > end-lenLocator64-lenEnd64 {
		return directory{}, 0, unsafe("", "the zip64 end record lies outside the file")
	}
	var rec [lenEnd64]byte
	if err := readAt(r, rec[:], start); err != nil {
		return directory{}, 0, err
	}
	if le.Uint32(rec[:]) != sigEnd64 || le.Uint64(rec[16:]) != 0 || le.Uint64(rec[24:]) != le.Uint64(rec[32:]) {
		return directory{}, 0, unsafe("", "a broken zip64 end record")
	}
	dir := directory{int64(le.Uint64(rec[48:])), int64(le.Uint64(rec[40:])), int64(le.Uint64(rec[32:]))}
	if dir.size <= 0 {
		return directory{}, 0, unsafe("", "a broken zip64 end record")
	}
	return dir, start, nil
}

// checkExtent holds the directory to end exactly where the end record starts: nothing may be
// prepended or hidden between.
func checkExtent(dir directory, end int64, err error) (directory, error) {
	switch {
	case err != nil:
		return directory{}, err
	case dir.offset < 0 || dir.size < 0 || dir.offset > end || dir.size != end-dir.offset:
		return directory{}, unsafe("", "the directory does not end where its end record starts")
	case dir.count < 0 || dir.count > dir.size/lenCentral:
		return directory{}, unsafe("", "%d entries cannot stand in a directory of %d bytes", dir.count, dir.size)
	}
	return dir, nil
}

// readDirectory reads every header; the bounds are checked as it goes.
func readDirectory(r io.ReaderAt, dir directory, lim Limits) ([]entry, error) {
	if dir.count > int64(lim.Files) {
		return nil, unsafe("", "%d entries, more than %d", dir.count, lim.Files)
	}
	section := io.NewSectionReader(r, dir.offset, dir.size)
	in := bufio.NewReaderSize(section, 64<<10)
	entries := make([]entry, 0, dir.count)
	spent := budget{lim: lim}
	for range dir.count {
		e, err := readCentral(in)
		if err != nil {
			return nil, err
		}
		if err := spent.add(e.name, e.size); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return nil, unsafe("", "the directory holds more than the %d entries that it announces", dir.count)
	}
	return entries, nil
}

func readCentral(in *bufio.Reader) (entry, error) {
	var head [lenCentral]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return entry{}, unsafe("", "the directory is cut off: %v", err)
	}
	le := binary.LittleEndian
	if le.Uint32(head[:]) != sigCentral {
		return entry{}, unsafe("", "the directory is damaged")
	}
	name, extra := int(le.Uint16(head[28:])), int(le.Uint16(head[30:]))
	rest := make([]byte, name+extra+int(le.Uint16(head[32:])))
	if _, err := io.ReadFull(in, rest); err != nil {
		return entry{}, unsafe("", "the directory is cut off: %v", err)
	}
	e := entry{
		name: string(rest[:name]), flags: le.Uint16(head[8:]), method: le.Uint16(head[10:]), crc: le.Uint32(head[16:]),
		changed: uint32(le.Uint16(head[14:]))<<16 | uint32(le.Uint16(head[12:])),
		packed:  int64(le.Uint32(head[20:])), size: int64(le.Uint32(head[24:])), offset: int64(le.Uint32(head[42:])),
	}
	if made := head[5]; made == madeOnUnix || made == madeOnDarwin {
		e.unix = le.Uint32(head[38:]) >> 16
	}
	if !widen(rest[name:name+extra], &e.size, &e.packed, &e.offset) {
		return entry{}, unsafe(e.name, "a broken zip64 field")
	}
	return e, nil
}

// widen replaces the values that stand at their 32-bit maximum by those of the zip64 extra field, in
// the order of APPNOTE 4.5.3. It reports whether the field, if there, is well-formed.
func widen(extra []byte, values ...*int64) bool {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return false
		}
		field := extra[:n]
		extra = extra[n:]
		if id != extraZip64 {
			continue
		}
		for _, v := range values {
			if *v != math.MaxUint32 {
				continue
			}
			if len(field) < 8 {
				return false
			}
			*v, field = int64(le.Uint64(field)), field[8:]
			if *v < 0 {
				return false
			}
		}
		return true // a second zip64 field would have nothing left to say
	}
	return true
}

// check holds the entries to one meaning, and sets where each must end.
func (z *Zip) check(size, end int64, lim Limits) error {
	seen, order, total := newNames(Fold), make([]*entry, 0, len(z.entries)), int64(0)
	for i := range z.entries {
		e := &z.entries[i]
		reason := e.problem()
		if reason == "" {
			reason = seen.add(strings.TrimSuffix(e.name, "/"), e.dir())
		}
		if reason != "" {
			return unsafe(e.name, "%s", reason)
		}
		total += e.size
		order = append(order, e)
	}
	if lim.bomb(total, size) {
		return unsafe("", "%d bytes unpack to %d, more than %g times as much", size, total, lim.Ratio)
	}
	slices.SortFunc(order, func(a, b *entry) int { return cmp.Compare(a.offset, b.offset) })
	if len(order) > 0 && order[0].offset != 0 {
		return unsafe(order[0].name, "something lies before it, the first entry: another archive, or a program")
	}
	for i := len(order) - 1; i >= 0; i-- {
		e := order[i]
		e.limit = end
		if room := end - lenLocal - int64(len(e.name)) - e.offset; e.packed > room {
			return unsafe(e.name, "it overlaps the next entry or the directory")
		}
		end = e.offset
	}
	return nil
}

// problem says what is wrong with an entry by itself.
func (e *entry) problem() string {
	if reason := checkName(strings.TrimSuffix(e.name, "/")); reason != "" {
		return reason
	}
	switch kind := e.unix & 0o170000; {
	case kind == 0o120000:
		return "a symbolic link"
	case kind != 0 && kind != 0o100000 && kind != 0o040000:
		return "neither a file nor a directory"
	case kind == 0o040000 && !e.dir() || kind == 0o100000 && e.dir():
		return "its name and its mode disagree on whether it is a directory"
	case e.flags&flagEncrypted != 0:
		return "it is encrypted"
	case e.flags&flagUTF8 == 0 && strings.ContainsFunc(e.name, func(r rune) bool { return r > 127 }):
		return "the name is not ASCII and not marked as UTF-8"
	case e.method != methodStore && e.method != methodDeflate:
		return "neither stored nor deflated"
	case e.method == methodStore && e.packed != e.size:
		return "stored, with two sizes"
	case e.dir() && e.size != 0:
		return "a directory with content"
	}
	return ""
}

// checkLocal compares an entry's local header with the directory and says where its data starts.
func (z *Zip) checkLocal(e *entry) (start int64, err error) {
	var head [lenLocal]byte
	if err := readAt(z.r, head[:], e.offset); err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	name, extra := int(le.Uint16(head[26:])), int(le.Uint16(head[28:]))
	start = e.offset + lenLocal + int64(name) + int64(extra)
	if le.Uint32(head[:]) != sigLocal || start > e.limit-e.packed {
		return 0, unsafe(e.name, "its local header is damaged or overlaps the next entry")
	}
	rest := make([]byte, name+extra)
	if err := readAt(z.r, rest, e.offset+lenLocal); err != nil {
		return 0, err
	}
	const told = flagEncrypted | flagTrailing | flagUTF8
	if !bytes.Equal(rest[:name], []byte(e.name)) || le.Uint16(head[8:]) != e.method || le.Uint16(head[6:])&told != e.flags&told {
		return 0, unsafe(e.name, "its local header and the directory disagree on its name or method")
	}
	crc, packed, size := le.Uint32(head[14:]), int64(le.Uint32(head[18:])), int64(le.Uint32(head[22:]))
	ok := widen(rest[name:], &size, &packed)
	trailing := e.flags&flagTrailing != 0
	differs := func(local, central int64) bool { return local != central && !(trailing && local == 0) }
	if !ok || differs(int64(crc), int64(e.crc)) || differs(packed, e.packed) || differs(size, e.size) {
		return 0, unsafe(e.name, "its local header and the directory disagree on its size or CRC")
	}
	return start, z.checkBehind(e, start+e.packed)
}

// checkBehind holds what lies between an entry's data and the next entry to be
// nothing, or the data descriptor that was announced (APPNOTE 4.3.9), saying the
// same as the directory: a reader of streams knows no other.
func (z *Zip) checkBehind(e *entry, end int64) error {
	gap := e.limit - end
	if e.flags&flagTrailing == 0 {
		if gap != 0 {
			return unsafe(e.name, "something lies between it and the next entry")
		}
		return nil
	}
	if gap != 12 && gap != 16 && gap != 20 && gap != 24 { // in 32 and in 64 bits, without and with signature
		return unsafe(e.name, "no data descriptor, or more than that, lies between it and the next entry")
	}
	rest := make([]byte, gap)
	if err := readAt(z.r, rest, end); err != nil {
		return err
	}
	le := binary.LittleEndian
	signed := gap == 16 || gap == 24
	if signed {
		signed, rest = le.Uint32(rest) == sigDescriptor, rest[4:]
	}
	var packed, size int64
	if len(rest) == 12 {
		packed, size = int64(le.Uint32(rest[4:])), int64(le.Uint32(rest[8:]))
	} else {
		packed, size = int64(le.Uint64(rest[4:])), int64(le.Uint64(rest[12:]))
	}
	if signed != (gap == 16 || gap == 24) || le.Uint32(rest) != e.crc || packed != e.packed || size != e.size {
		return unsafe(e.name, "its data descriptor and the directory disagree")
	}
	return nil
}

// readAt fills p; a file that is too short is unsafe, any other failure is the reader's own.
func readAt(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return unsafe("", "the file is cut off")
	}
	return err
}
