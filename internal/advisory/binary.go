package advisory

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"sort"
)

// sum is the CRC-32C of a block, for which processors have an instruction.
func sum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// errDamaged is said of compiled data that does not hold what it should.
var errDamaged = errors.New("the compiled advisory data is damaged")

// writer appends values that reader reads.
type writer struct{ b []byte }

func (w *writer) num(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) int(n int)    { w.num(uint64(n)) }
func (w *writer) text(s string) {
	w.int(len(s))
	w.b = append(w.b, s...)
}
func (w *writer) texts(all []string) {
	w.int(len(all))
	for _, s := range all {
		w.text(s)
	}
}
func (w *writer) flag(f bool) {
	if f {
		w.num(1)
	} else {
		w.num(0)
	}
}

// reader reads what a writer wrote; after the first thing that is not there it
// gives zeros and bad is set. The texts that it gives are parts of b.
type reader struct {
	b   string
	bad bool
}

func (r *reader) num() uint64 {
	var n uint64
	for i := range min(len(r.b), binary.MaxVarintLen64) {
		c := uint64(r.b[i])
		if i == binary.MaxVarintLen64-1 && c > 1 { // more than 64 bits
			break
		}
		n |= (c & 0x7f) << (7 * i)
		if c < 0x80 {
			r.b = r.b[i+1:]
			return n
		}
	}
	r.b, r.bad = "", true
	return 0
}

// count is a number of things that follow, of a byte each at least.
func (r *reader) count() int {
	n := r.num()
	if n > uint64(len(r.b)) {
		r.b, r.bad = "", true
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

func (r *reader) texts() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]string, 0, min(n, 1<<10))
	for range n {
		out = append(out, r.text())
		if r.bad {
			return nil
		}
	}
	return out
}

func (r *reader) flag() bool { return r.num() != 0 }

func (r *reader) err() error {
	if r.bad || len(r.b) != 0 {
		return errDamaged
	}
	return nil
}

// span is where a block stands in its section, with its checksum.
type span struct {
	at, size uint64
	crc      uint32
}

func (w *writer) span(s span) {
	w.num(s.at)
	w.num(s.size)
	w.num(uint64(s.crc))
}

func (r *reader) span() span { return span{r.num(), r.num(), uint32(r.num())} }

// heap collects the blocks of a section.
type heap struct{ b []byte }

func (h *heap) add(block []byte) span {
	s := span{uint64(len(h.b)), uint64(len(block)), sum(block)}
	h.b = append(h.b, block...)
	return s
}

// entry is a row of a table: a key with what belongs to it.
type entry struct {
	key   string
	block span
	hash  uint64 // of the content, for comparing two snapshots
}

// table is a section of entries sorted by key, searched without being read: the
// number of them, where each begins, and the entries.
func table(entries []entry) []byte {
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(entries)))
	var w writer
	for _, e := range entries {
		head = binary.LittleEndian.AppendUint32(head, uint32(len(w.b)))
		w.text(e.key)
		w.span(e.block)
		w.b = binary.LittleEndian.AppendUint64(w.b, e.hash)
	}
	return append(head, w.b...)
}

// rows is a table that is being read.
type rows struct{ b string }

// number is the one at a place that is there.
func (t rows) number(at int) uint32 { return binary.LittleEndian.Uint32([]byte(t.b[at : at+4])) }

func (t rows) len() int {
	if len(t.b) < 4 {
		return 0
	}
	n := int(t.number(0))
	if n > (len(t.b)-4)/4 {
		return 0
	}
	return n
}

func (t rows) at(i int) (entry, error) {
	n := t.len()
	if i >= n {
		return entry{}, errDamaged
	}
	begin := 4 + 4*n + int(t.number(4+4*i))
	if begin > len(t.b) {
		return entry{}, errDamaged
	}
	r := reader{b: t.b[begin:]}
	e := entry{key: r.text(), block: r.span()}
	if r.bad || len(r.b) < 8 {
		return entry{}, errDamaged
	}
	e.hash = binary.LittleEndian.Uint64([]byte(r.b[:8]))
	return e, nil
}

// find looks a key up.
func (t rows) find(key string) (e entry, ok bool, err error) {
	n := t.len()
	i := sort.Search(n, func(i int) bool {
		at, bad := t.at(i)
		err = cmp.Or(err, bad)
		return at.key >= key
	})
	if err != nil || i == n {
		return entry{}, false, err
	}
	e, err = t.at(i)
	return e, err == nil && e.key == key, err
}

// section is a part of the file.
type section struct {
	from io.ReaderAt
	at   int64
	size int64
}

// text is what read reads, to be kept in parts.
func (s section) text(p span) (string, error) {
	b, err := s.read(p)
	return string(b), err
}

func (s section) read(p span) ([]byte, error) {
	if p.at > uint64(s.size) || p.size > uint64(s.size)-p.at {
		return nil, errDamaged
	}
	out := make([]byte, p.size)
	if _, err := s.from.ReadAt(out, s.at+int64(p.at)); err != nil && !(err == io.EOF && p.size == 0) {
		return nil, err
	}
	if sum(out) != p.crc {
		return nil, errDamaged
	}
	return out, nil
}
