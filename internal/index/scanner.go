package index

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a page; the API itself needs four levels.
const maxDepth = 32

var errTruncated = errors.New("the text ends too early")

// scanner walks a JSON text once, front to back, without building values. Each
// method reads one value at the current place or fails; what is skipped is
// checked for its structure only.
type scanner struct {
	in    []byte
	pos   int
	depth int
	known map[string]string // keys and short values seen: a page says few, often
}

func (s *scanner) at(err error) error { return fmt.Errorf("JSON, byte %d: %w", s.pos, err) }

// peek returns the first byte of the next value, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; c {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) end() bool { return s.peek() == 0 && s.pos == len(s.in) }

func (s *scanner) expect(c byte) error {
	got := s.peek()
	if got != c {
		if s.pos >= len(s.in) {
			return errTruncated
		}
		return fmt.Errorf("%q where %q was expected", got, c)
	}
	s.pos++
	return nil
}

// list reads open, items with commas between, and shut.
func (s *scanner) list(open, shut byte, item func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return errors.New("nested too deeply")
	}
	defer func() { s.depth-- }()
	if s.peek() == shut {
		s.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if s.peek() != ',' {
			return s.expect(shut)
		}
		s.pos++
	}
}

// object calls member for each key; member must read the value.
func (s *scanner) object(member func(key string) error) error {
	return s.list('{', '}', func() error {
		key, err := s.quoted()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return member(s.intern(key))
	})
}

func (s *scanner) array(item func() error) error { return s.list('[', ']', item) }

// text reads a string; null is the empty string.
func (s *scanner) text() (string, error) {
	if s.peek() == 'n' {
		return "", s.literal("null")
	}
	b, err := s.quoted()
	return s.intern(b), err
}

// Strings longer than this, or after so many, are not shared.
const (
	maxInterned = 24
	maxKnown    = 256
)

// intern copies b, once for each content that is short.
func (s *scanner) intern(b []byte) string {
	if len(b) > maxInterned {
		return string(b)
	}
	if text, ok := s.known[string(b)]; ok {
		return text
	}
	text := string(b)
	if s.known == nil {
		s.known = map[string]string{}
	}
	if len(s.known) < maxKnown {
		s.known[text] = text
	}
	return text
}

// quoted reads a string and returns it unescaped; without escapes it is part of
// the input.
func (s *scanner) quoted() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.pos
	plain := true
	for {
		n := bytes.IndexByte(s.in[s.pos:], '"')
		if n < 0 {
			return nil, errTruncated
		}
		s.pos += n + 1
		raw := s.in[start : s.pos-1]
		if escaped(raw) {
			plain = false
			continue
		}
		if plain && bytes.IndexByte(raw, '\\') < 0 {
			if !utf8.Valid(raw) {
				return nil, errors.New("a string is not UTF-8")
			}
			return raw, nil
		}
		var text string
		if err := json.Unmarshal(s.in[start-1:s.pos], &text); err != nil {
			return nil, errors.New("a string is malformed")
		}
		return []byte(text), nil
	}
}

// escaped reports whether b ends with an odd number of backslashes, so that the
// quote after it does not end the string.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.in[s.pos:], []byte(word)) {
		return fmt.Errorf("a value that is not %s", word)
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) boolean() (bool, error) {
	switch s.peek() {
	case 't':
		return true, s.literal("true")
	case 'n':
		return false, s.literal("null")
	}
	return false, s.literal("false")
}

// integer reads a number that is no fraction and not negative; null is 0.
func (s *scanner) integer() (int64, error) {
	if s.peek() == 'n' {
		return 0, s.literal("null")
	}
	n, err := strconv.ParseInt(string(s.number()), 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("a size that is no whole number")
	}
	return n, nil
}

func (s *scanner) number() []byte {
	start := s.pos
	for s.pos < len(s.in) && strings.IndexByte("+-.0123456789Ee", s.in[s.pos]) >= 0 {
		s.pos++
	}
	return s.in[start:s.pos]
}

// skip passes over one value of any kind.
func (s *scanner) skip() error {
	switch c := s.peek(); c {
	case '{':
		return s.object(func(string) error { return s.skip() })
	case '[':
		return s.array(s.skip)
	case '"':
		_, err := s.quoted()
		return err
	case 't', 'f', 'n':
		_, err := s.boolean()
		return err
	case 0:
		return errTruncated
	}
	if len(s.number()) == 0 {
		return errors.New("no JSON value")
	}
	return nil
}
