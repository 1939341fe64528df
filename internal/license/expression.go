// Package license speaks SPDX licence expressions: it reads them as core metadata
// carries them (PEP 639) and spells them canonically, makes one of older metadata
// (classifiers, the License field) where that is clear, puts licences in classes, and
// chooses the best branch by a judge that is handed in.
//
// It does not judge a licence (policy does) and does not read licence texts (licensetext
// does).
//
// The hard idea is that canonical means spelling only: identifiers and operators get
// SPDX's letter case, while order and parentheses stay as the author wrote them; the
// tree beside the text carries the precedence. What can be read in two ways is read as
// all of it, and said to be ambiguous.
package license

import (
	"fmt"
	"slices"
	"strings"
)

// Limits of what is read.
const (
	// MaxText is the longest expression read, in bytes.
	MaxText = 16 << 10
	// MaxDepth is how deep parentheses may nest.
	MaxDepth = 64
)

// Op joins the operands of an expression.
type Op string

// The operators; AND binds tighter than OR. None marks a single licence.
const (
	None Op = ""
	And  Op = "AND"
	Or   Op = "OR"
)

// Expression is a licence expression. With Op None it is the one licence
// License, possibly or any later version (Plus), possibly WITH Exception;
// otherwise Operands has at least two members.
type Expression struct {
	Op        Op
	Operands  []Expression
	License   string
	Plus      bool
	Exception string

	text string
}

// String returns the expression in canonical spelling.
func (e Expression) String() string { return e.text }

// ParseError says why a text is no licence expression.
type ParseError struct{ Text, Reason string }

func (e *ParseError) Error() string {
	text := e.Text
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	return fmt.Sprintf("invalid licence expression %q: %s", text, e.Reason)
}

// ParseExpression reads an SPDX expression in any letter case. Identifiers
// must be on the SPDX list or start with LicenseRef-. The error is a
// *ParseError.
func ParseExpression(text string) (Expression, error) {
	if len(text) > MaxText {
		return Expression{}, &ParseError{Text: text, Reason: "it is too long"}
	}
	p := parser{tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))}
	e, reason := p.or(0)
	if reason == "" && len(p.tokens) > 0 {
		reason = fmt.Sprintf("%q is not expected there", p.tokens[0])
	}
	if reason != "" {
		return Expression{}, &ParseError{Text: text, Reason: reason}
	}
	return e, nil
}

// parser eats tokens; its methods return a reason, or "" when all is well.
type parser struct{ tokens []string }

func (p *parser) keyword(word string) bool {
	if len(p.tokens) == 0 || !strings.EqualFold(p.tokens[0], word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) or(depth int) (Expression, string) { return p.joined(Or, depth, p.and) }

func (p *parser) and(depth int) (Expression, string) { return p.joined(And, depth, p.single) }

func (p *parser) joined(op Op, depth int, next func(int) (Expression, string)) (Expression, string) {
	first, reason := next(depth)
	if reason != "" {
		return first, reason
	}
	all := Expression{Op: op, Operands: []Expression{first}, text: first.text}
	for p.keyword(string(op)) {
		e, reason := next(depth)
		if reason != "" {
			return e, reason
		}
		all.Operands = append(all.Operands, e)
		all.text += " " + string(op) + " " + e.text
	}
	if len(all.Operands) == 1 {
		return first, ""
	}
	return all, ""
}

func (p *parser) single(depth int) (Expression, string) {
	if !p.keyword("(") {
		return p.license()
	}
	if depth >= MaxDepth {
		return Expression{}, "parentheses nest too deep"
	}
	e, reason := p.or(depth + 1)
	if reason == "" && !p.keyword(")") {
		reason = "a parenthesis is not closed"
	}
	e.text = "(" + e.text + ")"
	return e, reason
}

func (p *parser) license() (Expression, string) {
	if len(p.tokens) == 0 || reserved(p.tokens[0]) {
		return Expression{}, "a licence is missing"
	}
	e, reason := simple(p.tokens[0])
	p.tokens = p.tokens[1:]
	if reason != "" || !p.keyword("with") {
		return e, reason
	}
	if len(p.tokens) == 0 || reserved(p.tokens[0]) {
		return e, "an exception is missing after WITH"
	}
	id, ok := lookup(exceptions[:], p.tokens[0])
	if !ok {
		return e, fmt.Sprintf("unknown exception %q", p.tokens[0])
	}
	p.tokens = p.tokens[1:]
	e.Exception = id
	e.text += " WITH " + id
	return e, ""
}

// simple reads one identifier, "or later" or LicenseRef- included.
func simple(token string) (Expression, string) {
	if len(token) >= len(refPrefix) && strings.EqualFold(token[:len(refPrefix)], refPrefix) {
		ref := refPrefix + token[len(refPrefix):]
		if !validRef(ref[len(refPrefix):]) {
			return Expression{}, fmt.Sprintf("invalid reference %q: letters, digits, . and - may follow %s", token, refPrefix)
		}
		return Expression{License: ref, text: ref}, ""
	}
	name, plus := strings.CutSuffix(token, "+")
	id, ok := lookup(licenses[:], name)
	if !ok {
		return Expression{}, fmt.Sprintf("unknown licence %q", name)
	}
	e := Expression{License: id, Plus: plus, text: id}
	if plus {
		e.text += "+"
	}
	return e, ""
}

const refPrefix = "LicenseRef-"

func validRef(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(refLetters, r) })
}

const refLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"

func reserved(token string) bool {
	switch strings.ToLower(token) {
	case "and", "or", "with", "(", ")":
		return true
	}
	return false
}

// lookup finds the official spelling of an identifier.
func lookup(sorted []string, id string) (string, bool) {
	i, ok := slices.BinarySearchFunc(sorted, strings.ToLower(id), func(s, low string) int {
		return strings.Compare(strings.ToLower(s), low)
	})
	if !ok {
		return "", false
	}
	return sorted[i], true
}
