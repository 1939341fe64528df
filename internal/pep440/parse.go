package pep440

import (
	"fmt"
	"strings"
	"unicode"
)

// Limits of what is read: a version or a comma set from outside.
const (
	// MaxVersion is the longest version text read, in bytes.
	MaxVersion = 1 << 10
	// MaxSpecifiers is the longest specifier set read, in bytes.
	MaxSpecifiers = 64 << 10
)

// ParseError says why a text is no version or no specifier.
type ParseError struct {
	What   string // "version" or "version specifier"
	Text   string
	Reason string
}

func (e *ParseError) Error() string {
	text := e.Text
	if len(text) > 80 {
		text = text[:80] + "…"
	}
	return fmt.Sprintf("invalid %s %q: %s", e.What, text, e.Reason)
}

// space is what Python's str.strip takes off.
func space(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// Parse reads a version in any spelling that PEP 440 accepts, white space
// around it included. The error is a *ParseError.
func Parse(text string) (Version, error) { return parseIn(text, nil) }

func parseIn(text string, batch *Batch) (Version, error) {
	fail := func(reason string) (Version, error) {
		return Version{}, &ParseError{What: "version", Text: text, Reason: reason}
	}
	if len(text) > MaxVersion {
		return fail("it is too long")
	}
	s := scanner{text: lower(strings.TrimFunc(text, space)), batch: batch}
	p := s.version()
	switch {
	case s.tooLarge:
		return fail("a number in it is too large")
	case p == nil:
		return fail("it does not start with a number")
	case s.text != "":
		return fail(fmt.Sprintf("%q is not expected there", s.text))
	}
	return pack(p), nil
}

// lower is strings.ToLower for ASCII alone: PEP 440 knows no other letters.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// scanner eats a lower-case version from the front of text.
type scanner struct {
	text     string
	batch    *Batch // nil: each version has its own allocations
	tooLarge bool
}

func (s *scanner) version() *parts {
	s.literal("v")
	n, ok := s.number()
	if !ok {
		return nil
	}
	p := s.batch.newParts()
	if s.literal("!") {
		p.epoch = n
		if n, ok = s.number(); !ok {
			return nil
		}
	}
	p.release = append(s.batch.release(), n)
	for len(s.text) > 1 && s.text[0] == '.' && digit(s.text[1]) {
		s.text = s.text[1:]
		n, _ = s.number()
		p.release = append(p.release, n)
	}
	p.release = s.batch.done(p.release)
	s.suffixes(p)
	return p
}

func (s *scanner) suffixes(p *parts) {
	if s.text == "" {
		return
	}
	p.pre, p.preN = s.pre()
	p.post, p.hasPost = s.postRelease()
	p.dev, p.hasDev = s.labelled("dev")
	p.local = s.local()
}

func (s *scanner) pre() (phase, uint64) {
	for _, l := range [...]struct {
		label string
		phase phase
	}{
		{"alpha", alpha}, {"a", alpha}, {"beta", beta}, {"b", beta},
		{"preview", candidate}, {"pre", candidate}, {"c", candidate}, {"rc", candidate},
	} {
		if n, ok := s.labelled(l.label); ok {
			return l.phase, n
		}
	}
	return noPhase, 0
}

// postRelease eats ".post1" in any spelling, or the implicit "-1".
func (s *scanner) postRelease() (uint64, bool) {
	if len(s.text) > 1 && s.text[0] == '-' && digit(s.text[1]) {
		s.text = s.text[1:]
		return s.number()
	}
	for _, label := range [...]string{"post", "rev", "r"} {
		if n, ok := s.labelled(label); ok {
			return n, true
		}
	}
	return 0, false
}

// labelled eats [-_.]? label [-_.]? digits?; a missing number is 0.
func (s *scanner) labelled(label string) (uint64, bool) {
	rest, ok := strings.CutPrefix(skipSeparator(s.text), label)
	if !ok {
		return 0, false
	}
	s.text = skipSeparator(rest)
	n, _ := s.number()
	return n, true
}

// local eats +label and returns it normalised; what it cannot read is left.
func (s *scanner) local() string {
	if !strings.HasPrefix(s.text, "+") {
		return ""
	}
	var b strings.Builder
	for rest := s.text; rest != "" && (b.Len() == 0 || separator(rest[0])); {
		n := 1
		for n < len(rest) && alphanumeric(rest[n]) {
			n++
		}
		if n == 1 {
			break
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(trimZeros(rest[1:n]))
		rest = rest[n:]
		s.text = rest
	}
	return b.String()
}

func trimZeros(segment string) string {
	if !isDigits(segment) {
		return segment
	}
	if t := strings.TrimLeft(segment, "0"); t != "" {
		return t
	}
	return "0"
}

func (s *scanner) literal(text string) bool {
	rest, ok := strings.CutPrefix(s.text, text)
	s.text = rest
	return ok
}

func (s *scanner) number() (n uint64, ok bool) {
	i := 0
	for ; i < len(s.text) && digit(s.text[i]); i++ {
		d := uint64(s.text[i] - '0')
		if n > (1<<64-1-d)/10 {
			s.tooLarge = true
			return 0, false
		}
		n = n*10 + d
	}
	s.text = s.text[i:]
	return n, i > 0
}

func skipSeparator(s string) string {
	if s != "" && separator(s[0]) {
		return s[1:]
	}
	return s
}

func separator(c byte) bool    { return c == '.' || c == '-' || c == '_' }
func digit(c byte) bool        { return '0' <= c && c <= '9' }
func alphanumeric(c byte) bool { return digit(c) || 'a' <= c && c <= 'z' }

func isDigits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}
