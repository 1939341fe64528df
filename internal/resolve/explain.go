package resolve

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/pep440"
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
	Versions []string // newest first
	Needs    string
	Reason   string
	on       string // the name that Needs is about
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
	have := map[string]bool{}
	steps := proof(none.Clause)
	for _, k := range steps {
		for _, f := range p.facts(k) {
			if !have[f.String()] {
				have[f.String()] = true
				c.Facts = append(c.Facts, f)
			}
		}
	}
	c.Facts = summed(c.Facts)
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

// proof lists the clauses that the last one follows from, itself first.
func proof(last *pubgrub.Clause) []*pubgrub.Clause {
	var out []*pubgrub.Clause
	seen := map[*pubgrub.Clause]bool{nil: true}
	var walk func(*pubgrub.Clause)
	walk = func(k *pubgrub.Clause) {
		if seen[k] {
			return
		}
		seen[k] = true
		out = append(out, k)
		walk(k.Left)
		walk(k.Right)
	}
	walk(last)
	return out
}

// maxAlike is how many needs of one package on another are told one by one.
const maxAlike = 2

// summed makes one fact of the many in which versions of one package need
// versions of another.
func summed(facts []Fact) []Fact {
	type pair struct{ of, on string }
	alike := map[pair]int{}
	for _, f := range facts {
		alike[pair{f.Of, f.on}]++
	}
	at := map[pair]int{}
	var out []Fact
	for _, f := range facts {
		key := pair{f.Of, f.on}
		if f.on == "" || f.Of == "" || alike[key] <= maxAlike {
			out = append(out, f)
			continue
		}
		f.Needs += ", or others that do not fit"
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, f)
			continue
		}
		versions := newest(slices.Concat(out[i].Versions, f.Versions))
		if versions[0] == f.Versions[0] {
			out[i].Needs = f.Needs
		}
		out[i].Versions = versions
	}
	return out
}

// newest sorts versions, the newest first, each once.
func newest(versions []string) []string {
	key := func(s string) pep440.Version {
		v, _ := pep440.Parse(s) // they were printed by Version.String
		return v
	}
	slices.SortFunc(versions, func(a, b string) int { return key(b).Compare(key(a)) })
	return slices.Compact(versions)
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
		f := Fact{Of: p.variables[k.Terms[0].Pkg].name, Reason: fmt.Sprint(k.Excluded)}
		for _, v := range p.relevant(k.Terms[0]) {
			f.Versions = append(f.Versions, p.versionText(k.Terms[0].Pkg, v))
		}
		if len(f.Versions) == 0 {
			return nil
		}
		return []Fact{f}
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
		for _, v := range p.relevant(t) {
			for _, s := range p.said[*k.Needed] {
				if s.version != v {
					continue
				}
				i, ok := byText[s.text]
				if !ok {
					i = len(out)
					byText[s.text] = i
					out = append(out, Fact{Of: p.variables[t.Pkg].name, Needs: s.text, on: on.name})
				}
				out[i].Versions = append(out[i].Versions, p.versionText(t.Pkg, v))
			}
		}
	}
	if len(k.Terms) == 1 && k.Terms[0].Pkg != k.Needed.On && len(out) > 0 {
		out = append(out, Fact{Of: on.name, Reason: p.lacking(on.name)})
	}
	return out
}

// relevant lists the versions of a term, newest first. Those that the project's
// own requirements rule out are no news to a reader.
func (p *problem) relevant(t pubgrub.Term) []int {
	all := t.Set.Versions()
	if t.Pkg == pubgrub.Root {
		return all
	}
	name := p.variables[t.Pkg].name
	releases := p.views[name].releases
	asked := slices.DeleteFunc(slices.Clone(all), func(v int) bool { return !p.asks(name, releases[v].version) })
	if len(asked) == 0 && !slices.ContainsFunc(releases, func(r *release) bool { return p.asks(name, r.version) }) {
		asked = all
	}
	slices.SortFunc(asked, func(a, b int) int { return releases[b].version.Compare(releases[a].version) })
	return asked
}

// asks tells whether what the project asks of a name, somewhere, admits v.
func (p *problem) asks(name string, v pep440.Version) bool {
	return !slices.ContainsFunc(p.asked.all, func(q manifest.Requirement) bool {
		where, err := p.where(q.Marker, "", p.on)
		return q.Key() == name && err == nil && where != 0 && !q.Specifiers.Contains(v)
	})
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
