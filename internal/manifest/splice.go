package manifest

import (
	"bytes"
	"slices"
	"strings"

	"snug/internal/fault"
)

// splice replaces src[start:end] in a copy.
func splice(src []byte, start, end int, text string) []byte {
	return slices.Concat(src[:start], []byte(text), src[end:])
}

// eol is the line end that the file uses.
func (s *scan) eol() string {
	if bytes.Contains(s.src, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// ownLine reports whether only blanks stand before i in its line.
func (s *scan) ownLine(i int) bool {
	return strings.TrimSpace(string(s.src[s.lineStart(i):i])) == ""
}

// indent is the blanks before i in its line.
func (s *scan) indent(i int) string {
	line := string(s.src[s.lineStart(i):i])
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// appendTo puts text at the end of the array v, in its style: on a line of its
// own where the last element has one, with a comma behind it where the last
// element has one.
func (s *scan) appendTo(v value, els []element, text string) []byte {
	if len(els) == 0 {
		return s.firstElement(v, text)
	}
	last := els[len(els)-1]
	trailing := last.comma >= 0
	if !s.ownLine(last.start) {
		if trailing {
			return splice(s.src, last.comma+1, last.comma+1, " "+text+",")
		}
		return splice(s.src, last.end, last.end, ", "+text)
	}
	text = s.eol() + s.indent(last.start) + text
	at := last.end
	if trailing {
		text += ","
		at = last.comma + 1
	}
	out := s.src
	at = s.afterComment(at, v.end-1)
	out = splice(out, at, at, text)
	if !trailing {
		out = splice(out, last.end, last.end, ",")
	}
	return out
}

// afterComment is where a new line may begin after i: behind the comment that
// follows in the same line, if there is one, but before the array's end.
func (s *scan) afterComment(i, end int) int {
	j := s.space(i)
	if j >= end || s.src[j] != '#' {
		return i
	}
	eol := s.lineEnd(j)
	if eol > 0 && s.src[eol-1] == '\r' {
		eol--
	}
	return eol
}

// firstElement fills an array without elements, which may hold comments.
func (s *scan) firstElement(v value, text string) []byte {
	inner := s.src[v.start+1 : v.end-1]
	if !bytes.ContainsRune(inner, '\n') {
		return splice(s.src, v.start+1, v.end-1, text)
	}
	at := s.lineStart(v.end - 1)
	return splice(s.src, at, at, s.indent(v.end-1)+"    "+text+","+s.eol())
}

// removeElement takes out the i-th element with its comma, and with its line
// (and the comment at its end) where it stands alone.
func (s *scan) removeElement(v value, els []element, i int) []byte {
	e := els[i]
	after := e.end
	if e.comma >= 0 {
		after = e.comma + 1
	}
	if out, ok := s.removeLine(v, els, i, after); ok {
		return out
	}
	switch {
	case i+1 < len(els) && s.plain(e.start, els[i+1].start):
		return splice(s.src, e.start, els[i+1].start, "")
	case i > 0 && s.plain(els[i-1].end, e.start) && i+1 == len(els):
		return splice(s.src, els[i-1].end, e.end, "")
	}
	return splice(s.src, e.start, after, "")
}

// plain reports whether src[a:b] is within one line.
func (s *scan) plain(a, b int) bool { return !bytes.ContainsRune(s.src[a:b], '\n') }

// removeLine removes the whole lines of element i if nothing else is on them.
// Where the array had no trailing comma it gets none.
func (s *scan) removeLine(v value, els []element, i, after int) ([]byte, bool) {
	end := s.afterComment(after, v.end-1)
	eol := s.lineEnd(end)
	if !s.ownLine(els[i].start) || eol >= v.end || strings.TrimSpace(string(s.src[end:eol])) != "" {
		return nil, false
	}
	out := splice(s.src, s.lineStart(els[i].start), eol+1, "")
	if i > 0 && i+1 == len(els) && els[i].comma < 0 && els[i-1].comma >= 0 {
		out = splice(out, els[i-1].comma, els[i-1].comma+1, "")
	}
	return out, true
}

// newArray writes an array that is not there yet: at the end of its table's own
// keys, or with the table after [project] and its sub-tables.
func (s *scan) newArray(t Table, text string) ([]byte, error) {
	nl := s.eol()
	entry := tomlKey(t[1]) + " = [" + nl + "    " + text + "," + nl + "]" + nl
	if at, ok := s.endOf(func(path []string) bool { return len(path) == 1 && path[0] == t[0] }); ok {
		return s.insertLine(at, entry), nil
	}
	for _, v := range s.values {
		if v.path[0] == t[0] {
			return nil, inputAt(FileName, s.line(v.start), "write ["+t[0]+"] as a table of its own", "%s is laid out in a way that snug cannot edit", t[0])
		}
	}
	if t[0] == "project" {
		return nil, fault.New(fault.Input, "add [project] with name and version", "%s has no [project] to hold dependencies", FileName)
	}
	entry = "[" + t[0] + "]" + nl + entry
	at, ok := s.endOf(func(path []string) bool { return path[0] == "project" })
	if !ok {
		at = len(s.src)
	}
	if at > 0 {
		entry = nl + entry
	}
	return s.insertLine(at, entry), nil
}

// endOf is the end of the last line that belongs to a header that fits: of its
// last value, or of the header itself.
func (s *scan) endOf(fits func(path []string) bool) (at int, ok bool) {
	for i, h := range s.headers {
		if !fits(h.path) {
			continue
		}
		at, ok = max(at, h.end), true
		for _, v := range s.values {
			if v.header == i {
				at = max(at, v.end)
			}
		}
	}
	if !ok {
		return 0, false
	}
	return min(s.lineEnd(at)+1, len(s.src)), true
}

// insertLine puts whole lines at the start of a line, ending the one before.
func (s *scan) insertLine(at int, text string) []byte {
	if at > 0 && s.src[at-1] != '\n' {
		text = s.eol() + text
	}
	return splice(s.src, at, at, text)
}

// tomlKey writes a key, quoted where it must be.
func tomlKey(name string) string {
	for i := range len(name) {
		if !bareKey(name[i]) {
			return quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}
