package resolve

import (
	"maps"
	"slices"

	"snug/internal/pep440"
)

// picks is the chosen release of each name, for each place.
type picks []map[string]*release

// several lists the names that have more than one version, sorted.
func (p picks) several() []string {
	var out []string
	first := map[string]*release{}
	for _, at := range p {
		for name, r := range at {
			if have := first[name]; have != nil && have != r {
				out = append(out, name)
			}
			first[name] = r
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// names lists what is chosen for some place, sorted.
func (p picks) names() []string {
	all := map[string]bool{}
	for _, at := range p {
		for name := range at {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// one is the release that all places share which have the name; nil if they have
// several.
func (p picks) one(name string) *release {
	var one *release
	for _, at := range p {
		r := at[name]
		if one != nil && r != nil && r != one {
			return nil
		}
		if r != nil {
			one = r
		}
	}
	return one
}

// surplus counts the versions beyond the first of each name.
func (p picks) surplus() int {
	names, releases := map[string]bool{}, map[*release]bool{}
	for _, at := range p {
		for name, r := range at {
			names[name], releases[r] = true, true
		}
	}
	return len(releases) - len(names)
}

// parts are the targets that have one version of name, one part for each, in
// the order of the targets; classes that do without it stay by themselves.
func (p picks) parts(name string, classes []targets) []targets {
	var out []targets
	at := map[*release]int{}
	for _, class := range classes {
		r := p[class.first()][name]
		i, ok := at[r]
		if r == nil || !ok {
			at[r] = len(out)
			out = append(out, class)
			continue
		}
		out[i] |= class
	}
	return out
}

// cut is the coarsest that admits the choice.
func (p picks) cut(classes []targets, whole targets) cut {
	out := cut{map[string][]targets{}, []targets{whole}}
	for _, name := range p.several() {
		out.names[name] = p.parts(name, classes)
	}
	return out
}

// preferences are for what was chosen, then for what was preferred before.
func (p picks) preferences(keep []preferences) []preferences {
	out := make([]preferences, len(p))
	for i, at := range p {
		out[i] = maps.Clone(keep[i])
		for name, r := range at {
			out[i][name] = append([]pep440.Version{r.version}, out[i][name]...)
		}
	}
	return out
}

// spread gives the targets what was chosen for all of them.
func spread(out picks, to targets, chosen map[string]*release) picks {
	for i := range to.each {
		out[i] = chosen
	}
	return out
}
