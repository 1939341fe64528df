package manifest

import (
	"maps"
	"slices"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// poetryKeys are the keys of [tool.poetry].
var poetryKeys = keys{
	obeyed: []string{"name", "version", "description", "license", "authors", "maintainers", "keywords", "classifiers", "homepage", "repository", "documentation",
		"urls", "packages", "build", "dependencies", "dev-dependencies", "group", "extras", "scripts", "plugins", "source", "package-mode"},
	harmless: map[string]string{"readme": "publishing", "include": "publishing", "exclude": "publishing", "requires-poetry": "Poetry's",
		"requires-plugins": "Poetry's", "build-constraints": "builds"},
}

// readPoetry reads the indexes and groups of [tool.poetry]; what it says of the
// project itself is read where [project] is.
func (p *Project) readPoetry(t toml.Table, g *groups) error {
	if err := poetryKeys.check(t); err != nil {
		return err
	}
	if err := p.readPoetryIndexes(t); err != nil {
		return err
	}
	packaged, err := t.Bool("package-mode", true)
	if err != nil {
		return err
	}
	p.unpackaged = p.unpackaged || !packaged
	p.poetry = &t
	if g == nil {
		return nil // requirements files are the manifest
	}
	return p.readPoetryGroups(t, g)
}

// readPoetryProject reads the project where there is a [tool.poetry]: from
// [project] as far as that says it, else from Poetry's own keys.
func (p *Project) readPoetryProject(doc *toml.Document, project toml.Table) error {
	t := *p.poetry
	deps, err := p.poetryDependencies(t, "dependencies")
	if err != nil {
		return err
	}
	m, err := p.poetryMetadata(t)
	if err != nil {
		return err
	}
	merged := toml.Table{Doc: doc, Path: t.Path, Values: m}
	standard := project.Values["dependencies"] != nil || project.Values["optional-dependencies"] != nil
	if standard {
		err = p.enrichProject(t, project, deps)
	} else if err = p.takePoetry(t, deps); err == nil {
		m["dependencies"], m["optional-dependencies"] = asArray(p.base), extrasArrays(p.extras)
	}
	if err != nil {
		return err
	}
	if len(project.Values) > 0 {
		merged.Path = project.Path
		overlay(m, project.Values)
	}
	if p.unpackaged && m["name"] == nil {
		return p.readRequiresPython(merged)
	}
	if m["name"] == nil {
		return merged.Bad("", `add name and version, or package-mode = false where it is no package`, "name is missing")
	}
	if err := p.readIdentity(merged); err != nil {
		return err
	}
	return p.readSelf(doc, merged)
}

// overlay lets [project] speak before Poetry's keys, which are what is dynamic.
func overlay(m, project map[string]any) {
	dynamic := stringsAt(project, "dynamic")
	maps.Copy(m, project)
	m["dynamic"] = []any{}
	for _, field := range dynamic {
		if m[field] == nil {
			m["dynamic"] = append(m["dynamic"].([]any), field)
		}
	}
}

// enrichProject reads the dependencies of [project] with what Poetry's table
// says besides.
func (p *Project) enrichProject(t, project toml.Table, deps []poetryDependency) error {
	var err error
	if p.base, err = requirementsAt(project, "dependencies"); err != nil {
		return err
	}
	if p.extras, err = readExtras(project); err != nil {
		return err
	}
	standard := slices.Clone(p.base)
	for _, reqs := range p.extras {
		standard = append(standard, reqs...)
	}
	return p.enrich(t, "dependencies", deps, standard)
}

// takePoetry takes Poetry's dependencies, and its extras, which name optional
// ones of these.
func (p *Project) takePoetry(t toml.Table, deps []poetryDependency) error {
	p.base, p.extras, p.poetryBase = requirementsIn(deps), map[string][]Requirement{}, true
	extras, _, err := t.Table("extras")
	if err != nil {
		return err
	}
	for _, extra := range slices.Sorted(maps.Keys(extras.Values)) {
		names, err := extras.Texts(extra)
		if err != nil {
			return err
		}
		key := pep508.NormalizeName(extra)
		for _, name := range names {
			found := false
			for _, d := range deps {
				if d.Key() == pep508.NormalizeName(name) {
					p.extras[key] = append(p.extras[key], d.Requirement)
					found = true
				}
			}
			if !found {
				return extras.Bad(extra, "list it there, with optional = true", "extra %s: %s is not in [tool.poetry.dependencies]", extra, name)
			}
		}
		if p.extras[key] == nil {
			p.extras[key] = []Requirement{}
		}
	}
	return nil
}

func asArray(reqs []Requirement) []any {
	out := []any{}
	for _, r := range reqs {
		if r.Path == "" { // METADATA has no words for a folder
			out = append(out, r.Requirement.String())
		}
	}
	return out
}

func extrasArrays(extras map[string][]Requirement) map[string]any {
	out := map[string]any{}
	for name, reqs := range extras {
		out[name] = asArray(reqs)
	}
	return out
}
