package osv

import (
	"cmp"
	"strings"
)

// Loose is a version of something that follows no one scheme: CPython, OpenSSL,
// SQLite, and the tags of their repositories. Its numbers are compared as numbers;
// a letter behind a number (1.1.1k) is newer than none, a word for a pre-release
// (rc1, alpha2) older.
type Loose struct{ parts []part }

// part is a number, or the rank of a word.
type part struct {
	rank   int // -1 pre-release, 0 nothing or a number, 1 letter
	text   string
	number string // without leading zeros
}

// ParseLoose reads a version or a tag: what stands before the first digit is a
// name (v, openssl-, version-, R_). false for a text without a digit.
func ParseLoose(text string) (Loose, bool) {
	text = unnamed(text)
	at := strings.IndexAny(text, "0123456789")
	if at < 0 || len(text) > maxName || strings.ContainsAny(text, " \t\n") {
		return Loose{}, false
	}
	text = strings.ToLower(text[at:])
	text, _, _ = strings.Cut(text, "+")
	var v Loose
	for text != "" {
		n := 0
		switch {
		case isDigit(text[0]):
			for n < len(text) && isDigit(text[n]) {
				n++
			}
			v.parts = append(v.parts, part{number: strings.TrimLeft(text[:n], "0")})
		case text[0] >= 'a' && text[0] <= 'z':
			for n < len(text) && text[n] >= 'a' && text[n] <= 'z' {
				n++
			}
			v.parts = append(v.parts, word(text[:n]))
		default:
			n = 1
		}
		text = text[n:]
	}
	for len(v.parts) > 1 && v.parts[len(v.parts)-1] == (part{}) { // 3.0 is 3.0.0
		v.parts = v.parts[:len(v.parts)-1]
	}
	return v, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func word(text string) part {
	switch text {
	case "alpha", "beta", "rc", "pre", "dev", "preview", "snapshot":
		return part{rank: -1, text: text}
	case "final", "release", "ga":
		return part{}
	}
	return part{rank: 1, text: text}
}

// Compare orders v and w: -1, 0 or +1.
func (v Loose) Compare(w Loose) int {
	for i := range max(len(v.parts), len(w.parts)) {
		var a, b part
		if i < len(v.parts) {
			a = v.parts[i]
		}
		if i < len(w.parts) {
			b = w.parts[i]
		}
		if c := a.compare(b); c != 0 {
			return c
		}
	}
	return 0
}

func (a part) compare(b part) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.text, b.text),
		cmp.Compare(len(a.number), len(b.number)), cmp.Compare(a.number, b.number))
}

// unnamed takes a name that a tag begins with off: bzip2-, OpenSSL_, version-.
func unnamed(text string) string {
	at := strings.IndexAny(text, "-_")
	if at < 0 || !strings.ContainsAny(text[at:], "0123456789") {
		return text
	}
	name := strings.TrimRight(text[:at], "0123456789")
	for i := range len(name) {
		if c := name[i] | 0x20; c < 'a' || c > 'z' {
			return text
		}
	}
	if name == "" || len(name) < 3 && len(name) < at {
		return text
	}
	return unnamed(text[at+1:])
}
