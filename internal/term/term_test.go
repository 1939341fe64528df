package term_test

import (
	"testing"

	"snug/internal/term"
)

func TestLine(t *testing.T) {
	for _, c := range []struct {
		text string
		max  int
		want string
	}{
		{"", 10, ""},
		{"a\n\tb  c", 10, "a b c"},
		{"\x1b[31mred\x1b[0m", 40, "[31mred [0m"},
		{"left\u202eright\u200b!", 40, "left right !"},
		{"123456789012", 10, "1234567890…"},
		{"äöüäöüäöüä", 10, "äöüäöüäöüä"},
	} {
		if got := term.Line(c.text, c.max); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
