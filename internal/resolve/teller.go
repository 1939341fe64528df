package resolve

import (
	"cmp"
	"slices"

	"snug/internal/pep440"
)

// teller tells the leaves of a proof in the order of a chain: from the project on.
type teller struct {
	*problem
	told  told
	seen  map[string]bool
	chain []Link
}

// maxOut bounds the needs of one package that are told one by one.
const maxOut = 3

// roots tells what the project asks, each followed by what comes of it; last
// what it asks of packages that others need as well: there it clashes.
func (w *teller) roots() {
	asked := w.told[""].out
	needed := map[string]bool{}
	for name, n := range w.told {
		for _, l := range n.out {
			needed[l.on] = needed[l.on] || name != "" && name != l.on
		}
	}
	slices.SortStableFunc(asked, func(a, b Link) int {
		return cmp.Or(last(needed[a.on])-last(needed[b.on]), a.root-b.root)
	})
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

// last sorts what is so behind the rest.
func last(so bool) int {
	if so {
		return 1
	}
	return 0
}

func (w *teller) add(l Link) {
	w.chain = append(w.chain, l)
	n := w.told.of(l.on)
	if !n.from[l.Of] || l.Of == "" {
		n.in = append(n.in, l.spec)
	}
	n.from[l.Of] = true
}

// follow tells what a package needs, and then what comes of that.
func (w *teller) follow(name string) {
	if w.seen[name] {
		return
	}
	w.seen[name] = true
	out, rest := worth(summed(w.decided(w.told.of(name).out)))
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

// decided leaves out what versions need that another of their needs decides
// alone, as nothing that the project asks for meets it.
func (w *teller) decided(links []Link) []Link {
	alone := map[string]map[string]bool{} // package, with its extra, and version
	for _, l := range links {
		if alone[l.Of] == nil {
			alone[l.Of] = map[string]bool{}
		}
		if w.beyond(l) {
			for _, v := range l.Versions {
				alone[l.Of][v] = true
			}
		}
	}
	var out []Link
	for _, l := range links {
		if !w.beyond(l) {
			l.Versions = slices.DeleteFunc(slices.Clone(l.Versions), func(v string) bool { return alone[l.Of][v] })
		}
		if len(l.Versions) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// beyond tells whether the project's own requirements admit nothing that l needs.
func (w *teller) beyond(l Link) bool {
	return !slices.ContainsFunc(w.views[l.on].releases, func(r *release) bool {
		return l.spec.Contains(r.version) && w.asks(l.on, r.version)
	})
}

// worth picks the needs of a package that are told one by one, the newest
// versions' first; rest are the versions of the others. What few other versions
// need is left out where one need is that of nearly all.
func worth(links []Link) (out []Link, rest []string) {
	var all []string
	for _, l := range links {
		all = append(all, l.Versions...)
	}
	most := len(newest(all)) * 9 / 10
	for i, l := range links {
		switch {
		case i > 0 && l.Of == links[0].Of && len(links[0].Versions) > most && !overlap(l.Versions, links[0].Versions):
		case len(out) < maxOut:
			out = append(out, l)
		default:
			rest = append(rest, l.Versions...)
		}
	}
	return out, rest
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(v string) bool { return slices.Contains(b, v) })
}

// end is the name in which the chain ends: the first that needs nothing more, or
// of which nothing is in all that is asked of it.
func (w *teller) end() string {
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
func (w *teller) factOrder(end string) []string {
	out := []string{end}
	for _, l := range w.chain {
		if l.on != "" && !slices.Contains(out, l.on) {
			out = append(out, l.on)
		}
	}
	return out
}

// summed makes one link of those in which versions of one package need versions
// of one other, where they are many, and sorts by the newest version, then by
// how many there are.
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
	slices.SortStableFunc(out, func(a, b Link) int {
		return cmp.Or(compareTexts(b.Versions[0], a.Versions[0]), len(b.Versions)-len(a.Versions))
	})
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
