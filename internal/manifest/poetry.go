package manifest

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"snug/internal/pep440"
	"snug/internal/pep508"
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
func (p *Project) readPoetry(t table, g *groups) error {
	if err := poetryKeys.hold(t); err != nil {
		return err
	}
	if err := p.readPoetryIndexes(t); err != nil {
		return err
	}
	packaged, err := t.boolean("package-mode", true)
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

// readPoetryGroups reads [tool.poetry.group.NAME] and the older
// [tool.poetry.dev-dependencies], which is the group dev.
func (p *Project) readPoetryGroups(t table, g *groups) error {
	all, _, err := t.table("group")
	if err != nil {
		return err
	}
	var including []table
	for _, name := range slices.Sorted(maps.Keys(all.m)) {
		group, _, err := all.table(name)
		if err != nil {
			return err
		}
		if err := group.only("dependencies", "optional", "include-groups"); err != nil {
			return err
		}
		if err := p.readPoetryGroup(group, "dependencies", name, g); err != nil {
			return err
		}
		optional, err := group.boolean("optional", false)
		if err != nil {
			return err
		}
		if !optional {
			g.byDefault = append(g.byDefault, pep508.NormalizeName(name))
		}
		if group.m["include-groups"] != nil {
			including = append(including, group)
		}
	}
	if err := p.readPoetryGroup(t, "dev-dependencies", "dev", g); err != nil {
		return err
	}
	return g.include(including)
}

// include adds to groups those that they include.
func (g *groups) include(tables []table) error {
	for range tables { // a chain is no longer than there are groups
		for _, t := range tables {
			names, err := t.strs("include-groups")
			if err != nil {
				return err
			}
			into := t.path[len(t.path)-1]
			for _, name := range names {
				more, ok := g.done[pep508.NormalizeName(name)]
				if !ok {
					return t.bad("include-groups", g.known(), "include-groups: unknown group %q", name)
				}
				g.join(into, slices.DeleteFunc(slices.Clone(more), func(r Requirement) bool {
					return slices.ContainsFunc(g.done[pep508.NormalizeName(into)], func(have Requirement) bool { return have.Origin == r.Origin && have.String() == r.String() })
				}))
			}
		}
	}
	return nil
}

// readPoetryGroup reads the dependencies of one group: its own, or what there is
// to say besides of a group that [dependency-groups] has.
func (p *Project) readPoetryGroup(t table, key, name string, g *groups) error {
	deps, err := p.poetryDependencies(t, key)
	if err != nil {
		return err
	}
	if _, standard := g.table.m[g.written[pep508.NormalizeName(name)]]; standard {
		return p.enrich(t, key, deps, g.done[pep508.NormalizeName(name)])
	}
	if t.m[key] != nil || key == "dependencies" {
		g.join(name, requirementsIn(deps))
		if p.poetryGroups == nil {
			p.poetryGroups = map[string]bool{}
		}
		p.poetryGroups[pep508.NormalizeName(name)] = true
	}
	return nil
}

// requirementsIn are the requirements that are not for extras only.
func requirementsIn(deps []poetryDependency) []Requirement {
	var out []Requirement
	for _, d := range deps {
		if !d.optional {
			out = append(out, d.Requirement)
		}
	}
	return out
}

// enrich takes what Poetry's tables say beside the standard ones of the same
// requirements: where they come from, and narrower versions.
func (p *Project) enrich(t table, key string, deps []poetryDependency, standard []Requirement) error {
	for _, d := range deps {
		if !slices.ContainsFunc(standard, func(r Requirement) bool { return r.Key() == d.Key() }) {
			return t.bad(key, "list it there, or take it out here", "%s: %s is none of the requirements of the standard table, which Poetry reads first", key, d.Name)
		}
		if d.URL != "" || d.Path != "" {
			p.addSource(d.Name, source{url: d.URL, path: d.Path, editable: d.Editable, marker: d.Marker, origin: d.Origin})
			continue
		}
		if len(d.Specifiers) > 0 {
			limit := d.Requirement
			limit.Extras = nil
			p.Constraints = append(p.Constraints, limit)
		}
	}
	return nil
}

// readPoetryProject reads the project where there is a [tool.poetry]: from
// [project] as far as that says it, else from Poetry's own keys.
func (p *Project) readPoetryProject(doc *document, project table) error {
	t := *p.poetry
	deps, err := p.poetryDependencies(t, "dependencies")
	if err != nil {
		return err
	}
	m, err := p.poetryMetadata(t)
	if err != nil {
		return err
	}
	merged := table{doc: doc, path: t.path, m: m}
	standard := project.m["dependencies"] != nil || project.m["optional-dependencies"] != nil
	if standard {
		err = p.enrichProject(t, project, deps)
	} else if err = p.takePoetry(t, deps); err == nil {
		m["dependencies"], m["optional-dependencies"] = asArray(p.base), extrasArrays(p.extras)
	}
	if err != nil {
		return err
	}
	if len(project.m) > 0 {
		merged.path = project.path
		overlay(m, project.m)
	}
	if p.unpackaged && m["name"] == nil {
		return p.readRequiresPython(merged)
	}
	if m["name"] == nil {
		return merged.bad("", `add name and version, or package-mode = false where it is no package`, "name is missing")
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
func (p *Project) enrichProject(t, project table, deps []poetryDependency) error {
	var err error
	if p.base, err = project.requirements("dependencies"); err != nil {
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
func (p *Project) takePoetry(t table, deps []poetryDependency) error {
	p.base, p.extras, p.poetryBase = requirementsIn(deps), map[string][]Requirement{}, true
	extras, _, err := t.table("extras")
	if err != nil {
		return err
	}
	for _, extra := range slices.Sorted(maps.Keys(extras.m)) {
		names, err := extras.strs(extra)
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
				return extras.bad(extra, "list it there, with optional = true", "extra %s: %s is not in [tool.poetry.dependencies]", extra, name)
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

var person = regexp.MustCompile(`^([^<]*?)\s*<([^>]+)>$`)

// poetryMetadata is what Poetry's keys say of the project, in the shape of
// [project].
func (p *Project) poetryMetadata(t table) (map[string]any, error) {
	m := map[string]any{}
	for _, key := range []string{"name", "version", "description", "keywords", "classifiers"} {
		if v, ok := t.m[key]; ok {
			m[key] = v
		}
	}
	if text, ok := t.m["description"].(string); ok {
		m["description"] = strings.Join(strings.Fields(text), " ")
	}
	if text, ok := t.m["license"].(string); ok {
		m["license"] = map[string]any{"text": text}
	}
	for _, write := range []func(table, map[string]any) error{poetryPeople, poetryURLs, poetryEntryPoints} {
		if err := write(t, m); err != nil {
			return nil, err
		}
	}
	requires, err := poetryPython(t)
	if requires != "" {
		m["requires-python"] = requires
	}
	return m, err
}

func poetryPeople(t table, m map[string]any) error {
	for _, key := range []string{"authors", "maintainers"} {
		texts, err := t.strs(key)
		if err != nil {
			return err
		}
		people := []any{}
		for _, text := range texts {
			one := map[string]any{"name": text}
			if who := person.FindStringSubmatch(text); who != nil {
				one = map[string]any{"name": who[1], "email": who[2]}
			}
			people = append(people, one)
		}
		m[key] = people
	}
	return nil
}

func poetryURLs(t table, m map[string]any) error {
	urls, err := t.strMap("urls")
	if err != nil {
		return err
	}
	sites := map[string]any{}
	for label, url := range urls {
		sites[label] = url
	}
	for _, key := range []string{"homepage", "repository", "documentation"} {
		text, err := t.str(key)
		if err != nil {
			return err
		}
		if text != "" {
			sites[strings.ToUpper(key[:1])+key[1:]] = text
		}
	}
	m["urls"] = sites
	return nil
}

// poetryPython is the requires-python of the dependency python. What is only for
// Pythons before 3 is no news to snug, which has none.
func poetryPython(t table) (string, error) {
	deps, _, err := t.table("dependencies")
	if err != nil {
		return "", err
	}
	text, err := deps.str("python")
	if err != nil || text == "" {
		return "", err
	}
	all, err := PoetryConstraint(text)
	if err != nil {
		return "", deps.bad("python", `such as "^3.11"`, "python: %v", err)
	}
	all = slices.DeleteFunc(all, before3)
	if len(all) != 1 {
		return "", deps.bad("python", `such as "^3.11"`, "python: %s is %d ranges of Python 3, and requires-python can only say one", text, len(all))
	}
	return all[0].String(), nil
}

// before3 tells that a range of Pythons ends before the first that snug could
// make.
func before3(s pep440.Specifiers) bool {
	return slices.ContainsFunc(s, func(b pep440.Specifier) bool {
		v, err := pep440.Parse(strings.TrimSuffix(b.Raw, ".*"))
		switch b.Op {
		case pep440.Less:
			return err == nil && (v.Major() < 3 || v.Equal(v.Base()) && v.Major() == 3 && v.Minor()+v.Micro() == 0)
		case pep440.LessEqual, pep440.Equal, pep440.Arbitrary, pep440.Compatible:
			return err == nil && v.Major() < 3
		}
		return false
	})
}

// poetryEntryPoints reads scripts and plugins into the shape of [project].
func poetryEntryPoints(t table, m map[string]any) error {
	scripts, _, err := t.table("scripts")
	if err != nil {
		return err
	}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(scripts.m)) {
		if out[name], err = poetryScript(scripts, name); err != nil {
			return err
		}
	}
	m["scripts"] = out
	plugins, _, err := t.table("plugins")
	m["entry-points"] = maps.Clone(plugins.m)
	if plugins.m == nil {
		m["entry-points"] = map[string]any{}
	}
	return err
}

// poetryScript reads "package.module:function", or a table with that as
// reference (callable in older projects).
func poetryScript(scripts table, name string) (string, error) {
	if ref, plain := scripts.m[name].(string); plain {
		return ref, nil
	}
	s, _, err := scripts.table(name)
	if err != nil {
		return "", err
	}
	ref, err := s.str("reference")
	if err == nil && ref == "" {
		ref, err = s.str("callable")
	}
	if err == nil && (s.m["type"] == "file" || ref == "") {
		err = scripts.bad(name, `name a function: "package.module:function"`, "the script %s is a file, which is not installed", name)
	}
	return ref, err
}
