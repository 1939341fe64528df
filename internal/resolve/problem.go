package resolve

import (
	"context"
	"fmt"
	"strings"

	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pubgrub"
)

// variable is what the solver decides: the version of a name, with an extra,
// on some targets. Without targets it is the one that holds all variables of a
// name to the same version.
type variable struct {
	name, extra string
	on          targets
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

	variables []variable
	numbers   map[variable]int
	views     map[string]*view
	said      map[pubgrub.Need][]saying // requirements as written, for explanations
	tried     map[string]int
}

// saying is a requirement of one version.
type saying struct {
	version int
	text    string
}

func newProblem(s *shelf, asked *roots, places []place, on targets, prefer preferences) *problem {
	p := &problem{shelf: s, asked: asked, places: places, on: on, prefer: prefer, numbers: map[variable]int{},
		views: map[string]*view{}, said: map[pubgrub.Need][]saying{}, tried: map[string]int{}}
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

// view returns the project in this solve's order; it is fixed the first time.
func (p *problem) view(ctx context.Context, name string) (*view, error) {
	if v := p.views[name]; v != nil {
		return v, nil
	}
	pr, err := p.shelf.project(ctx, name)
	if err != nil {
		return nil, err
	}
	v := &view{project: pr, releases: p.prefer.first(name, pr.releases), sets: map[string]pubgrub.Set{}}
	p.views[name] = v
	return v, nil
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
	v, err := p.view(ctx, at.name)
	if err != nil {
		return 0, nil, err
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
		if r.best[i] == nil {
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
	case p.views[p.variables[pkg].name].direct != nil:
		return pubgrub.Direct
	case allowed.Len() == 1:
		return pubgrub.Singleton
	}
	return pubgrub.Normal
}

// Same implements pubgrub.Problem: an extra shares the version of the package,
// and on several targets that shares the one of the name.
func (p *problem) Same(pkg int) int {
	at := p.variables[pkg]
	switch {
	case at.extra != "":
		return p.number(variable{at.name, "", at.on})
	case at.on != 0 && p.on.many():
		return p.number(variable{name: at.name})
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
	v := p.views[at.name]
	r := v.releases[version]
	p.lookAhead(ctx, v, version)
	needs, reason, err := p.tellings(ctx, r, at)
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

// needOn is a need with the targets whose wheels name it.
type needOn struct {
	need
	on targets
}

// tellings gathers what the release's metadata names on the variable's
// targets; reason is why it cannot be used there.
func (p *problem) tellings(ctx context.Context, r *release, at variable) (needs []needOn, reason string, err error) {
	alone := true
	for t, where := range r.on(at.on) {
		if err := p.shelf.read(ctx, r, t); err != nil {
			return nil, "", err
		}
		if t.bad != "" {
			return nil, t.bad, nil
		}
		for i := range where.each {
			if python := p.places[i].python; !pythonFits(t.python, python) {
				return nil, fmt.Sprintf("needs Python %s, not %s", t.python, python), nil
			}
		}
		for _, n := range t.needs {
			needs = append(needs, needOn{n, where})
		}
		alone = where == at.on
		p.shelf.crawl(ctx, t.needs, at)
	}
	if !alone {
		needs = together(needs)
	}
	return needs, "", nil
}

// together makes one of needs that say the same on several targets.
func together(needs []needOn) []needOn {
	at := map[string]int{}
	out := needs[:0]
	for _, n := range needs {
		text := n.String()
		if i, ok := at[text]; ok {
			out[i].on |= n.on
			continue
		}
		at[text] = len(out)
		out = append(out, n)
	}
	return out
}

// needs are the dependencies of a variable.
func (p *problem) needs(ctx context.Context, pkg, version int, told []needOn) (deps []pubgrub.Dep, reason string, err error) {
	at := p.variables[pkg]
	for _, n := range told {
		if at.extra != "" && !n.byExtra {
			continue // the variable without the extra has it
		}
		where, err := p.where(n.Marker, at.extra, n.on)
		if err != nil {
			return nil, fmt.Sprintf("%s: %v", n.Requirement, err), nil
		}
		if where == 0 {
			continue
		}
		if reason := p.asked.refuses(n.Requirement); reason != "" {
			return nil, reason, nil
		}
		if n.key == p.asked.self {
			continue // the project itself is there
		}
		more, err := p.ask(ctx, pkg, version, n.Requirement, where, "")
		if err != nil {
			return nil, "", err
		}
		deps = append(deps, more...)
	}
	return deps, "", nil
}

// rootDeps are the requirements of all runtimes.
func (p *problem) rootDeps(ctx context.Context) ([]pubgrub.Dep, error) {
	var deps []pubgrub.Dep
	p.shelf.crawlRoots(ctx, p.asked.all)
	for _, q := range p.asked.all {
		where, err := p.where(q.Marker, "", p.on)
		if err != nil {
			return nil, badMarker(q, err)
		}
		if where == 0 {
			continue
		}
		more, err := p.ask(ctx, pubgrub.Root, 0, q.Requirement, where, q.Origin.String())
		if err != nil {
			return nil, err
		}
		deps = append(deps, more...)
	}
	return deps, nil
}

// ask turns a requirement into needs of one variable for the package and one
// for each extra.
func (p *problem) ask(ctx context.Context, pkg, version int, q pep508.Requirement, where targets, origin string) ([]pubgrub.Dep, error) {
	name := q.Key()
	v, err := p.view(ctx, name)
	if err != nil {
		return nil, err
	}
	var deps []pubgrub.Dep
	for _, extra := range append([]string{""}, q.Extras...) {
		on := p.number(variable{name, pep508.NormalizeName(extra), where})
		deps = append(deps, pubgrub.Dep{Pkg: on, Allowed: v.allowed(q.Specifiers)})
		text := strings.TrimSpace(strings.TrimSuffix(q.String(), q.Marker.String()))
		text = strings.TrimRight(text, "; ")
		if origin != "" {
			text += " (" + origin + ")"
		}
		need := pubgrub.Need{Of: pkg, On: on}
		p.said[need] = append(p.said[need], saying{version, text})
	}
	return deps, nil
}

func badMarker(q manifest.Requirement, err error) error {
	return fmt.Errorf("%s: %s: %w", q.Origin, q.Requirement, err)
}
