package git

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zlib"
)

// id is the SHA-1 of an object: of its kind, size and content.
type id [20]byte

func (i id) String() string { return hex.EncodeToString(i[:]) }

// The kinds of objects in a pack (gitformat-pack).
const (
	aCommit   = 1
	aTree     = 2
	aBlob     = 3
	aTag      = 4
	anOffset  = 6 // a delta upon the object at an offset
	aRefDelta = 7 // a delta upon an object by its id
)

var kinds = map[int]string{aCommit: "commit", aTree: "tree", aBlob: "blob", aTag: "tag"}

// packed is one object as it lies in the pack.
type packed struct {
	kind   int
	size   int64 // of the content, or of the delta
	at     int64 // of its compressed data
	base   int64 // of a delta: the offset of what it is upon
	baseID id
}

// pack is a pack file with the places of its objects.
type pack struct {
	file    *os.File
	objects map[int64]packed // by offset
	order   []int64
	byID    map[id]int64
	kept    map[int64][]byte // contents that deltas are upon, for a while
	room    int64            // bytes of kept
	work    int64            // bytes that were unpacked so far, some of them again
}

// Bounds of reading one pack.
const (
	maxKept   = 64 << 20 // bytes of contents that are kept in memory
	maxWork   = 32 << 30 // bytes that are unpacked
	maxRounds = 64       // over deltas that are upon later objects
)

// index finds every object of a pack and works out its id.
func index(ctx context.Context, file *os.File) (*pack, error) {
	p := &pack{file: file, objects: map[int64]packed{}, byID: map[id]int64{}, kept: map[int64][]byte{}}
	if err := p.scan(); err != nil {
		return nil, err
	}
	waiting := p.order
	for round := 0; len(waiting) > 0; round++ { // a delta may be upon an object that is named later
		var again []int64
		for _, at := range waiting {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			kind, content, err := p.content(at, 0)
			if errors.Is(err, errNotYet) {
				again = append(again, at)
				continue
			}
			if err != nil {
				return nil, err
			}
			p.byID[idOf(kind, content)] = at
		}
		if len(again) == len(waiting) || round > maxRounds {
			return nil, damaged("a delta is upon an object that was not sent")
		}
		waiting = again
	}
	return p, nil
}

func idOf(kind int, content []byte) id {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", kinds[kind], len(content))
	h.Write(content)
	return id(h.Sum(nil))
}

var errNotYet = errors.New("its base is not known yet")

// counter knows how far a reader has come.
type counter struct {
	r *bufio.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte lets the decompressor read no further than it must.
func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// scan reads the pack once from end to end.
func (p *pack) scan() error {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := &counter{r: bufio.NewReaderSize(p.file, 64<<10)}
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:4]) != "PACK" || binary.BigEndian.Uint32(head[4:]) != 2 {
		return damaged("the answer holds no pack of version 2")
	}
	count := binary.BigEndian.Uint32(head[8:])
	if count > maxObjects {
		return damaged("%d objects, more than %d", count, maxObjects)
	}
	total := int64(0)
	for range count {
		at := r.n
		o, err := readHead(r, at)
		if err != nil {
			return err
		}
		if total += o.size; total > maxTotal {
			return damaged("more than %d bytes in all", int64(maxTotal))
		}
		z, err := zlib.NewReader(r)
		if err != nil {
			return damaged("object at %d: %v", at, err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(z, o.size+1))
		if err != nil || n != o.size {
			return damaged("object at %d: %d bytes, not %d: %v", at, n, o.size, err)
		}
		p.objects[at] = o
		p.order = append(p.order, at)
	}
	return nil
}

// readHead reads what stands before an object's data.
func readHead(r *counter, start int64) (o packed, err error) {
	b, err := r.ReadByte()
	if err != nil {
		return o, damaged("the pack ends early")
	}
	o.kind, o.size = int(b>>4&7), int64(b&15)
	for shift := 4; b&0x80 != 0; shift += 7 {
		if b, err = r.ReadByte(); err != nil || shift > 32 {
			return o, damaged("object at %d: malformed size", start)
		}
		o.size |= int64(b&0x7f) << shift
	}
	if o.size > maxObject {
		return o, damaged("object at %d: %d bytes, more than %d", start, o.size, maxObject)
	}
	switch o.kind {
	case aCommit, aTree, aBlob, aTag:
	case anOffset:
		back, err := readBack(r)
		if o.base = start - back; err != nil || o.base < 12 || back <= 0 {
			return o, damaged("object at %d: malformed delta", start)
		}
	case aRefDelta:
		if _, err := io.ReadFull(r, o.baseID[:]); err != nil {
			return o, damaged("the pack ends early")
		}
	default:
		return o, damaged("object at %d: unknown kind %d", start, o.kind)
	}
	o.at = r.n
	return o, nil
}

// readBack reads how far before a delta its base lies.
func readBack(r *counter) (int64, error) {
	b, err := r.ReadByte()
	back := int64(b & 0x7f)
	for n := 0; err == nil && b&0x80 != 0; n++ {
		if b, err = r.ReadByte(); n > 6 {
			return 0, errors.New("too long")
		}
		back = (back+1)<<7 | int64(b&0x7f)
	}
	return back, err
}

// content is the kind and the content of the object at an offset.
func (p *pack) content(at int64, depth int) (int, []byte, error) {
	o, ok := p.objects[at]
	if !ok || depth > maxChain {
		return 0, nil, damaged("a delta is upon nothing, or upon too many others")
	}
	data, ok := p.kept[at]
	if !ok {
		var err error
		if data, err = p.inflate(o); err != nil {
			return 0, nil, err
		}
		p.keep(at, data)
	}
	base := o.base
	switch o.kind {
	default:
		return o.kind, data, nil
	case aRefDelta:
		if base, ok = p.byID[o.baseID]; !ok {
			return 0, nil, errNotYet
		}
	case anOffset:
	}
	kind, below, err := p.content(base, depth+1)
	if err != nil {
		return 0, nil, err
	}
	if p.work += int64(len(below)); p.work > maxWork {
		return 0, nil, damaged("its deltas take too much work")
	}
	out, err := apply(below, data)
	return kind, out, err
}

// inflate reads an object's data.
func (p *pack) inflate(o packed) ([]byte, error) {
	z, err := zlib.NewReader(bufio.NewReader(io.NewSectionReader(p.file, o.at, 1<<62)))
	if err != nil {
		return nil, err
	}
	if p.work += o.size; p.work > maxWork {
		return nil, damaged("its deltas take too much work")
	}
	var out bytes.Buffer
	_, err = io.Copy(&out, io.LimitReader(z, o.size))
	return out.Bytes(), err
}

// keep remembers data until there is too much of it.
func (p *pack) keep(at int64, data []byte) {
	if p.room += int64(len(data)); p.room > maxKept {
		clear(p.kept)
		p.room = int64(len(data))
	}
	p.kept[at] = data
}

// apply makes an object of its base and a delta.
func apply(base, delta []byte) ([]byte, error) {
	from, n := binary.Uvarint(delta)
	if n <= 0 || from != uint64(len(base)) {
		return nil, damaged("a delta is upon another object than its base")
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 || size > maxObject {
		return nil, damaged("a delta makes an object of %d bytes", size)
	}
	delta = delta[n:]
	var out []byte
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		piece := delta
		if op&0x80 == 0 {
			if op == 0 || int(op) > len(delta) {
				return nil, damaged("a malformed delta")
			}
			piece, delta = delta[:op], delta[op:]
		} else {
			off, length, rest, ok := copied(op, delta)
			if !ok || off+length > len(base) {
				return nil, damaged("a malformed delta")
			}
			piece, delta = base[off:off+length], rest
		}
		if uint64(len(out)+len(piece)) > size {
			return nil, damaged("a delta makes more than it says")
		}
		out = append(out, piece...)
	}
	if uint64(len(out)) != size {
		return nil, damaged("a delta makes less than it says")
	}
	return out, nil
}

// copied reads the operands of a copy.
func copied(op byte, delta []byte) (off, length int, rest []byte, ok bool) {
	for i := range 7 {
		if op&(1<<i) == 0 {
			continue
		}
		if len(delta) == 0 {
			return 0, 0, nil, false
		}
		if i < 4 {
			off |= int(delta[0]) << (8 * i)
		} else {
			length |= int(delta[0]) << (8 * (i - 4))
		}
		delta = delta[1:]
	}
	if length == 0 {
		length = 0x10000
	}
	return off, length, delta, true
}
