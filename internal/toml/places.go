package toml

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Find returns the value at path. Paths are compared by eq, since some keys are
// names that have several spellings.
func (s *Layout) Find(path []string, eq func(a, b []string) bool) (Value, bool) {
	for _, v := range s.Values {
		if eq(v.Path, path) {
			return v, true
		}
	}
	return Value{}, false
}

// LineOf is the line of the value or the table at path, or of the first value that is
// written below it ("a.b = 1" for a); 0 if it has none.
func (s *Layout) LineOf(path ...string) int {
	want := strings.Join(path, "\x00")
	for _, v := range s.Values {
		if strings.Join(v.Path, "\x00") == want {
			return s.Line(v)
		}
	}
	for _, h := range s.headers {
		if strings.Join(h.path, "\x00") == want {
			return s.lineAt(h.start)
		}
	}
	for _, v := range s.Values {
		if len(v.Path) > len(path) && slices.Equal(v.Path[:len(path)], path) {
			return s.Line(v)
		}
	}
	return 0
}

// Element is one array element and the comma after it (-1: none).
type Element struct{ start, end, comma int }

// IsArray tells whether the value is an array.
func (s *Layout) IsArray(v Value) bool { return v.start < len(s.Src) && s.Src[v.start] == '[' }

// Elements lists those of an array.
func (s *Layout) Elements(v Value) []Element {
	var out []Element
	for i := s.blank(v.start + 1); i < v.end-1; i = s.blank(i) {
		if s.Src[i] == ',' {
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
		out = append(out, Element{i, next, -1})
		i = next
	}
	return out
}

// String is the text of an element, if it is a string.
func (s *Layout) String(e Element) (text string, ok bool) {
	if c := s.Src[e.start]; c != '"' && c != '\'' {
		return "", false
	}
	return unquote(string(s.Src[e.start:e.end])), true
}

// elementLines are the lines of the elements of the array at path, none if
// there is no such array.
func (s *Layout) elementLines(path []string) []int {
	v, ok := s.Find(path, slices.Equal[[]string])
	if !ok {
		return nil
	}
	var out []int
	line, at := s.Line(v), v.start
	for _, e := range s.Elements(v) {
		line += bytes.Count(s.Src[at:e.start], []byte("\n"))
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
