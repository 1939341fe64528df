package manifest

import (
	"maps"
	"slices"
	"strings"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// groups are the document's [dependency-groups] (PEP 735), by normalised name.
type groups struct {
	table   toml.Table
	written map[string]string // normalised -> as written
	done    map[string][]Requirement

	byDefault []string // what another tool installs when it is told nothing, besides dev and test
}

func readGroups(t toml.Table) (*groups, error) {
	g := &groups{table: t, written: map[string]string{}, done: map[string][]Requirement{}}
	for _, name := range slices.Sorted(maps.Keys(t.Values)) {
		key := pep508.NormalizeName(name)
		if other, ok := g.written[key]; ok {
			return nil, t.Bad(name, "rename one; names are compared as PEP 503 says", "%q and %q are the same group", other, name)
		}
		g.written[key] = name
	}
	for _, name := range slices.Sorted(maps.Keys(g.written)) {
		if _, err := g.expand(name, nil); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// expand returns the group's requirements with its includes, in order.
// via is the chain of groups that led here.
func (g *groups) expand(name string, via []string) ([]Requirement, error) {
	if done, ok := g.done[name]; ok {
		return done, nil
	}
	written := g.written[name]
	if slices.Contains(via, name) {
		chain := strings.Join(append(via[slices.Index(via, name):], name), " -> ")
		return nil, g.table.Bad(written, "remove one include-group of the chain", "groups include each other: %s", chain)
	}
	list, ok := g.table.Values[written].([]any)
	if !ok {
		return nil, g.table.Bad(written, `write it as ["pytest", { include-group = "name" }]`, "%s must be an array, not %s", written, toml.KindOf(g.table.Values[written]))
	}
	var out []Requirement
	for i, item := range list {
		reqs, err := g.item(written, i, item, append(slices.Clone(via), name))
		if err != nil {
			return nil, err
		}
		out = append(out, reqs...)
	}
	g.done[name] = out
	return out, nil
}

// item is one element of a group: a PEP 508 string or {include-group = "x"}.
func (g *groups) item(group string, i int, item any, via []string) ([]Requirement, error) {
	switch v := item.(type) {
	case string:
		r, err := requirementAt(g.table, group, i, v)
		return []Requirement{r}, err
	case map[string]any:
		include, ok := v["include-group"].(string)
		if !ok || len(v) != 1 {
			return nil, g.table.Bad(group, `write { include-group = "name" }`, "%s: element %d is a table that PEP 735 does not know", group, i+1)
		}
		key := pep508.NormalizeName(include)
		if _, ok := g.written[key]; !ok {
			return nil, g.table.Bad(group, g.known(), "%s: element %d includes the unknown group %q", group, i+1, include)
		}
		return g.expand(key, via)
	}
	return nil, g.table.Bad(group, `write "pytest" or { include-group = "name" }`, "%s: element %d must be a string or a table, not %s", group, i+1, toml.KindOf(item))
}

// names are those of all groups, normalised and sorted.
func (g *groups) names() []string { return slices.Sorted(maps.Keys(g.written)) }

func (g *groups) known() string {
	if len(g.written) == 0 {
		return "there are no groups in [dependency-groups]"
	}
	return "groups: " + strings.Join(g.names(), ", ")
}

// requirementAt parses the i-th PEP 508 string of the array at key.
func requirementAt(t toml.Table, key string, i int, text string) (Requirement, error) {
	r, err := pep508.Parse(text)
	line := t.ElementLine(key, i)
	if err != nil {
		return Requirement{}, inputAt(t.Doc.File, line, RequirementHint, "%s%s: %s", t.Name(), key, withoutLogin(err.Error()))
	}
	return newRequirement(r, Origin{File: t.Doc.File, Line: line, Table: t.Name() + key}), nil
}
