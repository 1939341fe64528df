package manifest

import (
	"maps"
	"slices"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// readPoetryGroups reads [tool.poetry.group.NAME] and the older
// [tool.poetry.dev-dependencies], which is the group dev.
func (p *Project) readPoetryGroups(t toml.Table, g *groups) error {
	all, _, err := t.Table("group")
	if err != nil {
		return err
	}
	var including []toml.Table
	for _, name := range slices.Sorted(maps.Keys(all.Values)) {
		group, _, err := all.Table(name)
		if err != nil {
			return err
		}
		if err := group.Only("dependencies", "optional", "include-groups"); err != nil {
			return err
		}
		if err := p.readPoetryGroup(group, "dependencies", name, g); err != nil {
			return err
		}
		optional, err := group.Bool("optional", false)
		if err != nil {
			return err
		}
		if !optional {
			g.byDefault = append(g.byDefault, pep508.NormalizeName(name))
		}
		if group.Values["include-groups"] != nil {
			including = append(including, group)
		}
	}
	if err := p.readPoetryGroup(t, "dev-dependencies", "dev", g); err != nil {
		return err
	}
	return g.include(including)
}

// include adds to groups those that they include.
func (g *groups) include(tables []toml.Table) error {
	for range tables { // a chain is no longer than there are groups
		for _, t := range tables {
			names, err := t.Texts("include-groups")
			if err != nil {
				return err
			}
			into := t.Path[len(t.Path)-1]
			for _, name := range names {
				more, ok := g.done[pep508.NormalizeName(name)]
				if !ok {
					return t.Bad("include-groups", g.known(), "include-groups: unknown group %q", name)
				}
				g.join(into, slices.DeleteFunc(slices.Clone(more), func(r Requirement) bool {
					return slices.ContainsFunc(g.done[pep508.NormalizeName(into)], r.is)
				}))
			}
		}
	}
	return nil
}

// readPoetryGroup reads the dependencies of one group: its own, or what there is
// to say besides of a group that [dependency-groups] has.
func (p *Project) readPoetryGroup(t toml.Table, key, name string, g *groups) error {
	deps, err := p.poetryDependencies(t, key)
	if err != nil {
		return err
	}
	if _, standard := g.table.Values[g.written[pep508.NormalizeName(name)]]; standard {
		return p.enrich(t, key, deps, g.done[pep508.NormalizeName(name)])
	}
	if t.Values[key] != nil || key == "dependencies" {
		g.join(name, requirementsIn(deps))
		if p.poetryGroups == nil {
			p.poetryGroups = map[string]bool{}
		}
		p.poetryGroups[pep508.NormalizeName(name)] = true
	}
	return nil
}

// requirementsIn are the requirements that are not for extras only.
func requirementsIn(deps []poetryDependency) []Requirement {
	var out []Requirement
	for _, d := range deps {
		if !d.optional {
			out = append(out, d.Requirement)
		}
	}
	return out
}

// enrich takes what Poetry's tables say beside the standard ones of the same
// requirements: where they come from, and narrower versions.
func (p *Project) enrich(t toml.Table, key string, deps []poetryDependency, standard []Requirement) error {
	for _, d := range deps {
		if !slices.ContainsFunc(standard, func(r Requirement) bool { return r.Key() == d.Key() }) {
			return t.Bad(key, "list it there, or take it out here", "%s: %s is none of the requirements of the standard table, which Poetry reads first", key, d.Name)
		}
		if d.URL != "" || d.Path != "" {
			p.addSource(d.Name, source{url: d.URL, path: d.Path, editable: d.Editable, marker: d.Marker, origin: d.Origin})
			continue
		}
		p.limit(d.Requirement)
	}
	return nil
}
