package manifest

import (
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep508"
)

// Add is AddTo for a runtime of a loaded project, the innermost where runtime is
// empty: it returns the new bytes of the file to change, by absolute path. The
// file may be a new one.
func Add(p *Project, runtime string, reqs []string) (map[string][]byte, error) {
	if runtime == "" {
		runtime = p.Runtimes[0].Name
	}
	rt, ok := p.Runtime(runtime)
	if !ok {
		return nil, p.unknownRuntime(runtime)
	}
	if !p.pyproject {
		return p.addToFile(rt, reqs)
	}
	if table := p.poetryTable(rt); table != "" {
		return nil, fault.New(fault.Unsupported, "add it with Poetry (poetry add), or move the table to [project] dependencies and [dependency-groups], which snug edits", "%s: what %s asks for stands in %s, which snug reads and does not edit", FileName, rt.Name, table)
	}
	t, err := p.arrayOf(rt)
	if err != nil {
		return nil, err
	}
	if slices.Equal(t, Dependencies()) && p.dynamic {
		return p.addToDynamic(reqs)
	}
	path := filepath.Join(p.Root, FileName)
	src, err := readFile(path)
	if err != nil {
		return nil, err
	}
	out, err := AddTo(src, t, reqs)
	return map[string][]byte{path: out}, err
}

// poetryTable is the table of Poetry's that holds a runtime's own requirements;
// "" where the standard ones do.
func (p *Project) poetryTable(rt Runtime) string {
	switch {
	case p.poetry == nil:
		return ""
	case rt.Contains == "":
		if p.poetryBase {
			return "[tool.poetry.dependencies]"
		}
	case len(rt.Groups) == 0 || p.poetryGroups[rt.Groups[0]]:
		name := rt.Name
		if len(rt.Groups) > 0 {
			name = rt.Groups[0]
		}
		if p.poetryBase || p.poetryGroups[name] {
			return "[tool.poetry.group." + name + ".dependencies]"
		}
	}
	return ""
}

// movable refuses names that a table of another tool asks for: snug reads these
// tables and does not edit them.
func (p *Project) movable(rt Runtime, names []string) error {
	for _, own := range p.Runtimes {
		if rt.Name != "" && own.Name != rt.Name {
			continue
		}
		for _, r := range own.Requirements {
			if strings.HasPrefix(r.Origin.Table, "[tool.") && slices.ContainsFunc(names, func(n string) bool { return pep508.NormalizeName(n) == r.Key() }) {
				return fault.New(fault.Unsupported, "take it out there, by hand or with the tool that the table belongs to", "%s: %s stands there, and snug does not edit that table", r.Origin, r.Name)
			}
		}
	}
	return nil
}

// arrayOf is where a runtime's own requirements are written.
func (p *Project) arrayOf(rt Runtime) (Array, error) {
	switch {
	case rt.Contains == "" && p.self != "":
		return Dependencies(), nil
	case len(rt.Groups) > 0:
		return Group(rt.Groups[0]), nil
	case rt.Contains != "" && p.defaultRuntimes:
		return Group(rt.Name), nil
	}
	return nil, fault.New(fault.Usage, "give it one in [tool.snug.runtimes]: groups = [\""+rt.Name+"\"]", "the runtime %s has no dependency group to write to", rt.Name)
}

func (p *Project) unknownRuntime(name string) error {
	var names []string
	for _, rt := range p.Runtimes {
		names = append(names, rt.Name)
	}
	return fault.New(fault.Usage, "runtimes: "+strings.Join(names, ", "), "no runtime %q", name)
}

// Remove is RemoveFrom for a loaded project: from one runtime's own tables or,
// with runtime empty, from every one.
func Remove(p *Project, runtime string, names []string) (map[string][]byte, error) {
	rt, ok := Runtime{}, true
	if runtime != "" {
		rt, ok = p.Runtime(runtime)
	}
	switch {
	case !ok:
		return nil, p.unknownRuntime(runtime)
	case !p.pyproject:
		return p.removeFromFiles(rt, names)
	case rt.Contains != "" && len(rt.Groups) == 0:
		return nil, fault.New(fault.NotFound, "leave --runtime out to remove it wherever it is asked for", "the runtime %s asks for nothing of its own", runtime)
	}
	if err := p.movable(rt, names); err != nil {
		return nil, err
	}
	return p.removeFromTables(rt, names)
}

// removeFromTables edits pyproject.toml, and the files that it has dependencies
// read from.
func (p *Project) removeFromTables(rt Runtime, names []string) (map[string][]byte, error) {
	var in []Array
	for _, g := range rt.Groups {
		in = append(in, Group(g))
	}
	files := p.dynamicFiles
	switch {
	case rt.Contains != "":
		files = nil
	case rt.Name != "":
		in = append(in, Dependencies())
	}
	path := filepath.Join(p.Root, FileName)
	src, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var elsewhere []string
	for _, name := range names {
		next, _, err := RemoveFrom(src, name, in...)
		if fault.CodeOf(err) == fault.NotFound && len(files) > 0 {
			elsewhere = append(elsewhere, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		src = next
	}
	out, err := removeLines(files, elsewhere)
	if err != nil {
		return nil, err
	}
	out[path] = src
	return out, nil
}
