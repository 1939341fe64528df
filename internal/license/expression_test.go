package license

import (
	"slices"
	"strings"
	"testing"
)

func TestPrecedence(t *testing.T) {
	e, err := ParseExpression("mit or apache-2.0 and gpl-2.0-only with classpath-exception-2.0")
	if err != nil {
		t.Fatal(err)
	}
	if e.Op != Or || len(e.Operands) != 2 || e.Operands[1].Op != And || e.Operands[1].Operands[1].Exception != "Classpath-exception-2.0" {
		t.Errorf("got %+v", e)
	}
}

func TestRefused(t *testing.T) {
	for text, reason := range map[string]string{
		"":                         "a licence is missing",
		"MIT Apache-2.0":           "not expected",
		"(MIT":                     "not closed",
		"MIT OR ()":                "a licence is missing",
		"MIT WITH nothing":         "unknown exception",
		"BSD":                      `unknown licence "BSD"`,
		"LicenseRef-ä":             "invalid reference",
		strings.Repeat("(", 1000):  "too deep",
		strings.Repeat("a", 1<<15): "too long",
	} {
		if _, err := ParseExpression(text); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func TestListsAreSorted(t *testing.T) {
	for _, list := range [][]string{licenses[:], exceptions[:]} {
		if !slices.IsSortedFunc(list, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
			t.Error("a list is not in order: lookup would miss")
		}
	}
}

func FuzzParseExpression(f *testing.F) {
	for _, s := range []string{"mit", "(MIT or apache-2.0+) AND LicenseRef-x", "gpl-2.0-only with bison-exception-2.2", ")("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseExpression(s)
		if err != nil {
			return
		}
		again, err := ParseExpression(e.String())
		if err != nil || again.String() != e.String() {
			t.Errorf("%q prints as %q, that reads as %q, %v", s, e, again, err)
		}
	})
}
