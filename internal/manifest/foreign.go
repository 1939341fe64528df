package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/pep508"
)

// foreign are the tables of other tools that are read, below [tool]: what a
// project already says in them counts, so that it need not be said again. Each
// of their keys is obeyed, is known to be harmless, or is an error by name.
var foreign = []struct {
	name string
	read func(*Project, table, *groups) error
}{
	{"uv", (*Project).readUv},
	{"poetry", (*Project).readPoetry},
	{"pdm", (*Project).readPdm},
}

// readForeign reads the tables of others. What they say of groups joins g.
func (p *Project) readForeign(doc *document, g *groups) error {
	tool, _, err := doc.top().table("tool")
	if err != nil {
		return err
	}
	for _, f := range foreign {
		t, ok, err := tool.table(f.name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := f.read(p, t, g); err != nil {
			return err
		}
	}
	return nil
}

// keys is what becomes of the keys of a foreign table.
type keys struct {
	obeyed   []string
	harmless map[string]string  // why snug need not obey it
	refused  map[string]refusal // what a lock that passed over it would get wrong
}

// refusal of a key, with a remedy. These of its values change nothing for snug.
type refusal struct {
	hint string
	but  []string // as fmt prints them
}

// hold refuses every key that is neither obeyed nor harmless.
func (k keys) hold(t table) error {
	if err := k.done(t); err != nil {
		return err
	}
	return k.known(t)
}

// done refuses what snug does not do.
func (k keys) done(t table) error {
	for _, key := range slices.Sorted(maps.Keys(t.m)) {
		if r, ok := k.refused[key]; ok && !slices.Contains(r.but, fmt.Sprint(t.m[key])) {
			return t.bad(key, r.hint, "snug does not do what %s asks for", key)
		}
	}
	return nil
}

// known refuses what the table's tool has no word for.
func (k keys) known(t table) error {
	for _, key := range slices.Sorted(maps.Keys(t.m)) {
		_, refused := k.refused[key]
		if !refused && k.harmless[key] == "" && !slices.Contains(k.obeyed, key) {
			return t.bad(key, "remove it if nothing needs it; docs/formats.md lists the keys that are read", "unknown key %q", key)
		}
	}
	return nil
}

// tables returns an array of tables; absent is none.
func (t table) tables(key string) ([]table, error) {
	v, ok := t.m[key]
	if !ok {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, t.bad(key, "write it as [["+t.under(key)+"]] with its keys below", "%s must be an array of tables, not %s", key, kindOf(v))
	}
	out := make([]table, len(list))
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return nil, t.bad(key, "write it as [["+t.under(key)+"]] with its keys below", "%s: element %d must be a table, not %s", key, i+1, kindOf(x))
		}
		out[i] = table{doc: t.doc, path: append(slices.Clone(t.path), key), m: m}
	}
	return out, nil
}

// under is the name of a table below this one.
func (t table) under(key string) string { return strings.Join(append(slices.Clone(t.path), key), ".") }

// origin is where key of this table stands.
func (t table) origin(key string) Origin {
	path := append(slices.Clone(t.path), key)
	return Origin{File: t.doc.file, Line: t.doc.scan.lineOf(path...), Table: t.name() + key}
}

// join adds requirements to a group, which may be a new one.
func (g *groups) join(name string, reqs []Requirement) {
	key := pep508.NormalizeName(name)
	if _, ok := g.written[key]; !ok {
		g.written[key] = name
	}
	g.done[key] = append(slices.Clone(g.done[key]), reqs...)
}
