package index

import (
	"strconv"
	"strings"
)

// lineReader takes lines off a text that appendLine wrote, and fields off a
// line. Once something was wrong, bad stays set.
type lineReader struct {
	rest string // behind the line
	line string // what is left of it
	bad  bool
}

// next goes to the next line, if there is one.
func (l *lineReader) next() bool {
	if l.rest == "" || l.bad {
		return false
	}
	var whole bool
	l.line, l.rest, whole = strings.Cut(l.rest, "\n")
	l.bad = !whole
	return whole
}

func (l *lineReader) cut() (field string) {
	field, l.line, _ = strings.Cut(l.line, "\t")
	return field
}

func (l *lineReader) field() string {
	field := l.cut()
	if !strings.HasPrefix(field, `"`) {
		return field
	}
	text, err := strconv.Unquote(field)
	l.bad = l.bad || err != nil
	return text
}

// integer is 0 for an empty field.
func (l *lineReader) integer() int64 {
	field := l.cut()
	if field == "" {
		return 0
	}
	n, err := strconv.ParseInt(field, 10, 64)
	l.bad = l.bad || err != nil
	return n
}

func (l *lineReader) file() File {
	f := File{URL: l.field(), Name: l.field(), Size: l.integer(), Upload: timeOf(l.integer())}
	if f.Name == "" {
		f.Name = f.URL[strings.LastIndexByte(f.URL, '/')+1:]
	}
	flags := l.field()
	f.Yanked, f.HasMetadata = strings.Contains(flags, "y"), strings.Contains(flags, "m")
	f.RequiresPython, f.YankedReason, f.MetadataHash, f.Hashes, f.Provenance = l.field(), l.field(), l.field(), Hashes(l.field()), l.field()
	return f
}
