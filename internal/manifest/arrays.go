package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// Array is the path of an array of requirements in pyproject.toml.
type Array []string

// Dependencies is [project] dependencies.
func Dependencies() Array { return Array{"project", "dependencies"} }

// Group is a dependency group (PEP 735).
func Group(name string) Array { return Array{"dependency-groups", name} }

// String is "[project] dependencies".
func (t Array) String() string {
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
func AddTo(src []byte, t Array, reqs []string) ([]byte, error) {
	doc, err := toml.Parse(FileName, src)
	if err != nil {
		return nil, err
	}
	out := src
	for _, req := range reqs {
		r, err := parseTyped(req)
		if err != nil {
			return nil, err
		}
		if out, err = addOne(out, t, r, strings.TrimSpace(req)); err != nil {
			return nil, err
		}
	}
	return out, onlyChanged(doc.Root, out, t)
}

// parseTyped reads a requirement of the command line.
func parseTyped(text string) (pep508.Requirement, error) {
	r, err := pep508.Parse(text)
	if err != nil {
		return r, fault.New(fault.Usage, RequirementHint, "%w", err)
	}
	return r, nil
}

func addOne(src []byte, t Array, r pep508.Requirement, text string) ([]byte, error) {
	s := toml.Scan(src)
	v, ok := s.Find(t, same)
	if !ok {
		return newArray(s, t, toml.Quote(text))
	}
	if !s.IsArray(v) {
		return nil, inputAt(FileName, s.Line(v), `write it as ["idna", "django~=5.2"]`, "%s is not an array", t)
	}
	for _, e := range s.Elements(v) {
		if old, ok := requirementOf(s, e); ok && old.Key() == r.Key() && markerText(old) == markerText(r) {
			return s.Replace(e, toml.Quote(text)), nil
		}
	}
	return s.Append(v, toml.Quote(text)), nil
}

// RemoveFrom takes every requirement of that name out of the given arrays, or
// out of all: [project] dependencies and every group. It returns the arrays
// that it changed; fault.NotFound where none has it.
func RemoveFrom(src []byte, name string, in ...Array) ([]byte, []Array, error) {
	doc, err := toml.Parse(FileName, src)
	if err != nil {
		return nil, nil, err
	}
	if len(in) == 0 {
		in = arrays(doc.Layout)
	}
	out := src
	var changed []Array
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
	return out, changed, onlyChanged(doc.Root, out, changed...)
}

// arrays are the arrays of requirements that the document has.
func arrays(s *toml.Layout) []Array {
	var out []Array
	for _, v := range s.Values {
		if len(v.Path) == 2 && (v.Path[0] == "dependency-groups" || slices.Equal(v.Path, Dependencies())) {
			out = append(out, v.Path)
		}
	}
	return out
}

func removeAll(src []byte, t Array, key string) []byte {
	for {
		s := toml.Scan(src)
		v, ok := s.Find(t, same)
		if !ok || !s.IsArray(v) {
			return src
		}
		els := s.Elements(v)
		i := slices.IndexFunc(els, func(e toml.Element) bool {
			r, ok := requirementOf(s, e)
			return ok && r.Key() == key
		})
		if i < 0 {
			return src
		}
		src = s.Remove(v, i)
	}
}

// newArray writes an array that is not there yet: at the end of its table's own
// keys, or with the table after [project] and its sub-tables.
func newArray(s *toml.Layout, t Array, text string) ([]byte, error) {
	nl := toml.LineEnd(s.Src)
	entry := toml.Key(t[1]) + " = [" + nl + "    " + text + "," + nl + "]" + nl
	if at, ok := s.End(func(path []string) bool { return len(path) == 1 && path[0] == t[0] }); ok {
		return s.InsertLine(at, entry), nil
	}
	for _, v := range s.Values {
		if v.Path[0] == t[0] {
			return nil, inputAt(FileName, s.Line(v), "write ["+t[0]+"] as a table of its own", "%s is laid out in a way that snug cannot edit", t[0])
		}
	}
	if t[0] == "project" {
		return nil, fault.New(fault.Input, "add [project] with name and version", "%s has no [project] to hold dependencies", FileName)
	}
	entry = "[" + t[0] + "]" + nl + entry
	at, ok := s.End(func(path []string) bool { return path[0] == "project" })
	if !ok {
		at = len(s.Src)
	}
	if at > 0 {
		entry = nl + entry
	}
	return s.InsertLine(at, entry), nil
}

// requirementOf is the element as a requirement, if it is a string with one.
func requirementOf(s *toml.Layout, e toml.Element) (pep508.Requirement, bool) {
	text, ok := s.String(e)
	if !ok {
		return pep508.Requirement{}, false
	}
	r, err := pep508.Parse(text)
	return r, err == nil
}

func markerText(r pep508.Requirement) string {
	if r.Marker == nil {
		return ""
	}
	return r.Marker.String()
}

// onlyChanged checks an edit: read by the TOML library, the new document is the
// old one but for the arrays at ts.
func onlyChanged(old map[string]any, edited []byte, ts ...Array) error {
	now, err := toml.Parse(FileName, edited)
	if err != nil {
		return fault.New(fault.Unsupported, "edit the file by hand", "%s is laid out in a way that snug cannot edit: %w", FileName, err)
	}
	if !reflect.DeepEqual(strip(old, ts), strip(now.Root, ts)) {
		return fault.New(fault.Unsupported, "edit the file by hand", "%s is laid out in a way that snug cannot edit", FileName)
	}
	return nil
}

// strip copies a document without the arrays at ts, and without the tables
// that held nothing else.
func strip(doc map[string]any, ts []Array) map[string]any {
	out := map[string]any{}
	for k, v := range doc {
		m, ok := v.(map[string]any)
		if !ok || k != "project" && k != "dependency-groups" {
			out[k] = v
			continue
		}
		inner := map[string]any{}
		for name, x := range m {
			if !slices.ContainsFunc(ts, func(t Array) bool { return same(t, []string{k, name}) }) {
				inner[name] = x
			}
		}
		if len(inner) > 0 {
			out[k] = inner
		}
	}
	return out
}
