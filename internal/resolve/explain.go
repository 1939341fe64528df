package resolve

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/pubgrub"
)

// maxLines bounds the text of a conflict.
const maxLines = 12

// Conflict says that nothing satisfies the requirements on these targets, and
// the facts that together exclude every choice, from the roots to the clash.
type Conflict struct {
	Targets []string
	Facts   []Fact
}

// Fact is one step of the proof. Either Of needs Needs, or Of cannot be used
// because of Reason. Of is "" for the project itself.
type Fact struct {
	Of       string
	Versions []string // best liked first
	Needs    string
	Reason   string
}

// Error is at most twelve lines.
func (c *Conflict) Error() string {
	lines := []string{"no version of every package fits together on " + strings.Join(c.Targets, ", ") + ":"}
	for _, f := range c.Facts {
		lines = append(lines, "  "+f.String())
	}
	lines = slices.Compact(lines)
	if len(lines) > maxLines {
		left := len(lines) - maxLines + 1
		lines = append(lines[:maxLines-1], fmt.Sprintf("  … and %d more facts", left))
	}
	return strings.Join(lines, "\n")
}

// String is one line.
func (f Fact) String() string {
	subject := f.Of
	switch n := len(f.Versions); {
	case subject == "":
		return "the project asks for " + f.Needs
	case n == 1:
		subject += " " + f.Versions[0]
	case n > 1:
		subject += fmt.Sprintf(" %s … %s (%d versions)", f.Versions[n-1], f.Versions[0], n)
	}
	if f.Reason != "" {
		return subject + " cannot be used: " + f.Reason
	}
	return subject + " needs " + f.Needs
}

// explain turns the proof into facts.
func (p *problem) explain(none *pubgrub.NoSolution) error {
	c := &Conflict{}
	for i := range p.on.each {
		c.Targets = append(c.Targets, p.places[i].name)
	}
	seen, have := map[*pubgrub.Clause]bool{}, map[string]bool{}
	var walk func(*pubgrub.Clause)
	walk = func(k *pubgrub.Clause) {
		if k == nil || seen[k] {
			return
		}
		seen[k] = true
		for _, f := range p.facts(k) {
			if !have[f.String()] {
				have[f.String()] = true
				c.Facts = append(c.Facts, f)
			}
		}
		walk(k.Left)
		walk(k.Right)
	}
	walk(none.Clause)
	slices.SortStableFunc(c.Facts, func(a, b Fact) int { return rank(a) - rank(b) })
	return fault.New(fault.Conflict, p.remedy(), "%w", c)
}

// remedy is what may help. Targets that no marker can tell apart must share
// every version of a lock (PEP 751 has no other word for them), so one that
// cannot needs a file of its own.
func (p *problem) remedy() string {
	const loosen = "loosen one of the requirements above"
	last := p.places[bits.Len64(uint64(p.on))-1]
	switch {
	case !p.on.many():
		return loosen
	case p.places[p.on.first()].env != last.env: // a group of one class, or all
		return loosen + ", or ask for fewer targets"
	}
	return fmt.Sprintf("%s; or, since no marker tells these targets apart, take %s out of the targets and lock it in a file of its own: snug lock --target %[2]s -o pylock.%[3]s.toml",
		loosen, last.name, strings.ReplaceAll(last.name, ".", "_"))
}

// rank orders facts: what the project asks, what packages need, what is out.
func rank(f Fact) int {
	switch {
	case f.Of == "":
		return 0
	case f.Reason == "":
		return 1
	}
	return 2
}

// facts are those of one clause that was not derived.
func (p *problem) facts(k *pubgrub.Clause) []Fact {
	switch {
	case k.Excluded != nil:
		return []Fact{p.fact(k.Terms[0], fmt.Sprint(k.Excluded))}
	case k.Needed == nil:
		return nil
	}
	var out []Fact
	on := p.variables[k.Needed.On]
	for _, t := range k.Terms {
		if t.Pkg != k.Needed.Of {
			continue
		}
		byText := map[string]int{}
		for _, s := range p.said[*k.Needed] {
			if !t.Set.Has(s.version) {
				continue
			}
			i, ok := byText[s.text]
			if !ok {
				i = len(out)
				byText[s.text] = i
				out = append(out, Fact{Of: p.variables[t.Pkg].name, Needs: s.text})
			}
			out[i].Versions = append(out[i].Versions, p.versionText(t.Pkg, s.version))
		}
	}
	if len(k.Terms) == 1 && k.Terms[0].Pkg != k.Needed.On && len(out) > 0 {
		out = append(out, Fact{Of: on.name, Reason: p.lacking(on.name)})
	}
	return out
}

func (p *problem) fact(t pubgrub.Term, reason string) Fact {
	f := Fact{Of: p.variables[t.Pkg].name, Reason: reason}
	for _, v := range t.Set.Versions() {
		f.Versions = append(f.Versions, p.versionText(t.Pkg, v))
	}
	return f
}

func (p *problem) versionText(pkg, version int) string {
	if pkg == pubgrub.Root {
		return ""
	}
	return p.views[p.variables[pkg].name].releases[version].version.String()
}

// lacking says what there is of a name where nothing is admitted.
func (p *problem) lacking(name string) string {
	v := p.views[name]
	if len(v.project.releases) == 0 {
		return v.missing
	}
	newest := v.project.releases[0]
	return fmt.Sprintf("no version fits; the newest of %d is %s", len(v.project.releases), newest.version)
}
