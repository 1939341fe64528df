package index

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"snug/internal/dist"
	"snug/internal/pep440"
)

// compactForm names the form in which pages are kept. It changes whenever the
// same page would be kept otherwise.
//
// Lines of fields divided by tabs; what could hold a tab or a line break is
// quoted as in Go. First the form, then status, its reason, the number of skipped
// files and that of shapes. Then each shape: how many bytes of lines follow, one
// for each file (see shapeOf). Then for each release, the newest first: version,
// shape, the first and the last upload, the numbers of its files with and without
// a date, and how many bytes of lines follow, one for each file: address, name
// (empty where the address ends in it), size, upload, flags, requires-python,
// yanked reason, hash of its metadata, hashes. Times are nanoseconds of Unix
// time, empty where not known.
const compactForm = "listing-4"

var errCompact = errors.New("not a kept listing")

// compact is the page with only what resolving needs, its file names
// understood, in a form of which nearly everything can be passed over.
func (p *page) compact(project string) []byte {
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
	shapes := map[string]int{}
	var shapeLines, releases, lines []byte
	for _, group := range byVersion(files) {
		lines = lines[:0]
		for i := range group {
			lines = group[i].appendCompact(lines)
		}
		shape := shapeOf(group)
		if shapes[shape] == 0 {
			shapes[shape] = len(shapes) + 1
			shapeLines = append(appendLine(shapeLines, strconv.Itoa(len(shape))), shape...)
		}
		first, last, undated := uploads(group)
		releases = appendLine(releases, group[0].Version.String(), strconv.Itoa(shapes[shape]), moment(first), moment(last),
			strconv.Itoa(len(group)-undated), strconv.Itoa(undated), strconv.Itoa(len(lines)))
		releases = append(releases, lines...)
	}
	b := append([]byte(nil), compactForm+"\n"...)
	b = appendLine(b, p.status, p.statusReason, strconv.Itoa(p.skipped+len(p.files)-len(files)), strconv.Itoa(len(shapes)))
	return append(append(b, shapeLines...), releases...)
}

const sdistShape = "sdist"

// shapeOf has a line for each file: its tags with the build before them, its
// Requires-Python, "true" if it is yanked, why, "true" if it has a sha256.
func shapeOf(files []*File) string {
	var b []byte
	for _, f := range files {
		if f.Wheel == nil {
			b = appendLine(b, sdistShape)
			continue
		}
		_, rest, _ := strings.Cut(f.Name, "-") // the name, then the version
		_, tags, _ := strings.Cut(strings.TrimSuffix(rest, ".whl"), "-")
		b = appendLine(b, tags, f.RequiresPython, strconv.FormatBool(f.Yanked), f.YankedReason, strconv.FormatBool(f.Hashes.Sum("sha256") != ""))
	}
	return string(b)
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

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixNano(), 10)
}

func (f *File) appendCompact(b []byte) []byte {
	name, flags := f.Name, ""
	if strings.HasSuffix(f.URL, "/"+name) {
		name = ""
	}
	if f.Yanked {
		flags += "y"
	}
	if f.HasMetadata {
		flags += "m"
	}
	return appendLine(b, f.URL, name, strconv.FormatInt(f.Size, 10), moment(f.Upload), flags,
		f.RequiresPython, f.YankedReason, f.MetadataHash, string(f.Hashes))
}

func appendLine(b []byte, fields ...string) []byte {
	for i, text := range fields {
		if i > 0 {
			b = append(b, '\t')
		}
		if strings.HasPrefix(text, `"`) || strings.ContainsAny(text, "\t\n\r") {
			b = strconv.AppendQuote(b, text)
		} else {
			b = append(b, text...)
		}
	}
	return append(b, '\n')
}

// parseCompact reads what compact wrote, all but the files, as of a moment. The
// listing keeps body; names reads its files' names when they are asked for.
func parseCompact(body []byte, project string, asOf time.Time, names *dist.NameReader) (*Listing, error) {
	lines := compactLine{rest: body}
	if !lines.next() || lines.field() != compactForm || !lines.next() {
		return nil, errCompact
	}
	l := &Listing{Name: project, Status: lines.field(), StatusReason: lines.field(), Skipped: int(lines.integer())}
	shapes := make([]shape, min(max(0, lines.integer()), int64(len(body))))
	for i := range shapes {
		if !lines.next() {
			return nil, errCompact
		}
		shapes[i] = shape{text: lines.take(int(lines.integer())), names: names}
	}
	for lines.next() {
		v, err := pep440.Parse(lines.field())
		if err != nil {
			return nil, errCompact
		}
		r := Release{Version: v, Shape: int(lines.integer()), shapes: shapes, project: project, asOf: asOf, names: names}
		first, last, dated, undated := lines.moment(), lines.moment(), int(lines.integer()), int(lines.integer())
		if r.text = lines.take(int(lines.integer())); lines.err != nil || r.Shape < 1 || r.Shape > len(shapes) {
			return nil, errCompact
		}
		if undated == 0 {
			r.last = last
		}
		switch {
		case asOf.IsZero():
		case !visible(timeOf(first), asOf):
			l.Later, l.Undated = l.Later+dated, l.Undated+undated
			continue
		case undated > 0 || timeOf(last).After(asOf):
			r.Shape = 0 // not all of it may be seen
		}
		l.Releases = append(l.Releases, r)
	}
	return l, lines.err
}

// compactLine takes lines off a text, and fields off a line. It keeps the first
// complaint.
type compactLine struct {
	rest []byte // behind the line
	line string // what is left of it
	err  error
}

// next goes to the next line, if there is one.
func (l *compactLine) next() bool {
	if len(l.rest) == 0 || l.err != nil {
		return false
	}
	end := bytes.IndexByte(l.rest, '\n')
	if end < 0 {
		l.err = errCompact
		return false
	}
	l.line, l.rest = string(l.rest[:end]), l.rest[end+1:]
	return true
}

// take passes over n bytes of lines and returns them.
func (l *compactLine) take(n int) []byte {
	if n < 0 || n > len(l.rest) || l.err != nil {
		l.err = errCompact
		return nil
	}
	text := l.rest[:n]
	l.rest = l.rest[n:]
	return text
}

func (l *compactLine) cut() (field string) {
	field, l.line, _ = strings.Cut(l.line, "\t")
	return field
}

func (l *compactLine) field() string {
	field := l.cut()
	if !strings.HasPrefix(field, `"`) {
		return field
	}
	text, err := strconv.Unquote(field)
	if err != nil {
		l.err = errCompact
	}
	return text
}

func (l *compactLine) integer() int64 {
	n, err := strconv.ParseInt(l.cut(), 10, 64)
	if err != nil {
		l.err = errCompact
	}
	return n
}

// moment is in Unix nanoseconds, 0 where it is not known.
func (l *compactLine) moment() int64 {
	if l.line == "" || l.line[0] == '\t' {
		l.cut()
		return 0
	}
	return l.integer()
}

func timeOf(moment int64) time.Time {
	if moment == 0 {
		return time.Time{}
	}
	return time.Unix(0, moment).UTC()
}

func (l *compactLine) file() File {
	f := File{URL: l.field(), Name: l.field(), Size: l.integer(), Upload: timeOf(l.moment())}
	if f.Name == "" {
		f.Name = f.URL[strings.LastIndexByte(f.URL, '/')+1:]
	}
	flags := l.field()
	f.Yanked, f.HasMetadata = strings.Contains(flags, "y"), strings.Contains(flags, "m")
	f.RequiresPython, f.YankedReason, f.MetadataHash, f.Hashes = l.field(), l.field(), l.field(), Hashes(l.field())
	return f
}
