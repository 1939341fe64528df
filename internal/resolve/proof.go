package resolve

import (
	"fmt"
	"slices"

	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pubgrub"
	"snug/internal/term"
)

// node is what a proof says of one name.
type node struct {
	on    targets
	in    []pep440.Specifiers // what must hold of it: of each that needs it, the newest version's
	from  map[string]bool     // who needs it
	out   []Link
	facts []Fact // refused releases
}

// told is the leaves of a proof by name; the project is "". What only holds the
// solver together (extras, sets of targets) is no leaf.
type told map[string]*node

func (t told) of(name string) *node {
	if t[name] == nil {
		t[name] = &node{from: map[string]bool{}}
	}
	return t[name]
}

// story tells the proof from the roots to where it ends.
func (p *problem) story(last *pubgrub.Clause) *Conflict {
	t := told{"": {}}
	for _, k := range proof(last) {
		switch {
		case k.Excluded != nil:
			p.tellRefused(t, k)
		case k.Needed != nil:
			p.tellNeed(t, k)
		}
	}
	w := teller{problem: p, told: t, seen: map[string]bool{}}
	w.roots()
	c := &Conflict{Chain: w.chain, Package: w.end(), Facts: []Fact{}, Fixes: []Fix{}}
	for _, name := range w.factOrder(c.Package) {
		c.Facts = append(c.Facts, p.facts(name, t[name])...)
	}
	return c
}

// tellNeed takes in a clause that is a need of some versions of one variable.
func (p *problem) tellNeed(t told, k *pubgrub.Clause) {
	of, on := p.variables[k.Needed.Of], p.variables[k.Needed.On]
	i := slices.IndexFunc(k.Terms, func(term pubgrub.Term) bool { return term.Pkg == k.Needed.Of })
	if i < 0 {
		return
	}
	var links []Link
	for _, v := range p.byVersion(k.Terms[i]) {
		for _, s := range p.said[*k.Needed] {
			if k.Needed.Of != pubgrub.Root && s.version != v || !p.isOf(k, s) {
				continue
			}
			links = p.addLink(links, s, k.Needed.Of, v, on)
		}
	}
	if len(links) == 0 {
		return
	}
	n := t.of(of.name)
	n.out = append(n.out, links...)
	t.of(on.name).on |= on.on
}

// isOf tells whether the clause came from this saying.
func (p *problem) isOf(k *pubgrub.Clause, s saying) bool {
	if k.Needed.Of == k.Needed.On {
		return true
	}
	n := len(p.views[p.variables[k.Needed.On].name].releases)
	for _, term := range k.Terms {
		if term.Pkg == k.Needed.On {
			return term.Set.Equal(s.allowed.Not(n))
		}
	}
	return s.allowed.Empty()
}

func (p *problem) addLink(links []Link, s saying, of, version int, on variable) []Link {
	l := Link{Needs: plain(s.Requirement), on: on.name, spec: s.Specifiers}
	if on.on != p.on {
		l.Targets = namesOf(p.places, on.on)
	}
	if of == pubgrub.Root {
		l.root = s.root
		if o := p.asked.all[s.root].Origin; o.File != "" {
			l.Origin = &o
		}
		return append(links, l)
	}
	at := p.variables[of]
	if l.Of = at.name; at.extra != "" {
		l.Of += "[" + at.extra + "]"
	}
	l.Versions, l.Override = []string{p.versionText(of, version)}, s.override
	for i := range links {
		if links[i].Needs == l.Needs {
			links[i].Versions = append(links[i].Versions, l.Versions...)
			return links
		}
	}
	return append(links, l)
}

// byVersion lists the versions of a term, newest first. Those that the project's
// own requirements rule out are no news to a reader.
func (p *problem) byVersion(t pubgrub.Term) []int {
	all := t.Set.Versions()
	if t.Pkg == pubgrub.Root {
		return all
	}
	name := p.variables[t.Pkg].name
	releases := p.views[name].releases
	asked := slices.DeleteFunc(slices.Clone(all), func(v int) bool { return !p.asks(name, releases[v].version) })
	if len(asked) == 0 && !slices.ContainsFunc(releases, func(r *release) bool { return p.asks(name, r.version) }) {
		asked = all
	}
	slices.SortFunc(asked, func(a, b int) int { return releases[b].version.Compare(releases[a].version) })
	return asked
}

// asks tells whether what the project asks of a name, somewhere, admits v.
func (p *problem) asks(name string, v pep440.Version) bool {
	return !slices.ContainsFunc(p.asked.all, func(q manifest.Requirement) bool {
		where, err := p.where(q.Marker, "", p.on)
		return q.Key() == name && err == nil && where != 0 && !q.Specifiers.Contains(v)
	})
}

func (p *problem) versionText(pkg, version int) string {
	return p.views[p.variables[pkg].name].releases[version].version.String()
}

// proof lists the clauses that the last one follows from, itself first.
func proof(last *pubgrub.Clause) []*pubgrub.Clause {
	var out []*pubgrub.Clause
	seen := map[*pubgrub.Clause]bool{nil: true}
	var walk func(*pubgrub.Clause)
	walk = func(k *pubgrub.Clause) {
		if seen[k] {
			return
		}
		seen[k] = true
		out = append(out, k)
		walk(k.Left)
		walk(k.Right)
	}
	walk(last)
	return out
}

// tellRefused takes in a clause that excludes versions of a name.
func (p *problem) tellRefused(t told, k *pubgrub.Clause) {
	term := k.Terms[0]
	at := p.variables[term.Pkg]
	n := t.of(at.name)
	n.on |= at.on
	for _, v := range p.byVersion(term) {
		r := p.views[at.name].releases[v]
		f := Fact{Name: at.name, Versions: []string{r.version.String()}, Kind: p.kind(r, at.on)}
		reason := fmt.Sprint(k.Excluded)
		if said, ok := denies(reason); ok {
			f.Kind, reason = Policy, said
		}
		f.Reason = tidy(reason)
		n.refuse(f)
	}
}

// maxReason bounds the words that an index may add to a line.
const maxReason = 160

// tidy is a reason as one line of bounded length: parts of it come from outside.
func tidy(reason string) string { return term.Line(reason, maxReason) }

// refuse adds to the versions that are refused for the same reason.
func (n *node) refuse(f Fact) {
	for i, old := range n.facts {
		if old.Kind == f.Kind && old.Reason == f.Reason {
			n.facts[i].Versions = newest(slices.Concat(old.Versions, f.Versions))
			return
		}
	}
	n.facts = append(n.facts, f)
}
