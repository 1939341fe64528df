package manifest

import (
	"maps"
	"slices"
	"time"

	"snug/internal/cooldown"
	"snug/internal/pep508"
)

const newerHint = `such as 2026-11-01T00:00:00Z, or "8 days", "24 hours", "P7D"`

// readUvTime reads exclude-newer and exclude-newer-package: a moment is as-of,
// a span of time an age, and false lifts the ages.
func (p *Project) readUvTime(t table) error {
	at, age, err := t.newer("exclude-newer")
	if err != nil {
		return err
	}
	if p.AsOf.IsZero() {
		p.AsOf = at
	}
	if at.IsZero() && !t.snugSays("min-age") {
		p.MinAge.Default = age
	}
	packages, _, err := t.table("exclude-newer-package")
	if err != nil {
		return err
	}
	// A date of the project holds for every package: nothing can be newer, and
	// nothing is counted from now.
	if len(packages.m) > 0 && !at.IsZero() {
		return t.bad("exclude-newer-package", `write exclude-newer as a span of time, such as "8 days"; or leave out exclude-newer-package`,
			"exclude-newer-package beside a date: snug has one date for every package")
	}
	return p.readUvAges(packages)
}

// readUvAges reads the exceptions. What [tool.snug] says of a package stands.
func (p *Project) readUvAges(t table) error {
	ages := map[string]cooldown.Age{}
	for _, name := range slices.Sorted(maps.Keys(t.m)) {
		key := pep508.NormalizeName(name)
		if _, twice := ages[key]; twice || !pep508.ValidName(name) {
			return t.bad(name, "each package once, by its name on the index", "%q names no package, or one that is there already", name)
		}
		ages[key] = 0
		if t.m[name] == false {
			continue
		}
		at, age, err := t.newer(name)
		if err != nil {
			return err
		}
		if !at.IsZero() {
			return t.bad(name, `write a span of time, such as "8 days", or false; or one date for all: exclude-newer`, "%s: snug has one date for every package", name)
		}
		ages[key] = age
	}
	if len(ages) > 0 {
		maps.Copy(ages, p.MinAge.Packages)
		p.MinAge.Packages = ages
	}
	return nil
}

// newer reads a moment or a span of time; a day counts whole.
func (t table) newer(key string) (time.Time, cooldown.Age, error) {
	text, err := t.str(key)
	if err != nil || text == "" {
		return time.Time{}, 0, err
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), 0, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), 0, nil
	}
	age, err := cooldown.ParseSpan(text)
	if err != nil {
		return time.Time{}, 0, t.bad(key, newerHint, "%s: %v", key, err)
	}
	return time.Time{}, age, nil
}

// snugSays tells whether [tool.snug] of the same document has a key.
func (t table) snugSays(key string) bool { return at(t.doc.root, "tool", "snug", key) != nil }
