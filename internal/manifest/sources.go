package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// source is where a table of another tool takes a package from.
type source struct {
	index    string // the name of one
	url      string
	path     string // relative to the project's root, slashes
	editable bool
	virtual  bool   // of a folder: what it depends on, not itself
	within   string // the subdirectory of path
	marker   *pep508.Marker
	refused  error // why snug cannot take it from there
	origin   Origin
}

// uvSourceKeys are those of one entry of [tool.uv.sources].
var uvSourceKeys = keys{
	obeyed: []string{"index", "url", "path", "editable", "package", "workspace", "marker", "git", "rev", "tag", "branch", "subdirectory"},
	refused: map[string]refusal{
		"extra": {"a lock holds every extra that is asked for: " + useFiles, nil},
		"group": {"a lock holds every group: " + useFiles, nil},
		"lfs":   {"take a release from an index: files that lie elsewhere are not fetched", []string{"false"}},
	},
}

// readUvSources reads [tool.uv.sources].
func (p *Project) readUvSources(t toml.Table) error {
	workspace, err := p.readWorkspace(t)
	if err != nil {
		return err
	}
	off, err := t.Bool("no-sources", false)
	if err != nil || off {
		return err
	}
	sources, _, err := t.Table("sources")
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(sources.Values)) {
		entries, err := sources.OneOrMore(name)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			s, err := p.readUvSource(entry, pep508.NormalizeName(name), workspace)
			if err != nil {
				return err
			}
			p.addSource(name, s)
		}
	}
	return nil
}

// readUvSource reads one place. What snug cannot take a package from is refused
// when a runtime asks for the package.
func (p *Project) readUvSource(t toml.Table, name string, members map[string]string) (source, error) {
	s := source{origin: Origin{File: t.Doc.File, Line: t.Line(""), Table: strings.TrimSpace(t.Name())}}
	if err := uvSourceKeys.known(t); err != nil {
		return s, err
	}
	if s.refused = uvSourceKeys.unsupported(t); s.refused != nil {
		return s, nil
	}
	var err error
	if s.marker, err = markerAt(t, "marker"); err != nil {
		return s, err
	}
	if s.editable, err = t.Bool("editable", false); err != nil {
		return s, err
	}
	whole, err := t.Bool("package", true)
	if err != nil {
		return s, err
	}
	s.virtual = !whole
	if err := p.readUvPlace(t, &s, name, members); err != nil {
		return s, err
	}
	if s.marker != nil && s.path != "" && !isArchive(s.path) {
		s.refused = t.Bad("marker", "say the marker where the package is asked for", "a folder is taken everywhere or nowhere")
	}
	return s, nil
}

// readUvPlace reads the one place that an entry names.
func (p *Project) readUvPlace(t toml.Table, s *source, name string, members map[string]string) error {
	within, err := t.Text("subdirectory")
	if err != nil {
		return err
	}
	switch t.OneOf("index", "url", "path", "workspace", "git") {
	case "index":
		s.index, err = t.Text("index")
	case "url":
		s.url, err = t.Text("url")
		s.url = inFolder(s.url, within)
	case "git":
		s.url, err = gitAt(t, within)
	case "path":
		if s.path, err = t.Text("path"); err == nil {
			s.path, s.within = p.below(s.path), within
		}
	case "workspace":
		here, err := t.Bool("workspace", false)
		if err != nil || !here {
			return cmp.Or(err, t.Bad("workspace", "remove the entry", "workspace = false names no place"))
		}
		s.editable = true
		if s.path = members[name]; s.path == "" {
			s.refused = t.Bad("workspace", memberHint(members), "%s is no member of [tool.uv.workspace]", name)
		}
	default:
		return t.Bad("", "such as { index = NAME }, { url = … }, { path = … }, { git = … } or { workspace = true }", "it must name one place, and one only")
	}
	return err
}

// gitAt reads the keys git, and one of rev, tag and branch.
func gitAt(t toml.Table, within string) (string, error) {
	repository, err := t.Text("git")
	if err != nil {
		return "", err
	}
	revision := ""
	for _, key := range []string{"rev", "tag", "branch"} {
		text, err := t.Text(key)
		if err != nil {
			return "", err
		}
		if text != "" && revision != "" {
			return "", t.Bad(key, "keep one of rev, tag and branch", "two revisions are named")
		}
		revision += text
	}
	return gitURL(repository, revision, within), nil
}

func memberHint(members map[string]string) string {
	if len(members) == 0 {
		return "name its folder in members of [tool.uv.workspace], here or in a folder above; no-sources = true in [tool.uv] takes every package from the index"
	}
	return "members: " + strings.Join(slices.Sorted(maps.Keys(members)), ", ")
}

// markerAt parses the marker at key; absent is nil.
func markerAt(t toml.Table, key string) (*pep508.Marker, error) {
	text, err := t.Text(key)
	if err != nil || text == "" {
		return nil, err
	}
	m, err := pep508.ParseMarker(text)
	if err != nil {
		return nil, t.Bad(key, markerHint, "%s: %v", key, err)
	}
	return m, nil
}

// below is a path that is written in the project's file as the root has it.
func (p *Project) below(written string) string {
	full := filepath.FromSlash(written)
	if !filepath.IsAbs(full) {
		full = filepath.Join(p.Root, full)
	}
	if rel, err := filepath.Rel(p.root(), full); err == nil {
		return filepath.ToSlash(rel)
	}
	return path.Clean(filepath.ToSlash(full))
}

// addSource takes a source. One index for a package everywhere is a mapping, on
// which [tool.snug] has the last word; what stands alone is applied where the
// package is asked for; the rest depends on the targets.
func (p *Project) addSource(name string, s source) {
	key := pep508.NormalizeName(name)
	if p.sources == nil {
		p.sources = map[string][]source{}
	}
	p.sources[key] = append(p.sources[key], s)
}

// apply puts the one source of its name into a requirement. What it said of
// versions stays, as a constraint.
func (p *Project) apply(r Requirement) Requirement {
	all := p.sources[r.Key()]
	if len(all) != 1 || all[0].marker != nil || r.URL != "" || r.Path != "" {
		return r
	}
	return p.takenFrom(r, all[0])
}

// takenFrom is the requirement with the package taken from s.
func (p *Project) takenFrom(r Requirement, s source) Requirement {
	if s.index != "" {
		return r
	}
	p.limit(r)
	plain := r.Requirement
	plain.URL, plain.Specifiers = s.url, nil
	out := newRequirement(plain, r.Origin)
	out.Path, out.within, out.Editable, out.virtual, out.refused = s.path, s.within, s.editable, s.virtual, s.refused
	return out
}

// mapIndexes maps the packages that come from one index everywhere. [tool.snug]
// has the last word.
func (p *Project) mapIndexes() {
	if p.PackageIndex == nil {
		p.PackageIndex = map[string]string{}
	}
	for name, all := range p.sources {
		if _, said := p.PackageIndex[name]; !said && len(all) == 1 && all[0].marker == nil && all[0].index != "" {
			p.PackageIndex[name] = all[0].index
		}
	}
}

// text is the source for the digest.
func (s source) text() string {
	text := fmt.Sprintf("%q", []string{s.index, bare(s.url), s.path, s.marker.String()})
	if s.within != "" {
		text += " " + s.within
	}
	return text
}
