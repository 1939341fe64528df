package resolve

import (
	"context"
	"fmt"

	"snug/internal/manifest"
	"snug/internal/pep508"
	"snug/internal/pubgrub"
)

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
			p.shelf.passOver(r, t)
			return nil, t.bad, nil
		}
		if t.denial != "" {
			p.shelf.deny(r, t.denial)
			return nil, t.denial, nil
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

// lostExtra is why a release without the variable's extra cannot stand for newer
// ones that have it: to go back to before there was one would meet the letter of
// the requirement and bring nothing of what it is for. An extra that the newest
// lack is no reason; that is said when the lock is written.
func (p *problem) lostExtra(r *release, at variable) string {
	key, i := variable{name: at.name, extra: at.extra, of: at.of}, at.on.first()
	with := p.having[key]
	if r.told()[i].provides(at.extra, p.places[i]) {
		if with == nil || with.version.Compare(r.version) < 0 {
			p.having[key] = r
		}
		return ""
	}
	if with == nil || with.version.Compare(r.version) < 0 {
		return ""
	}
	return fmt.Sprintf("it has no extra %q, which %s has", at.extra, with.version)
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
		if _, own := p.asked.own[n.key]; own {
			continue // the project itself is there
		}
		more, err := p.ask(ctx, pkg, saying{version: version, Requirement: n.Requirement, override: n.override}, where)
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
	for i, q := range p.asked.all {
		where, err := p.where(q.Marker, "", p.on)
		if err != nil {
			return nil, badMarker(q, err)
		}
		if where == 0 {
			continue
		}
		more, err := p.ask(ctx, pubgrub.Root, saying{root: i, Requirement: q.Requirement}, where)
		if err != nil {
			return nil, err
		}
		deps = append(deps, more...)
	}
	return deps, nil
}

// ask turns a requirement into needs of one variable for the package and one
// for each extra, and keeps what was said for explanations.
func (p *problem) ask(ctx context.Context, pkg int, said saying, where targets) ([]pubgrub.Dep, error) {
	name := said.Key()
	var deps []pubgrub.Dep
	for _, of := range p.cut.of(name) {
		if where&of == 0 {
			continue
		}
		v, err := p.view(ctx, name, of)
		if err != nil {
			return nil, err
		}
		said.allowed = v.allowed(said.Specifiers)
		for _, extra := range append([]string{""}, said.Extras...) {
			on := p.number(variable{name, pep508.NormalizeName(extra), where & of, of})
			deps = append(deps, pubgrub.Dep{Pkg: on, Allowed: said.allowed})
			need := pubgrub.Need{Of: pkg, On: on}
			p.said[need] = append(p.said[need], said)
		}
	}
	return deps, nil
}

func badMarker(q manifest.Requirement, err error) error {
	return fmt.Errorf("%s: %s: %w", q.Origin, q.Requirement, err)
}
