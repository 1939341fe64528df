package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// poetryDependency is a requirement of Poetry's; an optional one is for extras.
type poetryDependency struct {
	Requirement
	optional bool
}

// poetryDependencyKeys are those of one dependency.
var poetryDependencyKeys = keys{
	obeyed: []string{"version", "extras", "optional", "markers", "python", "platform", "source", "allow-prereleases", "allows-prereleases", "path", "file", "url", "develop",
		"git", "rev", "tag", "branch", "subdirectory"},
}

// poetryDependencies reads a table of dependencies, python aside.
func (p *Project) poetryDependencies(t toml.Table, key string) ([]poetryDependency, error) {
	deps, _, err := t.Table(key)
	if err != nil {
		return nil, err
	}
	var out []poetryDependency
	for _, name := range slices.Sorted(maps.Keys(deps.Values)) {
		if pep508.NormalizeName(name) == "python" {
			continue
		}
		entries, several := deps.Values[name].([]any)
		if !several {
			entries = []any{deps.Values[name]}
		}
		for _, entry := range entries {
			d, err := p.poetryDependency(deps, name, entry)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// poetryDependency reads "^1.2" or { version = "^1.2", … }.
func (p *Project) poetryDependency(deps toml.Table, name string, entry any) (poetryDependency, error) {
	t := toml.Table{Doc: deps.Doc, Path: append(slices.Clone(deps.Path), name)}
	switch v := entry.(type) {
	case string:
		t.Values = map[string]any{"version": v}
	case map[string]any:
		t.Values = v
	default:
		return poetryDependency{}, deps.Bad(name, `such as "^1.2" or { version = "^1.2", extras = ["x"] }`, "%s must be a string or a table, not %s", name, toml.KindOf(entry))
	}
	d := poetryDependency{}
	d.Origin = originOf(deps, name)
	if !pep508.ValidName(name) {
		return d, deps.Bad(name, "letters, digits, dot, dash and underscore", "%q is no name of a package", name)
	}
	d.Name = name
	if err := poetryDependencyKeys.known(t); err != nil {
		return d, err
	}
	d.refused = poetryDependencyKeys.unsupported(t)
	var err error
	if d.optional, err = t.Bool("optional", false); err != nil {
		return d, err
	}
	if d.Extras, err = t.Texts("extras"); err != nil {
		return d, err
	}
	if d.Marker, err = poetryMarker(t); err != nil {
		return d, err
	}
	if err := p.poetryPlace(t, &d); err != nil {
		return d, err
	}
	if d.Requirement.Requirement, err = pep508.Parse(d.Requirement.Requirement.String()); err != nil { // normalises, and refuses what is none
		return d, deps.Bad(name, `such as { version = "^1.2", extras = ["x"] }`, "%s: %v", name, err)
	}
	return d, nil
}

// poetryPlace reads the version and where the package comes from.
func (p *Project) poetryPlace(t toml.Table, d *poetryDependency) error {
	version, err := t.Text("version")
	if err != nil {
		return err
	}
	all, err := PoetryConstraint(version)
	if err != nil {
		return t.Bad("version", `such as "^1.2", ">=1,<3" or "1.2.*"`, "%v", err)
	}
	if len(all) != 1 {
		return t.Bad("version", "keep one of the ranges, or span them and leave single versions out with !=", "%q is several ranges, which no requirement can say (PEP 508)", version)
	}
	d.Specifiers = all[0]
	if d.Editable, err = t.Bool("develop", false); err != nil {
		return err
	}
	if d.within, err = t.Text("subdirectory"); err != nil {
		return err
	}
	if d.URL, err = t.Text("url"); err != nil {
		return err
	}
	if t.Values["git"] != nil {
		if d.URL, err = gitAt(t, ""); err != nil {
			return err
		}
	}
	if d.URL != "" {
		d.URL, d.within = inFolder(d.URL, d.within), ""
	}
	for _, key := range []string{"path", "file"} {
		path, err := t.Text(key)
		if err != nil {
			return err
		}
		if path != "" {
			d.Path = p.below(path)
		}
	}
	return p.poetrySource(t, d)
}

// poetrySource reads which index has the package, and whether pre-releases of it
// count.
func (p *Project) poetrySource(t toml.Table, d *poetryDependency) error {
	index, err := t.Text("source")
	if err != nil {
		return err
	}
	if index != "" {
		if !slices.ContainsFunc(p.Indexes, func(ix Index) bool { return strings.EqualFold(ix.Name, index) }) {
			return t.Bad("source", "name it in [[tool.poetry.source]]", "%s comes from the unknown source %q", d.Name, index)
		}
		p.addSource(d.Name, source{index: strings.ToLower(index), marker: d.Marker, origin: d.Origin})
	}
	for _, key := range []string{"allow-prereleases", "allows-prereleases"} {
		pre, err := t.Bool(key, false)
		if err != nil {
			return err
		}
		if pre {
			p.Prereleases = addNew(p.Prereleases, []string{d.Key()})
		}
	}
	return nil
}

// poetryMarker joins markers, python and platform of a dependency.
func poetryMarker(t toml.Table) (*pep508.Marker, error) {
	out, err := markerAt(t, "markers")
	if err != nil {
		return nil, err
	}
	python, err := t.Text("python")
	if err != nil {
		return nil, err
	}
	platform, err := t.Text("platform")
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		key, text string
		marker    func(string) (string, error)
	}{{"python", python, pythonMarker}, {"platform", platform, platformMarker}} {
		if part.text == "" {
			continue
		}
		text, err := part.marker(part.text)
		if err != nil {
			return nil, t.Bad(part.key, `such as python = "^3.11", platform = "linux"`, "%s: %v", part.key, err)
		}
		if text == "" {
			continue
		}
		m, err := pep508.ParseMarker(text)
		if err == nil {
			out, err = both(out, m)
		}
		if err != nil {
			return nil, t.Bad(part.key, `such as python = "^3.11", platform = "linux"`, "%s: %v", part.key, err)
		}
	}
	return out, nil
}

// pythonMarker is a range of Pythons as a marker; "" is any.
func pythonMarker(text string) (string, error) {
	all, err := PoetryConstraint(text)
	if err != nil {
		return "", err
	}
	var or []string
	for _, alternative := range all {
		var and []string
		for _, s := range alternative {
			and = append(and, pythonBound(s))
		}
		if len(and) == 0 {
			return "", nil
		}
		or = append(or, "("+strings.Join(and, " and ")+")")
	}
	return strings.Join(or, " or "), nil
}

// pythonBound compares minors with minors: >3.6 does not mean 3.6.1.
func pythonBound(s pep440.Specifier) string {
	variable := "python_full_version"
	if strings.Count(strings.TrimSuffix(s.Raw, ".*"), ".") < 2 {
		variable = "python_version"
	}
	return fmt.Sprintf("%s %s %q", variable, s.Op, s.Raw)
}

// platformMarker reads "linux", "!=win32" and "linux || darwin".
func platformMarker(text string) (string, error) {
	var or []string
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "||", "|"), "|") {
		part = strings.TrimSpace(part)
		op := "=="
		switch {
		case strings.HasPrefix(part, "!="):
			op, part = "!=", strings.TrimSpace(part[2:])
		case strings.HasPrefix(part, "=="):
			part = strings.TrimSpace(part[2:])
		}
		if part == "" || strings.ContainsAny(part, `,"'<>=! `) {
			return "", fmt.Errorf("%q names no platform", text)
		}
		or = append(or, fmt.Sprintf("sys_platform %s %q", op, part))
	}
	return strings.Join(or, " or "), nil
}
