package resolve

import (
	"fmt"
	"slices"

	"snug/internal/pep440"
)

// belowBound says which packages are older than they could be because newer
// versions set an upper bound on Python. A version that sets none is often from
// before anybody knew that it would break: it is taken, since nothing says that
// it may not, and never without a word.
func (a *outcome) belowBound() []string {
	var out []string
	wanted := specifiers(a.picks)
	for name, r := range a.anew(a.picks.names()) {
		if r.of.direct != nil {
			continue
		}
		admits := func(v pep440.Version) bool {
			return a.asked.admits(name, v) && !slices.ContainsFunc(wanted[name], func(s pep440.Specifiers) bool { return !s.Contains(v) })
		}
		newer, at := r.bounded(a.places, admits)
		if newer != nil && r.has(at) && !boundAbove(r.best(at).RequiresPython, pep440.Version{}) {
			out = append(out, fmt.Sprintf("%s %s is not taken: %s; %s is, which sets no upper bound and may be from before it was needed (an older Python would admit both)",
				name, newer.version, newer.why[at], r.version))
		}
	}
	return out
}

// bounded is the newest release that r is older than only because of an upper
// bound on the Python of a place.
func (r *release) bounded(places []place, admits func(pep440.Version) bool) (found *release, at int) {
	for _, newer := range r.of.releases[:slices.Index(r.of.releases, r)] {
		if newer.banned != "" || !admits(newer.version) {
			continue
		}
		shut := slices.IndexFunc(newer.unfit, func(text string) bool { return text != "" })
		switch {
		case !slices.Contains(newer.choice, -1):
			return nil, 0 // something else holds r back
		case found == nil && shut >= 0 && boundAbove(newer.unfit[shut], places[shut].python):
			found, at = newer, shut
		}
	}
	return found, at
}

// boundAbove tells whether a Requires-Python has an upper bound that python is
// over; for the zero version, whether it has one at all.
func boundAbove(text string, python pep440.Version) bool {
	set, _, err := pep440.ParseSpecifiersLenient(text)
	return err == nil && slices.ContainsFunc(set, func(s pep440.Specifier) bool {
		switch s.Op {
		case pep440.Less, pep440.LessEqual, pep440.Equal, pep440.Compatible:
			return python.IsZero() || !s.Contains(python) && python.Compare(s.Version) >= 0
		}
		return false
	})
}

// specifiers are what the chosen releases need of one another, on any target.
func specifiers(chosen picks) map[string][]pep440.Specifiers {
	out := map[string][]pep440.Specifiers{}
	seen := map[*telling]bool{}
	for i, at := range chosen {
		for _, r := range at {
			t := r.told()[i]
			if t == nil || seen[t] {
				continue // on that place it is not there
			}
			seen[t] = true
			for _, n := range t.needs {
				if len(n.Specifiers) > 0 {
					out[n.key] = append(out[n.key], n.Specifiers)
				}
			}
		}
	}
	return out
}
