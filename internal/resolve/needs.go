package resolve

import (
	"context"
	"fmt"
	"strings"

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
		if _, own := p.asked.own[n.key]; own {
			continue // the project itself is there
		}
		more, err := p.ask(ctx, pkg, version, n.Requirement, where, n.origin)
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
