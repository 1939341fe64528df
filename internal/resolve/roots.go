package resolve

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// roots is what the project asks for. Requirements on the project itself are
// those of its extras already (manifest).
type roots struct {
	runtimes []rootRuntime
	all      []manifest.Requirement
	names    map[string]*rootName
	project  *manifest.Project
	self     string // the project's own name where it is installed, else ""
	version  pep440.Version
	limits   map[string][]manifest.Requirement // constraints by name
	replaced map[string]bool                   // names of the project's own requirements that are overridden or excluded
}

type rootRuntime struct {
	manifest.Runtime
	inner int // index of the runtime inside, -1 for none
}

// rootName is what the requirements of the project say about the files of one
// package.
type rootName struct {
	pins   []pep440.Specifiers // sets with an == : a yanked version may be meant
	hashes []string            // empty: any file
	direct *manifest.Requirement
}

func readRoots(p *manifest.Project) (*roots, error) {
	r := &roots{project: p, names: map[string]*rootName{}, limits: map[string][]manifest.Requirement{}, replaced: map[string]bool{}}
	for _, rt := range p.Runtimes {
		if err := r.rewrite(&rt); err != nil {
			return nil, err
		}
		inner := slices.IndexFunc(p.Runtimes, func(o manifest.Runtime) bool { return o.Name == rt.Contains })
		r.runtimes = append(r.runtimes, rootRuntime{rt, inner})
		r.all = append(r.all, rt.Requirements...)
	}
	said := slices.Concat(r.all, p.Overrides)
	for i := range said {
		if err := r.note(&said[i]); err != nil {
			return nil, err
		}
	}
	if l := p.Local; l != nil {
		var err error
		if r.version, err = pep440.Parse(l.Version); err != nil {
			return nil, fault.New(fault.Input, "PEP 440: such as 1.4.0", "%s: version: %w", p.Name, err)
		}
		r.self = pep508.NormalizeName(l.Name)
	}
	for _, c := range p.Constraints {
		r.limits[c.Key()] = append(r.limits[c.Key()], c)
	}
	return r, nil
}

func (r *roots) note(q *manifest.Requirement) error {
	n := r.names[q.Key()]
	if n == nil {
		n = &rootName{}
		r.names[q.Key()] = n
	}
	n.hashes = append(n.hashes, q.Hashes...)
	if slices.ContainsFunc(q.Specifiers, isPin) {
		n.pins = append(n.pins, q.Specifiers)
	}
	if q.URL == "" && q.Path == "" {
		return nil
	}
	if n.direct != nil && (n.direct.URL != q.URL || n.direct.Path != q.Path) {
		return fault.New(fault.Conflict, "keep one of them", "%s comes from two places: %s and %s", q.Key(), n.direct.Origin, q.Origin)
	}
	n.direct = q
	return nil
}

// admits tells whether all that the project asks of a name admits v.
func (r *roots) admits(name string, v pep440.Version) bool {
	return !slices.ContainsFunc(r.all, func(q manifest.Requirement) bool { return q.Key() == name && !q.Specifiers.Contains(v) }) &&
		!slices.ContainsFunc(r.project.Overrides, func(q manifest.Requirement) bool { return q.Key() == name && !q.Specifiers.Contains(v) }) &&
		!slices.ContainsFunc(r.limits[name], func(q manifest.Requirement) bool { return !q.Specifiers.Contains(v) })
}

// refuses says why a package may not need q, "" if it may: an address that the
// project did not name, or of the project itself what it is not.
func (r *roots) refuses(q pep508.Requirement) string {
	root := r.names[q.Key()]
	switch {
	case q.URL != "" && (root == nil || root.direct == nil || !sameAddress(root.direct.URL, q.URL)):
		return fmt.Sprintf("it depends on a direct address (%s), which only the project may name", q.Name)
	case r.self == "" || q.Key() != r.self:
		return ""
	case !q.Specifiers.Contains(r.version):
		return fmt.Sprintf("it needs %s, and the project itself is %s %s", q, r.self, r.version)
	case len(q.Extras) > 0:
		return fmt.Sprintf("it needs %s, an extra of the project itself, which is not followed", q)
	}
	return ""
}

// sameAddress leaves out the fragment, which only tells how to check.
func sameAddress(a, b string) bool {
	a, _, _ = strings.Cut(a, "#")
	b, _, _ = strings.Cut(b, "#")
	return a == b
}

func isPin(s pep440.Specifier) bool {
	return s.Op == pep440.Arbitrary || s.Op == pep440.Equal && !s.Wildcard
}

// pinned tells whether the project itself asks for exactly this version.
func (r *roots) pinned(name string, v pep440.Version) bool {
	n := r.names[name]
	return n != nil && slices.ContainsFunc(n.pins, func(s pep440.Specifiers) bool { return s.Contains(v) })
}
