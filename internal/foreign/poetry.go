package foreign

import (
	"maps"
	"slices"

	"snug/internal/pep508"
)

type poetryLock struct {
	Packages []poetryPackage `toml:"package"`
	Metadata struct {
		LockVersion string                  `toml:"lock-version"`
		Files       map[string][]poetryFile `toml:"files"` // until lock-version 1.1
	} `toml:"metadata"`
}

type poetryPackage struct {
	Name    string       `toml:"name"`
	Version string       `toml:"version"`
	Markers any          `toml:"markers"` // text, or text for each group
	Files   []poetryFile `toml:"files"`

	Dependencies map[string]any `toml:"dependencies"` // by name

	Source struct {
		Type      string `toml:"type"`
		URL       string `toml:"url"`
		Reference string `toml:"reference"`
	} `toml:"source"`
}

type poetryFile struct {
	File string `toml:"file"`
	URL  string `toml:"url"` // pdm's, with static addresses
	Hash string `toml:"hash"`
}

// ParsePoetry reads poetry.lock. It does not say which packages were asked for:
// that stands in pyproject.toml.
func ParsePoetry(data []byte, path string) (*Import, error) {
	r := newReader(Poetry, path)
	var l poetryLock
	if err := r.toml(data, &l); err != nil {
		return nil, err
	}
	if err := r.version(l.Metadata.LockVersion, "1", "2"); err != nil {
		return nil, err
	}
	lines := entryLines(data, "[[package]]")
	for i, p := range l.Packages {
		if p.Files == nil {
			p.Files = l.Metadata.Files[p.Name]
		}
		if err := r.poetry(p, nth(lines, i)); err != nil {
			return nil, err
		}
	}
	return r.done()
}

func (r *reader) poetry(p poetryPackage, line int) error {
	switch p.Source.Type {
	case "":
	case "legacy":
		r.index(p.Source.Reference, p.Source.URL, false)
	case "url":
		r.source(p.Name, "an address", line)
		return nil
	case "directory", "file":
		r.source(p.Name, "a "+map[string]string{"directory": "folder", "file": "file"}[p.Source.Type], line)
		return nil
	default:
		r.source(p.Name, p.Source.Type, line)
		return nil
	}
	marker, err := r.poetryMarker(p, line)
	if err != nil {
		return err
	}
	pin := Pin{Name: p.Name, Version: p.Version, Marker: marker, Needs: poetryNeeds(p), Line: line}
	return r.pinFiles(pin, p.Files)
}

func poetryNeeds(p poetryPackage) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p.Dependencies)) {
		out = append(out, pep508.NormalizeName(name))
	}
	return out
}

// pinFiles adds a pin with its files.
func (r *reader) pinFiles(pin Pin, files []poetryFile) error {
	for _, f := range files {
		if err := r.hash(&pin, f.File+f.URL, f.Hash); err != nil {
			return err
		}
	}
	return r.pin(pin)
}

// poetryMarker is the marker of a package: one, or one for each group.
func (r *reader) poetryMarker(p poetryPackage, line int) (string, error) {
	switch m := p.Markers.(type) {
	case nil:
		return "", nil
	case string:
		return m, nil
	case map[string]any:
		var all []string
		for _, group := range slices.Sorted(maps.Keys(m)) {
			text, ok := m[group].(string)
			if !ok {
				return "", r.bad(line, repair, "%s: the marker of group %q must be a string", p.Name, group)
			}
			all = append(all, text)
		}
		return either(all...), nil
	}
	return "", r.bad(line, repair, "%s: markers must be a string or a table", p.Name)
}
