package resolve

import (
	"slices"

	"snug/internal/lock"
	"snug/internal/pep440"
)

// Move is a locked version in whose place another one was taken.
type Move struct {
	Name    string   `json:"name"`
	Before  string   `json:"before"`
	After   string   `json:"after"`
	Targets []string `json:"targets,omitempty"` // where; empty: the locked version is nowhere
	Why     string   `json:"why"`
}

// moves are the old lock's versions that some target should have had and has
// not, in the order of that lock.
func (a *outcome) moves() []Move {
	old, places, chosen := a.in.Locked, a.places, a.picks
	if old == nil {
		return nil
	}
	var out []Move
	for _, p := range old.Packages {
		v, err := pep440.Parse(p.Version)
		if err != nil {
			continue
		}
		move, stays := Move{Name: p.Name, Before: v.String()}, false
		for i, at := range places {
			now := chosen[i][p.Name]
			switch {
			case now == nil:
			case now.version.Equal(v):
				stays = true
			case holdsAt(old, p, at) && !lockedAt(old, p.Name, now.version, at):
				move.Targets = append(move.Targets, at.name)
				if move.After == "" {
					move.After, move.Why = now.version.String(), a.whyNot(now.of, v, i)
				}
			}
		}
		if move.After == "" {
			continue
		}
		if !stays {
			move.Targets = nil
		}
		out = append(out, move)
	}
	return out
}

// lockedAt tells whether the old lock has that version at a place as well.
func lockedAt(old *lock.Lock, name string, v pep440.Version, at place) bool {
	return slices.ContainsFunc(old.Packages, func(p lock.Package) bool { return isVersion(p, name, v) && holdsAt(old, p, at) })
}

// whyNot is the reason why a project's version was not taken for a place.
func (a *outcome) whyNot(of *project, v pep440.Version, at int) string {
	i := slices.IndexFunc(of.releases, func(r *release) bool { return r.version.Equal(v) })
	if i < 0 {
		return "the index does not have it"
	}
	r := of.releases[i]
	switch {
	case r.banned != "":
		return r.banned
	case !r.has(at):
		return r.why[at]
	case a.refusal(r) != "":
		return a.refusal(r)
	case !a.asked.admits(of.name, v):
		return "it does not fit what the project asks"
	}
	for _, why := range r.why { // all targets share the version that was taken
		if why != "" {
			return why
		}
	}
	return "it does not fit what other packages need"
}
