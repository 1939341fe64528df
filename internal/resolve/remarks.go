package resolve

import (
	"fmt"
	"slices"

	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
)

// heldBack says which packages are older than some targets could have them,
// because another target has no wheel of newer ones. Where something else holds
// a package back nothing is said.
func (a *apart) heldBack() []string {
	if a.in.Project.Strategy.Resolution != manifest.Highest {
		return nil // new versions are not what is wanted
	}
	var out []string
	for _, name := range a.picks.names() {
		r := everywhere(a.picks, name)
		if r == nil || isLocked(a.in.Locked, name, r.version) {
			continue
		}
		newer := a.lackedSomewhere(r)
		if newer == nil {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s is not taken: %s; all targets have %s", name, newer.version, newer.why[a.lacking(newer)], r.version))
	}
	return out
}

// lackedSomewhere is the newest of the releases newer than r that nobody refuses,
// if some target lacks each of these; else nil.
func (a *apart) lackedSomewhere(r *release) *release {
	var newest *release
	for _, newer := range r.of.releases[:slices.Index(r.of.releases, r)] {
		if newer.banned != "" || !a.asked.admits(r.of.name, newer.version) || newer.anywhere() == nil || !a.free(newer) {
			continue
		}
		if a.lacking(newer) < 0 {
			return nil // it could be had everywhere: something else holds r back
		}
		if newest == nil {
			newest = newer
		}
	}
	return newest
}

// lacking is the first place that needs the package and has no wheel of this
// release, -1 for none.
func (a *apart) lacking(r *release) int {
	return slices.IndexFunc(slices.Collect(all(a.places).each), func(i int) bool { return a.picks[i][r.of.name] != nil && !r.has(i) })
}

// free tells whether nobody asks for another version than this one.
func (a *apart) free(r *release) bool {
	return !slices.ContainsFunc(slices.Collect(all(a.places).each), func(i int) bool { return a.refuses(r, i) != "" })
}

// everywhere is the one release of a name that every place has which needs it,
// nil if there are several.
func everywhere(chosen picks, name string) *release {
	var r *release
	for _, at := range chosen {
		switch now := at[name]; {
		case now == nil:
		case r != nil && now != r:
			return nil
		default:
			r = now
		}
	}
	return r
}

func isLocked(old *lock.Lock, name string, v pep440.Version) bool {
	return old != nil && slices.ContainsFunc(old.Packages, func(p lock.Package) bool {
		have, err := pep440.Parse(p.Version)
		return p.Name == name && err == nil && have.Equal(v)
	})
}

// withdrawn says which locked versions could not be kept because they were
// yanked since.
func withdrawn(old *lock.Lock, chosen picks) []string {
	if old == nil {
		return nil
	}
	var out []string
	for _, p := range old.Packages {
		v, err := pep440.Parse(p.Version)
		for _, at := range chosen {
			now := at[p.Name]
			if now == nil || err != nil || now.version.Equal(v) {
				continue
			}
			i := slices.IndexFunc(now.of.releases, func(r *release) bool { return r.version.Equal(v) && r.yanked })
			if i >= 0 {
				out = append(out, fmt.Sprintf("%s %s was locked and has been %s; %s takes its place", p.Name, v, now.of.releases[i].banned, now.version))
			}
			break
		}
	}
	return out
}
