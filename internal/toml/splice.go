package toml

import (
	"bytes"
	"slices"
	"strings"
)

// splice replaces src[start:end] in a copy.
func splice(src []byte, start, end int, text string) []byte {
	return slices.Concat(src[:start], []byte(text), src[end:])
}

// LineEnd is what ends the lines of a text.
func LineEnd(text []byte) string {
	if bytes.Contains(text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// ownLine reports whether only blanks stand before i in its line.
func (s *Layout) ownLine(i int) bool {
	return strings.TrimSpace(string(s.Src[s.lineStart(i):i])) == ""
}

// indent is the blanks before i in its line.
func (s *Layout) indent(i int) string {
	line := string(s.Src[s.lineStart(i):i])
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// Append puts text at the end of the array v, in its style: on a line of its
// own where the last element has one, with a comma behind it where the last
// element has one.
func (s *Layout) Append(v Value, text string) []byte {
	els := s.Elements(v)
	if len(els) == 0 {
		return s.firstElement(v, text)
	}
	last := els[len(els)-1]
	trailing := last.comma >= 0
	if !s.ownLine(last.start) {
		if trailing {
			return splice(s.Src, last.comma+1, last.comma+1, " "+text+",")
		}
		return splice(s.Src, last.end, last.end, ", "+text)
	}
	text = LineEnd(s.Src) + s.indent(last.start) + text
	at := last.end
	if trailing {
		text += ","
		at = last.comma + 1
	}
	out := s.Src
	at = s.afterComment(at, v.end-1)
	out = splice(out, at, at, text)
	if !trailing {
		out = splice(out, last.end, last.end, ",")
	}
	return out
}

// afterComment is where a new line may begin after i: behind the comment that
// follows in the same line, if there is one, but before the array's end.
func (s *Layout) afterComment(i, end int) int {
	j := s.space(i)
	if j >= end || s.Src[j] != '#' {
		return i
	}
	eol := s.lineEnd(j)
	if eol > 0 && s.Src[eol-1] == '\r' {
		eol--
	}
	return eol
}

// firstElement fills an array without elements, which may hold comments.
func (s *Layout) firstElement(v Value, text string) []byte {
	inner := s.Src[v.start+1 : v.end-1]
	if !bytes.ContainsRune(inner, '\n') {
		return splice(s.Src, v.start+1, v.end-1, text)
	}
	at := s.lineStart(v.end - 1)
	return splice(s.Src, at, at, s.indent(v.end-1)+"    "+text+","+LineEnd(s.Src))
}

// Replace puts text in the place of an element.
func (s *Layout) Replace(e Element, text string) []byte {
	return splice(s.Src, e.start, e.end, text)
}

// Remove takes the i-th element of the array v out with its comma, and with its
// line (and the comment at its end) where it stands alone.
func (s *Layout) Remove(v Value, i int) []byte {
	els := s.Elements(v)
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
		return splice(s.Src, e.start, els[i+1].start, "")
	case i > 0 && s.plain(els[i-1].end, e.start) && i+1 == len(els):
		return splice(s.Src, els[i-1].end, e.end, "")
	}
	return splice(s.Src, e.start, after, "")
}

// plain reports whether src[a:b] is within one line.
func (s *Layout) plain(a, b int) bool { return !bytes.ContainsRune(s.Src[a:b], '\n') }

// removeLine removes the whole lines of element i if nothing else is on them.
// Where the array had no trailing comma it gets none.
func (s *Layout) removeLine(v Value, els []Element, i, after int) ([]byte, bool) {
	end := s.afterComment(after, v.end-1)
	eol := s.lineEnd(end)
	if !s.ownLine(els[i].start) || eol >= v.end || strings.TrimSpace(string(s.Src[end:eol])) != "" {
		return nil, false
	}
	out := splice(s.Src, s.lineStart(els[i].start), eol+1, "")
	if i > 0 && i+1 == len(els) && els[i].comma < 0 && els[i-1].comma >= 0 {
		out = splice(out, els[i-1].comma, els[i-1].comma+1, "")
	}
	return out, true
}

// End is where a line may be inserted behind the last table whose path fits: after
// its last value, or after the header itself.
func (s *Layout) End(fits func(path []string) bool) (at int, ok bool) {
	for i, h := range s.headers {
		if !fits(h.path) {
			continue
		}
		at, ok = max(at, h.end), true
		for _, v := range s.Values {
			if v.header == i {
				at = max(at, v.end)
			}
		}
	}
	if !ok {
		return 0, false
	}
	return min(s.lineEnd(at)+1, len(s.Src)), true
}

// InsertLine puts whole lines at the start of a line, ending the one before.
func (s *Layout) InsertLine(at int, text string) []byte {
	if at > 0 && s.Src[at-1] != '\n' {
		text = LineEnd(s.Src) + text
	}
	return splice(s.Src, at, at, text)
}
