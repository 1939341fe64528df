package resolve

import (
	"slices"

	"snug/internal/manifest"
)

// order is the project's releases as the strategy likes them, the best first:
// stable versions before pre-releases unless these count like others, and from
// new to old, or from old to new where the lowest are asked for.
func (s *shelf) order(p *project, direct bool) []*release {
	want := s.in.Project.Strategy
	out := p.releases
	any := want.Prereleases || s.asked.prereleases(p.name)
	if any {
		out = slices.SortedStableFunc(slices.Values(out), func(a, b *release) int { return b.version.Compare(a.version) })
	}
	if want.Resolution == manifest.Highest || want.Resolution == manifest.LowestDirect && !direct {
		return out
	}
	return slices.SortedStableFunc(slices.Values(out), func(a, b *release) int {
		if pre := a.version.IsPrerelease(); pre != b.version.IsPrerelease() && !any {
			if pre {
				return 1
			}
			return -1
		}
		return a.version.Compare(b.version)
	})
}

// direct tells whether the project itself names the package on some of the
// targets.
func (p *problem) direct(name string, on targets) (bool, error) {
	for _, q := range p.asked.all {
		if q.Key() != name {
			continue
		}
		if where, err := p.where(q.Marker, "", on); err != nil || where != 0 {
			return true, err
		}
	}
	return false, nil
}
