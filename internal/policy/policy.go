// Package policy is the rules by which findings are judged: which may ship, which a
// person must look at, which stop a build. It is a document: [tool.snug.policy] of a
// project, over a shared file, over what snug has built in. It finds nothing, opens no
// file and no connection, and knows no clock.
//
// The hard idea: a rule is one cell of a table, and merging is that the later file's
// cell replaces the earlier one's. So the order of files is all there is to know, each
// cell remembers the place where it was written, and a verdict's reasons are the cells
// that made it.
package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"snug/internal/fault"
	"snug/internal/finding"
)

// Limits of what is read.
const (
	MaxFile   = 1 << 20 // bytes of a shared file
	maxRules  = 2000    // in one file
	maxShared = 8       // files that extend one another
)

// Context is how what is built reaches others: copyleft licences ask for different
// things in each.
type Context string

// The contexts.
const (
	Internal Context = "internal" // used inside the organisation
	Service  Context = "service"  // others use it over a network
	Shipped  Context = "shipped"  // others get a copy
)

// Contexts are all of them.
func Contexts() []string { return []string{string(Internal), string(Service), string(Shipped)} }

// Policy is what judges findings. It is not changed once it is made, and safe for
// concurrent use. While Extends tells of a shared policy that is still missing, it
// denies everything.
type Policy struct {
	layers  []layer // from the weakest, the built-in one not among them
	extends *Source
	runtime string
	rules   section
	ids     []idRule // of rules: those of licences by identifier
}

// layer is what one file says.
type layer struct {
	file     string
	source   Source // where it came from; zero: the project
	general  section
	runtimes map[string]section
}

// Source is where a shared policy is.
type Source struct {
	Path   string // absolute; "": by URL
	Name   string // what messages call it: a path as it is written, seen from the first file, or the address
	URL    string
	SHA256 string // hex; of a URL, what the file must have
	Place  string // "pyproject.toml:12", for messages
}

// Default is the built-in policy: what holds where nobody says anything.
func Default() *Policy { return build(nil, nil, "") }

// build merges the layers for a runtime; "" is what holds for every runtime.
func build(layers []layer, extends *Source, runtime string) *Policy {
	p := &Policy{layers: layers, extends: extends, runtime: runtime}
	var said section
	for _, l := range layers {
		said = said.under(l.general)
	}
	for _, l := range layers {
		if of, ok := l.runtimes[runtime]; ok && runtime != "" {
			said = said.under(of)
		}
	}
	context := Service
	if r, ok := said.tables[top]["context"]; ok {
		context = Context(r.value)
	}
	p.rules = builtIn(context).under(said)
	p.ids = idRules(p.rules.tables[licenses])
	return p
}

// For is the policy for one runtime: what is said for it speaks over what is said for
// all, in whichever file either stands.
func (p *Policy) For(runtime string) *Policy { return build(p.layers, p.extends, runtime) }

// Runtimes are those that have rules of their own, sorted.
func (p *Policy) Runtimes() []string {
	names := map[string]bool{}
	for _, l := range p.layers {
		for name := range l.runtimes {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Extends is the shared policy that p is to be put over and that is not here yet.
func (p *Policy) Extends() (Source, bool) {
	if p.extends == nil {
		return Source{}, false
	}
	return *p.extends, true
}

// Over is p over base: where both say something, p does. It is associative, and what
// base still extends is extended by the result.
func (p *Policy) Over(base *Policy) *Policy {
	return build(slices.Concat(base.layers, p.layers), base.extends, p.runtime)
}

// Complete brings the shared policies that p extends, one after the other: read gives
// the text of one, or ok false to leave it, and what it extends, to a later caller.
func (p *Policy) Complete(read func(Source) (text []byte, ok bool, err error)) (*Policy, error) {
	for p.extends != nil {
		next := *p.extends
		if err := p.another(next); err != nil {
			return nil, err
		}
		text, ok, err := read(next)
		if err != nil || !ok {
			return p, err
		}
		base, err := parse(next, text)
		if err != nil {
			return nil, err
		}
		p = p.Over(base)
	}
	return p, nil
}

// another refuses a shared policy that is there already, or is one too many.
func (p *Policy) another(next Source) error {
	for _, l := range p.layers {
		if l.source.Path == next.Path && l.source.URL == next.URL && l.source != (Source{}) {
			return fault.New(fault.Input, "take one extends out", "%s: %s extends itself, by way of others", next.Place, l.file)
		}
	}
	if len(p.layers) > maxShared {
		return fault.New(fault.Input, "put the rules into fewer files", "%s: more than %d policies extend one another", next.Place, maxShared)
	}
	return nil
}

// Context is how what is built reaches others.
func (p *Policy) Context() Context { return Context(p.rules.tables[top]["context"].value) }

// Unknown is the verdict on what could not be checked.
func (p *Policy) Unknown() finding.Verdict { return p.rules.tables[top]["unknown"].verdict }

// MaxAdvisoryAge is how old advisory data may be and still count as an answer; 0: any
// age.
func (p *Policy) MaxAdvisoryAge() time.Duration { return p.rules.tables[top]["max-advisory-age"].age }

// Rule is one cell of a policy, for showing.
type Rule struct {
	Table string `json:"table,omitempty"` // "vulnerabilities"; "" is the top
	Key   string `json:"key"`
	Value string `json:"value"`
	Why   string `json:"why,omitempty"`
	Place string `json:"place"` // "pyproject.toml line 14", or "built-in policy"
}

// Rules are all cells in force, by table and key.
func (p *Policy) Rules() []Rule {
	var out []Rule
	for _, table := range []string{top, vulnerabilities, licenses, signs} {
		cells := p.rules.tables[table]
		for _, key := range slices.SortedFunc(maps.Keys(cells), byWeight(table)) {
			c := cells[key]
			out = append(out, Rule{table, key, c.value, c.why, c.place})
		}
	}
	for _, r := range p.rules.exceptions {
		out = append(out, Rule{licenses + ".packages", r.text, string(r.verdict), r.why, r.place})
	}
	for _, r := range p.rules.packages {
		out = append(out, Rule{packages, r.text, string(r.verdict), r.why, r.place})
	}
	others := p.rules.tables[packages][othersKey]
	return append(out, Rule{packages, othersKey, others.value, others.why, others.place})
}

// byWeight orders keys as the built-in table does, and what it does not have behind
// them by name.
func byWeight(table string) func(a, b string) int {
	order := builtInKeys(table)
	weight := func(key string) int {
		if i := slices.Index(order, key); i >= 0 {
			return i
		}
		return len(order)
	}
	return func(a, b string) int {
		if d := weight(a) - weight(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	}
}

// The tables of a policy; top is its own keys.
const (
	top             = ""
	vulnerabilities = "vulnerabilities"
	licenses        = "licenses"
	signs           = "signs"
	packages        = "packages"
)

// cell is one rule with what a reader is told of it.
type cell struct {
	verdict finding.Verdict
	age     time.Duration
	value   string // as it is written
	why     string // the reason that its author gave
	place   string
	reason  string // all of it: the rule with its place
}

// section is the cells of one layer, or of several merged.
type section struct {
	tables     map[string]map[string]cell
	exceptions []listed // of licences, for packages; a later one speaks first
	packages   []listed
}

// under is s with over put on it. It is associative, and s stays as it is.
func (s section) under(over section) section {
	merged := section{
		tables:     map[string]map[string]cell{},
		exceptions: slices.Concat(s.exceptions, over.exceptions),
		packages:   slices.Concat(s.packages, over.packages),
	}
	for _, from := range []section{s, over} {
		for name, cells := range from.tables {
			if merged.tables[name] == nil {
				merged.tables[name] = map[string]cell{}
			}
			maps.Copy(merged.tables[name], cells)
		}
	}
	return merged
}

// set puts a cell in.
func (s *section) set(table, key string, c cell) {
	if s.tables == nil {
		s.tables = map[string]map[string]cell{}
	}
	if s.tables[table] == nil {
		s.tables[table] = map[string]cell{}
	}
	s.tables[table][key] = c
}

// told is the reason of a rule: "[tool.snug.policy.signs] yanked = deny, pyproject.toml
// line 14: why".
func told(table, key, value, place, why string) string {
	text := fmt.Sprintf("%s = %s, %s", key, value, place)
	if table != "" {
		text = "[" + table + "] " + text
	}
	if why != "" {
		text += ": " + why
	}
	return text
}
