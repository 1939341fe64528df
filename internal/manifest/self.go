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
		out.login = u.Scheme + "://" + u.User.String() + "@" + u.Host
		out.URL = bare(r.URL)
	}
	return out
}

// settle finishes a project that was read: requirements on the project itself
// ("shop[pg]", "-e .[pg]") become those of its extras, and packages that are
// mapped to an index carry its name.
func (p *Project) settle() error {
	for i := range p.Runtimes {
		rt := &p.Runtimes[i]
		reqs, err := p.expandSelf(rt.Requirements, nil, nil)
		if err != nil {
			return err
		}
		for j := range reqs {
			reqs[j].Index = p.PackageIndex[reqs[j].Key()]
			if login := reqs[j].login; login != "" {
				p.Logins = addNew(p.Logins, []string{login})
			}
		}
		rt.Requirements = reqs
	}
	return nil
}

// isSelf reports whether r asks for the project itself.
func (p *Project) isSelf(r Requirement) bool {
	return r.Path == "." || p.self != "" && r.Path == "" && r.URL == "" && r.Key() == p.self
}

// expandSelf replaces requirements on the project itself. via is the chain of
// extras that led here, under the marker when.
func (p *Project) expandSelf(reqs []Requirement, when *pep508.Marker, via []string) ([]Requirement, error) {
	var out []Requirement
	for _, r := range reqs {
		var err error
		if r.Marker, err = both(when, r.Marker); err != nil {
			return nil, err
		}
		if !p.isSelf(r) {
			out = append(out, r)
			continue
		}
		if r.Path == "." {
			out = append(out, p.base...)
		}
		for _, extra := range r.Extras {
			more, err := p.expandExtra(r, pep508.NormalizeName(extra), via)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

func (p *Project) expandExtra(r Requirement, extra string, via []string) ([]Requirement, error) {
	if slices.Contains(via, extra) {
		return nil, nil // an extra that includes itself adds nothing new
	}
	reqs, ok := p.extras[extra]
	if !ok {
		hint := "the project has no extras"
		if len(p.extras) > 0 {
			hint = "extras: " + strings.Join(slices.Sorted(maps.Keys(p.extras)), ", ")
		}
		return nil, inputAt(r.Origin.File, r.Origin.Line, hint, "%s has no extra %q", p.Name, extra)
	}
	return p.expandSelf(reqs, r.Marker, append(slices.Clone(via), extra))
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
