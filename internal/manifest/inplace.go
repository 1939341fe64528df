package manifest

import (
	"slices"
	"strings"

	"snug/internal/pep508"
)

// argument begins the Origin of what stands on the command line.
const argument = "argument "

// Argument is the word of the command line that asks for r, if one does.
func (r Requirement) Argument() (word string, ok bool) {
	return strings.CutPrefix(r.Origin.File, argument)
}

// RuntimeOf is the runtime for which Add puts a requirement of q's name and
// marker into the place of q. There is none (ok is false) where q stands in a
// file that another includes, in an extra, or behind one like it.
func (p *Project) RuntimeOf(q Requirement) (name string, ok bool) {
	if p.Loose {
		return "", false
	}
	for _, rt := range p.Runtimes {
		at, ok := p.writesTo(rt)
		if !ok || !at.holds(q.Origin) {
			continue
		}
		for _, r := range p.all() {
			if at.holds(r.Origin) && r.Key() == q.Key() && markerText(r.Requirement) == markerText(q.Requirement) {
				return rt.Name, r.is(q)
			}
		}
	}
	return "", false
}

// writesTo is where Add puts the requirements of a runtime.
func (p *Project) writesTo(rt Runtime) (Origin, bool) {
	if !p.pyproject {
		return Origin{File: Relative(p.Root, p.fileOf(rt.Name))}, true
	}
	t, err := p.arrayOf(rt)
	switch {
	case err != nil:
		return Origin{}, false
	case !slices.Equal(t, Dependencies()) || !p.dynamic:
		return Origin{File: FileName, Table: t.String()}, true
	case len(p.dynamicFiles) == 0:
		return Origin{}, false
	}
	return Origin{File: Relative(p.Root, p.dynamicFiles[0])}, true
}

// holds tells whether o is a line of the file or table that at is.
func (at Origin) holds(o Origin) bool {
	return o.File == at.File && pep508.NormalizeName(o.Table) == pep508.NormalizeName(at.Table)
}

func (p *Project) all() []Requirement {
	var out []Requirement
	for _, rt := range p.Runtimes {
		out = append(out, rt.Requirements...)
	}
	return out
}

// is tells whether r is q, as another runtime may have it too.
func (r Requirement) is(q Requirement) bool {
	return r.Origin == q.Origin && r.String() == q.String()
}

// With is a copy of the project that asks for other in the place of q, in every
// runtime that has it; without q where other is nil.
func (p *Project) With(q Requirement, other *pep508.Requirement) *Project {
	return p.changed(func(r Requirement) []Requirement {
		switch {
		case !r.is(q):
			return []Requirement{r}
		case other == nil:
			return nil
		}
		r.Requirement, r.Hashes = *other, nil
		return []Requirement{r}
	})
}

// Without is a copy of the project that does not ask for a package.
func (p *Project) Without(key string) *Project {
	return p.changed(func(r Requirement) []Requirement {
		if r.Key() == key {
			return nil
		}
		return []Requirement{r}
	})
}

// Also is a copy of the project of which one runtime asks for more.
func (p *Project) Also(runtime string, more Requirement) *Project {
	out := p.changed(func(r Requirement) []Requirement { return []Requirement{r} })
	for i := range out.Runtimes {
		if rt := &out.Runtimes[i]; rt.Name == runtime {
			rt.Requirements = append(rt.Requirements, more)
		}
	}
	return out
}

func (p *Project) changed(to func(Requirement) []Requirement) *Project {
	out := *p
	out.Runtimes = slices.Clone(p.Runtimes)
	for i := range out.Runtimes {
		var reqs []Requirement
		for _, r := range p.Runtimes[i].Requirements {
			reqs = append(reqs, to(r)...)
		}
		out.Runtimes[i].Requirements = reqs
	}
	return &out
}
