package foreign

import (
	"strings"

	"snug/internal/pep508"
)

type pdmLock struct {
	Packages []pdmPackage `toml:"package"`
	Metadata struct {
		LockVersion string                  `toml:"lock_version"`
		Files       map[string][]poetryFile `toml:"files"` // by "NAME VERSION", until lock_version 4.2
	} `toml:"metadata"`
}

type pdmPackage struct {
	Name    string       `toml:"name"`
	Version string       `toml:"version"`
	Marker  string       `toml:"marker"`
	Files   []poetryFile `toml:"files"`
	Git     string       `toml:"git"`
	Hg      string       `toml:"hg"`
	SVN     string       `toml:"svn"`
	URL     string       `toml:"url"`
	Path    string       `toml:"path"`

	Dependencies []string `toml:"dependencies"`
}

// ParsePdm reads pdm.lock. It does not say which packages were asked for: that
// stands in pyproject.toml.
func ParsePdm(data []byte, path string) (*Import, error) {
	r := newReader(Pdm, path)
	var l pdmLock
	if err := r.toml(data, &l); err != nil {
		return nil, err
	}
	if err := r.version(l.Metadata.LockVersion, "4"); err != nil {
		return nil, err
	}
	lines := entryLines(data, "[[package]]")
	for i, p := range l.Packages {
		if p.Files == nil {
			p.Files = l.Metadata.Files[p.Name+" "+p.Version]
		}
		if kind := p.kind(); kind != "" {
			r.source(p.Name, kind, nth(lines, i))
			continue
		}
		if err := r.pinFiles(Pin{Name: p.Name, Version: p.Version, Marker: p.Marker, Needs: needs(p.Dependencies), Line: nth(lines, i)}, p.Files); err != nil {
			return nil, err
		}
	}
	return r.done()
}

// needs are the names that requirements begin with.
func needs(requirements []string) []string {
	var out []string
	for _, text := range requirements {
		if end := strings.IndexAny(text, " [(<>=!~;@"); end >= 0 {
			text = text[:end]
		}
		out = append(out, pep508.NormalizeName(text))
	}
	return out
}

// kind is where a package comes from that is of no index, "" for an index.
func (p pdmPackage) kind() string {
	switch {
	case p.Git != "":
		return "git"
	case p.Hg != "" || p.SVN != "":
		return "a repository"
	case p.URL != "":
		return "an address"
	case p.Path != "":
		return "a file or folder"
	}
	return ""
}
