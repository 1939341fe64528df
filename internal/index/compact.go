package index

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"time"

	"snug/internal/dist"
	"snug/internal/pep440"
)

// compactForm names the form in which pages are kept. It changes whenever the
// same page would be kept otherwise.
//
// The front is read whole each time; it holds what tells releases apart. Numbers
// are varints, texts have their length before them: the form, status and its
// reason, the number of skipped files; the number of texts, and each; the number
// of shapes, and each (textTable.shapeOf);
// the number of releases, and for each, the newest first: version, shape, first
// upload, how much later the last was, the numbers of its files with and without
// a date, and of its lines in the rest the length and the CRC-32C. Times are
// nanoseconds of Unix time, 0 where not known.
//
// The rest has the lines of the releases one after the other, a line for each
// file: address, name (empty where the address ends in it), size, upload, flags,
// requires-python, yanked reason, hash of its metadata, hashes, provenance. Fields are divided
// by tabs; what could hold a tab or a line break is quoted as in Go.
const compactForm = "listing-10"

var errCompact = errors.New("not a kept listing")

// compact is the page with only what resolving needs, its file names
// understood, in a form of which nearly everything can be passed over.
func (p *page) compact(project string) (front, rest []byte) {
	files := make([]*File, 0, len(p.files))
	var names dist.NameReader
	for i := range p.files {
		if f := &p.files[i]; f.understand(&names, project) {
			files = append(files, f)
		}
	}
	if p.status == "quarantined" { // PEP 792: must not be offered
		files = nil
	}
	groups := byVersion(files)
	shapes := map[string]int{}
	var texts textTable
	var shapeTexts, releases []byte
	for _, group := range groups {
		from := len(rest)
		for i := range group {
			rest = group[i].appendCompact(rest)
		}
		shape := string(texts.shapeOf(group))
		if shapes[shape] == 0 {
			shapes[shape] = len(shapes) + 1
			shapeTexts = appendText(shapeTexts, shape)
		}
		first, last, undated := uploads(group)
		releases = appendText(releases, group[0].Version.String())
		releases = appendNumbers(releases, shapes[shape])
		releases = binary.AppendVarint(binary.AppendVarint(releases, moment(first)), moment(last)-moment(first))
		releases = appendNumbers(releases, len(group)-undated, undated, len(rest)-from)
		releases = binary.LittleEndian.AppendUint32(releases, crc32.Checksum(rest[from:], castagnoli()))
	}
	front = appendText(appendText(appendText(nil, compactForm), p.status), p.statusReason)
	front = appendNumbers(front, p.skipped+len(p.files)-len(files), len(texts.all))
	for _, text := range texts.all {
		front = appendText(front, text)
	}
	front = append(appendNumbers(front, len(shapes)), shapeTexts...)
	return append(appendNumbers(front, len(groups)), releases...), rest
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendNumbers(b []byte, numbers ...int) []byte {
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

// tagsOf is what stands behind the version in a wheel's name.
func tagsOf(name string) string {
	_, rest, _ := strings.Cut(name, "-") // the name, then the version
	_, tags, _ := strings.Cut(strings.TrimSuffix(rest, ".whl"), "-")
	return strings.ToLower(tags)
}

func uploads(files []*File) (first, last time.Time, undated int) {
	for _, f := range files {
		switch t := f.Upload; {
		case t.IsZero():
			undated++
		default:
			if first.IsZero() || t.Before(first) {
				first = t
			}
			if t.After(last) {
				last = t
			}
		}
	}
	return first, last, undated
}

func moment(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func timeOf(moment int64) time.Time {
	if moment == 0 {
		return time.Time{}
	}
	return time.Unix(0, moment).UTC()
}

func (f *File) appendCompact(b []byte) []byte {
	name, flags, uploaded := f.Name, "", ""
	if strings.HasSuffix(f.URL, "/"+name) {
		name = ""
	}
	if f.Yanked {
		flags += "y"
	}
	if f.HasMetadata {
		flags += "m"
	}
	if !f.Upload.IsZero() {
		uploaded = strconv.FormatInt(f.Upload.UnixNano(), 10)
	}
	return appendLine(b, f.URL, name, strconv.FormatInt(f.Size, 10), uploaded, flags,
		f.RequiresPython, f.YankedReason, f.MetadataHash, string(f.Hashes), f.Provenance)
}

func appendLine(b []byte, fields ...string) []byte {
	for i, text := range fields {
		if i > 0 {
			b = append(b, '\t')
		}
		if strings.HasPrefix(text, `"`) || strings.IndexByte(text, '\t') >= 0 || strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 {
			b = strconv.AppendQuote(b, text)
		} else {
			b = append(b, text...)
		}
	}
	return append(b, '\n')
}

// leastRelease is fewer bytes than a release takes in the front.
const leastRelease = 8

// parseCompact reads a front that compact wrote, as of a moment. The listing
// keeps rest; names reads its files' names when they are asked for.
func parseCompact(front []byte, rest io.ReaderAt, project string, asOf time.Time, names *dist.NameReader) (*Listing, error) {
	r := frontReader{text: string(front)}
	if r.take(r.number()) != compactForm {
		return nil, errCompact
	}
	l := &Listing{Name: project, Status: r.take(r.number()), StatusReason: r.take(r.number()), Skipped: r.number()}
	at := &kept{project: project, asOf: asOf, names: names, rest: rest}
	at.texts = make([]string, r.count(1))
	for i := range at.texts {
		at.texts[i] = r.take(r.number())
	}
	l.Texts = len(at.texts)
	at.shapes = make([]string, r.count(1))
	for i := range at.shapes {
		at.shapes[i] = r.take(r.number())
	}
	l.Releases = make([]Release, 0, r.count(leastRelease))
	var versions pep440.Batch
	off := int64(0)
	for range cap(l.Releases) {
		v, err := versions.Parse(r.take(r.number()))
		if err != nil || r.bad {
			return nil, errCompact
		}
		one := Release{Version: v, Shape: r.number(), at: at, off: off}
		first := r.signed()
		last, dated, undated := first+r.signed(), r.number(), r.number()
		one.size, one.sum = r.number(), r.sum()
		if off += int64(one.size); r.bad || one.Shape < 1 || one.Shape > len(at.shapes) {
			return nil, errCompact
		}
		if undated == 0 {
			one.last = last
		}
		switch {
		case asOf.IsZero():
		case !visible(timeOf(first), asOf):
			l.Later, l.Undated = l.Later+dated, l.Undated+undated
			continue
		case undated > 0 || timeOf(last).After(asOf):
			one.Shape = 0 // not all of it may be seen
		}
		l.Releases = append(l.Releases, one)
	}
	if r.bad || r.text != "" {
		return nil, errCompact
	}
	return l, nil
}

// frontReader takes numbers and texts off the front. Once something was wrong, bad stays set.
type frontReader struct {
	text string
	bad  bool
}

func (r *frontReader) take(n int) string {
	if n < 0 || n > len(r.text) {
		r.bad, n = true, 0
	}
	text := r.text[:n]
	r.text = r.text[n:]
	return text
}

// number is an unsigned one that fits 31 bits: nothing in a listing is larger.
func (r *frontReader) number() int {
	n := r.varint()
	if n > 1<<31-1 {
		r.bad = true
		return 0
	}
	return int(n)
}

// count is how many things of at least size bytes follow.
func (r *frontReader) count(size int) int {
	n := r.number()
	if n > len(r.text)/size {
		r.bad = true
		return 0
	}
	return n
}

func (r *frontReader) signed() int64 {
	n := r.varint() // zigzag, as binary.AppendVarint writes it
	return int64(n>>1) ^ -int64(n&1)
}

func (r *frontReader) varint() uint64 {
	var n uint64
	for i := 0; i < len(r.text) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(r.text[i]&0x7f) << (7 * i)
		if r.text[i] < 0x80 {
			r.text = r.text[i+1:]
			return n
		}
	}
	r.bad = true
	return 0
}

func (r *frontReader) sum() uint32 {
	text := r.take(4)
	if r.bad {
		return 0
	}
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
}
