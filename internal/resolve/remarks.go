package resolve

import (
	"fmt"
	"maps"
	"slices"

	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
)

// heldBack says which packages that the project names are older than some
// targets could have them, because another target has no wheel of newer ones.
func heldBack(in Input, asked *roots, places []place, chosen picks) []string {
	if in.Project.Strategy.Resolution != manifest.Highest {
		return nil // new versions are not what is wanted
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(asked.names)) {
		r := everywhere(chosen, name)
		if r == nil || isLocked(in.Locked, name, r.version) {
			continue
		}
		var newest *release
		for _, newer := range r.of.releases[:slices.Index(r.of.releases, r)] {
			if newer.banned != "" || !asked.admits(name, newer.version) || newer.anywhere() == nil {
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

// everywhere is the one release of a name that several places share, nil if
// there is no such.
func everywhere(chosen picks, name string) *release {
	var r *release
	for _, at := range chosen {
		if at[name] == nil || r != nil && at[name] != r {
			return nil // it is not needed here, or in another version
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
