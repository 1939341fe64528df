package manifest

import (
	"maps"
	"slices"

	"snug/internal/cooldown"
	"snug/internal/pep508"
	"snug/internal/toml"
)

const ageHint = "such as 12h, 7d or 2w; 0 is no cooldown"

// readMinAge reads the cooldown: min-age, min-age-package (package = AGE), and
// min-age of each extra index.
func (p *Project) readMinAge(t toml.Table) error {
	var err error
	if p.MinAge.Default, err = ageAt(t, "min-age"); err != nil {
		return err
	}
	packages, _, err := t.Table("min-age-package")
	if err != nil {
		return err
	}
	if p.MinAge.Packages, err = agesIn(packages, ageAt); err != nil {
		return err
	}
	extra, _, err := t.Table("extra-index")
	if err != nil {
		return err
	}
	for _, ix := range p.Indexes {
		if _, plain := extra.Values[ix.Name].(string); plain {
			continue
		}
		of, _, err := extra.Table(ix.Name)
		if err != nil {
			return err
		}
		age, err := ageAt(of, "min-age")
		if err != nil {
			return err
		}
		if of.Values["min-age"] != nil {
			if p.MinAge.Indexes == nil {
				p.MinAge.Indexes = map[string]cooldown.Age{}
			}
			p.MinAge.Indexes[ix.Name] = age
		}
	}
	return nil
}

// agesIn are those of a table of packages, each as read reads it.
func agesIn(t toml.Table, read func(t toml.Table, key string) (cooldown.Age, error)) (map[string]cooldown.Age, error) {
	var out map[string]cooldown.Age
	for _, name := range slices.Sorted(maps.Keys(t.Values)) {
		key := pep508.NormalizeName(name)
		if _, twice := out[key]; twice || !pep508.ValidName(name) {
			return nil, t.Bad(name, "each package once, by its name on the index", "%q names no package, or one that is there already", name)
		}
		age, err := read(t, name)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = map[string]cooldown.Age{}
		}
		out[key] = age
	}
	return out, nil
}

// ageAt reads the age at a key; absent is 0.
func ageAt(t toml.Table, key string) (cooldown.Age, error) {
	v, said := t.Values[key]
	if !said {
		return 0, nil
	}
	text, ok := v.(string)
	if !ok {
		return 0, t.Bad(key, ageHint, "%s must be a string, not %s", key, toml.KindOf(v))
	}
	age, err := cooldown.ParseAge(text)
	if err != nil {
		return 0, t.Bad(key, ageHint, "%s: %v", key, err)
	}
	return age, nil
}

// sayMinAge adds the cooldown to the digest, if there is one.
func (p *Project) sayMinAge(say func(key string, values ...string)) {
	if p.MinAge.IsZero() {
		return
	}
	say("min-age", p.MinAge.Default.String())
	for _, exceptions := range []map[string]cooldown.Age{p.MinAge.Packages, p.MinAge.Indexes} {
		for _, key := range slices.Sorted(maps.Keys(exceptions)) {
			say("min-age of", key, exceptions[key].String())
		}
		say("min-age")
	}
}
