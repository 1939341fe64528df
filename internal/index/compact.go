package index

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// compactForm names the form in which pages are kept. It changes whenever the
// same page would be kept otherwise.
const compactForm = "listing-2"

// compactFields of one file, divided by tabs: address, name (empty where the
// address ends in it), size, upload in nanoseconds of Unix time (empty: not
// said), flags, requires-python, yanked reason, hash of its metadata, hashes.
const compactFields = 9

var errCompact = errors.New("not a kept listing")

// compact is the page with only what resolving needs, in a form that is read in
// a tenth of the time that JSON takes: fields are parts of the text, and what
// could hold a tab or a line break is quoted as in Go.
func (p *page) compact() []byte {
	b := append([]byte(nil), compactForm+"\n"...)
	b = append(appendField(b, p.status), '\t')
	b = append(appendField(b, p.statusReason), '\t')
	b = append(strconv.AppendInt(b, int64(p.skipped), 10), '\n')
	for i := range p.files {
		b = append(p.files[i].appendCompact(b), '\n')
	}
	return b
}

func (f *File) appendCompact(b []byte) []byte {
	name := f.Name
	if strings.HasSuffix(f.URL, "/"+name) {
		name = ""
	}
	upload, flags := "", ""
	if !f.Upload.IsZero() {
		upload = strconv.FormatInt(f.Upload.UnixNano(), 10)
	}
	if f.Yanked {
		flags += "y"
	}
	if f.HasMetadata {
		flags += "m"
	}
	for i, field := range [compactFields]string{f.URL, name, strconv.FormatInt(f.Size, 10), upload, flags,
		f.RequiresPython, f.YankedReason, f.MetadataHash, string(f.Hashes)} {
		if i > 0 {
			b = append(b, '\t')
		}
		b = appendField(b, field)
	}
	return b
}

func appendField(b []byte, text string) []byte {
	if strings.HasPrefix(text, `"`) || strings.ContainsAny(text, "\t\n\r") {
		return strconv.AppendQuote(b, text)
	}
	return append(b, text...)
}

// parseCompact reads what compact wrote.
func parseCompact(body []byte) (*page, error) {
	head, rest, _ := strings.Cut(string(body), "\n")
	if head != compactForm {
		return nil, errCompact
	}
	line, rest, ok := strings.Cut(rest, "\n")
	if !ok {
		return nil, errCompact
	}
	p := &page{}
	fields := compactLine{line, nil}
	p.status, p.statusReason, p.skipped = fields.next(), fields.next(), int(fields.integer())
	p.files = make([]File, 0, strings.Count(rest, "\n"))
	for rest != "" && fields.err == nil {
		if fields.text, rest, ok = strings.Cut(rest, "\n"); !ok {
			return nil, errCompact
		}
		p.files = append(p.files, fields.file())
	}
	return p, fields.err
}

// compactLine takes the fields off a line, and keeps the first complaint.
type compactLine struct {
	text string
	err  error
}

func (l *compactLine) next() string {
	field, rest, _ := strings.Cut(l.text, "\t")
	l.text = rest
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
	n, err := strconv.ParseInt(l.next(), 10, 64)
	if err != nil {
		l.err = errCompact
	}
	return n
}

func (l *compactLine) file() File {
	f := File{URL: l.next(), Name: l.next(), Size: l.integer()}
	if f.Name == "" {
		f.Name = f.URL[strings.LastIndexByte(f.URL, '/')+1:]
	}
	if strings.HasPrefix(l.text, "\t") {
		l.next()
	} else {
		f.Upload = time.Unix(0, l.integer()).UTC()
	}
	flags := l.next()
	f.Yanked, f.HasMetadata = strings.Contains(flags, "y"), strings.Contains(flags, "m")
	f.RequiresPython, f.YankedReason, f.MetadataHash, f.Hashes = l.next(), l.next(), l.next(), Hashes(l.next())
	return f
}
