package license

import (
	"slices"
	"strconv"
	"strings"
)

// series is a licence that has versions: GPL 2.0 or later.
type series struct {
	family, version string
	later           bool // also any later version
}

// seriesOf reads an identifier. GPL-2.0 (deprecated) is GPL-2.0-only; a family without a version is itself.
func seriesOf(id string, plus bool) series {
	s := series{family: strings.ToLower(id), later: plus}
	s.family, plus = strings.CutSuffix(s.family, "+")
	s.later = s.later || plus
	if base, ok := strings.CutSuffix(s.family, "-or-later"); ok {
		s.family, s.later = base, true
	}
	s.family = strings.TrimSuffix(s.family, "-only")
	if i := strings.LastIndexByte(s.family, '-'); i > 0 && versionParts(s.family[i+1:]) != nil {
		s.family, s.version = s.family[:i], s.family[i+1:]
	}
	return s
}

// versionParts are the numbers of a dotted version, nil where it is none.
func versionParts(v string) (parts []int) {
	for part := range strings.SplitSeq(v, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil
		}
		parts = append(parts, n)
	}
	for len(parts) > 1 && parts[len(parts)-1] == 0 {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// Same tells whether two single licences are one: letter case, deprecated spellings (GPL-2.0+ and
// GPL-2.0-or-later, GPL-2.0 and GPL-2.0-only) and missing zeros apart. Exceptions must be equal.
func Same(a, b Expression) bool {
	x, y := seriesOf(a.License, a.Plus), seriesOf(b.License, b.Plus)
	return a.Op == None && b.Op == None && strings.EqualFold(a.Exception, b.Exception) &&
		x.family == y.family && x.later == y.later && slices.Equal(versionParts(x.version), versionParts(y.version))
}

// Covers tells whether one who accepts the single licence accepted also accepts e: they are the Same; or
// e lets one take a version that accepted speaks of (accepting GPL-3.0-only accepts GPL-2.0-or-later);
// or e only adds a listed exception, which gives more rights. It is meant for rules that allow: one that
// denies GPL-2.0-only does not speak of GPL-2.0-only WITH Classpath-exception-2.0.
func Covers(accepted, e Expression) bool {
	if accepted.Op != None || e.Op != None || accepted.Exception != "" && !strings.EqualFold(accepted.Exception, e.Exception) {
		return false
	}
	a, x := seriesOf(accepted.License, accepted.Plus), seriesOf(e.License, e.Plus)
	if a.family != x.family {
		return false
	}
	order := slices.Compare(versionParts(a.version), versionParts(x.version))
	return order == 0 || x.later && order > 0 || a.later && order < 0
}
