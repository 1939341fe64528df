package toml

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Key writes a key, quoted where it must be.
func Key(name string) string {
	for i := range len(name) {
		if !IsBare(name[i]) {
			return Quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// Quote writes a string on one line: literal if that reads better (markers are full
// of double quotes), else basic.
func Quote(s string) string {
	control := strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
	if strings.ContainsAny(s, `"\`) && !strings.Contains(s, "'") && !control {
		return "'" + s + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
