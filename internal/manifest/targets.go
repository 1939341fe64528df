package manifest

import (
	"maps"
	"slices"

	"snug/internal/fault"
	"snug/internal/pep508"
)

// Place is a target as markers see it.
type Place struct {
	Name string
	Env  pep508.Environment
}

// environment is one of those that a project is for.
type environment struct {
	marker *pep508.Marker
	origin Origin
}

// For is the project as it stands for these targets, which decide the sources
// that have markers. A target that the project is not for, and a package that
// targets take from different places, is a fault.Input: one lock cannot hold it.
func (p *Project) For(places []Place) (*Project, error) {
	if err := p.isFor(places); err != nil {
		return nil, err
	}
	out := *p
	out.PackageIndex = maps.Clone(p.PackageIndex)
	out.Constraints = slices.Clone(p.Constraints)
	out.Runtimes = slices.Clone(p.Runtimes)
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		all := p.sources[name]
		if len(all) == 1 && all[0].marker == nil {
			continue // applied already
		}
		s, err := agreed(name, all, places)
		if err != nil {
			return nil, err
		}
		if err := out.settleOn(name, s); err != nil {
			return nil, err
		}
	}
	return &out, out.onePlace(places)
}

func (p *Project) isFor(places []Place) error {
	for _, at := range places {
		fits := len(p.environments) == 0
		for _, e := range p.environments {
			ok, err := e.marker.Eval(at.Env, pep508.Context{})
			if err != nil {
				return fault.New(fault.Input, markerHint, "%s: %w", e.origin, err)
			}
			fits = fits || ok
		}
		if !fits {
			return fault.New(fault.Input, "add an environment that fits, or take the target out: [tool.snug] targets", "%s: none of the environments is %s", p.environments[0].origin, at.Name)
		}
	}
	return nil
}

// agreed is the source that every target has for a package; nil if none has one.
func agreed(name string, all []source, places []Place) (*source, error) {
	var out *source
	for i, at := range places {
		here, err := sourceAt(all, at)
		if err != nil {
			return nil, err
		}
		if i > 0 && here != out {
			return nil, twoPlaces(all[0].origin, name, places[0], at)
		}
		out = here
	}
	return out, nil
}

// twoPlaces refuses a package that two targets take from different places.
func twoPlaces(o Origin, name string, a, b Place) error {
	return fault.New(fault.Input, "lock one target in a file of its own: snug lock --target "+b.Name+" -o pylock."+b.Name+".toml",
		"%s: %s and %s take %s from different places, which one lock cannot hold yet", o, a.Name, b.Name, name)
}

// sourceAt is the first source whose marker holds.
func sourceAt(all []source, at Place) (*source, error) {
	for i := range all {
		ok, err := all[i].marker.Eval(at.Env, pep508.Context{})
		if err != nil {
			return nil, fault.New(fault.Input, markerHint, "%s: %w", all[i].origin, err)
		}
		if ok {
			return &all[i], nil
		}
	}
	return nil, nil
}

// settleOn takes a package from s wherever it is asked for; nil: from wherever
// it is.
func (p *Project) settleOn(name string, s *source) error {
	switch {
	case s == nil:
		return nil
	case s.index != "":
		if _, said := p.PackageIndex[name]; !said {
			p.PackageIndex[name] = s.index
		}
		return nil
	}
	for i := range p.Runtimes {
		rt := &p.Runtimes[i]
		rt.Requirements = slices.Clone(rt.Requirements)
		for j, r := range rt.Requirements {
			if r.Key() == name && r.URL == "" && r.Path == "" {
				if s.refused != nil {
					return s.refused
				}
				rt.Requirements[j] = p.takenFrom(r, *s)
			}
		}
	}
	return nil
}

// askedOn is a package on a target.
type askedOn struct{ name, target string }

// onePlace drops what is asked of an address nowhere, and refuses a package that
// one target takes from an address and another from elsewhere.
func (p *Project) onePlace(places []Place) error {
	address := map[askedOn]string{}
	for i := range p.Runtimes {
		rt := &p.Runtimes[i]
		var kept []Requirement
		for _, r := range rt.Requirements {
			holds, err := r.noteAddress(places, address)
			if err != nil {
				return err
			}
			if holds || r.URL == "" && r.Path == "" {
				kept = append(kept, r)
			}
		}
		rt.Requirements = kept
	}
	for _, r := range slices.Concat(requirementsOf(p.Runtimes)...) {
		var first *Place
		for i, at := range places {
			from, ok := address[askedOn{r.Key(), at.Name}]
			switch {
			case !ok:
			case first == nil:
				first = &places[i]
			case from != address[askedOn{r.Key(), first.Name}]:
				return twoPlaces(r.Origin, r.Name, *first, at)
			}
		}
	}
	return nil
}

// noteAddress notes where each place takes the package from, and tells whether
// any asks for it.
func (r Requirement) noteAddress(places []Place, address map[askedOn]string) (holds bool, err error) {
	for _, at := range places {
		ok, err := r.Marker.Eval(at.Env, pep508.Context{})
		if err != nil {
			return false, fault.New(fault.Input, markerHint, "%s: %s: %w", r.Origin, r.Requirement, err)
		}
		if !ok {
			continue
		}
		holds = true
		if key := (askedOn{r.Key(), at.Name}); address[key] == "" {
			address[key] = r.URL + r.Path
		}
	}
	return holds, nil
}

func requirementsOf(runtimes []Runtime) [][]Requirement {
	out := make([][]Requirement, len(runtimes))
	for i, rt := range runtimes {
		out[i] = rt.Requirements
	}
	return out
}
