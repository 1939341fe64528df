package manifest

import (
	"fmt"
	"maps"
	"slices"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// foreign are the tables of other tools that are read, below [tool]: what a
// project already says in them counts, so that it need not be said again. Each
// of their keys is obeyed, is known to be harmless, or is an error by name.
var foreign = []struct {
	name string
	read func(*Project, toml.Table, *groups) error
}{
	{"uv", (*Project).readUv},
	{"poetry", (*Project).readPoetry},
	{"pdm", (*Project).readPdm},
}

// readForeign reads the tables of others. What they say of groups joins g.
func (p *Project) readForeign(doc *toml.Document, g *groups) error {
	tool, _, err := doc.Top().Table("tool")
	if err != nil {
		return err
	}
	for _, f := range foreign {
		t, ok, err := tool.Table(f.name)
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

// check refuses every key that is neither obeyed nor harmless.
func (k keys) check(t toml.Table) error {
	if err := k.unsupported(t); err != nil {
		return err
	}
	return k.known(t)
}

// unsupported refuses what snug does not do.
func (k keys) unsupported(t toml.Table) error {
	for _, key := range slices.Sorted(maps.Keys(t.Values)) {
		if r, ok := k.refused[key]; ok && !slices.Contains(r.but, fmt.Sprint(t.Values[key])) {
			return t.Bad(key, r.hint, "snug does not do what %s asks for", key)
		}
	}
	return nil
}

// known refuses what the table's tool has no word for.
func (k keys) known(t toml.Table) error {
	for _, key := range slices.Sorted(maps.Keys(t.Values)) {
		_, refused := k.refused[key]
		if !refused && k.harmless[key] == "" && !slices.Contains(k.obeyed, key) {
			return t.Bad(key, "remove it if nothing needs it; docs/formats.md lists the keys that are read", "unknown key %q", key)
		}
	}
	return nil
}

// originOf is where key of this table stands.
func originOf(t toml.Table, key string) Origin {
	return Origin{File: t.Doc.File, Line: t.Line(key), Table: t.Name() + key}
}

// groupless refuses a group where requirements files are the manifest, since these
// have no groups.
func groupless(t toml.Table, key string) error {
	if t.Values[key] == nil {
		return nil
	}
	return t.Bad(key, "add [project]: snug init takes the requirements files in", "%s needs [project], but requirements files are read here", key)
}

// join adds requirements to a group, which may be a new one.
func (g *groups) join(name string, reqs []Requirement) {
	key := pep508.NormalizeName(name)
	if _, ok := g.written[key]; !ok {
		g.written[key] = name
	}
	g.done[key] = append(slices.Clone(g.done[key]), reqs...)
}
