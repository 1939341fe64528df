package engine

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"

	"snug/internal/component"
	"snug/internal/finding"
	"snug/internal/foreign"
	"snug/internal/inventory"
	"snug/internal/manifest"
	"snug/internal/vet"
)

// audited is one thing that is audited: a lock, a list, an environment, an image.
type audited struct {
	name   string
	items  []vet.Item
	loose  map[string]loose // by the name of the item without a version
	own    []string         // folders of the project itself: no advisory speaks of them
	notes  []string
	others map[string]int     // components of other kinds, by what their package URLs say
	facts  []*inventory.Facts // of what is installed
	strays []finding.Finding  // of files of no package
	listed bool               // only names and versions are known: no licence, no file
}

// pins counts what has a version.
func (s *audited) pins() int { return len(s.items) - len(s.loose) }

// loose says why an item has no version.
type loose struct{ why, remedy string }

// ofImport is what a lock or a list of another tool pins. roots are what the project
// asks for, nil where that is not known.
func ofImport(name string, m *foreign.Import, roots []string) *audited {
	s := &audited{name: name, loose: map[string]loose{}, listed: true}
	chains := chainsOf(m, roots)
	for _, p := range m.Pins {
		s.items = append(s.items, vet.Item{
			Component: component.Component{Class: component.Package, Name: p.Name, Version: p.Version, PURL: component.PackageURL(p.Name, p.Version), How: []string{m.Format}},
			Via:       chains[p.Name], Files: slices.Clone(p.Hashes), File: writtenIn(name, p.File), Line: p.Line})
	}
	for _, l := range append(slices.Clone(m.Loose), unpinned(m)...) {
		if l.Own {
			s.own = append(s.own, l.Name)
			continue
		}
		s.items = append(s.items, vet.Item{Component: component.Component{Class: component.Package, Name: l.Name, PURL: component.PackageURL(l.Name, ""), How: []string{m.Format}},
			Via: chains[l.Name], File: writtenIn(name, l.File), Line: l.Line})
		s.loose[l.Name] = looseness(name, m, l)
	}
	return s
}

// unpinned are the packages that a list asks for and that it neither pins nor names
// among those without a version: those of a Pipfile.
func unpinned(m *foreign.Import) []foreign.Loose {
	known := map[string]bool{}
	for _, p := range m.Pins {
		known[p.Name] = true
	}
	for _, l := range m.Loose {
		known[l.Name] = true
	}
	var out []foreign.Loose
	for _, q := range asked(m) {
		if name := q.Key(); q.Path == "" && !known[name] {
			known[name] = true
			out = append(out, foreign.Loose{Name: name, What: q.Requirement.String(), Line: q.Origin.Line})
		}
	}
	return out
}

// asked are all requirements of an import.
func asked(m *foreign.Import) []manifest.Requirement {
	out := slices.Clone(m.Dependencies)
	for _, sets := range []map[string][]manifest.Requirement{m.Groups, m.Extras} {
		for _, name := range slices.Sorted(maps.Keys(sets)) {
			out = append(out, sets[name]...)
		}
	}
	return out
}

func looseness(name string, m *foreign.Import, l foreign.Loose) loose {
	switch {
	case m.Format == foreign.Requirements || m.Format == foreign.Conda || m.Format == foreign.Pipfile:
		return loose{"no version is pinned: " + cmp.Or(l.What, l.Name), "pin it, or audit a lock: snug lock --from " + filepath.ToSlash(name)}
	case l.What == "":
		return loose{"the lock has no version of it", "lock it again with the tool that wrote the lock"}
	}
	return loose{"it comes from " + l.What + ", and advisories speak of releases of the index", "name a release of the index, or look at its own advisories"}
}

// writtenIn is the file that says a version, from the folder that snug is run in.
func writtenIn(name, included string) string {
	if included != "" {
		name = filepath.Join(filepath.Dir(name), filepath.FromSlash(included))
	}
	return filepath.ToSlash(name)
}

// chainsOf are the shortest chains from what is asked for to each package: by the
// file, else by the project (roots), else that is what nothing else in the file needs.
func chainsOf(m *foreign.Import, roots []string) map[string][]string {
	needs, needed := map[string][]string{}, map[string]bool{}
	for _, p := range m.Pins {
		needs[p.Name] = append(needs[p.Name], p.Needs...)
		for _, n := range p.Needs {
			needed[n] = true
		}
	}
	if len(needed) == 0 {
		return nil // the format tells nothing of it
	}
	var edge []string
	for _, q := range asked(m) {
		edge = append(edge, q.Key())
	}
	if len(edge) == 0 {
		edge = roots
	}
	if len(edge) == 0 {
		for _, p := range m.Pins {
			if !needed[p.Name] {
				edge = append(edge, p.Name)
			}
		}
	}
	chains := map[string][]string{}
	for _, name := range edge {
		chains[name] = []string{name}
	}
	for len(edge) > 0 {
		var next []string
		for _, name := range edge {
			for _, to := range needs[name] {
				if chains[to] == nil {
					chains[to] = append(slices.Clone(chains[name]), to)
					next = append(next, to)
				}
			}
		}
		edge = next
	}
	return chains
}
