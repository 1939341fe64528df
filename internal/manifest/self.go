package manifest

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"snug/internal/pep508"
)

// newRequirement takes the login out of a URL, so that whatever is written or
// said of the requirement later has none.
func newRequirement(r pep508.Requirement, at Origin) Requirement {
	out := Requirement{Requirement: r, Origin: at}
	if u, err := url.Parse(r.URL); err == nil && u.User != nil {
		out.login = strings.TrimPrefix(u.Scheme, "git+") + "://" + u.User.String() + "@" + u.Host
		out.URL = bare(r.URL)
	}
	return out
}

// settle finishes a project that was read: requirements on first-party projects
// ("shop[pg]", "-e .[pg]", a member of the workspace) become what those ask for,
// and packages that are mapped to an index carry its name.
func (p *Project) settle() error {
	if err := p.checkPolicy(); err != nil {
		return err
	}
	for i := range p.Runtimes {
		rt := &p.Runtimes[i]
		x := expansion{root: p}
		if err := x.add(p, rt.Requirements, nil, nil); err != nil {
			return err
		}
		rt.asked, rt.Requirements, rt.Members = rt.Requirements, x.out, x.members
	}
	p.mapIndexes()
	for _, c := range p.Constraints {
		if c.URL != "" || c.Path != "" {
			return inputAt(c.Origin.File, c.Origin.Line, "a constraint bounds versions; name the address where the package is asked for, or in overrides of [tool.snug]", "the constraint %s names a place", c.Name)
		}
	}
	for _, rt := range p.Runtimes {
		for i := range rt.Requirements {
			rt.Requirements[i].Index = p.PackageIndex[rt.Requirements[i].Key()]
		}
	}
	for i := range p.Overrides {
		o, err := p.placed(p.apply(p.Overrides[i]))
		if err != nil {
			return err
		}
		p.Overrides[i] = o
	}
	for _, r := range slices.Concat(append(requirementsOf(p.Runtimes), p.Overrides)...) {
		if r.login != "" {
			p.Logins = addNew(p.Logins, []string{r.login})
		}
	}
	return nil
}

// isSelf reports whether r asks for the project itself by its name.
func (p *Project) isSelf(r Requirement) bool {
	return p.self != "" && r.Path == "" && r.URL == "" && r.Key() == p.self
}

// expansion gathers what one runtime asks for.
type expansion struct {
	root    *Project
	out     []Requirement
	members []Member
}

// add takes requirements of a first-party project, p. via is the chain of extras
// and members that led here, under the marker when.
func (x *expansion) add(p *Project, reqs []Requirement, when *pep508.Marker, via []string) error {
	for _, r := range reqs {
		if r = p.apply(r); r.refused != nil {
			return r.refused
		}
		r, err := p.placed(r)
		if err != nil {
			return err
		}
		if r.Marker, err = both(when, r.Marker); err != nil {
			return err
		}
		if p.isSelf(r) {
			err = x.extras(p, r, via)
		} else {
			err = x.member(r, via)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// extras adds those of a first-party project that r names.
func (x *expansion) extras(p *Project, r Requirement, via []string) error {
	for _, extra := range r.Extras {
		extra = pep508.NormalizeName(extra)
		step := p.Root + "[" + extra + "]"
		if slices.Contains(via, step) {
			continue // an extra that includes itself adds nothing new
		}
		reqs, ok := p.extras[extra]
		if !ok {
			hint := "the project has no extras"
			if len(p.extras) > 0 {
				hint = "extras: " + strings.Join(slices.Sorted(maps.Keys(p.extras)), ", ")
			}
			return inputAt(r.Origin.File, r.Origin.Line, hint, "%s has no extra %q", p.Name, extra)
		}
		if err := x.add(p, reqs, r.Marker, append(slices.Clone(via), step)); err != nil {
			return err
		}
	}
	return nil
}

// member adds what a requirement on another first-party project stands for, or
// the requirement itself if it is on none.
func (x *expansion) member(r Requirement, via []string) error {
	m, err := x.root.memberAt(r)
	switch {
	case err != nil:
		return err
	case m == nil, m != x.root && slices.ContainsFunc(x.root.Excludes, func(e Requirement) bool { return e.Key() == r.Key() }):
		x.out = append(x.out, r)
		return nil
	}
	if err := x.extras(m, r, via); err != nil {
		return err
	}
	if slices.Contains(via, m.Root) {
		return nil
	}
	if m != x.root && m.Local != nil && !r.virtual {
		x.members = append(x.members, Member{m.Local, r.Marker})
	}
	return x.add(m, m.base, r.Marker, append(slices.Clone(via), m.Root))
}

// both is the marker that holds where a and b hold; nil always holds.
func both(a, b *pep508.Marker) (*pep508.Marker, error) {
	if a == nil {
		return b, nil
	}
	if b == nil {
		return a, nil
	}
	return pep508.ParseMarker("(" + a.String() + ") and (" + b.String() + ")")
}
