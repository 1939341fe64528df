package manifest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
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
func (p *Project) fromPyproject(doc *document) error {
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
func (p *Project) read(doc *document) (*groups, error) {
	gt, _, err := doc.top().table("dependency-groups")
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
	if p.top == nil && at(doc.root, "tool", "uv", "workspace") == nil {
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
func (p *Project) readProject(doc *document) error {
	t, ok, err := doc.top().table("project")
	if err != nil || !ok && (p.poetry == nil || !poetic(doc)) {
		return err
	}
	if p.poetry != nil {
		return p.readPoetryProject(doc, t)
	}
	if err := p.readIdentity(t); err != nil {
		return err
	}
	if p.base, err = t.requirements("dependencies"); err != nil {
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
func (p *Project) readSelf(doc *document, t table) error {
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
func (p *Project) readIdentity(t table) error {
	name, err := t.str("name")
	if err != nil {
		return err
	}
	if name == "" {
		return t.bad("", `add name = "…"`, "name is missing (PEP 621)")
	}
	if projectName(name) != pep508.NormalizeName(name) {
		return t.bad("name", "ASCII letters, digits, dot, dash and underscore", "%q cannot name a project", name)
	}
	p.Name = pep508.NormalizeName(name)
	p.self = p.Name
	return p.readRequiresPython(t)
}

func (p *Project) readRequiresPython(t table) error {
	requires, err := t.str("requires-python")
	if err != nil {
		return err
	}
	if p.RequiresPython, err = pep440.ParseSpecifiers(requires); err != nil {
		return t.bad("requires-python", `such as ">=3.12"`, "requires-python: %v", err)
	}
	return nil
}

// readExtras reads [project.optional-dependencies], by normalised name
// (PEP 685).
func readExtras(t table) (map[string][]Requirement, error) {
	sub, _, err := t.table("optional-dependencies")
	if err != nil {
		return nil, err
	}
	out := make(map[string][]Requirement, len(sub.m))
	for _, name := range slices.Sorted(maps.Keys(sub.m)) {
		key := pep508.NormalizeName(name)
		if _, ok := out[key]; ok {
			return nil, sub.bad(name, "rename one; names are compared as PEP 685 says", "extra %q is there twice", key)
		}
		if out[key], err = sub.requirements(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// snug is [tool.snug].
func (d *document) snug() (table, error) {
	tool, _, err := d.top().table("tool")
	if err != nil {
		return table{}, err
	}
	t, _, err := tool.table("snug")
	return t, err
}

// packaged is [tool.snug] package, true unless it says otherwise.
func packaged(doc *document) (bool, error) {
	snug, err := doc.snug()
	if err != nil {
		return false, err
	}
	return snug.boolean("package", true)
}

// requirements parses an array of PEP 508 strings; absent is none.
func (t table) requirements(key string) ([]Requirement, error) {
	texts, err := t.strs(key)
	if err != nil {
		return nil, err
	}
	var out []Requirement
	for i, text := range texts {
		r, err := t.requirement(key, i, text)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// dynamicDependencies follows the one dynamic field that can be read without
// running anything: setuptools' dependencies = { file = […] }.
func (p *Project) dynamicDependencies(doc *document, project table) ([]Requirement, error) {
	dynamic, err := project.strs("dynamic")
	if err != nil || !slices.Contains(dynamic, "dependencies") {
		return nil, err
	}
	p.dynamic = true
	files := stringsAt(doc.root, "tool", "setuptools", "dynamic", "dependencies", "file")
	if len(files) == 0 {
		p.Notes = append(p.Notes, doc.file+": [project] dependencies are dynamic: only running the build backend could tell them; list them in [project] to have them locked")
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

// toolKeys are those of [tool.snug].
var toolKeys = []string{"python", "targets", "runtimes", "index-url", "extra-index", "index", "as-of", "min-age", "min-age-package", "overlaps", "package", "python-mirror", "home", "offline", "jobs", "resolution", "prereleases", "constraints", "overrides", "exclude"}

// readTool reads [tool.snug] but for its runtimes.
func (p *Project) readTool(doc *document) error {
	p.uv = uvText(doc.root)
	t, err := doc.snug()
	if err != nil {
		return err
	}
	if err := t.only(toolKeys...); err != nil {
		return err
	}
	for _, f := range []struct {
		key string
		to  *string
	}{{"python", &p.Python}, {"index-url", &p.IndexURL}, {"python-mirror", &p.PythonMirror}} {
		s, err := t.str(f.key)
		if err != nil {
			return err
		}
		if s != "" {
			*f.to = s
		}
	}
	if p.Targets, err = t.targets(); err != nil {
		return err
	}
	if p.Overlaps, err = t.strMap("overlaps"); err != nil {
		return err
	}
	if p.AsOf, err = t.date("as-of"); err != nil {
		return err
	}
	if p.Strategy, err = t.strategy(); err != nil {
		return err
	}
	if err := p.readIndexes(t); err != nil {
		return err
	}
	if err := p.readMinAge(t); err != nil {
		return err
	}
	if err := p.readRules(t, ruleKeys{"constraints", "overrides", "exclude"}); err != nil {
		return err
	}
	return p.readMachine(t)
}

// readRuntimes reads the runtimes of [tool.snug].
func (p *Project) readRuntimes(doc *document, g *groups) error {
	t, err := doc.snug()
	if err != nil {
		return err
	}
	_, named := t.m["runtimes"]
	p.pyproject, p.defaultRuntimes = true, !named
	p.Runtimes, err = readRuntimes(t, g)
	return err
}

// targets are known ones.
func (t table) targets() ([]string, error) {
	names, err := t.strs("targets")
	for _, name := range names {
		if _, err := pytag.ParseTarget(name); err != nil {
			return nil, t.bad("targets", fault.HintOf(err), "targets: %v", err)
		}
	}
	return names, err
}

// readMachine reads what a project may say of the machine it is built on; none
// of it is part of what is asked.
func (p *Project) readMachine(t table) error {
	home, err := t.str("home")
	if err != nil {
		return err
	}
	if home != "" && !filepath.IsAbs(home) {
		home = filepath.Join(p.Root, filepath.FromSlash(home))
	}
	p.Home = home
	if p.Offline, err = t.boolean("offline", false); err != nil {
		return err
	}
	jobs, ok := t.m["jobs"].(int64)
	if t.m["jobs"] != nil && (!ok || jobs < 1 || jobs > maxJobs) {
		return t.bad("jobs", "leave it out to use every core", "jobs must be a number from 1 to %d", maxJobs)
	}
	p.Jobs = int(jobs)
	return nil
}

// readIndexes reads extra-index (NAME = "url" or { url, explicit }) and index
// (package = NAME).
func (p *Project) readIndexes(t table) error {
	extra, _, err := t.table("extra-index")
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(extra.m)) {
		ix := Index{Name: name}
		if _, plain := extra.m[name].(string); plain {
			ix.URL, err = extra.str(name)
		} else {
			ix, err = readIndex(extra, name)
		}
		if err != nil {
			return err
		}
		p.Indexes = append(p.Indexes, ix)
	}
	mapping, err := t.strMap("index")
	if err != nil {
		return err
	}
	p.PackageIndex = make(map[string]string, len(mapping))
	for pkg, name := range mapping {
		if !slices.ContainsFunc(p.Indexes, func(ix Index) bool { return ix.Name == name }) {
			return t.bad("index", "name it in [tool.snug.extra-index]", "index: %s is mapped to the unknown index %q", pkg, name)
		}
		p.PackageIndex[pep508.NormalizeName(pkg)] = name
	}
	return nil
}

func readIndex(extra table, name string) (Index, error) {
	ix := Index{Name: name}
	t, _, err := extra.table(name)
	if err != nil {
		return ix, err
	}
	if err := t.only("url", "explicit", "min-age"); err != nil {
		return ix, err
	}
	if ix.URL, err = t.str("url"); err != nil {
		return ix, err
	}
	if ix.URL == "" {
		return ix, t.bad("", `add url = "…"`, "url is missing")
	}
	ix.Explicit, err = t.boolean("explicit", false)
	return ix, err
}

// date reads a moment: an offset date-time, a date (its start in UTC), or
// either as a string; absent is the zero time.
func (t table) date(key string) (time.Time, error) {
	const hint = "such as 2026-11-01T00:00:00Z"
	switch v := t.m[key].(type) {
	case nil:
		return time.Time{}, nil
	case time.Time:
		return v.UTC(), nil
	case toml.LocalDate:
		return v.AsTime(time.UTC), nil
	case string:
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if at, err := time.Parse(layout, v); err == nil {
				return at.UTC(), nil
			}
		}
		return time.Time{}, t.bad(key, hint, "%s: %q is not a date", key, v)
	case toml.LocalDateTime:
		return time.Time{}, t.bad(key, hint, "%s has a time but no offset", key)
	default:
		return time.Time{}, t.bad(key, hint, "%s must be a date, not %s", key, kindOf(v))
	}
}
