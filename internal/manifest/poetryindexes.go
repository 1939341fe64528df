package manifest

import (
	"slices"
	"strings"

	"snug/internal/toml"
)

// defaultIndex is how Poetry and PDM call the index that is asked when none is
// named.
const defaultIndex = "pypi"

// readPoetryIndexes reads [[tool.poetry.source]]. Primary ones take the place of
// the default index, unless that is named among them; supplemental ones are
// asked last; explicit ones by the packages that name them.
func (p *Project) readPoetryIndexes(t toml.Table) error {
	sources, err := t.Tables("source")
	if err != nil {
		return err
	}
	var first, last []Index
	for _, s := range sources {
		if err := s.Only("name", "url", "priority", "default", "secondary"); err != nil {
			return err
		}
		ix, priority, err := readPoetryIndex(s)
		if err != nil {
			return err
		}
		switch priority {
		case "primary", "default":
			first = append(first, ix)
		case "supplemental", "secondary":
			ix.Last = true
			last = append(last, ix)
		case "explicit":
			ix.Explicit = true
			p.Indexes = append(p.Indexes, ix)
		default:
			return s.Bad("priority", "primary, supplemental or explicit", "priority = %q is unknown", priority)
		}
	}
	p.primary(first)
	p.Indexes = append(p.Indexes, last...)
	return nil
}

func readPoetryIndex(s toml.Table) (ix Index, priority string, err error) {
	if ix.Name, err = s.Text("name"); err != nil {
		return ix, "", err
	}
	ix.Name = strings.ToLower(ix.Name)
	if ix.URL, err = s.Text("url"); err != nil {
		return ix, "", err
	}
	if ix.Name == "" || ix.URL == "" && ix.Name != defaultIndex {
		return ix, "", s.Bad("", `add name = "…" and url = "…"`, "an index needs a name and a url")
	}
	priority, err = s.Text("priority")
	if err != nil {
		return ix, "", err
	}
	for _, older := range []string{"default", "secondary"} {
		on, err := s.Bool(older, false)
		if err != nil {
			return ix, "", err
		}
		if on {
			priority = older
		}
	}
	if priority == "" {
		priority = "primary"
	}
	return ix, priority, nil
}

// primary asks these indexes in turn and no default one; the last of them stands
// in its place. [tool.snug] index-url has the last word.
func (p *Project) primary(indexes []Index) {
	if len(indexes) == 0 {
		return
	}
	i := slices.IndexFunc(indexes, func(ix Index) bool { return ix.Name == defaultIndex && ix.URL == "" })
	if i < 0 {
		i = len(indexes) - 1
	}
	for j, ix := range indexes {
		switch {
		case j == i:
			ix.Explicit = true // packages may name it
		case j > i:
			ix.Last = true
		}
		p.Indexes = append(p.Indexes, ix)
	}
	if p.IndexURL == "" {
		p.IndexURL = indexes[i].URL
	}
}
