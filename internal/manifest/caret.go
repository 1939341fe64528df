package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"snug/internal/pep440"
)

// maxGap bounds the series that a union of constraints may leave out.
const maxGap = 100

// PoetryConstraint reads a version constraint as Poetry writes it: ^1.2, ~1.2,
// 1.2.*, 1.2 (which is ==1.2), ">=1,<2", "^1 || ^3", "*". The result is the
// alternatives of which one must hold, lowest first; where PEP 440 has words for
// their union they are one. Any version at all is one empty alternative.
func PoetryConstraint(text string) ([]pep440.Specifiers, error) {
	var all []span
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "||", "|"), "|") {
		s, err := conjunction(part)
		if err != nil {
			return nil, fmt.Errorf("%q is no version constraint: %w", text, err)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b span) int { return compareBounds(a.low, b.low) })
	all = joined(all)
	out := make([]pep440.Specifiers, len(all))
	for i, s := range all {
		var err error
		if out[i], err = pep440.ParseSpecifiers(strings.Join(s.texts(), ",")); err != nil {
			return nil, fmt.Errorf("%q is no version constraint: %w", text, err)
		}
	}
	return out, nil
}

// span is a conjunction: low <= v < high as far as it is so simple, with the
// specifiers that say anything else.
type span struct {
	low, high string // releases; empty: unbounded
	more      []string
}

func (s span) texts() []string {
	var out []string
	if s.low != "" {
		out = append(out, ">="+s.low)
	}
	if s.high != "" {
		out = append(out, "<"+s.high)
	}
	return append(out, s.more...)
}

var (
	partSpace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`([^\s,<>=!~^])\s+([<>=!~^\d])`) })
	oneBound  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\^|~=|~|>=|<=|>|<|===|==|=|!=|)\s*(.+)$`) })
	wildcard  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^v?(\d+(?:\.\d+)*)(?:\.[*xX])+$`) })
)

// conjunction reads parts that are separated by commas or blanks.
func conjunction(text string) (span, error) {
	var s span
	text = partSpace().ReplaceAllString(strings.TrimSpace(text), "$1,$2")
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "*" || part == "" && text == "" {
			continue
		}
		next, err := bound(part)
		if err != nil {
			return s, err
		}
		s = s.and(next)
	}
	return s, nil
}

// and is the conjunction of two; a second bound stays beside the first.
func (s span) and(o span) span {
	s.more = append(s.more, o.more...)
	switch {
	case s.low == "":
		s.low = o.low
	case o.low != "":
		s.more = append(s.more, ">="+o.low)
	}
	switch {
	case s.high == "":
		s.high = o.high
	case o.high != "":
		s.more = append(s.more, "<"+o.high)
	}
	return s
}

// bound reads one part.
func bound(part string) (span, error) {
	m := oneBound().FindStringSubmatch(part)
	if m == nil {
		return span{}, fmt.Errorf("%q is empty", part)
	}
	op, version := m[1], m[2]
	if w := wildcard().FindStringSubmatch(version); w != nil {
		return series(op, w[1])
	}
	v, err := pep440.Parse(version)
	if err != nil {
		return span{}, err
	}
	switch op {
	case "^", "~":
		return span{low: version, high: next(v, op)}, nil
	case ">=":
		return span{low: version}, nil
	case "<":
		return span{high: version}, nil
	case "", "=":
		op = "=="
	}
	return span{more: []string{op + version}}, nil
}

// series reads ==1.2.* with the operator before it.
func series(op, prefix string) (span, error) {
	v, err := pep440.Parse(prefix)
	if err != nil {
		return span{}, err
	}
	after := bumped(v.Release(), len(v.Release())-1)
	switch op {
	case "", "=", "==", "^", "~":
		return span{low: prefix, high: after}, nil
	case "!=":
		return span{more: []string{"!=" + prefix + ".*"}}, nil
	case ">=":
		return span{low: prefix}, nil
	case "<":
		return span{high: prefix}, nil
	case ">":
		return span{low: after}, nil
	case "<=":
		return span{high: after}, nil
	}
	return span{}, fmt.Errorf("%s%s.* has no meaning", op, prefix)
}

// next is the first release that a caret or a tilde leaves out.
func next(v pep440.Version, op string) string {
	release := v.Release()
	at := 0
	switch {
	case op == "~":
		at = min(1, len(release)-1)
	default: // the first part that is not zero, or the last that is written
		at = slices.IndexFunc(release, func(n uint64) bool { return n > 0 })
		if at < 0 {
			at = len(release) - 1
		}
	}
	return bumped(release, at)
}

// bumped is the release with one part counted up and those behind it dropped.
func bumped(release []uint64, at int) string {
	out := make([]string, at+1)
	for i := range out {
		n := release[i]
		if i == at {
			n++
		}
		out[i] = strconv.FormatUint(n, 10)
	}
	return strings.Join(out, ".")
}

// joined makes one of neighbours that PEP 440 can say together.
func joined(all []span) []span {
	out := all[:1]
	for _, s := range all[1:] {
		last := &out[len(out)-1]
		between, ok := gap(*last, s)
		if !ok {
			out = append(out, s)
			continue
		}
		last.more = append(last.more, between...)
		if s.high == "" || last.high != "" && compareBounds(last.high, s.high) < 0 {
			last.high = s.high
		}
	}
	return out
}

// gap is the whole series between a and b, each left out by a specifier.
func gap(a, b span) ([]string, bool) {
	if len(a.more) > 0 || len(b.more) > 0 {
		return nil, false
	}
	if a.high == "" || b.low == "" || compareBounds(b.low, a.high) <= 0 {
		return nil, true // they touch or overlap
	}
	from, to := releaseOf(a.high), releaseOf(b.low)
	n := max(len(from), len(to))
	for len(from) < n {
		from = append(from, 0)
	}
	for len(to) < n {
		to = append(to, 0)
	}
	for n > 1 && from[n-1] == 0 && to[n-1] == 0 {
		n--
	}
	if !slices.Equal(from[:n-1], to[:n-1]) || to[n-1]-from[n-1] > maxGap {
		return nil, false
	}
	var out []string
	for ; from[n-1] < to[n-1]; from[n-1]++ {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = strconv.FormatUint(from[i], 10)
		}
		out = append(out, "!="+strings.Join(parts, ".")+".*")
	}
	return out, true
}

func releaseOf(bound string) []uint64 {
	v, _ := pep440.Parse(bound) // it was parsed before
	return slices.Clone(v.Release())
}

// compareBounds orders bounds, the unbounded first.
func compareBounds(a, b string) int {
	if a == "" || b == "" {
		return min(1, len(a)) - min(1, len(b))
	}
	v, _ := pep440.Parse(a) // both were parsed before
	w, _ := pep440.Parse(b)
	return v.Compare(w)
}
