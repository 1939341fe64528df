package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/pubgrub"
)

// maxLines bounds the text of a conflict, without its fixes.
const maxLines = 12

// Conflict says that nothing satisfies what is asked on these targets, and why:
// the chain from the project's own requirements to the clash, then the facts of
// the package that it ends in.
type Conflict struct {
	Targets []string `json:"targets"`
	Python  []string `json:"python"`  // the versions that these have, each once
	Package string   `json:"package"` // where the chain ends
	Chain   []Link   `json:"chain"`
	Facts   []Fact   `json:"facts"` // of Package first
	Fixes   []Fix    `json:"fixes"` // changes that were tried and help; the engine adds them

	// Roots are the project's requirements in the chain: without any one of them
	// there would be an answer, unless finding that out took too long.
	Roots []manifest.Requirement `json:"-"`
	// Apart is one of Targets if no marker tells them apart: as PEP 751 has no
	// other word for them they share every version of a lock, and this one would
	// need a lock of its own.
	Apart string `json:"apart,omitempty"`
	on    string // Targets and Python in words
}

// Names are the packages that the conflict is about: those asked for, then that
// in which it ends.
func (c *Conflict) Names() []string {
	var out []string
	for _, q := range c.Roots {
		if !slices.Contains(out, q.Key()) {
			out = append(out, q.Key())
		}
	}
	if !slices.Contains(out, c.Package) {
		out = append(out, c.Package)
	}
	return out
}

// Error is at most twelve lines.
func (c *Conflict) Error() string {
	facts := c.news()
	facts = facts[:min(len(facts), maxFacts)]
	lines := []string{c.headline() + ":"}
	for _, l := range shortened(c.Chain, maxLines-1-len(facts)) {
		lines = append(lines, "  "+l)
	}
	for _, f := range facts {
		lines = append(lines, "  "+f.String())
	}
	return strings.Join(lines, "\n")
}

// news are the facts without those about a few versions amid others that
// fail for something else: they are true, and no news.
func (c *Conflict) news() []Fact {
	return slices.DeleteFunc(slices.Clone(c.Facts), func(f Fact) bool {
		amid := func(name string, versions []string) bool {
			n := len(f.Versions)
			return n > 0 && name == f.Name && len(versions) > n &&
				compareTexts(versions[0], f.Versions[0]) > 0 && compareTexts(versions[len(versions)-1], f.Versions[n-1]) < 0
		}
		return slices.ContainsFunc(c.Facts, func(o Fact) bool { return amid(o.Name, o.Versions) }) ||
			slices.ContainsFunc(c.Chain, func(l Link) bool { return amid(l.Of, l.Versions) })
	})
}

// maxFacts bounds the lines of facts; maxTogether the requirements that the
// headline names.
const (
	maxFacts    = 4
	maxTogether = 3
)

func (c *Conflict) headline() string {
	var roots []string
	for _, q := range c.Roots {
		roots = append(roots, plain(q.Requirement))
	}
	roots = slices.Compact(roots)
	switch n := len(roots); {
	case n == 1:
		return roots[0] + " cannot be had" + c.on
	case n > maxTogether || n == 0:
		return fmt.Sprintf("%d requirements cannot be had together%s", n, c.on)
	}
	return inWords(roots) + " cannot be had together" + c.on
}

// shortened is the lines of a chain, at most n: what is left out is its middle,
// since it begins with what the user wrote and ends in the clash.
func shortened(chain []Link, n int) []string {
	var lines []string
	for _, l := range chain {
		lines = append(lines, l.String())
	}
	if len(lines) <= n {
		return lines
	}
	head := n / 2
	tail := n - head - 1
	out := append(lines[:head:head], fmt.Sprintf("… %d steps …", len(lines)-head-tail))
	return append(out, lines[len(lines)-tail:]...)
}

// inWords is "a", "a and b", "a, b and c".
func inWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// explain turns the proof into a Conflict. A proof may lean on more of the
// project's requirements than it must, so fewer are tried first.
func (p *problem) explain(ctx context.Context, none *pubgrub.NoSolution) error {
	p, none = p.narrowed(ctx, none)
	c := p.story(none.Clause)
	c.Roots, c.Apart = p.rootsOf(none.Clause), p.inseparable()
	c.Targets = namesOf(p.places, p.on)
	for i := range p.on.each {
		if python := p.places[i].python.String(); !slices.Contains(c.Python, python) {
			c.Python = append(c.Python, python)
		}
	}
	c.on = " on " + inWords(c.Targets) + " with Python " + inWords(c.Python)
	return fault.New(fault.Conflict, c.remedy(), "%w", c)
}

// remedy is what may help where no fix is known.
func (c *Conflict) remedy() string {
	kind := Range
	if len(c.Facts) > 0 {
		kind = c.Facts[0].Kind
	}
	switch {
	case kind == Missing:
		return "is the name right, and is it on another index (--extra-index NAME=URL)?"
	case c.barred() != "":
		return c.barred()
	case kind == Sdist:
		return "take a version, or another package, that has wheels"
	case kind == Policy:
		return "change the rule that is named, or live with it for a while: snug waive ID --package " + c.Facts[0].Name + " --until DATE --reason TEXT"
	case kind == Hash:
		return "the index has another file than the one that was pinned: find out why before the hash is changed"
	case len(c.Targets) > 1:
		return "loosen the requirements above, or ask for fewer targets"
	}
	return "loosen the requirements above"
}

// barred is the remedy where the project's own word on what is built decides, else "".
func (c *Conflict) barred() string {
	if len(c.Facts) == 0 {
		return ""
	}
	switch f := c.Facts[0]; {
	case strings.Contains(f.Reason, byNever):
		return "take " + f.Name + " out of build.never in [tool.snug] (with \":all:\" there: name it in build.from-source), or take a version that has wheels"
	case strings.Contains(f.Reason, bySource):
		return "take " + f.Name + " out of build.from-source in [tool.snug] (with \":all:\" there: name it in build.never), or take a version that has an sdist"
	}
	return ""
}

// inseparable is the last of several places that no marker can tell apart.
func (p *problem) inseparable() string {
	here := p.placesOf()
	if len(here) == 1 || len(classes(here)) > 1 {
		return ""
	}
	return here[len(here)-1].name
}

// placesOf are the places that this problem is about.
func (p *problem) placesOf() []place {
	var out []place
	for i := range p.on.each {
		out = append(out, p.places[i])
	}
	return out
}
