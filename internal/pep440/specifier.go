package pep440

import (
	"slices"
	"strings"
)

// Operator is one of the eight comparison operators of PEP 440.
type Operator string

// The operators, in PEP 440's order.
const (
	Compatible   Operator = "~="
	Equal        Operator = "=="
	NotEqual     Operator = "!="
	LessEqual    Operator = "<="
	GreaterEqual Operator = ">="
	Less         Operator = "<"
	Greater      Operator = ">"
	Arbitrary    Operator = "==="
)

// operators lists each before those that are its prefix.
var operators = [...]Operator{Arbitrary, Compatible, Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater}

// Specifier is one clause of a set, such as >=1.0 or ==2.*. It is immutable.
type Specifier struct {
	Op       Operator
	Raw      string  // the version as written, ".*" included
	Version  Version // parsed; the zero value for ===
	Wildcard bool    // Raw ends in ".*"
}

// Specifiers is a comma set; a version must satisfy every clause. nil is the
// empty set, that every version satisfies.
type Specifiers []Specifier

// ParseSpecifiers reads a comma set such as ">=1,<2". Empty clauses are
// skipped, as pypa/packaging does. The error is a *ParseError.
func ParseSpecifiers(text string) (Specifiers, error) {
	if len(text) > MaxSpecifiers {
		return nil, &ParseError{What: "version specifier", Text: text, Reason: "it is too long"}
	}
	var set Specifiers
	for clause := range strings.SplitSeq(text, ",") {
		clause = strings.TrimFunc(clause, space)
		if clause == "" {
			continue
		}
		s, err := ParseSpecifier(clause)
		if err != nil {
			return nil, err
		}
		set = append(set, s)
	}
	return set, nil
}

// ParseSpecifier reads one clause. The error is a *ParseError.
func ParseSpecifier(text string) (Specifier, error) {
	fail := func(reason string) (Specifier, error) {
		return Specifier{}, &ParseError{What: "version specifier", Text: text, Reason: reason}
	}
	op, raw, ok := cutOperator(strings.TrimFunc(text, space))
	if !ok {
		return fail("it does not start with one of ~= == != <= >= < > ===")
	}
	s := Specifier{Op: op, Raw: strings.TrimFunc(raw, space)}
	if op == Arbitrary {
		if s.Raw == "" || len(s.Raw) > MaxVersion || strings.ContainsFunc(s.Raw, func(r rune) bool { return space(r) || r == ';' || r == ')' }) {
			return fail("=== needs one word")
		}
		return s, nil
	}
	stem, wildcard := strings.CutSuffix(s.Raw, ".*")
	if strings.TrimRightFunc(stem, space) != stem {
		return fail("white space before .*")
	}
	v, err := Parse(stem)
	if err != nil {
		return fail(err.(*ParseError).Reason)
	}
	s.Version, s.Wildcard = v, wildcard
	if reason := s.misuse(); reason != "" {
		return fail(reason)
	}
	return s, nil
}

func cutOperator(text string) (Operator, string, bool) {
	for _, op := range operators {
		if rest, ok := strings.CutPrefix(text, string(op)); ok {
			return op, rest, true
		}
	}
	return "", "", false
}

// misuse says what the operator does not allow in its version, or "".
func (s Specifier) misuse() string {
	exact := s.Op == Equal || s.Op == NotEqual
	p := s.Version.parts
	switch {
	case s.Wildcard && !exact:
		return ".* can only be used with == or !="
	case s.Wildcard && (s.Version.IsPrerelease() || p.hasPost || p.local != ""):
		return ".* cannot follow a pre-release, post-release, dev or local version"
	case p.local != "" && !exact:
		return "a local version label can only be used with == or !="
	case s.Op == Compatible && len(p.release) < 2:
		return "~= needs at least two release numbers"
	}
	return ""
}

// String returns the clause as it was written, without white space.
func (s Specifier) String() string { return string(s.Op) + s.Raw }

// String returns the clauses sorted by text, each once, joined by commas: what
// pypa/packaging prints.
func (s Specifiers) String() string {
	texts := make([]string, len(s))
	for i, c := range s {
		texts[i] = c.String()
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ",")
}

// MentionsPrerelease reports whether a clause names a pre-release in a way
// that opts in to them (PEP 440 "Handling of pre-releases"): != does not.
func (s Specifiers) MentionsPrerelease() bool {
	return slices.ContainsFunc(s, Specifier.mentionsPrerelease)
}

func (s Specifier) mentionsPrerelease() bool {
	if s.Op == Arbitrary {
		v, err := Parse(s.Raw)
		return err == nil && v.IsPrerelease()
	}
	return s.Op != NotEqual && s.Version.IsPrerelease()
}
