package manifest

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/fault"
	"snug/internal/pep508"
)

// Table is the path of an array of requirements in pyproject.toml.
type Table []string

// Dependencies is [project] dependencies.
func Dependencies() Table { return Table{"project", "dependencies"} }

// Group is a dependency group (PEP 735).
func Group(name string) Table { return Table{"dependency-groups", name} }

// String is "[project] dependencies".
func (t Table) String() string {
	return fmt.Sprintf("[%s] %s", strings.Join(t[:len(t)-1], "."), t[len(t)-1])
}

// same compares paths; the names of groups are compared normalised.
func same(a, b []string) bool {
	if len(a) == 2 && len(b) == 2 && a[0] == "dependency-groups" && b[0] == a[0] {
		return pep508.NormalizeName(a[1]) == pep508.NormalizeName(b[1])
	}
	return slices.Equal(a, b)
}

// AddTo puts requirements into one array of a pyproject.toml. One that is there
// under the same name with the same marker is replaced, others go to the end. A
// missing array is made. Every byte outside of the array stays.
func AddTo(src []byte, t Table, reqs []string) ([]byte, error) {
	doc, err := parseTOML(FileName, src)
	if err != nil {
		return nil, err
	}
	out := src
	for _, req := range reqs {
		r, err := pep508.Parse(req)
		if err != nil {
			return nil, fault.New(fault.Usage, "PEP 508: name[extra] >=1,<2 ; marker", "%w", err)
		}
		if out, err = addOne(out, t, r, strings.TrimSpace(req)); err != nil {
			return nil, err
		}
	}
	return out, onlyChanged(doc.root, out, t)
}

func addOne(src []byte, t Table, r pep508.Requirement, text string) ([]byte, error) {
	s := scanTOML(src)
	v, ok := s.find(t, same)
	if !ok {
		return s.newArray(t, quote(text))
	}
	if v.start >= len(src) || src[v.start] != '[' {
		return nil, inputAt(FileName, s.line(v.start), `write it as ["idna", "django~=5.2"]`, "%s is not an array", t)
	}
	els := s.elements(v.start, v.end)
	for _, e := range els {
		if old, ok := s.requirementAt(e); ok && old.Key() == r.Key() && markerText(old) == markerText(r) {
			return splice(src, e.start, e.end, quote(text)), nil
		}
	}
	return s.appendTo(v, els, quote(text)), nil
}

// RemoveFrom takes every requirement of that name out of the given arrays, or
// out of all: [project] dependencies and every group. It returns the arrays
// that it changed; fault.NotFound where none has it.
func RemoveFrom(src []byte, name string, in ...Table) ([]byte, []Table, error) {
	doc, err := parseTOML(FileName, src)
	if err != nil {
		return nil, nil, err
	}
	if len(in) == 0 {
		in = arrays(doc.scan)
	}
	out := src
	var changed []Table
	for _, t := range in {
		next := removeAll(out, t, pep508.NormalizeName(name))
		if len(next) != len(out) {
			changed = append(changed, t)
		}
		out = next
	}
	if len(changed) == 0 {
		return nil, nil, fault.New(fault.NotFound, "snug why "+name+" says what brings it in", "%s does not ask for %s", FileName, name)
	}
	return out, changed, onlyChanged(doc.root, out, changed...)
}

// arrays are the arrays of requirements that the document has.
func arrays(s *scan) []Table {
	var out []Table
	for _, v := range s.values {
		if len(v.path) == 2 && (v.path[0] == "dependency-groups" || slices.Equal(v.path, Dependencies())) {
			out = append(out, v.path)
		}
	}
	return out
}

func removeAll(src []byte, t Table, key string) []byte {
	for {
		s := scanTOML(src)
		v, ok := s.find(t, same)
		if !ok || src[v.start] != '[' {
			return src
		}
		els := s.elements(v.start, v.end)
		i := slices.IndexFunc(els, func(e element) bool {
			r, ok := s.requirementAt(e)
			return ok && r.Key() == key
		})
		if i < 0 {
			return src
		}
		src = s.removeElement(v, els, i)
	}
}

// requirementAt is the element as a requirement, if it is a string with one.
func (s *scan) requirementAt(e element) (pep508.Requirement, bool) {
	if c := s.src[e.start]; c != '"' && c != '\'' {
		return pep508.Requirement{}, false
	}
	r, err := pep508.Parse(unquote(string(s.src[e.start:e.end])))
	return r, err == nil
}

func markerText(r pep508.Requirement) string {
	if r.Marker == nil {
		return ""
	}
	return r.Marker.String()
}

// quote writes a TOML string, literal where that saves escapes.
func quote(text string) string {
	if strings.Contains(text, `"`) && !strings.ContainsAny(text, "'\\\n") {
		return "'" + text + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// onlyChanged checks an edit: read by the TOML library, the new document is the
// old one but for the arrays at ts.
func onlyChanged(old map[string]any, edited []byte, ts ...Table) error {
	var now map[string]any
	if err := toml.Unmarshal(edited, &now); err != nil {
		return fault.New(fault.Unsupported, "edit the file by hand", "%s is laid out in a way that snug cannot edit: %w", FileName, err)
	}
	if !reflect.DeepEqual(strip(old, ts), strip(now, ts)) {
		return fault.New(fault.Unsupported, "edit the file by hand", "%s is laid out in a way that snug cannot edit", FileName)
	}
	return nil
}

// strip copies a document without the arrays at ts, and without the tables
// that held nothing else.
func strip(doc map[string]any, ts []Table) map[string]any {
	out := map[string]any{}
	for k, v := range doc {
		m, ok := v.(map[string]any)
		if !ok || k != "project" && k != "dependency-groups" {
			out[k] = v
			continue
		}
		inner := map[string]any{}
		for name, x := range m {
			if !slices.ContainsFunc(ts, func(t Table) bool { return same(t, []string{k, name}) }) {
				inner[name] = x
			}
		}
		if len(inner) > 0 {
			out[k] = inner
		}
	}
	return out
}

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
	t, err := p.tableOf(rt)
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

// tableOf is where a runtime's own requirements are written.
func (p *Project) tableOf(rt Runtime) (Table, error) {
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
	var in []Table
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
