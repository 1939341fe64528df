package manifest

import (
	"slices"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// ruleKeys are what a table calls the three kinds of rules.
type ruleKeys struct{ constraints, overrides, excludes string }

// readRules reads the rules over requirements: constraints, which bound the
// versions of a name and ask for nothing; overrides, which stand in place of
// every requirement on their name; excludes, whose names are dropped from every
// requirement.
func (p *Project) readRules(t toml.Table, keys ruleKeys) error {
	constraints, err := requirementsAt(t, keys.constraints)
	if err != nil {
		return err
	}
	for _, c := range constraints {
		if c.URL != "" || len(c.Extras) > 0 {
			return t.Bad(keys.constraints, `such as "urllib3<2"; what is to come from an address belongs to dependencies or overrides`, "%s: %s bounds no versions", keys.constraints, c.Name)
		}
	}
	p.Constraints = append(p.Constraints, constraints...)
	overrides, err := requirementsAt(t, keys.overrides)
	if err != nil {
		return err
	}
	if err := p.override(t, keys.overrides, overrides); err != nil {
		return err
	}
	excludes, err := requirementsAt(t, keys.excludes)
	for _, x := range excludes {
		if len(x.Specifiers)+len(x.Extras) > 0 || x.URL != "" || x.Marker != nil {
			return t.Bad(keys.excludes, "the name alone; an override with a marker leaves a package out in places", "%s: %s is more than a name", keys.excludes, x)
		}
	}
	p.Excludes = append(p.Excludes, excludes...)
	return err
}

// limit keeps the versions that a requirement asks for, where the package itself
// comes from an address or stands in another table.
func (p *Project) limit(r Requirement) {
	top := p
	if p.top != nil {
		top = p.top
	}
	if len(r.Specifiers) > 0 {
		r.Extras, r.URL, r.Path = nil, "", ""
		top.Constraints = append(top.Constraints, r)
	}
}

// override adds the overrides of one table. A name that a stronger table
// overrides is left alone; several for one name must be told apart by markers,
// and only one may hold for a target, which Instead's callers see to.
func (p *Project) override(t toml.Table, key string, more []Requirement) error {
	before := p.Overrides
	for i, o := range more {
		if slices.ContainsFunc(before, func(b Requirement) bool { return b.Key() == o.Key() }) {
			continue
		}
		if slices.ContainsFunc(more[:i], func(b Requirement) bool {
			return b.Key() == o.Key() && markerText(b.Requirement) == markerText(o.Requirement)
		}) {
			return t.Bad(key, `tell them apart by markers, such as "numpy<2; python_version < '3.12'"`, "%s: %s is overridden twice", key, o.Name)
		}
		p.Overrides = append(p.Overrides, o)
	}
	return nil
}

// Instead is what stands in place of a requirement by the project's overrides
// and excludes: nothing for an excluded name, else the overrides of that name,
// under the extra that q is of. The rest of q's marker and its extras do not
// count, as with uv's override-dependencies, unless the override is of the version
// only. ok is false where no rule is about
// q: it stands as it is. The error is that of a marker that grew too long.
func (p *Project) Instead(q pep508.Requirement) (with []Requirement, ok bool, err error) {
	if len(p.Overrides)+len(p.Excludes) == 0 {
		return nil, false, nil
	}
	key := q.Key()
	named := func(r Requirement) bool { return r.Key() == key }
	if slices.ContainsFunc(p.Excludes, named) {
		return nil, true, nil
	}
	extra := q.Marker.OfExtra()
	for _, o := range p.Overrides {
		if !named(o) {
			continue
		}
		when := extra
		if o.VersionOnly {
			when, o.Extras = q.Marker, q.Extras
		}
		if o.Marker, err = both(when, o.Marker); err != nil {
			return nil, true, err
		}
		with, ok = append(with, o), true
	}
	return with, ok, nil
}
