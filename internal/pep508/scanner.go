package pep508

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of what is read.
const (
	// MaxText is the longest requirement or marker read, in bytes.
	MaxText = 64 << 10
	// MaxDepth is how deep the parentheses of a marker may nest.
	MaxDepth = 64
)

// ParseError says where and why a text is no requirement or no marker.
type ParseError struct {
	What   string // "requirement" or "marker"
	Text   string
	Pos    int // byte offset in Text
	Reason string
	Err    error // the specifier's own error, or nil
}

func (e *ParseError) Error() string {
	text := e.Text
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	return fmt.Sprintf("invalid %s %q: %s (column %d)", e.What, text, e.Reason, e.Pos+1)
}

func (e *ParseError) Unwrap() error { return e.Err }

// scanner eats a requirement or a marker from pos on.
type scanner struct {
	what string
	text string
	pos  int
}

// checkText sets what is read and refuses text that is too long, is no UTF-8 or
// spans lines: line breaks are never part of either grammar.
func (s *scanner) checkText(what string) error {
	s.what = what
	if len(s.text) > MaxText {
		return s.fail("it is too long")
	}
	if !utf8.ValidString(s.text) {
		return s.fail("it is not UTF-8")
	}
	if i := strings.IndexAny(s.text, "\r\n\x00"); i >= 0 {
		s.pos = i
		return s.fail("a line break or NUL is not allowed")
	}
	return nil
}

func (s *scanner) fail(reason string) error {
	return &ParseError{What: s.what, Text: s.text, Pos: s.pos, Reason: reason}
}

func (s *scanner) end() bool { return s.pos == len(s.text) }

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.text[s.pos]
}

func (s *scanner) space() bool {
	start := s.pos
	for c := s.peek(); c == ' ' || c == '\t'; c = s.peek() {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) literal(text string) bool {
	if !strings.HasPrefix(s.text[s.pos:], text) {
		return false
	}
	s.pos += len(text)
	return true
}

// name eats a name, which may not end in a separator.
func (s *scanner) name(what string) (string, error) {
	start := s.pos
	for c := s.peek(); letterOrDigit(c) || nameSeparator(c); c = s.peek() {
		s.pos++
	}
	name := s.text[start:s.pos]
	if !ValidName(name) {
		s.pos = start
		return "", s.fail("expected " + what)
	}
	return name, nil
}

// word eats letters, digits, dots and underscores, and returns "" if none.
func (s *scanner) word() string {
	start := s.pos
	for c := s.peek(); letterOrDigit(c) || c == '_' || c == '.'; c = s.peek() {
		s.pos++
	}
	return s.text[start:s.pos]
}

// keyword eats text if it is the whole next word.
func (s *scanner) keyword(text string) bool {
	start := s.pos
	if s.word() == text {
		return true
	}
	s.pos = start
	return false
}
