package pep440

import "strings"

// Contains reports whether v satisfies every clause. Pre-releases are always
// admitted: whether they are wanted is the caller's (see Filter).
func (s Specifiers) Contains(v Version) bool {
	for i := range s {
		if !s[i].Contains(v) {
			return false
		}
	}
	return true
}

// ContainsText is Contains for a version as an index spells it: === compares
// that spelling, ignoring case, and a text that is no version satisfies only
// === clauses and the empty set.
func (s Specifiers) ContainsText(text string) bool {
	v, err := Parse(text)
	for i := range s {
		if s[i].Op == Arbitrary {
			if !strings.EqualFold(s[i].Raw, text) {
				return false
			}
		} else if err != nil || !s[i].Contains(v) {
			return false
		}
	}
	return true
}

// Filter returns those of versions that the set contains, in their order, by
// the default of PEP 440 "Handling of pre-releases": pre-releases are left out
// unless a clause mentions one or nothing else satisfies the set.
func (s Specifiers) Filter(versions []Version) []Version {
	pre := s.MentionsPrerelease()
	var all, final []Version
	for _, v := range versions {
		if !s.Contains(v) {
			continue
		}
		all = append(all, v)
		if !v.IsPrerelease() {
			final = append(final, v)
		}
	}
	if pre || len(final) == 0 {
		return all
	}
	return final
}

// Contains reports whether v satisfies the clause, pre-releases admitted.
func (s Specifier) Contains(v Version) bool {
	if v.parts == nil {
		return false
	}
	switch s.Op {
	case Arbitrary:
		return strings.EqualFold(s.Raw, v.String())
	case Equal:
		return s.equals(v)
	case NotEqual:
		return !s.equals(v)
	case LessEqual:
		return publicCompare(v, s.Version) <= 0
	case GreaterEqual:
		return publicCompare(v, s.Version) >= 0
	case Less:
		return s.below(v)
	case Greater:
		return s.above(v)
	case Compatible:
		n := len(s.Version.parts.release) - 1
		return publicCompare(v, s.Version) >= 0 && s.hasPrefix(v, n)
	}
	return false
}

// equals is "Version matching": a local label of the candidate is ignored
// unless the clause has one itself.
func (s Specifier) equals(v Version) bool {
	if s.Wildcard {
		return s.hasPrefix(v, len(s.Version.parts.release))
	}
	if s.Version.parts.local == "" {
		return publicCompare(v, s.Version) == 0
	}
	return v.Compare(s.Version) == 0
}

// hasPrefix reports whether v is of the clause's epoch and starts with its
// first n release numbers, missing ones being zero.
func (s Specifier) hasPrefix(v Version, n int) bool {
	if v.parts.epoch != s.Version.parts.epoch {
		return false
	}
	for i, want := range s.Version.parts.release[:n] {
		if v.segment(i) != want {
			return false
		}
	}
	return true
}

// below is "Exclusive ordered comparison" <V: it does not admit the
// pre-releases of V itself unless V is one. Those of a post-release are its
// developmental ones: <1.0.post1 admits 1.0rc1 but not 1.0.post1.dev0.
func (s Specifier) below(v Version) bool {
	if v.Compare(s.Version) >= 0 {
		return false
	}
	if s.Version.IsPrerelease() || !v.IsPrerelease() || !sameBase(v, s.Version) {
		return true
	}
	p, q := v.parts, s.Version.parts
	return q.hasPost && (p.pre != noPhase || !p.hasPost || p.post != q.post)
}

// above is "Exclusive ordered comparison" >V: it admits neither V's local
// versions nor, unless V is a post-release or a developmental one, the
// post-releases of V.
func (s Specifier) above(v Version) bool {
	if v.Compare(s.Version) <= 0 {
		return false
	}
	if p, q := v.parts, s.Version.parts; p.hasPost && !q.hasPost && !q.hasDev &&
		p.pre == q.pre && p.preN == q.preN && sameBase(v, s.Version) {
		return false
	}
	return v.parts.local == "" || publicCompare(v, s.Version) != 0
}

func sameBase(v, w Version) bool {
	return v.parts.epoch == w.parts.epoch && compareRelease(v.parts.release, w.parts.release) == 0
}

// publicCompare compares without local labels: "Inclusive ordered comparison".
func publicCompare(v, w Version) int {
	if v.key != 0 && w.key != 0 {
		return v.Compare(w)
	}
	return comparePublic(v.parts, w.parts)
}
