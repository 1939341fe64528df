package manifest

import (
	"maps"
	"time"

	"snug/internal/cooldown"
	"snug/internal/toml"
)

const newerHint = `such as 2026-11-01T00:00:00Z, or "8 days", "24 hours", "P7D"`

// readUvTime reads exclude-newer and exclude-newer-package: a moment is as-of,
// a span of time an age, and false lifts the ages.
func (p *Project) readUvTime(t toml.Table) error {
	at, age, err := newer(t, "exclude-newer")
	if err != nil {
		return err
	}
	if p.AsOf.IsZero() {
		p.AsOf = at
	}
	if at.IsZero() && !snugSays(t, "min-age") {
		p.MinAge.Default = age
	}
	packages, _, err := t.Table("exclude-newer-package")
	if err != nil {
		return err
	}
	// A date of the project holds for every package: nothing can be newer, and
	// nothing is counted from now.
	if len(packages.Values) > 0 && !at.IsZero() {
		return t.Bad("exclude-newer-package", `write exclude-newer as a span of time, such as "8 days"; or leave out exclude-newer-package`,
			"exclude-newer-package beside a date: snug has one date for every package")
	}
	ages, err := agesIn(packages, uvAge)
	if len(ages) > 0 {
		maps.Copy(ages, p.MinAge.Packages) // what [tool.snug] says of a package stands
		p.MinAge.Packages = ages
	}
	return err
}

// uvAge reads the age of one package: a span of time, or false.
func uvAge(t toml.Table, name string) (cooldown.Age, error) {
	if t.Values[name] == false {
		return 0, nil
	}
	at, age, err := newer(t, name)
	if err == nil && !at.IsZero() {
		err = t.Bad(name, `write a span of time, such as "8 days", or false; or one date for all: exclude-newer`, "%s: snug has one date for every package", name)
	}
	return age, err
}

// newer reads a moment or a span of time; a day counts whole.
func newer(t toml.Table, key string) (time.Time, cooldown.Age, error) {
	text, err := t.Text(key)
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
		return time.Time{}, 0, t.Bad(key, newerHint, "%s: %v", key, err)
	}
	return time.Time{}, age, nil
}

// snugSays tells whether [tool.snug] of t's document has a key.
func snugSays(t toml.Table, key string) bool { return at(t.Doc.Root, "tool", "snug", key) != nil }
