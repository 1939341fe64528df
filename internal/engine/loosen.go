package engine

import (
	"slices"
	"strconv"
	"strings"

	"snug/internal/pep440"
)

// loosened is a set of specifiers like s that admits v: clauses that refuse v
// give way in the way in which they were written, the others stay. A pin becomes
// another pin, an upper bound the one above v, a lower bound v itself.
func loosened(s pep440.Specifiers, v pep440.Version) (pep440.Specifiers, error) {
	var out []string
	for _, c := range s {
		text := c.String()
		if !c.Contains(v) {
			text = yielding(c, v)
		}
		if text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return pep440.ParseSpecifiers(strings.Join(out, ","))
}

// yielding is the clause that takes the place of one that refuses v, "" if none
// does.
func yielding(c pep440.Specifier, v pep440.Version) string {
	switch c.Op {
	case pep440.Equal:
		if c.Wildcard {
			return "==" + prefix(v, segments(c)) + ".*"
		}
		return "==" + v.Public().String()
	case pep440.Arbitrary:
		return "===" + v.String()
	case pep440.Compatible:
		return "~=" + prefix(v, max(2, segments(c)))
	case pep440.GreaterEqual, pep440.Greater:
		return ">=" + v.Public().String()
	case pep440.LessEqual, pep440.Less:
		return "<" + above(v)
	}
	return ""
}

// segments counts the numbers of a clause's version: 2 for ==5.2.* and ~=5.2.
func segments(c pep440.Specifier) int {
	return strings.Count(strings.TrimSuffix(c.Raw, ".*"), ".") + 1
}

// prefix is the first n numbers of a version.
func prefix(v pep440.Version, n int) string {
	var out []string
	for i := range n {
		out = append(out, strconv.FormatUint(number(v, i), 10))
	}
	text := strings.Join(out, ".")
	if v.Epoch() > 0 {
		text = strconv.Itoa(v.Epoch()) + "!" + text
	}
	return text
}

// above is the next version that may break what works with v: the next major
// one, before 1.0 the next minor one.
func above(v pep440.Version) string {
	text := strconv.FormatUint(number(v, 0)+1, 10)
	if number(v, 0) == 0 {
		text = "0." + strconv.FormatUint(number(v, 1)+1, 10)
	}
	if v.Epoch() > 0 {
		text = strconv.Itoa(v.Epoch()) + "!" + text
	}
	return text
}

func number(v pep440.Version, i int) uint64 {
	if release := v.Release(); i < len(release) {
		return release[i]
	}
	return 0
}
