package manifest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// The hints of what several readers refuse.
const (
	RequirementHint = "PEP 508: name[extra] >=1,<2 ; marker"
	markerHint      = "PEP 508: sys_platform == 'linux'"
	staticHint      = "add a pyproject.toml with [project] name, version and dependencies (PEP 621)"
	nameHint        = "write NAME @ file:///…, or add a pyproject.toml with [project] name, version and dependencies (PEP 621)"
	pathHint        = "paths start from the folder of the file that names them"
)

// inputAt is a fault.Input at a line of a file.
func inputAt(file string, line int, hint, format string, args ...any) error {
	place := file
	if line > 0 {
		place = fmt.Sprintf("%s:%d", file, line)
	}
	return fault.New(fault.Input, hint, "%s: "+format, append([]any{place}, args...)...)
}

// fromPyproject fills p from pyproject.toml.
func (p *Project) fromPyproject(doc *toml.Document) error {
	g, err := p.read(doc)
	if err != nil {
		return err
	}
	if err := p.readRuntimes(doc, g); err != nil {
		return err
	}
	p.noteUnread(g)
	for i := range p.Runtimes {
		if rt := &p.Runtimes[i]; rt.Contains == "" {
			rt.Requirements = append(slices.Clone(p.base), rt.Requirements...)
		}
	}
	return p.settle()
}

// read reads [project], [dependency-groups], the settings of [tool.snug] and the
// tables of other tools, all but the runtimes.
func (p *Project) read(doc *toml.Document) (*groups, error) {
	gt, _, err := doc.Top().Table("dependency-groups")
	if err != nil {
		return nil, err
	}
	g, err := readGroups(gt)
	if err != nil {
		return nil, err
	}
	if err := p.readTool(doc); err != nil {
		return nil, err
	}
	if p.top == nil && at(doc.Root, "tool", "uv", "workspace") == nil {
		if err := p.inherit(); err != nil {
			return nil, err
		}
	}
	if err := p.readForeign(doc, g); err != nil {
		return nil, err
	}
	p.sourcesFrom(p.inherited)
	if p.top != nil {
		p.sourcesFrom(p.top.sources)
	}
	return g, p.readProject(doc)
}

// noteUnread names the requirements files beside a pyproject.toml that has
// nothing in their place: they may be where people keep what the project needs.
func (p *Project) noteUnread(g *groups) {
	for _, rf := range requirementFiles {
		path := firstFile(p.Root, rf.names)
		_, grouped := g.written[rf.runtime]
		name := filepath.Base(path)
		switch {
		case path == "" || slices.Contains(p.Files, path):
		case rf.runtime != "prod" && !grouped && p.defaultRuntimes:
			p.Notes = append(p.Notes, name+" is not read, since pyproject.toml says what the project is; list its packages in [dependency-groups] "+rf.runtime)
		case rf.runtime == "prod" && len(p.base) == 0:
			p.Notes = append(p.Notes, name+` is not read, since pyproject.toml says what the project is; list its packages in [project] dependencies, or write dynamic = ["dependencies"] there and dependencies = { file = "`+name+`" } in [tool.setuptools.dynamic]`)
		}
	}
}

// readProject reads [project]: name, requires-python, dependencies, extras
// and, unless it is switched off, the local project itself.
func (p *Project) readProject(doc *toml.Document) error {
	t, ok, err := doc.Top().Table("project")
	if err != nil || !ok && (p.poetry == nil || !poetic(doc)) {
		return err
	}
	if p.poetry != nil {
		return p.readPoetryProject(doc, t)
	}
	if err := p.readIdentity(t); err != nil {
		return err
	}
	if p.base, err = requirementsAt(t, "dependencies"); err != nil {
		return err
	}
	more, err := p.dynamicDependencies(doc, t)
	if err != nil {
		return err
	}
	p.base = append(p.base, more...)
	if p.extras, err = readExtras(t); err != nil {
		return err
	}
	return p.readSelf(doc, t)
}

// readSelf reads the project as a package, unless it is said to be none. t is
// [project].
func (p *Project) readSelf(doc *toml.Document, t toml.Table) error {
	on, err := packaged(doc)
	if err != nil || !on || p.unpackaged {
		return err
	}
	p.Local, err = readLocal(p.Root, doc, t)
	if err == nil {
		p.Local.Extras = p.extras
	}
	return err
}

// readIdentity reads name and requires-python.
func (p *Project) readIdentity(t toml.Table) error {
	name, err := t.Text("name")
	if err != nil {
		return err
	}
	if name == "" {
		return t.Bad("", `add name = "…"`, "name is missing (PEP 621)")
	}
	if projectName(name) != pep508.NormalizeName(name) {
		return t.Bad("name", "ASCII letters, digits, dot, dash and underscore", "%q cannot name a project", name)
	}
	p.Name = pep508.NormalizeName(name)
	p.self = p.Name
	return p.readRequiresPython(t)
}

func (p *Project) readRequiresPython(t toml.Table) error {
	requires, err := t.Text("requires-python")
	if err != nil {
		return err
	}
	if p.RequiresPython, err = pep440.ParseSpecifiers(requires); err != nil {
		return t.Bad("requires-python", `such as ">=3.12"`, "requires-python: %v", err)
	}
	return nil
}

// readExtras reads [project.optional-dependencies], by normalised name
// (PEP 685).
func readExtras(t toml.Table) (map[string][]Requirement, error) {
	sub, _, err := t.Table("optional-dependencies")
	if err != nil {
		return nil, err
	}
	out := make(map[string][]Requirement, len(sub.Values))
	for _, name := range slices.Sorted(maps.Keys(sub.Values)) {
		key := pep508.NormalizeName(name)
		if _, ok := out[key]; ok {
			return nil, sub.Bad(name, "rename one; names are compared as PEP 685 says", "extra %q is there twice", key)
		}
		if out[key], err = requirementsAt(sub, name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// requirementsAt parses an array of PEP 508 strings; absent is none.
func requirementsAt(t toml.Table, key string) ([]Requirement, error) {
	texts, err := t.Texts(key)
	if err != nil {
		return nil, err
	}
	var out []Requirement
	for i, text := range texts {
		r, err := requirementAt(t, key, i, text)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// dynamicDependencies follows the one dynamic field that can be read without
// running anything: setuptools' dependencies = { file = […] }.
func (p *Project) dynamicDependencies(doc *toml.Document, project toml.Table) ([]Requirement, error) {
	dynamic, err := project.Texts("dynamic")
	if err != nil || !slices.Contains(dynamic, "dependencies") {
		return nil, err
	}
	p.dynamic = true
	files := stringsAt(doc.Root, "tool", "setuptools", "dynamic", "dependencies", "file")
	if len(files) == 0 {
		p.Notes = append(p.Notes, doc.File+": [project] dependencies are dynamic: only running the build backend could tell them; list them in [project] to have them locked")
		return nil, nil
	}
	var out []Requirement
	for _, f := range files {
		path := filepath.Join(p.Root, filepath.FromSlash(f))
		p.dynamicFiles = append(p.dynamicFiles, path)
		read, err := readRequirements(p.Root, path, p.env)
		if err != nil {
			return nil, err
		}
		p.take(read)
		out = append(out, read.Requirements...)
	}
	return out, nil
}
