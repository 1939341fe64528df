package pep508

import (
	"slices"
	"strings"
)

// Marker is a parsed environment marker. It is immutable.
type Marker struct{ root *expression }

// expression is a flat run of terms: "and" binds tighter than "or".
type expression struct {
	terms []term
	or    []bool // or[i]: terms[i] and terms[i+1] are joined by "or"
}

// term is either a comparison or a parenthesised expression.
type term struct {
	compare *comparison
	group   *expression
}

type comparison struct {
	left, right operand
	op          string
}

// operand is a variable, when its name is set, or a literal.
type operand struct{ variable, literal string }

// String returns the marker in pypa/packaging's spelling: one space, double
// quotes, current variable names, needless outer parentheses dropped.
func (m *Marker) String() string {
	if m == nil {
		return ""
	}
	var b strings.Builder
	m.root.write(&b, true)
	return b.String()
}

func (e *expression) write(b *strings.Builder, outer bool) {
	if len(e.terms) == 1 {
		e.terms[0].write(b, outer)
		return
	}
	if !outer {
		b.WriteByte('(')
	}
	for i, t := range e.terms {
		switch {
		case i > 0 && e.or[i-1]:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(" and ")
		}
		t.write(b, false)
	}
	if !outer {
		b.WriteByte(')')
	}
}

func (t term) write(b *strings.Builder, outer bool) {
	if t.group != nil {
		t.group.write(b, outer)
		return
	}
	b.WriteString(t.compare.left.String() + " " + t.compare.op + " " + t.compare.right.String())
}

func (o operand) String() string {
	if o.variable != "" {
		return o.variable
	}
	return quote(o.literal)
}

// Variables returns the names of the variables that m reads, sorted.
func (m *Marker) Variables() []string {
	if m == nil {
		return nil
	}
	names := m.root.variables(nil)
	slices.Sort(names)
	return slices.Compact(names)
}

// Reads tells whether the marker reads the variable.
func (m *Marker) Reads(variable string) bool { return m != nil && m.root.reads(variable) }

func (e *expression) reads(variable string) bool {
	for i := range e.terms {
		t := &e.terms[i]
		if t.group != nil && t.group.reads(variable) || t.group == nil && (t.compare.left.variable == variable || t.compare.right.variable == variable) {
			return true
		}
	}
	return false
}

func (e *expression) variables(names []string) []string {
	for _, t := range e.terms {
		if t.group != nil {
			names = t.group.variables(names)
			continue
		}
		for _, o := range []operand{t.compare.left, t.compare.right} {
			if o.variable != "" {
				names = append(names, o.variable)
			}
		}
	}
	return names
}

// MarshalText and UnmarshalText write and read the marker's text.
func (m *Marker) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText sets m to the marker in text. The error is a *ParseError.
func (m *Marker) UnmarshalText(text []byte) error {
	n, err := ParseMarker(string(text))
	if err == nil {
		*m = *n
	}
	return err
}

// OfExtra is the comparison extra == "x" without which m never holds: what
// makes a dependency one of an extra. It is nil where there is no such.
func (m *Marker) OfExtra() *Marker {
	if m == nil {
		return nil
	}
	c := m.root.ofExtra()
	if c == nil {
		return nil
	}
	return &Marker{root: &expression{terms: []term{{compare: c}}}}
}

// ofExtra looks into every alternative: all must have the same.
func (e *expression) ofExtra() *comparison {
	var out, here *comparison
	for i, t := range e.terms {
		if here == nil {
			here = t.ofExtra()
		}
		if i < len(e.or) && !e.or[i] {
			continue
		}
		if here == nil || out != nil && *here != *out {
			return nil
		}
		out, here = here, nil
	}
	return out
}

func (t term) ofExtra() *comparison {
	if t.group != nil {
		return t.group.ofExtra()
	}
	c := t.compare
	if (c.op == "==" || c.op == "===") && (c.left.variable == "extra" || c.right.variable == "extra") {
		return c
	}
	return nil
}
