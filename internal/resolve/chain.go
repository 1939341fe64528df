package resolve

import (
	"cmp"
	"fmt"
	"slices"

	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pubgrub"
)

// Link is one step of the chain: the project asks, or a package needs.
type Link struct {
	Of       string           `json:"of,omitempty"`       // the package, with its extra; "": the project
	Versions []string         `json:"versions,omitempty"` // of Of that need the same, newest first
	Needs    string           `json:"needs"`              // a requirement (PEP 508); "": various
	Others   bool             `json:"others,omitempty"`   // Needs is the newest version's, the others need the like
	Targets  []string         `json:"targets,omitempty"`  // where, if not on all
	Origin   *manifest.Origin `json:"origin,omitempty"`   // where the project asks; nil: on the command line

	on   string // the name that Needs is about
	spec pep440.Specifiers
}

// String is one line.
func (l Link) String() string {
	where := ""
	if len(l.Targets) > 0 {
		where = " on " + inWords(l.Targets)
	}
	switch {
	case l.Of == "" && l.Origin == nil:
		return "you ask for " + l.Needs + where
	case l.Of == "":
		return "the project asks for " + l.Needs + where + " (" + l.Origin.String() + ")"
	}
	needs := l.Needs
	switch {
	case needs == "":
		needs = "what does not fit either"
	case l.Others:
		needs += ", or others that do not fit"
	}
	return versioned(l.Of, l.Versions) + plural(l.Versions, " needs ", " need ") + needs + where
}

// versioned is "a 1", or "a 1 … 3 (3 versions)" for many.
func versioned(name string, newestFirst []string) string {
	switch n := len(newestFirst); n {
	case 0:
		return name
	case 1:
		return name + " " + newestFirst[0]
	case 2:
		return name + " " + newestFirst[1] + " and " + newestFirst[0]
	default:
		return fmt.Sprintf("%s %s … %s (%d versions)", name, newestFirst[n-1], newestFirst[0], n)
	}
}

func plural(of []string, one, many string) string {
	if len(of) > 1 {
		return many
	}
	return one
}

// plain is a requirement without its marker.
func plain(q pep508.Requirement) string {
	q.Marker = nil
	return q.String()
}

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
	w := walker{problem: p, told: t, seen: map[string]bool{}}
	w.roots()
	c := &Conflict{Chain: w.chain, Package: w.end()}
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
		l.Targets = p.names(on.on)
	}
	if of == pubgrub.Root {
		if o := p.asked.all[s.root].Origin; o.File != "" {
			l.Origin = &o
		}
		return append(links, l)
	}
	at := p.variables[of]
	if l.Of = at.name; at.extra != "" {
		l.Of += "[" + at.extra + "]"
	}
	l.Versions = []string{p.versionText(of, version)}
	for i := range links {
		if links[i].Needs == l.Needs {
			links[i].Versions = append(links[i].Versions, l.Versions...)
			return links
		}
	}
	return append(links, l)
}

func (p *problem) names(on targets) []string {
	var out []string
	for i := range on.each {
		out = append(out, p.places[i].name)
	}
	return out
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

// walker follows what was told from the project on.
type walker struct {
	*problem
	told  told
	seen  map[string]bool
	chain []Link
}

// maxOut bounds the needs of one package that are told one by one.
const maxOut = 3

// roots tells what the project asks, each followed by what comes of it; last
// what it asks of packages that others need as well: there it clashes.
func (w *walker) roots() {
	asked := w.told[""].out
	needed := map[string]bool{}
	for name, n := range w.told {
		for _, l := range n.out {
			needed[l.on] = needed[l.on] || name != "" && name != l.on
		}
	}
	slices.SortStableFunc(asked, func(a, b Link) int { return cmp.Compare(order(needed[a.on]), order(needed[b.on])) })
	have := map[string]bool{}
	for _, l := range asked {
		if have[l.String()] {
			continue // as a need of an extra, or on other targets
		}
		have[l.String()] = true
		w.add(l)
		if !needed[l.on] {
			w.follow(l.on)
		}
	}
	for _, l := range asked { // in a circle everything is needed
		w.follow(l.on)
	}
}

func order(later bool) int {
	if later {
		return 1
	}
	return 0
}

func (w *walker) add(l Link) {
	w.chain = append(w.chain, l)
	n := w.told.of(l.on)
	if !n.from[l.Of] || l.Of == "" {
		n.in = append(n.in, l.spec)
	}
	n.from[l.Of] = true
}

// follow tells what a package needs, and then what comes of that.
func (w *walker) follow(name string) {
	if w.seen[name] {
		return
	}
	w.seen[name] = true
	out, rest := worth(summed(w.told.of(name).out))
	for _, l := range out {
		w.add(l)
	}
	if len(rest) > 0 {
		w.chain = append(w.chain, Link{Of: name, Versions: newest(rest)})
	}
	for _, l := range out {
		w.follow(l.on)
	}
}

// worth picks the needs of a package that are told one by one, the newest
// versions' first; rest are the versions of the others. What a few versions need
// is left out where one need is that of nearly all.
func worth(links []Link) (out []Link, rest []string) {
	total := 0
	for _, l := range links {
		total += len(l.Versions)
	}
	for i, l := range links {
		switch {
		case i > 0 && len(links[0].Versions)*10 >= total*9:
			return links[:1], nil
		case i < maxOut:
			out = append(out, l)
		default:
			rest = append(rest, l.Versions...)
		}
	}
	return out, rest
}

// end is the name in which the chain ends: the first that needs nothing more, or
// of which nothing is in all that is asked of it.
func (w *walker) end() string {
	name := ""
	for _, l := range w.chain {
		if l.on == "" {
			continue
		}
		name = l.on
		if n := w.told[name]; len(n.out) == 0 || !w.views[name].anyIn(n.in) {
			break
		}
	}
	return name
}

// factOrder is the names of the chain, its end first.
func (w *walker) factOrder(end string) []string {
	out := []string{end}
	for _, l := range w.chain {
		if l.on != "" && !slices.Contains(out, l.on) {
			out = append(out, l.on)
		}
	}
	return out
}

// summed makes one link of those in which versions of one package need versions
// of one other, where they are many, and sorts by the newest version.
func summed(links []Link) []Link {
	alike := map[[2]string]int{}
	for _, l := range links {
		alike[[2]string{l.Of, l.on}]++
	}
	at := map[[2]string]int{}
	var out []Link
	for _, l := range links {
		key := [2]string{l.Of, l.on}
		i, ok := at[key]
		switch same := slices.IndexFunc(out, func(o Link) bool { return o.Of == l.Of && o.Needs == l.Needs }); {
		case same >= 0:
			out[same].Versions = newest(slices.Concat(out[same].Versions, l.Versions))
		case alike[key] <= 2:
			out = append(out, l)
		case !ok:
			at[key] = len(out)
			out = append(out, l)
		default:
			versions := newest(slices.Concat(out[i].Versions, l.Versions))
			if versions[0] == l.Versions[0] {
				out[i].Needs, out[i].spec = l.Needs, l.spec
			}
			out[i].Versions, out[i].Others = versions, true
		}
	}
	slices.SortStableFunc(out, func(a, b Link) int { return compareTexts(b.Versions[0], a.Versions[0]) })
	return out
}

// newest sorts versions, the newest first, each once.
func newest(versions []string) []string {
	slices.SortFunc(versions, func(a, b string) int { return compareTexts(b, a) })
	return slices.Compact(versions)
}

// compareTexts compares versions that Version.String printed.
func compareTexts(a, b string) int {
	v, _ := pep440.Parse(a)
	w, _ := pep440.Parse(b)
	return v.Compare(w)
}
