package resolve

import (
	"fmt"
	"maps"
	"slices"

	"snug/internal/lock"
	"snug/internal/pep440"
)

// heldBack says which packages that the project names are older than some
// targets could have them, because another target has no wheel of newer ones.
func heldBack(in Input, asked *roots, places []place, chosen picks) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(asked.names)) {
		r := everywhere(chosen, name)
		if r == nil || isLocked(in.Locked, name, r.version) {
			continue
		}
		var newest *release
		for _, newer := range r.of.releases[:slices.Index(r.of.releases, r)] {
			if newer.banned != "" || !asked.admits(name, newer.version) || !newer.somewhere() {
				continue
			}
			if !slices.Contains(newer.wheel, -1) {
				newest = nil // it could be had everywhere: something else holds r back
				break
			}
			if newest == nil {
				newest = newer
			}
		}
		if newest != nil {
			lacking := slices.Index(newest.wheel, -1)
			out = append(out, fmt.Sprintf("%s %s is not taken: %s; all targets have %s", name, newest.version, newest.why[lacking], r.version))
		}
	}
	return out
}

// leftYoung says which packages that the project names are older than they could
// be, because of the cooldown.
func leftYoung(in Input, asked *roots, chosen picks) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(asked.names)) {
		r := everywhere(chosen, name)
		if r == nil || isLocked(in.Locked, name, r.version) {
			continue
		}
		var young *release
		for _, newer := range r.of.releases[:slices.Index(r.of.releases, r)] {
			switch {
			case !asked.admits(name, newer.version):
			case newer.young != "" && young == nil:
				young = newer
			case newer.somewhere():
				young = nil // something else holds r back
			}
		}
		if young != nil && !isLocked(in.Locked, name, young.version) {
			out = append(out, fmt.Sprintf("%s %s is %s: %s taken", name, young.version, young.young, r.version))
		}
	}
	return out
}

// everywhere is the one release of a name that several places share, nil if
// there is no such.
func everywhere(chosen picks, name string) *release {
	var r *release
	for _, at := range chosen {
		if at[name] == nil || r != nil && at[name] != r {
			return nil
		}
		r = at[name]
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
// yanked since, or are younger than is allowed now.
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
			if i := slices.IndexFunc(now.of.releases, func(r *release) bool { return r.version.Equal(v) }); i >= 0 {
				if why := now.of.releases[i].gone(); why != "" {
					out = append(out, fmt.Sprintf("%s %s was locked and %s; %s takes its place", p.Name, v, why, now.version))
				}
			}
			break
		}
	}
	return out
}

// gone is what became of a release that could be locked once, "" if nothing.
func (r *release) gone() string {
	switch {
	case r.yanked:
		return "has been " + r.banned
	case r.young != "":
		return "is " + r.young + fmt.Sprintf(" (min-age-package.%s = \"0\" in [tool.snug] keeps it)", r.of.name)
	}
	return ""
}
