package resolve

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
)

// heldBack says which packages are older than some targets could have them,
// because another target has no wheel of newer ones. Where something else holds
// a package back nothing is said.
func (a *outcome) heldBack() []string {
	if a.in.Project.Strategy.Resolution != manifest.Highest {
		return nil // new versions are not what is wanted
	}
	var out []string
	for name, r := range a.anew(a.picks.names()) {
		newer := a.lackedSomewhere(r)
		if newer == nil {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s is not taken: %s; all targets have %s", name, newer.version, newer.why[a.lacking(newer)], r.version))
	}
	return out
}

// leftYoung says which packages that the project names are older than they could
// be, because of the cooldown.
func (a *outcome) leftYoung() []string {
	if a.in.Project.Strategy.Resolution != manifest.Highest {
		return nil // as above
	}
	var out []string
	for name, r := range a.anew(slices.Sorted(maps.Keys(a.asked.names))) {
		var young *release
		for _, newer := range r.of.releases[:slices.Index(r.of.releases, r)] {
			switch {
			case !a.asked.admits(name, newer.version):
			case newer.young != "" && young == nil:
				young = newer
			case newer.somewhere():
				young = nil // something else holds r back
			}
		}
		if young != nil && !isLocked(a.in.Locked, name, young.version) {
			out = append(out, fmt.Sprintf("%s %s is %s: %s taken", name, young.version, young.young, r.version))
		}
	}
	return out
}

// anew are those of the names of which all places have one release that no lock
// had before.
func (a *outcome) anew(names []string) iter.Seq2[string, *release] {
	return func(yield func(string, *release) bool) {
		for _, name := range names {
			r := a.picks.one(name)
			if r != nil && !isLocked(a.in.Locked, name, r.version) && !yield(name, r) {
				return
			}
		}
	}
}

// lackedSomewhere is the newest of the releases newer than r that nobody refuses,
// if some target lacks each of these; else nil.
func (a *outcome) lackedSomewhere(r *release) *release {
	var newest *release
	for _, newer := range r.of.releases[:slices.Index(r.of.releases, r)] {
		if !newer.somewhere() || a.refusal(newer) != "" || !a.asked.admits(r.of.name, newer.version) || !a.free(newer) {
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
func (a *outcome) lacking(r *release) int {
	return slices.IndexFunc(slices.Collect(all(a.places).each), func(i int) bool { return a.picks[i][r.of.name] != nil && !r.has(i) })
}

// free tells whether nobody asks for another version than this one.
func (a *outcome) free(r *release) bool {
	return !slices.ContainsFunc(slices.Collect(all(a.places).each), func(i int) bool { return a.refuses(r, i) != "" })
}

func isLocked(old *lock.Lock, name string, v pep440.Version) bool {
	return old != nil && slices.ContainsFunc(old.Packages, func(p lock.Package) bool { return isVersion(p, name, v) })
}

// isVersion tells whether a package of a lock is that version of that name.
func isVersion(p lock.Package, name string, v pep440.Version) bool {
	if p.Name != name {
		return false
	}
	have, err := pep440.Parse(p.Version)
	return err == nil && have.Equal(v)
}

// withdrawn says which locked versions could not be kept because they were
// yanked since, are younger than is allowed now, or are denied by policy.
func (a *outcome) withdrawn() []string {
	old, chosen := a.in.Locked, a.picks
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
			if i := slices.IndexFunc(now.of.releases, func(r *release) bool { return r.version.Equal(v) }); i >= 0 {
				if why := a.gone(now.of.releases[i]); why != "" {
					out = append(out, fmt.Sprintf("%s %s was locked and %s; %s takes its place", p.Name, v, why, now.version))
				}
			}
			break
		}
	}
	return out
}

// gone is what became of a release that could be locked once, "" if nothing.
func (a *outcome) gone(r *release) string {
	switch {
	case r.yanked:
		return "has been " + r.banned
	case r.young != "":
		return "is " + r.young + fmt.Sprintf(" (min-age-package.%s = \"0\" in [tool.snug] keeps it)", r.of.name)
	case a.refusal(r) != "":
		return "is " + tidy(a.refusal(r))
	}
	return ""
}
