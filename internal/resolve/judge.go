package resolve

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/dist"
	"snug/internal/lock"
	"snug/internal/pep440"
)

// Judge lets policy refuse candidates. All methods must be safe for concurrent
// use and answer the same each time. What the project names by address is no
// candidate: there is nothing to choose, and vetting judges it.
type Judge interface {
	// Release says why no file of a release may be chosen, by what is known before
	// anything of it is fetched; "": it may.
	Release(name string, v pep440.Version) (reason string)
	// Metadata says the same by what a file of the release says of itself.
	Metadata(name string, v pep440.Version, m *dist.Metadata) (reason string)
	// Holes are the known vulnerabilities of a release that policy minds, sorted, by
	// names that are the same for each release.
	Holes(name string, v pep440.Version) []string
}

const denied = "denied: " // begins the reason of what policy refuses

// denial is why policy refuses a release before anything of it is read, "" if it
// does not. It is worked out for the few that are looked at.
func (s *shelf) denial(r *release) string {
	if s.in.Judge == nil || r.of.direct != nil {
		return ""
	}
	r.judged.Do(func() {
		if why := s.in.Judge.Release(r.of.name, r.version); why != "" {
			r.denial = denied + why
		}
	})
	return r.denial
}

// judge notes in the telling of a file what policy says of it.
func (s *shelf) judge(r *release, t *telling, m *dist.Metadata) {
	if s.in.Judge == nil || r.of.direct != nil {
		return
	}
	if why := s.in.Judge.Metadata(r.of.name, r.version, m); why != "" {
		t.denial = denied + why
	}
}

// deny notes that the solver was refused a release by policy.
func (s *shelf) deny(r *release, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[r] = why
}

// refusal is why policy refuses a release, as far as the solver came to know.
func (s *shelf) refusal(r *release) string {
	s.mu.Lock()
	why := s.refused[r]
	s.mu.Unlock()
	if why == "" {
		why = s.denial(r)
	}
	return why
}

// leftDenied says which packages are another version than they would be, because
// of policy. Of locked versions withdrawn and moves tell.
func (a *outcome) leftDenied() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, name := range a.picks.names() {
		var refused []*release
		for _, r := range a.projects[name].releases {
			if a.refused[r] != "" && !isLocked(a.in.Locked, name, r.version) {
				refused = append(refused, r)
			}
		}
		if len(refused) == 0 {
			continue
		}
		newest := slices.MaxFunc(refused, func(x, y *release) int { return x.version.Compare(y.version) })
		text := fmt.Sprintf("%s %s is %s%s", name, newest.version, tidy(a.refused[newest]), alsoDenied(len(refused)-1))
		if one := a.picks.one(name); one != nil {
			text += fmt.Sprintf("; %s taken", one.version)
		}
		out = append(out, text)
	}
	return out
}

func alsoDenied(others int) string {
	switch others {
	case 0:
		return ""
	case 1:
		return " (one other version is denied, too)"
	}
	return fmt.Sprintf(" (%d other versions are denied, too)", others)
}

// mend frees releases from the cooldown that close a hole: of what is locked, or,
// where such a release is locked already, of what would take its place. For each
// hole that is the lowest newer release without it, whatever its age, so that a
// young one counts only where no older one does.
func (s *shelf) mend(p *project, fits *fitting) error {
	if s.in.Judge == nil || p.direct != nil || !slices.ContainsFunc(p.releases, func(r *release) bool { return r.young != "" }) {
		return nil
	}
	closes := map[*release][]string{}
	rising := slices.SortedFunc(slices.Values(p.releases), func(a, b *release) int { return a.version.Compare(b.version) })
	for _, v := range lockedVersions(s.in.Before, p.name) {
		if r, holes := s.exposed(rising, v); r != nil {
			closes[r] = append(closes[r], holes...)
		}
		for _, hole := range s.in.Judge.Holes(p.name, v) {
			if r := s.closer(rising, v, hole); r != nil && r.young != "" {
				closes[r] = append(closes[r], hole)
			}
		}
	}
	for r, holes := range closes {
		f, err := fits.anyAge(r.offered)
		if err != nil {
			return err
		}
		slices.Sort(holes)
		r.fit, r.mends = f, slices.Compact(holes)
	}
	return nil
}

// closer is the lowest release newer than v without the hole that could be had
// if it were old enough; nil if there is none. A pre-release closes nothing for
// what is none.
func (s *shelf) closer(rising []*release, v pep440.Version, hole string) *release {
	for _, r := range rising {
		if r.version.Compare(v) > 0 && (r.somewhere() || r.young != "") && (!r.version.IsPrerelease() || v.IsPrerelease()) &&
			!slices.Contains(s.in.Judge.Holes(r.of.name, r.version), hole) {
			return r
		}
	}
	return nil
}

// exposed is the release that is v, if it is too young, with the holes that are
// open in the newest older release that is not, and closed in v.
func (s *shelf) exposed(rising []*release, v pep440.Version) (*release, []string) {
	i := slices.IndexFunc(rising, func(r *release) bool { return r.version.Equal(v) })
	if i < 0 || rising[i].young == "" {
		return nil, nil
	}
	name, closed := rising[i].of.name, s.in.Judge.Holes(rising[i].of.name, v)
	for _, older := range slices.Backward(rising[:i]) {
		if !older.somewhere() || older.version.IsPrerelease() {
			continue
		}
		holes := slices.DeleteFunc(slices.Clone(s.in.Judge.Holes(name, older.version)), func(h string) bool { return slices.Contains(closed, h) })
		if len(holes) == 0 {
			break
		}
		return rising[i], holes
	}
	return nil, nil
}

// lockedVersions are those that a lock has of a name.
func lockedVersions(l *lock.Lock, name string) (out []pep440.Version) {
	if l == nil {
		return nil
	}
	for _, p := range l.Packages {
		if v, err := pep440.Parse(p.Version); p.Name == name && err == nil {
			out = append(out, v)
		}
	}
	return out
}

// mended is the lock's note on a release that is younger than it should be, "" of
// one that is not. It says nothing that a clock would change.
func (r *release) mended() string {
	if len(r.mends) == 0 {
		return ""
	}
	return "younger than min-age, and taken because it mends " + inWords(r.mends[:min(len(r.mends), maxMended)]) + more(len(r.mends)-maxMended)
}

// maxMended bounds the holes that a note names.
const maxMended = 3

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// denies tells of a reason whether it is policy's, and what policy said.
func denies(reason string) (said string, ok bool) { return strings.CutPrefix(reason, denied) }
