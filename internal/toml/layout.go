package toml

import "bytes"

// Value is where one TOML value stands.
type Value struct {
	Path       []string
	start, end int // Src[start:end]
	header     int // index of the header it stands under; -1: before any, or in an inline table
}

// header is a [table] or [[table]] line: src[start:end].
type header struct {
	path       []string
	start, end int
}

// Layout is where everything stands in a valid TOML document.
type Layout struct {
	Src     []byte
	Values  []Value // in their order, those of inline tables after the table
	headers []header
}

// Scan lays out src, which the TOML library has accepted before. On a
// document that it misreads it returns what it saw so far; edits are checked
// against the library afterwards, so the worst outcome is a refusal.
func Scan(src []byte) *Layout {
	s := &Layout{Src: src}
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
func (s *Layout) header(i int) (end int, path []string) {
	h := header{start: i}
	i++
	if i < len(s.Src) && s.Src[i] == '[' {
		i++
	}
	h.path, i = s.key(i)
	for i < len(s.Src) && s.Src[i] == ']' {
		i++
	}
	h.end = i
	s.headers = append(s.headers, h)
	return i, h.path
}

// pair reads "key = value" at i.
func (s *Layout) pair(i int, prefix []string, under int) int {
	key, i := s.key(i)
	if i >= len(s.Src) || s.Src[i] != '=' {
		return len(s.Src)
	}
	i = s.space(i + 1)
	path := append(append([]string(nil), prefix...), key...)
	end := s.skip(i)
	s.Values = append(s.Values, Value{path, i, end, under})
	if i < len(s.Src) && s.Src[i] == '{' {
		for j := s.blank(i + 1); j < end-1; j = s.blank(j) {
			if s.Src[j] == ',' {
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
func (s *Layout) key(i int) (path []string, end int) {
	for {
		i = s.space(i)
		start := i
		if i < len(s.Src) && (s.Src[i] == '"' || s.Src[i] == '\'') {
			i = s.skip(i)
			path = append(path, unquote(string(s.Src[start:i])))
		} else {
			for i < len(s.Src) && IsBare(s.Src[i]) {
				i++
			}
			path = append(path, string(s.Src[start:i]))
		}
		i = s.space(i)
		if i >= len(s.Src) || s.Src[i] != '.' {
			return path, i
		}
		i++
	}
}

// IsBare tells whether c may stand in a key without quotes.
func IsBare(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// space skips blanks within a line.
func (s *Layout) space(i int) int {
	for i < len(s.Src) && (s.Src[i] == ' ' || s.Src[i] == '\t') {
		i++
	}
	return i
}

// blank skips blanks, line ends and comments.
func (s *Layout) blank(i int) int {
	for i < len(s.Src) {
		switch s.Src[i] {
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
func (s *Layout) lineEnd(i int) int {
	if n := bytes.IndexByte(s.Src[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(s.Src)
}

// lineStart is the offset of the first byte of i's line.
func (s *Layout) lineStart(i int) int {
	return bytes.LastIndexByte(s.Src[:i], '\n') + 1
}

// Line is the line on which a value begins, from 1.
func (s *Layout) Line(v Value) int { return s.lineAt(v.start) }

// lineAt is the number of i's line, from 1.
func (s *Layout) lineAt(i int) int { return bytes.Count(s.Src[:i], []byte("\n")) + 1 }

// skip returns the end of the value at i.
func (s *Layout) skip(i int) int {
	if i >= len(s.Src) {
		return i
	}
	switch c := s.Src[i]; c {
	case '"', '\'':
		return s.skipString(i, c)
	case '[', '{':
		return s.skipNested(i, c+2) // ']' and '}' follow their openers by two
	}
	j := i
	for j < len(s.Src) && !bytes.ContainsRune([]byte(",]}#\r\n"), rune(s.Src[j])) {
		j++
	}
	return i + len(bytes.TrimRight(s.Src[i:j], " \t"))
}

func (s *Layout) skipNested(i int, closer byte) int {
	for j := s.blank(i + 1); j < len(s.Src); j = s.blank(j) {
		switch c := s.Src[j]; c {
		case closer:
			return j + 1
		case ',', '=', '.':
			j++
		default:
			next := s.skip(j)
			if closer == '}' && c != '"' && c != '\'' && c != '[' && c != '{' {
				next = j + len(scalar(s.Src[j:next]))
			}
			if next <= j {
				return len(s.Src)
			}
			j = next
		}
	}
	return len(s.Src)
}

// scalar cuts at "=", so that a bare key ends where its value begins.
func scalar(b []byte) []byte {
	if n := bytes.IndexByte(b, '='); n > 0 {
		return b[:n]
	}
	return b
}

func (s *Layout) skipString(i int, quote byte) int {
	triple := bytes.Repeat([]byte{quote}, 3)
	long := bytes.HasPrefix(s.Src[i:], triple)
	j := i + 1
	if long {
		j = i + 3
	}
	for j < len(s.Src) {
		switch {
		case s.Src[j] == '\\' && quote == '"':
			j += 2
		case long && bytes.HasPrefix(s.Src[j:], triple):
			j += 3
			for n := 0; n < 2 && j < len(s.Src) && s.Src[j] == quote; n++ {
				j++ // one or two quotes may stand before the closing three
			}
			return j
		case !long && s.Src[j] == quote:
			return j + 1
		default:
			j++
		}
	}
	return len(s.Src)
}
