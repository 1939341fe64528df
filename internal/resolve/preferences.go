package resolve

import (
	"slices"

	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// preferences are the versions of each name to try first, in that order.
type preferences map[string][]pep440.Version

// first puts the preferred releases before the others.
func (p preferences) first(name string, releases []*release) []*release {
	if len(p[name]) == 0 {
		return releases
	}
	out := make([]*release, 0, len(releases))
	for _, want := range p[name] {
		if i := slices.IndexFunc(releases, func(r *release) bool { return r.version.Equal(want) }); i >= 0 && !slices.Contains(out, releases[i]) {
			out = append(out, releases[i])
		}
	}
	liked := len(out)
	for _, r := range releases {
		if !slices.Contains(out[:liked], r) {
			out = append(out, r)
		}
	}
	return out
}

// locked are the versions that the old lock has at each place. Where a name has
// none at a place, because the place is new, those of other places follow.
func locked(old *lock.Lock, places []place) []preferences {
	out := make([]preferences, len(places))
	for i, at := range places {
		out[i] = preferences{}
		if old == nil {
			continue
		}
		for here := range 2 { // 0: what the lock has at this place; 1: what it has anywhere
			for _, p := range old.Packages {
				v, err := pep440.Parse(p.Version)
				if err == nil && (here == 1 || holdsAt(old, p, at)) {
					out[i][p.Name] = append(out[i][p.Name], v)
				}
			}
		}
	}
	return out
}

// holdsAt tells whether the lock selects p at a place for some runtime.
func holdsAt(l *lock.Lock, p lock.Package, at place) bool {
	if p.Marker == "" {
		return true
	}
	m, err := pep508.ParseMarker(p.Marker)
	if err != nil {
		return false // Parse has refused such a lock
	}
	ok, err := m.Eval(at.env, pep508.Context{DependencyGroups: l.DependencyGroups, Extras: l.Extras})
	return ok && err == nil
}

// differing are the names of which the old lock has several versions.
func differing(old *lock.Lock) []string {
	if old == nil {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, p := range old.Packages {
		if seen[p.Name] {
			out = append(out, p.Name)
		}
		seen[p.Name] = true
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

// merge is the preferences of several places together.
func merge(all []preferences, on targets) preferences {
	out := preferences{}
	for i := range on.each {
		for name, versions := range all[i] {
			out[name] = append(out[name], versions...)
		}
	}
	return out
}
