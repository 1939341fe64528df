package resolve

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/index"
	"snug/internal/pep440"
)

// Fact is what decides about one package.
type Fact struct {
	Name     string   `json:"name"`
	Versions []string `json:"versions,omitempty"` // that are refused, newest first
	Kind     Kind     `json:"kind"`
	Reason   string   `json:"reason"`
}

// Kind says why versions cannot be taken, or what there is instead.
type Kind string

// The kinds of fact. Of the last four Reason is a whole sentence.
const (
	Python     Kind = "python"     // Requires-Python
	Wheel      Kind = "wheel"      // no wheel for a target
	Sdist      Kind = "sdist"      // only an sdist, or none, or one that could not be built
	Yanked     Kind = "yanked"     // PEP 592
	Constraint Kind = "constraint" // one of the project
	Young      Kind = "young"      // within the cooldown
	Hash       Kind = "hash"       // no file has one that the project allows
	Policy     Kind = "policy"     // the project's policy denies it
	Refused    Kind = "refused"    // anything else: metadata
	Range      Kind = "range"      // no version is in all that is asked
	Missing    Kind = "missing"    // there is no such project, or it has nothing
	Hidden     Kind = "hidden"     // uploaded after the as-of date
	Usable     Kind = "usable"     // the newest that could be had
)

// String is one line.
func (f Fact) String() string {
	switch f.Kind {
	case Range, Missing, Hidden, Usable:
		return f.Reason
	}
	if f.Kind == Policy {
		return versioned(f.Name, f.Versions) + plural(f.Versions, " is denied: ", " are denied: ") + f.Reason
	}
	return versioned(f.Name, f.Versions) + " cannot be used: " + f.Reason
}

// kind is why a release that is refused on these targets is.
func (p *problem) kind(r *release, on targets) Kind {
	offers, err := r.offered.Offers(nil)
	switch {
	case err != nil:
		return Refused // the cache is damaged, which its reason says
	case r.young != "":
		return Young
	case r.yanked:
		return Yanked
	case r.banned == nobodyBuilds || r.banned == neverBuilt || r.banned == noSdist:
		return Sdist
	case r.banned != "" && p.asked.names[r.of.name] != nil && len(p.asked.names[r.of.name].hashes) > 0:
		return Hash
	case r.banned != "":
		return Refused
	}
	for i := range on.each {
		if !r.has(i) {
			if strings.Contains(r.why[i], tooYoung) {
				return Young
			}
			if r.unfit[i] != "" || slices.ContainsFunc(offers, func(o index.Offer) bool { return o.Wheel && p.places[i].takes(o) }) {
				return Python
			}
			return Wheel
		}
	}
	if why, err := p.unusable(r, on); why != "" && err == nil {
		return Constraint
	}
	for t := range r.on(on) {
		for i := range on.each {
			if t.bad != "" && t.isSdist() {
				return Sdist
			}
			if t.bad == "" && !pythonFits(t.python, p.places[i].python) {
				return Python
			}
		}
	}
	return Refused
}

func (at *place) takes(o index.Offer) bool {
	_, ok := at.tags.RankText(o.TagText())
	return ok
}

// anyIn tells whether some release is in all of the specifiers.
func (v *view) anyIn(all []pep440.Specifiers) bool {
	return slices.ContainsFunc(v.releases, func(r *release) bool { return inAll(r, all) })
}

func inAll(r *release, all []pep440.Specifiers) bool {
	return !slices.ContainsFunc(all, func(s pep440.Specifiers) bool { return !s.Contains(r.version) })
}

// facts are what is to be known of one name of the chain.
func (p *problem) facts(name string, n *node) []Fact {
	v := p.views[name]
	var out []Fact
	switch {
	case len(v.project.releases) == 0:
		return []Fact{{Name: name, Kind: Missing, Reason: v.missing}}
	case !v.anyIn(n.in):
		out = append(out, p.outside(name, n))
	default:
		out = p.refusals(name, n)
		if len(out) > 0 && len(n.out) == 0 {
			out = append(out, p.usable(name, n)...)
		}
	}
	if len(out) > 0 && v.listing != nil && v.listing.Later+v.listing.Undated > 0 {
		out = append(out, Fact{Name: name, Kind: Hidden, Reason: hidden(v.listing)})
	}
	return out
}

func hidden(l *index.Listing) string {
	text := fmt.Sprintf("%d later files of %s are hidden by the as-of date", l.Later-l.Undated, l.Name)
	if l.Undated > 0 {
		text += fmt.Sprintf(", and %d that have no date", l.Undated)
	}
	return text
}

// outside says that no version is in all that is asked.
func (p *problem) outside(name string, n *node) Fact {
	var asked []string
	for _, s := range n.in {
		if text := s.String(); text != "" && !slices.Contains(asked, text) {
			asked = append(asked, text)
		}
	}
	what := "in all of " + strings.Join(asked, "  ")
	switch len(asked) {
	case 1:
		what = asked[0]
	case 2:
		what = "both " + asked[0] + " and " + asked[1]
	}
	v := p.views[name].project
	text := fmt.Sprintf("no version of %s is %s; the newest of %d is %s", name, what, len(v.releases), v.releases[0].version)
	if len(v.releases) == 1 {
		text = fmt.Sprintf("no version of %s is %s; there is only %s", name, what, v.releases[0].version)
	}
	if why, err := p.shut(v.releases[0], n.on); why != "" && err == nil {
		text += ", which cannot be used either: " + tidy(why)
	}
	return Fact{Name: name, Kind: Range, Reason: text}
}

// refusals are the facts about versions that are asked for, the newest first.
func (p *problem) refusals(name string, n *node) []Fact {
	asked := map[string]bool{}
	for _, r := range p.views[name].releases {
		asked[r.version.String()] = inAll(r, n.in)
	}
	alike := map[string]int{}
	var out []Fact
	for _, f := range n.facts {
		f.Versions = slices.DeleteFunc(slices.Clone(f.Versions), func(v string) bool { return !asked[v] })
		if len(f.Versions) == 0 {
			continue
		}
		key := string(f.Kind)
		if f.Kind == Wheel || f.Kind == Constraint {
			key += f.Reason // another target, another constraint
		}
		i, ok := alike[key]
		if !ok {
			alike[key] = len(out)
			out = append(out, f)
			continue
		}
		out[i] = both(out[i], f)
	}
	for i := range out {
		if out[i].Kind == Wheel {
			out[i].Reason += p.wheelsOf(name, out[i], n.on)
		}
	}
	slices.SortStableFunc(out, func(a, b Fact) int { return compareTexts(b.Versions[0], a.Versions[0]) })
	return out
}

// both makes one fact of two of a kind.
func both(a, b Fact) Fact {
	const alike = "; the others for the like"
	reason := strings.TrimSuffix(a.Reason, alike)
	if compareTexts(b.Versions[0], a.Versions[0]) > 0 {
		reason = b.Reason
	}
	a.Versions, a.Reason = newest(slices.Concat(a.Versions, b.Versions)), reason+alike
	return a
}

// shut says why the release cannot be had on some of the targets, or may not be.
func (p *problem) shut(r *release, on targets) (string, error) {
	if why, err := p.unusable(r, on); why != "" || err != nil {
		return why, err
	}
	return p.shelf.refusal(r), nil
}

// usable is the newest version that could be had, if none of those asked for can.
func (p *problem) usable(name string, n *node) []Fact {
	for _, r := range p.views[name].project.releases {
		if why, err := p.shut(r, n.on); why == "" && err == nil && !inAll(r, n.in) {
			return []Fact{{Name: name, Kind: Usable, Reason: fmt.Sprintf("the newest version of %s that can be had here is %s", name, r.version)}}
		}
	}
	return nil
}
