package manifest

import (
	"maps"
	"slices"
	"strings"

	"snug/internal/pep508"
)

// groups are the document's [dependency-groups] (PEP 735), by normalised name.
type groups struct {
	table   table
	written map[string]string // normalised -> as written
	done    map[string][]Requirement

	byDefault []string // what another tool installs when it is told nothing, besides dev and test
}

func readGroups(t table) (*groups, error) {
	g := &groups{table: t, written: map[string]string{}, done: map[string][]Requirement{}}
	for _, name := range slices.Sorted(maps.Keys(t.m)) {
		key := pep508.NormalizeName(name)
		if other, ok := g.written[key]; ok {
			return nil, t.bad(name, "rename one; names are compared as PEP 503 says", "%q and %q are the same group", other, name)
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
		return nil, g.table.bad(written, "remove one include-group of the chain", "groups include each other: %s", chain)
	}
	list, ok := g.table.m[written].([]any)
	if !ok {
		return nil, g.table.bad(written, `write it as ["pytest", { include-group = "name" }]`, "%s must be an array, not %s", written, kindOf(g.table.m[written]))
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
		r, err := g.table.requirement(group, i, v)
		return []Requirement{r}, err
	case map[string]any:
		include, ok := v["include-group"].(string)
		if !ok || len(v) != 1 {
			return nil, g.table.bad(group, `write { include-group = "name" }`, "%s: element %d is a table that PEP 735 does not know", group, i+1)
		}
		key := pep508.NormalizeName(include)
		if _, ok := g.written[key]; !ok {
			return nil, g.table.bad(group, g.known(), "%s: element %d includes the unknown group %q", group, i+1, include)
		}
		return g.expand(key, via)
	}
	return nil, g.table.bad(group, `write "pytest" or { include-group = "name" }`, "%s: element %d must be a string or a table, not %s", group, i+1, kindOf(item))
}

// names are those of all groups, normalised and sorted.
func (g *groups) names() []string { return slices.Sorted(maps.Keys(g.written)) }

func (g *groups) known() string {
	if len(g.written) == 0 {
		return "there are no groups in [dependency-groups]"
	}
	return "groups: " + strings.Join(g.names(), ", ")
}

// requirement parses the i-th PEP 508 string of the array at key.
func (t table) requirement(key string, i int, text string) (Requirement, error) {
	r, err := pep508.Parse(text)
	line := t.elementLine(key, i)
	if err != nil {
		return Requirement{}, inputAt(t.doc.file, line, "PEP 508: name[extra] >=1,<2 ; marker", "%s%s: %s", t.name(), key, withoutLogin(err.Error()))
	}
	return newRequirement(r, Origin{File: t.doc.file, Line: line, Table: t.name() + key}), nil
}

// elementLine is the line of the i-th element of the array at key.
func (t table) elementLine(key string, i int) int {
	path := append(slices.Clone(t.path), key)
	id := strings.Join(path, "\x00")
	lines, known := t.doc.elements[id]
	if !known {
		lines = t.doc.scan.elementLines(path)
		t.doc.elements[id] = lines
	}
	if i < len(lines) {
		return lines[i]
	}
	return t.doc.scan.lineOf(path...)
}
