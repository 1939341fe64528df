package resolve

import (
	"context"
	"fmt"

	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pubgrub"
)

// variable is what the solver decides: the version of a name, with an extra,
// on some targets, which share it with others. Without targets of its own it is
// the one that holds all variables of these to the same version.
type variable struct {
	name, extra string
	on          targets
	of          targets // that have one version of the name
}

// view is a project as one solve sees it: what is preferred comes first.
type view struct {
	*project
	releases []*release
	sets     map[string]pubgrub.Set // by specifiers
}

// problem speaks to the solver for a group of targets.
type problem struct {
	shelf  *shelf
	asked  *roots
	places []place
	on     targets
	prefer preferences
	cut    cut           // which of the targets share which versions
	keep   []preferences // of each place, for names that are cut

	variables []variable
	numbers   map[variable]int
	views     map[string]*view          // of names that all targets share
	parted    map[variable]*view        // of the others, for the variables that hold them together
	said      map[pubgrub.Need][]saying // requirements as written, for explanations
	tried     map[string]int
	byFile    map[int]bool          // variables whose file the project names
	having    map[variable]*release // the newest seen with the extra of a name, for each part of the targets
}

// saying is a requirement of one version or, with its place in roots.all, of
// the project.
type saying struct {
	pep508.Requirement
	version  int
	root     int
	allowed  pubgrub.Set
	override *manifest.Origin // of the override that says it instead; nil: none does
}

func newProblem(s *shelf, asked *roots, places []place, on targets, prefer preferences) *problem {
	p := &problem{shelf: s, asked: asked, places: places, on: on, prefer: prefer, cut: cut{rest: []targets{on}}, numbers: map[variable]int{},
		views: map[string]*view{}, parted: map[variable]*view{}, said: map[pubgrub.Need][]saying{}, tried: map[string]int{}, byFile: map[int]bool{}, having: map[variable]*release{}}
	p.number(variable{})
	return p
}

func (p *problem) number(v variable) int {
	n, ok := p.numbers[v]
	if !ok {
		n = len(p.variables)
		p.numbers[v] = n
		p.variables = append(p.variables, v)
	}
	return n
}

// view returns the project in this solve's order for the targets that share
// its version; it is fixed the first time.
func (p *problem) view(ctx context.Context, name string, of targets) (*view, error) {
	at := variable{name: name, of: of}
	if v := p.viewOf(at); v != nil {
		return v, nil
	}
	pr, err := p.shelf.project(ctx, name)
	if err != nil {
		return nil, err
	}
	direct, err := p.direct(name, of)
	if err != nil {
		return nil, err
	}
	prefer := p.prefer
	if of != p.on {
		prefer = merge(p.keep, of)
	}
	v := &view{project: pr, releases: prefer.first(name, p.shelf.order(pr, direct)), sets: map[string]pubgrub.Set{}}
	if of == p.on {
		p.views[name] = v
	} else {
		p.parted[at] = v
	}
	return v, nil
}

// viewOf is the view of a variable that was made known, nil if it was not.
func (p *problem) viewOf(v variable) *view {
	if v.of == p.on {
		return p.views[v.name]
	}
	return p.parted[variable{name: v.name, of: v.of}]
}

// allowed is the set of releases that the specifiers admit.
func (v *view) allowed(s pep440.Specifiers) pubgrub.Set {
	key := s.String()
	set, ok := v.sets[key]
	if !ok {
		set = pubgrub.NewSet(len(v.releases))
		for i, r := range v.releases {
			if s.Contains(r.version) {
				set.Add(i)
			}
		}
		v.sets[key] = set
	}
	return set
}

// Versions implements pubgrub.Problem.
func (p *problem) Versions(ctx context.Context, pkg int) (int, []pubgrub.Exclusion, error) {
	if pkg == pubgrub.Root {
		return 1, nil, nil
	}
	at := p.variables[pkg]
	v, err := p.view(ctx, at.name, at.of)
	if err != nil {
		return 0, nil, err
	}
	if v.project.direct != nil {
		p.byFile[pkg] = true
	}
	if at.on == 0 || at.extra != "" {
		return len(v.releases), nil, nil
	}
	var out []pubgrub.Exclusion
	byReason := map[string]int{}
	for i, r := range v.releases {
		why, err := p.unusable(r, at.on)
		if err != nil {
			return 0, nil, err
		}
		if why == "" {
			continue
		}
		n, ok := byReason[why]
		if !ok {
			n = len(out)
			byReason[why] = n
			out = append(out, pubgrub.Exclusion{Set: pubgrub.NewSet(len(v.releases)), Reason: why})
		}
		out[n].Set.Add(i)
	}
	return len(v.releases), out, nil
}

// unusable says why the release cannot be had on some of the targets.
func (p *problem) unusable(r *release, on targets) (string, error) {
	if r.banned != "" {
		return r.banned, nil
	}
	for i := range on.each {
		if !r.has(i) {
			return r.why[i], nil
		}
	}
	for _, c := range p.asked.limits[r.of.name] {
		if c.Specifiers.Contains(r.version) {
			continue
		}
		where, err := p.where(c.Marker, "", on)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.Origin, err)
		}
		if where != 0 {
			return fmt.Sprintf("the constraint %s (%s)", c.Requirement, c.Origin), nil
		}
	}
	return "", nil
}

// where is the part of the targets on which the marker holds.
func (p *problem) where(m *pep508.Marker, extra string, on targets) (targets, error) {
	if m == nil {
		return on, nil
	}
	var out targets
	for i := range on.each {
		ok, err := m.Eval(p.places[i].env, pep508.Context{Extra: extra})
		if err != nil {
			return 0, err
		}
		if ok {
			out |= 1 << i
		}
	}
	return out, nil
}

// Priority implements pubgrub.Problem.
func (p *problem) Priority(pkg int, allowed pubgrub.Set) pubgrub.Class {
	switch {
	case pkg == pubgrub.Root:
		return pubgrub.First
	case p.byFile[pkg]:
		return pubgrub.Direct
	case allowed.Single():
		return pubgrub.Singleton
	}
	return pubgrub.Normal
}

// Same implements pubgrub.Problem: an extra shares the version of the package,
// and where several targets share it, that shares theirs.
func (p *problem) Same(pkg int) int {
	at := p.variables[pkg]
	switch {
	case at.extra != "":
		return p.number(variable{at.name, "", at.on, at.of})
	case at.on != 0 && at.of.many():
		return p.number(variable{name: at.name, of: at.of})
	}
	return pkg
}

// Dependencies implements pubgrub.Problem.
func (p *problem) Dependencies(ctx context.Context, pkg, version int) ([]pubgrub.Dep, any, error) {
	if pkg == pubgrub.Root {
		deps, err := p.rootDeps(ctx)
		return deps, nil, err
	}
	at := p.variables[pkg]
	if at.on == 0 {
		return nil, nil, nil
	}
	v := p.viewOf(at)
	r := v.releases[version]
	if why := p.shelf.denial(r); why != "" {
		p.shelf.deny(r, why)
		return nil, why, nil
	}
	p.lookAhead(ctx, v, version)
	needs, reason, err := p.tellings(ctx, r, at)
	if reason == "" && err == nil && at.extra != "" {
		reason = p.lostExtra(r, at)
	}
	if reason != "" || err != nil {
		return nil, reason, err
	}
	var deps []pubgrub.Dep
	if same := p.Same(pkg); same != pkg {
		deps = append(deps, pubgrub.Dep{Pkg: same, Allowed: pubgrub.Of(len(v.releases), version)})
	}
	more, reason, err := p.needs(ctx, pkg, version, needs)
	if reason != "" || err != nil {
		return nil, reason, err
	}
	return append(deps, more...), nil, nil
}
