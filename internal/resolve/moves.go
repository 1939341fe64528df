package resolve

import (
	"slices"

	"snug/internal/lock"
	"snug/internal/pep440"
)

// Move is a locked version that was not kept, on the first target where
// another one took its place.
type Move struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
	Why    string `json:"why"`
}

// moves are the old lock's versions that some target should have had and none
// has, in the order of that lock.
func moves(old *lock.Lock, asked *roots, places []place, chosen picks) []Move {
	if old == nil {
		return nil
	}
	var out []Move
	for _, p := range old.Packages {
		v, err := pep440.Parse(p.Version)
		if err != nil || taken(chosen, p.Name, v) {
			continue
		}
		for i, at := range places {
			now := chosen[i][p.Name]
			if now == nil || !holdsAt(old, p, at) {
				continue
			}
			out = append(out, Move{p.Name, v.String(), now.version.String(), whyNot(asked, now.of, v, places)})
			break
		}
	}
	return out
}

// taken tells whether some place has that version.
func taken(chosen picks, name string, v pep440.Version) bool {
	return slices.ContainsFunc(chosen, func(at map[string]*release) bool { return at[name] != nil && at[name].version.Equal(v) })
}

// whyNot is the reason why a project's version was not taken.
func whyNot(asked *roots, of *project, v pep440.Version, places []place) string {
	i := slices.IndexFunc(of.releases, func(r *release) bool { return r.version.Equal(v) })
	if i < 0 {
		return "the index does not have it"
	}
	r := of.releases[i]
	if r.banned != "" {
		return r.banned
	}
	for at := range places {
		if !r.has(at) {
			return r.why[at]
		}
	}
	if !asked.admits(of.name, v) {
		return "it does not fit what the project asks"
	}
	return "it does not fit what other packages need"
}
