package pubgrub

import "math/bits"

// Set is a set of values of one package: its version indices, and "absent".
// Bit 0 stands for absent, bit v+1 for version v. A Set is immutable once it
// is given to the solver; all sets of one package have the same length.
type Set []uint64

// NewSet is the empty set for a package with n versions.
func NewSet(n int) Set { return make(Set, (n+64)/64) }

// Of is the set of the given versions out of n.
func Of(n int, versions ...int) Set {
	s := NewSet(n)
	for _, v := range versions {
		s.Add(v)
	}
	return s
}

// Add puts version v in the set.
func (s Set) Add(v int) { s[(v+1)/64] |= 1 << ((v + 1) % 64) }

// Has reports whether version v is in the set.
func (s Set) Has(v int) bool { return s[(v+1)/64]&(1<<((v+1)%64)) != 0 }

// Absent reports whether the set allows that the package is not chosen.
func (s Set) Absent() bool { return s[0]&1 != 0 }

// First is the lowest version in the set, -1 when there is none.
func (s Set) First() int {
	for i, w := range s {
		if i == 0 {
			w &^= 1
		}
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w) - 1
		}
	}
	return -1
}

// Single reports whether there is exactly one version in the set; absent is not
// counted.
func (s Set) Single() bool {
	n := 0
	for i, w := range s {
		if i == 0 {
			w &^= 1
		}
		if n += bits.OnesCount64(w); n > 1 {
			return false
		}
	}
	return n == 1
}

// Len counts the versions in the set; absent is not counted.
func (s Set) Len() int {
	n := 0
	for i, w := range s {
		if i == 0 {
			w &^= 1
		}
		n += bits.OnesCount64(w)
	}
	return n
}

// Versions lists the versions in the set, lowest first.
func (s Set) Versions() []int {
	out := make([]int, 0, s.Len())
	for i, w := range s {
		if i == 0 {
			w &^= 1
		}
		for ; w != 0; w &= w - 1 {
			out = append(out, i*64+bits.TrailingZeros64(w)-1)
		}
	}
	return out
}

// And, Or and Not are the set operations; Not is relative to all n versions
// and absent.
func (s Set) And(t Set) Set {
	out := make(Set, len(s))
	for i := range s {
		out[i] = s[i] & t[i]
	}
	return out
}

// Or is the union.
func (s Set) Or(t Set) Set {
	out := make(Set, len(s))
	for i := range s {
		out[i] = s[i] | t[i]
	}
	return out
}

// Not is the complement among n versions and absent.
func (s Set) Not(n int) Set {
	out := make(Set, len(s))
	for i := range s {
		out[i] = ^s[i]
	}
	if used := (n + 1) % 64; used != 0 {
		out[len(out)-1] &= 1<<used - 1
	}
	return out
}

// Equal reports whether both hold the same values.
func (s Set) Equal(t Set) bool {
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return len(s) == len(t)
}

// Empty reports whether there is no value at all.
func (s Set) Empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s Set) within(t Set) bool {
	for i := range s {
		if s[i]&^t[i] != 0 {
			return false
		}
	}
	return true
}

func (s Set) disjoint(t Set) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return false
		}
	}
	return true
}
