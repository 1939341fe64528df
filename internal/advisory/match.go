package advisory

import (
	"cmp"
	"fmt"
	"slices"

	"snug/internal/component"
	"snug/internal/finding"
	"snug/internal/osv"
)

// Matched is what the records say of one component.
type Matched struct {
	Checked bool   // false: nothing is known, which is not the same as nothing being wrong
	Reason  string // why it was not checked
	Unread  bool   // the version cannot be read: there are records, and only what they list was compared

	Groups    []Group  // the holes that it has, each once; sorted by ID
	Withdrawn []Group  // what it would have, were all records of it that match not withdrawn: no findings
	Notes     []string // what of the records or of the version could not be read, and what overlays changed
}

// Group is one hole: all records that mean it.
type Group struct {
	ID        string     // the record that speaks for it
	Aliases   []string   // every other id that means it, sorted
	Records   []Matching // those that match, sorted by ID
	Malware   bool
	Withdrawn bool // every record that matches is
	Summary   string

	Severity     *finding.Severity     // the gravest of any record of the group, nil: not rated
	Exploitation *finding.Exploitation // nil: nothing is known, or no feed of it
	// Fixed are versions newer than the component's at which no record of the group
	// matches, the nearest first; none where no fix is stated.
	Fixed []string
}

// Matching is one record that speaks of the version.
type Matching struct {
	ID        string
	Withdrawn bool
	Evidence  osv.Evidence
	Fixed     []string // by this record alone, the nearest first
}

// Where is what overlays may ask about the place that a component is in. The zero
// value is a place of which nothing is known: what depends on it does not apply.
type Where struct {
	// Marker evaluates an environment marker (PEP 508) for it; nil: unknown.
	Marker func(marker string) (bool, error)
	// Artifact is "wheel" or "sdist": what it was installed from; "": unknown.
	Artifact string
}

// Match tells what the records say of c, wherever it is.
func (d *DB) Match(c component.Component) Matched { return d.MatchIn(c, Where{}) }

// MatchIn is Match for a component in a known place, on which overlays may depend.
func (d *DB) MatchIn(c component.Component, where Where) Matched {
	if reason := d.unchecked(c); reason != "" {
		return Matched{Reason: reason}
	}
	key := keyOf(c)
	about, err := d.speaksOf(key)
	if err != nil {
		return Matched{Reason: damaged(d.info.Snapshot, err).Error()}
	}
	m := Matched{Checked: true}
	if about, m.Notes, err = d.correct(key, c.Version, where, about); err != nil {
		return Matched{Reason: damaged(d.info.Snapshot, err).Error()}
	}
	m.Unread = slices.ContainsFunc(about, func(a affected) bool { return !a.withdrawn && len(a.Ranges) > 0 && !a.Reads(c.Version) })
	for at, all := range byHole(about) {
		g, notes := groupOf(all, c.Version)
		m.Notes = append(m.Notes, notes...)
		if len(g.Records) == 0 {
			continue
		}
		h, err := d.hole(at, all)
		if err != nil {
			return Matched{Reason: damaged(d.info.Snapshot, err).Error()}
		}
		g.tell(h)
		if g.Withdrawn {
			m.Withdrawn = append(m.Withdrawn, g)
		} else {
			m.Groups = append(m.Groups, g)
		}
	}
	byID := func(a, b Group) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(m.Groups, byID)
	slices.SortFunc(m.Withdrawn, byID)
	slices.Sort(m.Notes)
	m.Notes = slices.Compact(m.Notes)
	return m
}

// byHole puts together what means one hole. The extra records of overlays are
// holes of their own.
func byHole(about []affected) map[span][]*affected {
	out := make(map[span][]*affected, len(about))
	for i := range about {
		about[i].Prepare() // what an overlay put there
		at := about[i].hole
		if about[i].own != nil {
			at = span{at: uint64(i), size: ^uint64(0)}
		}
		out[at] = append(out[at], &about[i])
	}
	return out
}

// unchecked is why nothing is known of c, "" if something is.
func (d *DB) unchecked(c component.Component) string {
	kind := Kind(c.Class)
	if _, ok := d.info.Feed(kind); !ok {
		return d.unfed(kind)
	}
	if c.Version == "" {
		return "its version is not known"
	}
	return ""
}

// unfed is why there is nothing about a class.
func (d *DB) unfed(kind Kind) string {
	if source := d.wanted[kind]; source != "" {
		return fmt.Sprintf("the feed %s (%s) has not been read: snug advisories update", kind, Feed{kind, source}.Shown())
	}
	return fmt.Sprintf("no feed is set for %s: [tool.snug.advisories] %s", kind, kind)
}

func (d *DB) hole(at span, all []*affected) (*hole, error) {
	if all[0].own != nil { // of an overlay's own record
		return all[0].own, nil
	}
	block, err := d.sections[secHoles].text(at)
	if err != nil {
		return nil, err
	}
	return readHole(block)
}

// groupOf is what the records of one hole say of a version.
func groupOf(all []*affected, version string) (Group, []string) {
	g := Group{Withdrawn: true}
	var notes []string
	var live []*affected
	for _, a := range all {
		e, in := a.Match(version)
		for _, n := range e.Notes {
			notes = append(notes, a.id+": "+n)
		}
		if !a.withdrawn {
			live = append(live, a)
		}
		if !in {
			continue
		}
		g.Withdrawn = g.Withdrawn && a.withdrawn
		g.Records = append(g.Records, Matching{ID: a.id, Withdrawn: a.withdrawn, Evidence: e, Fixed: fixes([]*affected{a}, version)})
		if g.Summary == "" || !a.withdrawn && a.summary != "" {
			g.Summary = cmp.Or(a.summary, g.Summary)
		}
	}
	slices.SortFunc(g.Records, func(a, b Matching) int { return cmp.Compare(a.ID, b.ID) })
	if !g.Withdrawn {
		g.Records = slices.DeleteFunc(g.Records, func(m Matching) bool { return m.Withdrawn })
		if len(live) == 1 && len(g.Records) == 1 {
			g.Fixed = g.Records[0].Fixed
			return g, notes
		}
		g.Fixed = fixes(live, version)
	}
	return g, notes
}

// tell fills what is known of the hole as a whole.
func (g *Group) tell(h *hole) {
	ids := make([]string, len(g.Records))
	for i, r := range g.Records {
		ids[i] = r.ID
	}
	g.ID = speaks(ids)
	g.Malware = rank(g.ID) == 0
	g.Severity, g.Exploitation = h.severity, h.exploitation
	if g.Malware {
		g.Severity = nil
	}
	for _, id := range h.ids {
		if id != g.ID {
			g.Aliases = append(g.Aliases, id)
		}
	}
}

// fixes are the versions that the records call fixed, newer than version, at which
// none of them matches: the nearest first.
func fixes(all []*affected, version string) []string {
	var out []string
	for _, a := range all {
		for _, g := range a.Ranges {
			for _, e := range g.Events {
				if e.Fixed == "" {
					continue
				}
				if c, ok := a.Compare(e.Fixed, version); ok && c > 0 && closed(all, e.Fixed) {
					out = append(out, e.Fixed)
				}
			}
		}
	}
	order := func(v, w string) int { c, _ := all[0].Compare(v, w); return c }
	slices.SortFunc(out, func(v, w string) int { return cmp.Or(order(v, w), cmp.Compare(v, w)) })
	return slices.CompactFunc(out, func(v, w string) bool { return order(v, w) == 0 })
}

func closed(all []*affected, version string) bool {
	return !slices.ContainsFunc(all, func(a *affected) bool {
		_, in := a.Match(version)
		return in
	})
}
