package pep508

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// ParseMarker reads an environment marker. The error is a *ParseError.
func ParseMarker(text string) (*Marker, error) {
	s := scanner{text: text}
	if err := s.checkText("marker"); err != nil {
		return nil, err
	}
	m, err := s.marker()
	if err == nil && !s.end() {
		err = s.fail("expected and, or, or the end of the marker")
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (s *scanner) marker() (*Marker, error) {
	e, err := s.expression(0)
	if err != nil {
		return nil, err
	}
	return &Marker{root: e}, nil
}

func (s *scanner) expression(depth int) (*expression, error) {
	if depth > MaxDepth {
		return nil, s.fail("parentheses nest too deep")
	}
	e := &expression{}
	for {
		t, err := s.term(depth)
		if err != nil {
			return nil, err
		}
		e.terms = append(e.terms, t)
		switch {
		case s.keyword("and"):
			e.or = append(e.or, false)
		case s.keyword("or"):
			e.or = append(e.or, true)
		default:
			return e, nil
		}
	}
}

func (s *scanner) term(depth int) (term, error) {
	defer s.space()
	s.space()
	if s.literal("(") {
		group, err := s.expression(depth + 1)
		if err == nil && !s.literal(")") {
			err = s.fail("expected ) after the marker")
		}
		return term{group: group}, err
	}
	c, err := s.comparison()
	return term{compare: c}, err
}

func (s *scanner) comparison() (*comparison, error) {
	var c comparison
	var err error
	if c.left, err = s.operand(); err != nil {
		return nil, err
	}
	s.space()
	if c.op, err = s.operator(); err != nil {
		return nil, err
	}
	s.space()
	if c.right, err = s.operand(); err != nil {
		return nil, err
	}
	c.normalize()
	return &c, nil
}

// normalize puts the literal that names an extra or a group in its one
// spelling (PEP 685, PEP 735).
func (c *comparison) normalize() {
	if c.right.variable == "extra" || setVariable(c.right.variable) {
		c.left.literal = NormalizeName(c.left.literal)
	}
	if c.left.variable == "extra" {
		c.right.literal = NormalizeName(c.right.literal)
	}
}

func (s *scanner) operator() (string, error) {
	for _, op := range []string{"===", "==", "~=", "!=", "<=", ">=", "<", ">"} {
		if s.literal(op) {
			return op, nil
		}
	}
	if s.keyword("in") {
		return "in", nil
	}
	start := s.pos
	if s.keyword("not") && s.space() && s.keyword("in") {
		return "not in", nil
	}
	s.pos = start
	return "", s.fail("expected one of <= < != == >= > ~= === in, not in")
}

func (s *scanner) operand() (operand, error) {
	if c := s.peek(); c == '"' || c == '\'' {
		text, err := s.quoted(c)
		return operand{literal: text}, err
	}
	start := s.pos
	if name := canonicalVariable(s.word()); name != "" {
		return operand{variable: name}, nil
	}
	s.pos = start
	return operand{}, s.fail("expected a marker variable or a quoted string")
}

// canonicalVariable returns the current name of a variable of PEP 508, its
// PEP 345 spelling with a dot or setuptools' python_implementation, else "".
func canonicalVariable(name string) string {
	switch name {
	case "os.name", "sys.platform", "platform.version", "platform.machine":
		return strings.ReplaceAll(name, ".", "_")
	case "platform.python_implementation", "python_implementation":
		return "platform_python_implementation"
	}
	if slices.Contains(variables[:], name) {
		return name
	}
	return ""
}

var variables = [...]string{
	"python_version", "python_full_version", "os_name", "sys_platform",
	"platform_release", "platform_system", "platform_version", "platform_machine",
	"platform_python_implementation", "implementation_name", "implementation_version",
	"extra", "extras", "dependency_groups",
}

func setVariable(name string) bool { return name == "extras" || name == "dependency_groups" }

// quoted eats a string in the quote q. Escapes are Python's: the reference
// implementation evaluates the literal. What could not be printed again, both
// quotes or a control character, is refused.
func (s *scanner) quoted(q byte) (string, error) {
	n := strings.IndexByte(s.text[s.pos+1:], q)
	if n < 0 {
		return "", s.fail("a quoted string does not end")
	}
	text, ok := unescape(s.text[s.pos+1 : s.pos+1+n])
	if !ok || strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, `"`) && strings.Contains(text, "'") {
		return "", s.fail("invalid quoted string")
	}
	s.pos += n + 2
	return text, nil
}

func unescape(text string) (string, bool) {
	if !strings.Contains(text, `\`) {
		return text, true
	}
	var b strings.Builder
	for text != "" {
		if text[0] == '\\' && len(text) > 1 && !strings.Contains(`abfnrtv\'"xuU01234567`, text[1:2]) {
			b.WriteByte('\\') // an unknown escape is itself
			text = text[1:]
			continue
		}
		if text[0] == '\\' && len(text) > 1 && (text[1] == '\'' || text[1] == '"') {
			b.WriteByte(text[1])
			text = text[2:]
			continue
		}
		r, _, rest, err := strconv.UnquoteChar(text, 0)
		if err != nil {
			return "", false
		}
		b.WriteRune(r)
		text = rest
	}
	return b.String(), true
}

// quote is how a literal is printed: in double quotes unless it has one, and
// with its backslashes doubled so that it reads back the same.
func quote(text string) string {
	text = strings.ReplaceAll(text, `\`, `\\`)
	if strings.Contains(text, `"`) {
		return "'" + text + "'"
	}
	return `"` + text + `"`
}
