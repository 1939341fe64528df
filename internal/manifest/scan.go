package manifest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// value is where one TOML value stands: src[Start:End].
type value struct {
	path       []string
	start, end int
	header     int // index of the header it stands under; -1: before any, or in an inline table
}

// header is a [table] or [[table]] line: src[start:end].
type header struct {
	path       []string
	start, end int
	array      bool
}

// scan is the layout of a valid TOML document.
type scan struct {
	src     []byte
	values  []value
	headers []header
}

// scanTOML lays out src, which the TOML library has accepted before. On a
// document that it misreads it returns what it saw so far; edits are checked
// against the library afterwards, so the worst outcome is a refusal.
func scanTOML(src []byte) *scan {
	s := &scan{src: src}
	var prefix []string
	for i := s.blank(0); i < len(src); i = s.blank(i) {
		var next int
		if src[i] == '[' {
			next, prefix = s.header(i)
		} else {
			next = s.pair(i, prefix, len(s.headers)-1)
		}
		if next <= i {
			break
		}
		i = next
	}
	return s
}

// header reads a table header at i.
func (s *scan) header(i int) (end int, path []string) {
	h := header{start: i}
	i++
	if i < len(s.src) && s.src[i] == '[' {
		h.array = true
		i++
	}
	h.path, i = s.key(i)
	for i < len(s.src) && s.src[i] == ']' {
		i++
	}
	h.end = i
	s.headers = append(s.headers, h)
	return i, h.path
}

// pair reads "key = value" at i.
func (s *scan) pair(i int, prefix []string, under int) int {
	key, i := s.key(i)
	if i >= len(s.src) || s.src[i] != '=' {
		return len(s.src)
	}
	i = s.space(i + 1)
	path := append(append([]string(nil), prefix...), key...)
	end := s.skip(i)
	s.values = append(s.values, value{path, i, end, under})
	if i < len(s.src) && s.src[i] == '{' {
		for j := s.blank(i + 1); j < end-1; j = s.blank(j) {
			if s.src[j] == ',' {
				j++
				continue
			}
			next := s.pair(j, path, -1)
			if next <= j {
				break
			}
			j = next
		}
	}
	return end
}

// key reads a dotted key and the space around it.
func (s *scan) key(i int) (path []string, end int) {
	for {
		i = s.space(i)
		start := i
		if i < len(s.src) && (s.src[i] == '"' || s.src[i] == '\'') {
			i = s.skip(i)
			path = append(path, unquote(string(s.src[start:i])))
		} else {
			for i < len(s.src) && bareKey(s.src[i]) {
				i++
			}
			path = append(path, string(s.src[start:i]))
		}
		i = s.space(i)
		if i >= len(s.src) || s.src[i] != '.' {
			return path, i
		}
		i++
	}
}

func bareKey(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// space skips blanks within a line.
func (s *scan) space(i int) int {
	for i < len(s.src) && (s.src[i] == ' ' || s.src[i] == '\t') {
		i++
	}
	return i
}

// blank skips blanks, line ends and comments.
func (s *scan) blank(i int) int {
	for i < len(s.src) {
		switch s.src[i] {
		case ' ', '\t', '\r', '\n':
			i++
		case '#':
			i = s.lineEnd(i)
		default:
			return i
		}
	}
	return i
}

// lineEnd is the offset of the line feed that ends i's line, or of the end.
func (s *scan) lineEnd(i int) int {
	if n := bytes.IndexByte(s.src[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(s.src)
}

// lineStart is the offset of the first byte of i's line.
func (s *scan) lineStart(i int) int {
	return bytes.LastIndexByte(s.src[:i], '\n') + 1
}

// line is the number of i's line, from 1.
func (s *scan) line(i int) int { return bytes.Count(s.src[:i], []byte("\n")) + 1 }

// skip returns the end of the value at i.
func (s *scan) skip(i int) int {
	if i >= len(s.src) {
		return i
	}
	switch c := s.src[i]; c {
	case '"', '\'':
		return s.skipString(i, c)
	case '[', '{':
		return s.skipNested(i, c+2) // ']' and '}' follow their openers by two
	}
	j := i
	for j < len(s.src) && !bytes.ContainsRune([]byte(",]}#\r\n"), rune(s.src[j])) {
		j++
	}
	return i + len(bytes.TrimRight(s.src[i:j], " \t"))
}

func (s *scan) skipNested(i int, closer byte) int {
	for j := s.blank(i + 1); j < len(s.src); j = s.blank(j) {
		switch c := s.src[j]; c {
		case closer:
			return j + 1
		case ',', '=', '.':
			j++
		default:
			next := s.skip(j)
			if closer == '}' && c != '"' && c != '\'' && c != '[' && c != '{' {
				next = j + len(scalar(s.src[j:next]))
			}
			if next <= j {
				return len(s.src)
			}
			j = next
		}
	}
	return len(s.src)
}

// scalar cuts at "=", so that a bare key ends where its value begins.
func scalar(b []byte) []byte {
	if n := bytes.IndexByte(b, '='); n > 0 {
		return b[:n]
	}
	return b
}

func (s *scan) skipString(i int, quote byte) int {
	triple := bytes.Repeat([]byte{quote}, 3)
	long := bytes.HasPrefix(s.src[i:], triple)
	j := i + 1
	if long {
		j = i + 3
	}
	for j < len(s.src) {
		switch {
		case s.src[j] == '\\' && quote == '"':
			j += 2
		case long && bytes.HasPrefix(s.src[j:], triple):
			j += 3
			for n := 0; n < 2 && j < len(s.src) && s.src[j] == quote; n++ {
				j++ // one or two quotes may stand before the closing three
			}
			return j
		case !long && s.src[j] == quote:
			return j + 1
		default:
			j++
		}
	}
	return len(s.src)
}

// find returns the value at path; names below [dependency-groups] and
// [project.optional-dependencies] are compared normalised by the caller's eq.
func (s *scan) find(path []string, eq func(a, b []string) bool) (value, bool) {
	for _, v := range s.values {
		if eq(v.path, path) {
			return v, true
		}
	}
	return value{}, false
}

// lineOf is the line of the value or the table at path; 0 if it has none.
func (s *scan) lineOf(path ...string) int {
	want := strings.Join(path, "\x00")
	for _, v := range s.values {
		if strings.Join(v.path, "\x00") == want {
			return s.line(v.start)
		}
	}
	for _, h := range s.headers {
		if strings.Join(h.path, "\x00") == want {
			return s.line(h.start)
		}
	}
	return 0
}

// element is one array element and the comma after it (-1: none).
type element struct{ start, end, comma int }

// elements lists the array src[start:end].
func (s *scan) elements(start, end int) []element {
	var out []element
	for i := s.blank(start + 1); i < end-1; i = s.blank(i) {
		if s.src[i] == ',' {
			if n := len(out); n > 0 {
				out[n-1].comma = i
			}
			i++
			continue
		}
		next := s.skip(i)
		if next <= i {
			break
		}
		out = append(out, element{i, next, -1})
		i = next
	}
	return out
}

// elementLines are the lines of the elements of the array at path, none if
// there is no such array.
func (s *scan) elementLines(path []string) []int {
	v, ok := s.find(path, slices.Equal[[]string])
	if !ok {
		return nil
	}
	var out []int
	line, at := s.line(v.start), v.start
	for _, e := range s.elements(v.start, v.end) {
		line += bytes.Count(s.src[at:e.start], []byte("\n"))
		at = e.start
		out = append(out, line)
	}
	return out
}

// unquote is the text of a quoted key; a key that TOML would refuse stays as
// it is, and matches nothing.
func unquote(quoted string) string {
	var doc map[string]any
	if err := toml.Unmarshal([]byte("k = "+quoted), &doc); err != nil {
		return quoted
	}
	s, _ := doc["k"].(string)
	return s
}
