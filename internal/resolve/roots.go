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
	own      map[string]pep440.Version         // first-party projects
	limits   map[string][]manifest.Requirement // constraints by name
	replaced map[string][]manifest.Requirement // the project's own requirements that are overridden or excluded, by name
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
	r := &roots{project: p, names: map[string]*rootName{}, limits: map[string][]manifest.Requirement{}, own: map[string]pep440.Version{}, replaced: map[string][]manifest.Requirement{}}
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
	for _, l := range p.Own() {
		v, err := pep440.Parse(l.Version)
		if err != nil {
			return nil, fault.New(fault.Input, "PEP 440: such as 1.4.0", "%s: version: %w", l.Name, err)
		}
		r.own[pep508.NormalizeName(l.Name)] = v
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

// prereleases tells whether pre-releases of a name count as any version.
func (r *roots) prereleases(name string) bool {
	return slices.Contains(r.project.Prereleases, name)
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
	version, own := r.own[q.Key()]
	switch {
	case q.URL != "" && (root == nil || root.direct == nil || !sameAddress(root.direct.URL, q.URL)):
		return fmt.Sprintf("it depends on a direct address (%s), which only the project may name", q.Name)
	case !own:
		return ""
	case !q.Specifiers.Contains(version):
		return fmt.Sprintf("it needs %s, and the project itself is %s %s", q, q.Key(), version)
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
