// Package pep440 reads, orders and matches versions of Python distributions
// by PEP 440 (now the "Version specifiers" specification of packaging).
//
// It is not a resolver: it knows nothing of indexes, and pre-release policy
// beyond the specification's own default is the caller's.
//
// The hard idea is the packed key: nearly every version met in the wild fits
// one uint64 whose integer order is PEP 440's order, so that comparing is one
// instruction; the rest fall back to comparing part by part.
package pep440

import (
	"cmp"
	"strconv"
	"strings"
)

// Version is one immutable PEP 440 version. The zero value is no version:
// it is not valid, prints as "" and orders before every other.
type Version struct {
	key   uint64 // packed order, 0 when the version does not fit one
	parts *parts
}

type parts struct {
	epoch   uint64
	release []uint64
	pre     phase // noPhase when there is none
	preN    uint64
	hasPost bool
	post    uint64
	hasDev  bool
	dev     uint64
	local   string // normalised: lower case, dots, no leading zeros
}

type phase uint8

const (
	noPhase phase = iota
	alpha
	beta
	candidate
)

var phaseText = [...]string{"", "a", "b", "rc"}

// IsZero reports whether v is the zero value, that is no version.
func (v Version) IsZero() bool { return v.parts == nil }

// String returns the normalised form (PEP 440 "Normalization").
func (v Version) String() string {
	if v.parts == nil {
		return ""
	}
	b := v.appendPublic(make([]byte, 0, 24))
	if v.parts.local != "" {
		b = append(append(b, '+'), v.parts.local...)
	}
	return string(b)
}

func (v Version) appendPublic(b []byte) []byte {
	p := v.parts
	b = v.appendBase(b)
	if p.pre != noPhase {
		b = strconv.AppendUint(append(b, phaseText[p.pre]...), p.preN, 10)
	}
	if p.hasPost {
		b = strconv.AppendUint(append(b, ".post"...), p.post, 10)
	}
	if p.hasDev {
		b = strconv.AppendUint(append(b, ".dev"...), p.dev, 10)
	}
	return b
}

func (v Version) appendBase(b []byte) []byte {
	if v.parts.epoch != 0 {
		b = append(strconv.AppendUint(b, v.parts.epoch, 10), '!')
	}
	for i, n := range v.parts.release {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, n, 10)
	}
	return b
}

// MarshalText and UnmarshalText write and read the normalised form, so that a
// Version can stand in JSON and TOML.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText sets v to the version in text; empty text is the zero value.
func (v *Version) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*v = Version{}
		return nil
	}
	w, err := Parse(string(text))
	if err == nil {
		*v = w
	}
	return err
}

// Epoch returns the epoch, 0 when none is written.
func (v Version) Epoch() int {
	if v.parts == nil {
		return 0
	}
	return int(v.parts.epoch)
}

// Release returns a copy of the release segment as written, trailing zeros
// included.
func (v Version) Release() []uint64 {
	if v.parts == nil {
		return nil
	}
	return append([]uint64(nil), v.parts.release...)
}

// Major, Minor and Micro return the first three release numbers, 0 if absent.
func (v Version) Major() int { return int(v.segment(0)) }

// Minor returns the second release number, 0 if absent.
func (v Version) Minor() int { return int(v.segment(1)) }

// Micro returns the third release number, 0 if absent.
func (v Version) Micro() int { return int(v.segment(2)) }

func (v Version) segment(i int) uint64 {
	if v.parts == nil || i >= len(v.parts.release) {
		return 0
	}
	return v.parts.release[i]
}

// Pre returns the pre-release letter ("a", "b", "rc") and number, and whether
// there is one. A developmental release alone has none.
func (v Version) Pre() (letter string, n uint64, ok bool) {
	if v.parts == nil || v.parts.pre == noPhase {
		return "", 0, false
	}
	return phaseText[v.parts.pre], v.parts.preN, true
}

// Post returns the post-release number and whether there is one.
func (v Version) Post() (n uint64, ok bool) {
	if v.parts == nil {
		return 0, false
	}
	return v.parts.post, v.parts.hasPost
}

// Dev returns the developmental number and whether there is one.
func (v Version) Dev() (n uint64, ok bool) {
	if v.parts == nil {
		return 0, false
	}
	return v.parts.dev, v.parts.hasDev
}

// IsPrerelease reports an alpha, beta, candidate or developmental release.
func (v Version) IsPrerelease() bool {
	return v.parts != nil && (v.parts.pre != noPhase || v.parts.hasDev)
}

// IsDev reports a developmental release.
func (v Version) IsDev() bool { return v.parts != nil && v.parts.hasDev }

// IsPost reports a post-release.
func (v Version) IsPost() bool { return v.parts != nil && v.parts.hasPost }

// Local returns the normalised local label without its plus sign, or "".
func (v Version) Local() string {
	if v.parts == nil {
		return ""
	}
	return v.parts.local
}

// Public returns v without its local label.
func (v Version) Public() Version {
	if v.parts == nil || v.parts.local == "" {
		return v
	}
	p := *v.parts
	p.local = ""
	return pack(&p)
}

// Base returns the epoch and release of v alone.
func (v Version) Base() Version {
	if v.parts == nil {
		return v
	}
	return pack(&parts{epoch: v.parts.epoch, release: v.parts.release})
}

// Compare orders v and w by PEP 440 "Summary of permitted suffixes and
// relative ordering": -1, 0 or +1. 1.0 and 1.0.0 are equal.
func (v Version) Compare(w Version) int {
	if v.key != 0 && w.key != 0 {
		return cmp.Compare(v.key, w.key)
	}
	return v.compareParts(w)
}

// Equal reports whether v and w are the same version: 1.0 is 1.0.0.
func (v Version) Equal(w Version) bool { return v.Compare(w) == 0 }

func (v Version) compareParts(w Version) int {
	p, q := v.parts, w.parts
	if p == nil || q == nil {
		return cmp.Compare(btoi(p != nil), btoi(q != nil))
	}
	return cmp.Or(comparePublic(p, q), compareLocal(p.local, q.local))
}

func comparePublic(p, q *parts) int {
	if c := cmp.Or(cmp.Compare(p.epoch, q.epoch), compareRelease(p.release, q.release)); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(p.phaseRank(), q.phaseRank()),
		cmp.Compare(p.preN, q.preN),
		cmp.Compare(btoi(p.hasPost), btoi(q.hasPost)),
		cmp.Compare(p.post, q.post),
		cmp.Compare(btoi(!p.hasDev), btoi(!q.hasDev)),
		cmp.Compare(p.dev, q.dev),
	)
}

// phaseRank puts 1.0.dev1 before 1.0a1 and 1.0 after 1.0rc1.
func (p *parts) phaseRank() int {
	switch {
	case p.pre != noPhase:
		return int(p.pre)
	case p.hasDev && !p.hasPost:
		return 0
	default:
		return int(candidate) + 1
	}
}

func compareRelease(a, b []uint64) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func at(release []uint64, i int) uint64 {
	if i < len(release) {
		return release[i]
	}
	return 0
}

// compareLocal orders local labels segment by segment: numbers by value and
// after letters, and a longer label after its own prefix.
func compareLocal(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		if c := compareLocalSegment(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func compareLocalSegment(x, y string) int {
	nx, ny := isDigits(x), isDigits(y)
	if nx != ny {
		return cmp.Compare(btoi(nx), btoi(ny))
	}
	if nx {
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	}
	return strings.Compare(x, y)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pack gives p its order key: 16 bits for the first release number, 8 for
// each of three more, 3 for the kind of suffix and 21 for its number. What
// has an epoch, a local label, two suffixes or larger numbers has no key.
func pack(p *parts) Version {
	v := Version{parts: p}
	kind, n, ok := p.suffix()
	if !ok || p.epoch != 0 || p.local != "" || n >= 1<<21 || p.release[0] >= 1<<16 {
		return v
	}
	key := p.release[0] << 48
	for i, r := range p.release[1:] {
		if i < 3 && r < 1<<8 {
			key |= r << (40 - 8*i)
		} else if r != 0 {
			return v
		}
	}
	v.key = key | kind<<21 | n
	return v
}

// suffix returns the only suffix of p as its rank and number; ok is false when
// there are several.
func (p *parts) suffix() (kind, n uint64, ok bool) {
	switch {
	case p.pre == noPhase && !p.hasPost && !p.hasDev:
		return 5, 0, true
	case p.pre != noPhase && !p.hasPost && !p.hasDev:
		return 1 + uint64(p.pre), p.preN, true
	case p.hasPost && p.pre == noPhase && !p.hasDev:
		return 6, p.post, true
	case p.hasDev && p.pre == noPhase && !p.hasPost:
		return 1, p.dev, true
	}
	return 0, 0, false
}
