package resolve

import (
	"slices"

	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// maxExpansions bounds the extras of the project that name each other.
const maxExpansions = 10_000

// roots is what the project asks for, its own extras resolved.
type roots struct {
	runtimes []rootRuntime
	all      []manifest.Requirement
	names    map[string]*rootName
	limits   map[string][]manifest.Requirement // constraints by name
}

type rootRuntime struct {
	manifest.Runtime
	inner int // index of the runtime inside, -1 for none
	asks  []manifest.Requirement
}

// rootName is what the requirements of the project say about the files of one
// package.
type rootName struct {
	pins   []pep440.Specifiers // sets with an == : a yanked version may be meant
	hashes []string            // empty: any file
	direct *manifest.Requirement
}

func readRoots(p *manifest.Project) (*roots, error) {
	r := &roots{names: map[string]*rootName{}, limits: map[string][]manifest.Requirement{}}
	for _, rt := range p.Runtimes {
		asks, err := expand(p, rt.Requirements)
		if err != nil {
			return nil, err
		}
		inner := slices.IndexFunc(p.Runtimes, func(o manifest.Runtime) bool { return o.Name == rt.Contains })
		r.runtimes = append(r.runtimes, rootRuntime{rt, inner, asks})
		r.all = append(r.all, asks...)
	}
	for i := range r.all {
		if err := r.note(&r.all[i]); err != nil {
			return nil, err
		}
	}
	for _, c := range p.Constraints {
		r.limits[c.Key()] = append(r.limits[c.Key()], c)
	}
	return r, nil
}

// expand replaces requirements on the project itself by those of its extras.
func expand(p *manifest.Project, asks []manifest.Requirement) ([]manifest.Requirement, error) {
	if p.Local == nil {
		return asks, nil
	}
	self := pep508.NormalizeName(p.Local.Name)
	out := make([]manifest.Requirement, 0, len(asks))
	queue, done := slices.Clone(asks), 0
	seen := map[string]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		if done++; done > maxExpansions {
			return nil, fault.New(fault.Input, "break the chain of extras in [project.optional-dependencies]", "%s: its extras name each other too often", p.Local.Name)
		}
		q := queue[0]
		if q.Key() != self {
			out = append(out, q)
			continue
		}
		for _, extra := range q.Extras {
			more, ok := extraOf(p.Local, extra)
			if !ok {
				return nil, fault.New(fault.NotFound, "define it in [project.optional-dependencies]", "%s: %s has no extra %q", q.Origin, p.Local.Name, extra)
			}
			if key := pep508.NormalizeName(extra) + ";" + q.Marker.String(); !seen[key] {
				seen[key] = true
				queue = append(queue, more...)
			}
		}
	}
	return out, nil
}

func extraOf(l *manifest.Local, extra string) ([]manifest.Requirement, bool) {
	for name, reqs := range l.Extras {
		if pep508.NormalizeName(name) == pep508.NormalizeName(extra) {
			return reqs, true
		}
	}
	return nil, false
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

func isPin(s pep440.Specifier) bool {
	return s.Op == pep440.Arbitrary || s.Op == pep440.Equal && !s.Wildcard
}

// pinned tells whether the project itself asks for exactly this version.
func (r *roots) pinned(name string, v pep440.Version) bool {
	n := r.names[name]
	return n != nil && slices.ContainsFunc(n.pins, func(s pep440.Specifiers) bool { return s.Contains(v) })
}
