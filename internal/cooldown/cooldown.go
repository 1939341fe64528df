// Package cooldown is how long a file must have been on an index before it is
// used: one age for everything, with exceptions for packages and for indexes.
// Most malicious uploads are found within days, so waiting is a cheap defence.
//
// It knows no clock and no files. The hard idea is that a policy is written down
// as ages and never as a moment: a lock that was made stays true, since its files
// only grow older.
package cooldown

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"snug/internal/pep508"
)

// Age is how old a file must be; 0: files of any age are used, and those without
// an upload time.
type Age time.Duration

// maxAge bounds what may be asked: ten years.
const maxAge = Age(10 * 365 * day)

const day = 24 * time.Hour

var units = map[byte]time.Duration{'h': time.Hour, 'd': day, 'w': 7 * day}

// ParseAge reads a whole number of hours, days or weeks ("12h", "7d", "2w"), or
// "0".
func ParseAge(text string) (Age, error) {
	if text == "0" {
		return 0, nil
	}
	if text == "" {
		return 0, fmt.Errorf("an age is written as 12h, 7d or 2w, or 0")
	}
	number, unit := text[:len(text)-1], units[text[len(text)-1]]
	n, err := strconv.ParseUint(number, 10, 32)
	switch {
	case err != nil || unit == 0:
		return 0, fmt.Errorf("%q is no age: write 12h, 7d or 2w, or 0", text)
	case Age(n) > maxAge/Age(unit):
		return 0, fmt.Errorf("%q is more than ten years", text)
	}
	return Age(time.Duration(n) * unit), nil
}

// String is the text that ParseAge reads, in days where it is whole days.
func (a Age) String() string {
	d := time.Duration(a)
	switch {
	case d == 0:
		return "0"
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}

// Policy is a cooldown with its exceptions. The zero value lets every file pass.
// A Policy is not changed once it is made; its maps are shared.
type Policy struct {
	Default  Age
	Packages map[string]Age // by normalised name; speaks before Indexes
	Indexes  map[string]Age // by the index's name in a project, by its address in a lock
}

// IsZero tells whether nothing is asked, and nothing excepted.
func (p Policy) IsZero() bool {
	return p.Default == 0 && len(p.Packages) == 0 && len(p.Indexes) == 0
}

// For is the age that files of a package (normalised) from an index must have.
func (p Policy) For(pkg, index string) Age {
	if a, ok := p.Packages[pkg]; ok {
		return a
	}
	if a, ok := p.Indexes[index]; ok {
		return a
	}
	return p.Default
}

// Amend is the policy with what a user says over it, in this order: "AGE" stands
// in place of the default, "NAME=AGE" is for one package, and "0" lifts all,
// exceptions too.
func (p Policy) Amend(settings []string) (Policy, error) {
	for _, text := range settings {
		name, age, isPackage := strings.Cut(text, "=")
		if !isPackage {
			name, age = "", text
		}
		a, err := ParseAge(age)
		switch {
		case err != nil:
			return Policy{}, err
		case isPackage && !pep508.ValidName(name):
			return Policy{}, fmt.Errorf("%q is no name of a package", name)
		case isPackage:
			p.Packages = with(p.Packages, pep508.NormalizeName(name), a)
		case a == 0:
			p = Policy{}
		default:
			p.Default = a
		}
	}
	return p, nil
}

func with(m map[string]Age, key string, a Age) map[string]Age {
	out := map[string]Age{}
	maps.Copy(out, m)
	out[key] = a
	return out
}

// Texts are exceptions as a document holds them.
func Texts(ages map[string]Age) map[string]string {
	if len(ages) == 0 {
		return nil
	}
	out := make(map[string]string, len(ages))
	for key, a := range ages {
		out[key] = a.String()
	}
	return out
}

// ParseAges reads exceptions from a document; the error names the key.
func ParseAges(texts map[string]string) (map[string]Age, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	out := make(map[string]Age, len(texts))
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		a, err := ParseAge(texts[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out[key] = a
	}
	return out, nil
}
