package osv

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/mod/semver"

	"snug/internal/pep440"
)

// Evidence is why a record speaks of a version, or what of it could not be read.
type Evidence struct {
	Listed     string   `json:"listed,omitempty"`     // the entry of versions[] that is equal
	Introduced string   `json:"introduced,omitempty"` // of the range that it is in: the bound below it, "0" for the start
	Fixed      string   `json:"fixed,omitempty"`      // the bound above it, "" where none is stated
	Last       string   `json:"last,omitempty"`       // the same, where it is the last version affected
	Limit      string   `json:"limit,omitempty"`      // of the range
	Notes      []string `json:"notes,omitempty"`      // bounds and versions that could not be read
}

// String is the evidence in words: ">=3.2, <3.2.19", "listed as 1.0".
func (e Evidence) String() string {
	switch {
	case e.Listed != "":
		return "listed as " + e.Listed
	case e.Introduced == "":
		return ""
	}
	text := ""
	if e.Introduced != "0" {
		text = ">=" + e.Introduced + ", "
	}
	switch {
	case e.Fixed != "":
		return text + "<" + e.Fixed
	case e.Last != "":
		return text + "<=" + e.Last + " (no fix stated)"
	case text == "":
		return "every version (no fix stated)"
	}
	return text[:len(text)-2] + " (no fix stated)"
}

// Match tells whether the package is affected in that version: listed, or in one
// of the ranges. Versions of Python packages are compared by PEP 440, what it
// cannot read by its text. A local label (1.2+cpu) hides nothing: the public
// version counts as listed too, and bounds without a label are compared with it,
// as PEP 440 compares. Versions of other things are compared by their numbers and
// letters, tags such as v3.11.4 or OpenSSL_1_1_1k among them. GIT ranges say
// nothing of versions and are passed over.
func (a *Affected) Match(version string) (Evidence, bool) {
	if !a.Package.IsPyPI() {
		return a.matchLoose(version)
	}
	v, err := pep440.Parse(version)
	if err != nil {
		return a.matchText(version)
	}
	notes, public := []string(nil), v.Public()
	for i := range a.Ranges {
		e, in, err := a.evaluate(i, pep{v, public})
		switch {
		case err != nil:
			notes = append(notes, err.Error())
		case in:
			e.Notes = notes
			return e, true
		}
	}
	listed := a.listed(version, v, public)
	return Evidence{Listed: listed, Notes: notes}, listed != ""
}

// Prepare reads the ranges of a Python package once, for several calls of Match. The
// ranges must not change after it. A second call changes nothing.
func (a *Affected) Prepare() {
	if !a.Package.IsPyPI() || a.prepared != nil {
		return
	}
	a.prepared = make([]prepared, len(a.Ranges))
	for i := range a.Ranges {
		if p := &a.prepared[i]; a.Ranges[i].ofVersions() {
			p.bounds, p.err = pythonOrder.read(&a.Ranges[i])
		}
	}
}

// prepared is a range that was read; of one that speaks of no versions nothing is.
type prepared struct {
	bounds bounds[pep]
	err    error
}

func (a *Affected) evaluate(i int, v pep) (Evidence, bool, error) {
	if a.prepared == nil {
		return pythonOrder.evaluate(&a.Ranges[i], v)
	}
	if err := a.prepared[i].err; err != nil {
		return Evidence{}, false, err
	}
	e, in := pythonOrder.walk(a.prepared[i].bounds, v)
	return e, in, nil
}

// matchText is for an installed version that PEP 440 cannot read.
func (a *Affected) matchText(version string) (Evidence, bool) {
	e := Evidence{}
	if len(a.Ranges) > 0 {
		e.Notes = []string{fmt.Sprintf("version %q is none by PEP 440: ranges do not speak of it, only what is listed", version)}
	}
	if slices.Contains(a.Versions, version) {
		e.Listed = version
	}
	return e, e.Listed != ""
}

// listed is the entry of versions[] that means v.
func (a *Affected) listed(version string, v, public pep440.Version) string {
	for _, text := range a.Versions {
		if text == version {
			return text
		}
	}
	for _, text := range a.Versions {
		if w, err := pep440.Parse(text); err == nil && (w.Equal(v) || w.Equal(public)) {
			return text
		}
	}
	return ""
}

// matchLoose is Match for what is no Python package.
func (a *Affected) matchLoose(version string) (Evidence, bool) {
	var notes []string
	v, ok := ParseLoose(version)
	for i := range a.Ranges {
		g := &a.Ranges[i]
		var e Evidence
		var in bool
		var err error
		switch {
		case g.Type == TypeSemver && semver.IsValid("v"+version):
			e, in, err = semverOrder.evaluate(g, "v"+version)
		case ok:
			e, in, err = looseOrder.evaluate(g, v)
		}
		switch {
		case err != nil:
			notes = append(notes, err.Error())
		case in:
			e.Notes = notes
			return e, true
		}
	}
	for _, text := range a.Versions {
		w, read := ParseLoose(text)
		if text == version || ok && read && v.Compare(w) == 0 {
			return Evidence{Listed: text, Notes: notes}, true
		}
	}
	return Evidence{Notes: notes}, false
}

// order is how the bounds of a range are read and compared with a version.
type order[V any] struct {
	parse   func(text string) (V, bool)
	compare func(bound, v V) int // of a version with a bound
	closed  func(bound, v V) int // the same, where the bound is the last that is affected
}

// pep is a version with and without its local label.
type pep struct{ full, public pep440.Version }

var pythonOrder = order[pep]{
	parse: func(text string) (pep, bool) {
		v, err := pep440.Parse(text)
		return pep{v, v}, err == nil
	},
	compare: func(bound, v pep) int { return bound.full.Compare(v.full) },
	// PEP 440 "Inclusive ordered comparison": the label of a candidate does not
	// count unless the bound has one.
	closed: func(bound, v pep) int {
		if bound.full.Local() == "" {
			return bound.full.Compare(v.public)
		}
		return bound.full.Compare(v.full)
	},
}

var semverOrder = order[string]{
	parse:   func(text string) (string, bool) { return "v" + text, semver.IsValid("v" + text) },
	compare: semver.Compare,
	closed:  semver.Compare,
}

var looseOrder = order[Loose]{parse: ParseLoose, compare: Loose.Compare, closed: Loose.Compare}

// bound is an event that was read.
type bound[V any] struct {
	at    V
	text  string
	start bool // "0", or the limit "*": beyond every version
	kind  eventKind
}

type eventKind int

// The kinds, in the order in which those of equal versions are walked.
const (
	isFixed eventKind = iota
	isIntroduced
	isLast
	isLimit
)

// ofVersions tells whether the range speaks of versions, not of commits or of what
// a later schema may bring.
func (g *Range) ofVersions() bool { return g.Type == TypeEcosystem || g.Type == TypeSemver }

// evaluate walks the events of a range in the order of their versions (OSV schema,
// "Evaluation"). The error says which bound could not be read: the range then says
// nothing.
func (o order[V]) evaluate(g *Range, v V) (Evidence, bool, error) {
	if !g.ofVersions() {
		return Evidence{}, false, nil
	}
	r, err := o.read(g)
	if err != nil {
		return Evidence{}, false, err
	}
	e, in := o.walk(r, v)
	return e, in, nil
}

// walk is evaluate for a range that was read.
func (o order[V]) walk(r bounds[V], v V) (Evidence, bool) {
	e, within := Evidence{}, len(r.limits) == 0
	for _, l := range r.limits {
		if l.start || o.compare(l.at, v) > 0 {
			e.Limit, within = l.text, true
		}
	}
	in, above := false, false
	for _, b := range r.events {
		switch {
		case b.kind == isIntroduced && (b.start || o.compare(b.at, v) <= 0):
			in, e.Introduced = true, b.text
		case b.kind == isFixed && o.compare(b.at, v) <= 0, b.kind == isLast && o.closed(b.at, v) < 0:
			in = false
		case above || b.kind == isIntroduced:
			above = true
		case b.kind == isFixed:
			e.Fixed, above = b.text, true
		default:
			e.Last, above = b.text, true
		}
	}
	if !within || !in {
		return Evidence{}, false
	}
	return e, true
}

// bounds is a range that was read: the events in the order in which they are
// walked, limits apart.
type bounds[V any] struct{ events, limits []bound[V] }

func (o order[V]) read(g *Range) (r bounds[V], err error) {
	r.events = make([]bound[V], 0, len(g.Events))
	for _, e := range g.Events {
		for kind, text := range [...]string{isFixed: e.Fixed, isIntroduced: e.Introduced, isLast: e.LastAffected, isLimit: e.Limit} {
			if text == "" {
				continue
			}
			b, ok := o.bound(eventKind(kind), text)
			switch {
			case !ok:
				return r, fmt.Errorf("bound %q of a range cannot be read as a version: that range was not used", text)
			case b.kind == isLimit:
				r.limits = append(r.limits, b)
			default:
				r.events = append(r.events, b)
			}
		}
	}
	slices.SortStableFunc(r.events, o.before)
	return r, nil
}

// bound reads one bound: "0" is before every version, the limit "*" behind.
func (o order[V]) bound(kind eventKind, text string) (bound[V], bool) {
	if kind == isIntroduced && text == "0" || kind == isLimit && text == "*" {
		return bound[V]{text: text, start: true, kind: kind}, true
	}
	at, ok := o.parse(text)
	return bound[V]{at: at, text: text, kind: kind}, ok
}

func (o order[V]) before(a, b bound[V]) int {
	switch {
	case a.start && b.start:
		return 0
	case a.start:
		return -1
	case b.start:
		return 1
	}
	return cmp.Or(o.compare(a.at, b.at), cmp.Compare(a.kind, b.kind))
}

// Beyond are the listed versions that no range covers, each once: with the ranges
// they say the same as the whole list.
func (a *Affected) Beyond() []string {
	if !a.Package.IsPyPI() {
		return a.Versions
	}
	var ranges []bounds[pep]
	for i := range a.Ranges {
		r, err := pythonOrder.read(&a.Ranges[i])
		switch {
		case !a.Ranges[i].ofVersions() || err != nil:
		case slices.ContainsFunc(slices.Concat(r.events, r.limits), func(b bound[pep]) bool { return b.at.full.Local() != "" }):
			return a.Versions // 1.2 may be in the range where 1.2+cpu is not, and is listed for both
		default:
			ranges = append(ranges, r)
		}
	}
	var out []string
	var batch pep440.Batch
	for _, text := range a.Versions {
		v, err := batch.Parse(text)
		covered := err == nil && slices.ContainsFunc(ranges, func(r bounds[pep]) bool {
			_, in := pythonOrder.walk(r, pep{v, v.Public()})
			return in
		})
		if !covered {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Compare orders two versions of the package as Match does; false where one of
// them cannot be read.
func (a *Affected) Compare(v, w string) (int, bool) {
	if a.Package.IsPyPI() {
		x, err := pep440.Parse(v)
		y, err2 := pep440.Parse(w)
		return x.Compare(y), err == nil && err2 == nil
	}
	x, ok := ParseLoose(v)
	y, ok2 := ParseLoose(w)
	return x.Compare(y), ok && ok2
}

// Reads tells whether a version of the package can be held against ranges.
func (a *Affected) Reads(version string) bool {
	_, ok := a.Compare(version, version)
	return ok
}

// Unreadable tells whether a range has a bound that cannot be read: Match says
// which.
func (a *Affected) Unreadable() bool {
	for i := range a.Ranges {
		g := &a.Ranges[i]
		if !g.ofVersions() {
			continue
		}
		var err error
		switch {
		case a.Package.IsPyPI():
			_, err = pythonOrder.read(g)
		case g.Type == TypeSemver:
			_, err = semverOrder.read(g)
		default:
			_, err = looseOrder.read(g)
		}
		if err != nil {
			return true
		}
	}
	return false
}
