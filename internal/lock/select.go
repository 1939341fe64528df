package lock

import (
	"fmt"
	"slices"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// Selected is one package to install. File is nil for VCS, Directory and Archive sources, and the sdist where no wheel fits.
type Selected struct {
	Package *Package
	File    *File
}

// Select picks what an environment installs, in the order of the lock (PEP 751, "Installation"). groups nil means the
// default groups, empty means none. Asking for a group or extra that the lock does not know is an error too. Errors are
// faults that name the package and the reason.
func (l *Lock) Select(env pep508.Environment, groups, extras []string, tags *pytag.Set, py pep440.Version) ([]Selected, error) {
	context, err := l.context(groups, extras)
	if err != nil {
		return nil, err
	}
	if err := l.checkEnvironment(env, py); err != nil {
		return nil, err
	}
	var chosen []Selected
	byName := map[string]*Package{}
	for i := range l.Packages {
		p := &l.Packages[i]
		wanted, err := p.wanted(env, context)
		if err != nil {
			return nil, err
		}
		if !wanted {
			continue
		}
		if err := p.checkPython(py); err != nil {
			return nil, err
		}
		if other := byName[p.Name]; other != nil {
			return nil, fault.New(fault.Input, "run snug lock again", "%s: both %s and %s are selected", p.Name, other.Version, p.Version)
		}
		byName[p.Name] = p
		chosen = append(chosen, Selected{Package: p})
	}
	for i := range chosen {
		if chosen[i].File, err = chosen[i].Package.best(tags); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}

func (l *Lock) context(groups, extras []string) (pep508.Context, error) {
	if groups == nil {
		groups = l.DefaultGroups
	}
	for _, group := range groups {
		if !slices.Contains(l.DependencyGroups, group) && !slices.Contains(l.DefaultGroups, group) {
			return pep508.Context{}, fault.New(fault.NotFound, fmt.Sprintf("it has %q", l.DependencyGroups), "the lock has no group %q", group)
		}
	}
	context := pep508.Context{DependencyGroups: groups}
	for _, extra := range extras {
		normalized := pep508.NormalizeName(extra)
		if !slices.Contains(l.Extras, normalized) {
			return pep508.Context{}, fault.New(fault.NotFound, fmt.Sprintf("it has %q", l.Extras), "the lock has no extra %q", extra)
		}
		context.Extras = append(context.Extras, normalized)
	}
	return context, nil
}

func (l *Lock) checkEnvironment(env pep508.Environment, py pep440.Version) error {
	if ok, err := admits(l.RequiresPython, py); err != nil {
		return fault.New(fault.Input, remedy, "lock: requires-python: %w", err)
	} else if !ok {
		return fault.New(fault.Unsupported, "use a Python that fits, or lock again", "the lock needs Python %s, not %s", l.RequiresPython, py)
	}
	for _, text := range l.Environments {
		ok, err := holds(text, env, pep508.Context{})
		if err != nil {
			return fault.New(fault.Input, remedy, "lock: environments: %w", err)
		}
		if ok {
			return nil
		}
	}
	if len(l.Environments) > 0 {
		return fault.New(fault.Unsupported, "add the target to [tool.snug] targets and run snug lock",
			"the lock is not for Python %s on %s %s", py, env.PlatformSystem, env.PlatformMachine)
	}
	return nil
}

func (p *Package) wanted(env pep508.Environment, context pep508.Context) (bool, error) {
	if p.Marker == "" {
		return true, nil
	}
	ok, err := holds(p.Marker, env, context)
	if err != nil {
		return false, fault.New(fault.Input, remedy, "%s: marker: %w", p.Name, err)
	}
	return ok, nil
}

func (p *Package) checkPython(py pep440.Version) error {
	ok, err := admits(p.RequiresPython, py)
	if err != nil {
		return fault.New(fault.Input, remedy, "%s: requires-python: %w", p.Name, err)
	}
	if !ok {
		return fault.New(fault.Unsupported, "run snug lock again for this Python", "%s %s needs Python %s, not %s",
			p.Name, p.Version, p.RequiresPython, py)
	}
	return nil
}

// best picks the wheel of the best rank, the highest build number among equals, else the sdist.
func (p *Package) best(tags *pytag.Set) (*File, error) {
	if p.VCS != nil || p.Directory != nil || p.Archive != nil {
		return nil, nil // a direct source has no file to choose: documented at Selected
	}
	var best *File
	var bestRank int
	var bestBuild dist.Build
	for i := range p.Wheels {
		name, err := dist.ParseWheelName(p.Wheels[i].FileName())
		if err != nil {
			return nil, fault.New(fault.Input, remedy, "%s: %w", p.Name, err)
		}
		rank, ok := tags.Rank(name.Tags)
		if ok && (best == nil || rank < bestRank || rank == bestRank && name.Build.Compare(bestBuild) > 0) {
			best, bestRank, bestBuild = &p.Wheels[i], rank, name.Build
		}
	}
	if best == nil {
		best = p.Sdist
	}
	if best == nil {
		return nil, fault.New(fault.Unsupported, "lock for this target, or take a version that has a wheel for it",
			"%s %s: none of its %d wheels fits, and it has no sdist", p.Name, p.Version, len(p.Wheels))
	}
	return best, nil
}

func admits(specifiers string, py pep440.Version) (bool, error) {
	if specifiers == "" {
		return true, nil
	}
	set, err := pep440.ParseSpecifiers(specifiers)
	if err != nil {
		return false, err
	}
	return set.Contains(py), nil
}

func holds(text string, env pep508.Environment, context pep508.Context) (bool, error) {
	marker, err := pep508.ParseMarker(text)
	if err != nil {
		return false, err
	}
	return marker.Eval(env, context)
}
