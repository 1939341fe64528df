package advisory

import (
	"cmp"
	"slices"
	"strings"

	"snug/internal/component"
)

// Changed lists the names of which d says something else than old does, sorted: what
// is matched again after an update. It compares one hash for each name.
func (d *DB) Changed(old *DB) ([]Key, error) {
	ours, err := d.names()
	if err != nil {
		return nil, damaged(d.info.Snapshot, err)
	}
	theirs, err := old.names()
	if err != nil {
		return nil, damaged(old.info.Snapshot, err)
	}
	var out []Key
	for i, j := 0, 0; i < ours.len() || j < theirs.len(); {
		a, aErr := ours.orLast(i)
		b, bErr := theirs.orLast(j)
		if err := cmp.Or(aErr, bErr); err != nil {
			return nil, damaged(d.info.Snapshot, err)
		}
		order := strings.Compare(a.key, b.key)
		if order != 0 || a.hash != b.hash {
			out = append(out, keyFrom(min(a.key, b.key)))
		}
		if order <= 0 {
			i++
		}
		if order >= 0 {
			j++
		}
	}
	return out, nil
}

// orLast is the entry at i, or behind the last one that stands behind every key.
func (t rows) orLast(i int) (entry, error) {
	if i >= t.len() {
		return entry{key: "\xff"}, nil
	}
	return t.at(i)
}

func keyFrom(text string) Key {
	class, name, _ := strings.Cut(text, "\x00")
	return Key{component.Class(class), name}
}

// Pins are the components of many locks, by name, so that after an update only those
// are matched again that it speaks of. It is not safe for concurrent use while pins
// are added.
type Pins struct {
	only     map[Key]bool             // nil: every name is kept
	versions map[Key]map[string][]int // the locks that hold each version
}

// PinsOf keeps pins of these names alone, all others are passed over; nil keeps every
// one, for whoever holds the pins of his locks ready for the next update.
func PinsOf(changed []Key) *Pins {
	p := &Pins{versions: map[Key]map[string][]int{}}
	if changed != nil {
		p.only = make(map[Key]bool, len(changed))
	}
	for _, k := range changed {
		p.only[k] = true
	}
	return p
}

// Add notes that a lock holds a component.
func (p *Pins) Add(lock int, c component.Component) {
	key := keyOf(c)
	if p.only != nil && !p.only[key] {
		return
	}
	of := p.versions[key]
	if of == nil {
		of = map[string][]int{}
		p.versions[key] = of
	}
	of[c.Version] = append(of[c.Version], lock)
}

// Hit is what is known now of one version, and the locks that hold it.
type Hit struct {
	Component component.Component
	Locks     []int
	Matched   Matched
}

// Rematch matches what the pins hold of the changed names, each version once, in the
// order of names and versions. Where overlays depend on the place, match its locks by
// MatchIn.
func (d *DB) Rematch(p *Pins, changed []Key) []Hit {
	var out []Hit
	for _, key := range changed {
		for version, locks := range p.versions[key] {
			c := component.Component{Class: key.Class, Name: key.Name, Version: version}
			out = append(out, Hit{c, locks, d.Match(c)})
		}
	}
	slices.SortFunc(out, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Component.Class, b.Component.Class), cmp.Compare(a.Component.Name, b.Component.Name), cmp.Compare(a.Component.Version, b.Component.Version))
	})
	return out
}
