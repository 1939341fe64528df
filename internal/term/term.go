// Package term makes what strangers wrote fit for a terminal or a line of a file. It
// prints nothing and knows no colours.
//
// The hard idea: a text from outside is somebody else's until every character that is
// not there to be read is gone from it.
package term

import (
	"strings"
	"unicode"
)

// Line is text on one line of at most max characters, without what is no character to
// be read; a longer one ends in "…" behind these.
func Line(text string, max int) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if runes := []rune(text); len(runes) > max {
		text = string(runes[:max]) + "…"
	}
	return text
}
