// Package pep508 reads dependency specifiers, such as
// `requests[socks]>=2.8 ; python_version < "3.8"`, and decides their markers
// for an environment that is given, never for the one it runs in (PEP 508,
// with the set variables of PEP 751).
//
// It knows nothing of requirements files: options and includes are manifest's.
//
// The hard idea is that a marker compares as versions where both sides can be
// read so and as strings otherwise, and that the variable may stand on either
// side; comparison.eval is the one place that decides.
package pep508

import (
	"slices"
	"strings"

	"snug/internal/pep440"
)

// Requirement is one dependency specifier. Specifiers and URL exclude each
// other; Name and Extras are as written (see Key and NormalizeName).
type Requirement struct {
	Name       string
	Extras     []string
	Specifiers pep440.Specifiers
	URL        string
	Marker     *Marker // nil: always
}

// Key returns the normalised name, by which projects are the same.
func (r Requirement) Key() string { return NormalizeName(r.Name) }

// String returns the requirement in pypa/packaging's spelling: extras and
// clauses sorted, the marker normalised. Parse reads it back.
func (r Requirement) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if len(r.Extras) > 0 {
		extras := slices.Sorted(slices.Values(r.Extras))
		b.WriteString("[" + strings.Join(slices.Compact(extras), ",") + "]")
	}
	b.WriteString(r.Specifiers.String())
	if r.URL != "" {
		b.WriteString(" @ " + r.URL)
		if r.Marker != nil {
			b.WriteByte(' ')
		}
	}
	if r.Marker != nil {
		b.WriteString("; " + r.Marker.String())
	}
	return b.String()
}

// Parse reads a dependency specifier. The error is a *ParseError.
func Parse(text string) (Requirement, error) {
	r, _, err := parse(text, func(s string) (pep440.Specifiers, []string, error) {
		set, err := pep440.ParseSpecifiers(s)
		return set, nil, err
	})
	return r, err
}

// ParseLenient is Parse that also reads the malformed version specifiers of
// published packages; said tells each rewrite that was needed.
func ParseLenient(text string) (r Requirement, said []string, err error) {
	return parse(text, pep440.ParseSpecifiersLenient)
}

type specifierParser func(string) (pep440.Specifiers, []string, error)

func parse(text string, specifiers specifierParser) (Requirement, []string, error) {
	s := scanner{text: text}
	if err := s.checkText("requirement"); err != nil {
		return Requirement{}, nil, err
	}
	r := Requirement{}
	var said []string
	var err error
	s.space()
	if r.Name, err = s.name("a package name"); err != nil {
		return Requirement{}, nil, err
	}
	s.space()
	if r.Extras, err = s.extras(); err != nil {
		return Requirement{}, nil, err
	}
	s.space()
	if s.literal("@") {
		r.URL, err = s.url()
	} else {
		r.Specifiers, said, err = s.specifiers(specifiers)
	}
	if err != nil {
		return Requirement{}, nil, err
	}
	if s.space(); s.literal(";") {
		if r.Marker, err = s.marker(); err != nil {
			return Requirement{}, nil, err
		}
	}
	if s.space(); !s.end() {
		return Requirement{}, nil, s.fail("expected a semicolon or the end")
	}
	return r, said, nil
}

func (s *scanner) extras() ([]string, error) {
	if !s.literal("[") {
		return nil, nil
	}
	if s.space(); s.literal("]") {
		return nil, nil
	}
	var extras []string
	for {
		s.space()
		extra, err := s.name("an extra's name")
		if err != nil {
			return nil, err
		}
		extras = append(extras, extra)
		s.space()
		if s.literal("]") {
			return extras, nil
		}
		if !s.literal(",") {
			return nil, s.fail("expected a comma or ] after an extra")
		}
	}
}

func (s *scanner) url() (string, error) {
	s.space()
	rest := s.text[s.pos:]
	n := strings.IndexAny(rest, " \t")
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		return "", s.fail("expected a URL after @")
	}
	s.pos += n
	return rest[:n], nil
}

func (s *scanner) specifiers(parse specifierParser) (pep440.Specifiers, []string, error) {
	parens := s.literal("(")
	rest := s.text[s.pos:]
	n := len(rest)
	if i := strings.IndexAny(rest, ";)"); i >= 0 {
		n = i
	}
	set, said, err := parse(rest[:n])
	if err != nil {
		return nil, nil, &ParseError{What: "requirement", Text: s.text, Pos: s.pos, Reason: err.Error(), Err: err}
	}
	s.pos += n
	if parens && !s.literal(")") {
		return nil, nil, s.fail("expected ) after the version specifiers")
	}
	return set, said, nil
}
