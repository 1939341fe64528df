package archive

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// decompositionText is Unicode 14's canonical decompositions (Hangul apart, which is computed): a
// letter followed by what it is made of, separated by spaces and line feeds. Letters that are newer
// than the table are left alone.
//
//go:embed decompositions.txt
var decompositionText string

var decompositions = sync.OnceValue(func() map[rune]string {
	table := make(map[rune]string, 2100)
	separator := func(r rune) bool { return r == ' ' || r == '\n' }
	for _, entry := range strings.FieldsFunc(decompositionText, separator) {
		letter, size := utf8.DecodeRuneInString(entry)
		table[letter] = entry[size:]
	}
	return table
})

// decompose is a form that is equal for all texts that are canonically equivalent (Unicode, "NFD").
// Marks that follow a letter are sorted by value, not by class: it may equate a little more than NFD
// does, which for a collision test is the safe side.
func decompose(text string) string {
	table := decompositions()
	var out []rune
	for _, r := range text {
		switch parts, ok := table[r]; {
		case ok:
			out = append(out, []rune(parts)...)
		case r >= 0xAC00 && r <= 0xD7A3:
			out = appendHangul(out, r-0xAC00)
		default:
			out = append(out, r)
		}
	}
	sortMarks(out)
	return string(out)
}

// appendHangul follows Unicode, "Hangul Syllable Decomposition".
func appendHangul(out []rune, syllable rune) []rune {
	out = append(out, 0x1100+syllable/588, 0x1161+syllable%588/28)
	if final := syllable % 28; final != 0 {
		out = append(out, 0x11A7+final)
	}
	return out
}

func sortMarks(text []rune) {
	for i := 0; i < len(text); i++ {
		start := i
		for i < len(text) && unicode.Is(unicode.Mn, text[i]) {
			i++
		}
		slices.Sort(text[start:i])
	}
}
