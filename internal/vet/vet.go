// Package vet says what is known against the components of each runtime:
// vulnerabilities and malware by the advisories, licences by what they declare and
// by the texts that ship, signs of a bad release, and all that could not be
// checked. It asks nobody: components, facts and data are handed in.
//
// The hard idea: nothing passes by not being looked at. A component without a
// version, a class whose feed cannot be read, a wheel whose files nobody has seen
// are findings of class Unknown, and policy says what becomes of them; only a class
// for which no feed is set at all is listed apart, since that is a decision.
package vet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/component"
	"snug/internal/finding"
	"snug/internal/license"
	"snug/internal/licensetext"
	"snug/internal/policy"
)

// Input is all that a report depends on: the same input gives the same report.
type Input struct {
	Runtimes   []Runtime // innermost first
	Advisories *advisory.DB
	Missing    string                     // why Advisories is nil
	Unread     []string                   // kinds of feed that are set and were not read, of those that are about no class of component
	Fed        func(component.Class) bool // a feed is set for the class
	Policy     *policy.Policy
	Approvals  *approvals.File
	Signs      []finding.Finding // about releases, not judged yet; each by package and version
	Unasked    []string          // what was not looked at because nothing is set for it
	Whole      bool              // these are all runtimes, and the indexes were asked: a waiver that nothing needs is told
	Now        time.Time
	Remedy     func(finding.Finding) string // what mends a finding; nil: nothing is known
}

// Runtime is one runtime and what is in it.
type Runtime struct {
	Name  string
	Items []Item
	Signs []finding.Finding // about files of no item, not judged yet
}

// Item is one component of a runtime.
type Item struct {
	component.Component
	Via     []string       // the shortest chain from what is asked for to it
	Targets []string       // where it is, if not on all
	Where   advisory.Where // what overlays may ask
	License *License       // nil: its owner's
	Unseen  string         // why its files were not looked at; "": they were
	Unread  []string       // what of its files could not be read, and why
	Files   []string       // SHA-256 of what the lock has of it: approvals are about these
	File    string         // that says its version, and the line in it
	Line    int
}

// License is what is known of a package's licence.
type License struct {
	Missing  string // why nothing is known; "": the rest holds
	Declared license.Declared
	Texts    []licensetext.Text
}

// Report is what vetting found, judged.
type Report struct {
	Runtimes   []Row             `json:"runtimes"` // innermost first
	Findings   []finding.Finding `json:"findings"` // as finding.Sort has them; a finding is told once for all runtimes where the verdict is the same
	Unchecked  []Unchecked       `json:"unchecked"`
	Advisories *advisory.Info    `json:"advisories,omitempty"` // nil: there are none
	Notes      []string          `json:"notes,omitempty"`      // of the data: records that cannot be read in full, waivers that ended
	Verdict    finding.Verdict   `json:"verdict"`
	Incomplete bool              `json:"incomplete"` // something is unknown or waits for a person
}

// Unchecked is a class of component for which no feed is set.
type Unchecked struct {
	Class  component.Class `json:"class,omitempty"`
	What   []string        `json:"what"` // "openssl 3.0.13 in cryptography", sorted
	Why    string          `json:"why"`
	Remedy string          `json:"remedy,omitempty"`
}

// Row sums up one runtime.
type Row struct {
	Name       string                `json:"name"`
	Packages   int                   `json:"packages"`
	Components int                   `json:"components"` // packages, the interpreter, and what is inside them
	Levels     map[finding.Level]int `json:"levels"`     // vulnerabilities that are not waived
	Malware    int                   `json:"malware"`
	Licenses   int                   `json:"licenses"`
	Signs      int                   `json:"signs"`
	Unknown    int                   `json:"unknown"`
	Waived     int                   `json:"waived"`
	Verdict    finding.Verdict       `json:"verdict"`
}

// The exit codes of a check.
const (
	ExitClean      = 0 // by policy
	ExitDenied     = 1
	ExitIncomplete = 3
)

// Exit is the code that the report ends a command with.
func (r *Report) Exit() int {
	switch {
	case r.Verdict == finding.Deny:
		return ExitDenied
	case r.Incomplete:
		return ExitIncomplete
	}
	return ExitClean
}

// Vet makes the report.
func Vet(in Input) *Report {
	v := vetting{Input: in, unchecked: map[component.Class]*Unchecked{}, notes: map[string]bool{}, waived: map[approvals.Waiver]bool{}}
	out := &Report{Unchecked: []Unchecked{}}
	if in.Advisories != nil {
		info := in.Advisories.Info()
		out.Advisories = &info
	}
	v.match()
	holes := 0
	for _, m := range v.matched {
		holes += len(m.Groups)
	}
	merged := merging{findings: make([]finding.Finding, 0, holes), at: make(map[string]int, holes)}
	for _, r := range in.Runtimes {
		out.Runtimes = append(out.Runtimes, v.runtime(r, &merged))
	}
	out.Findings = merged.findings
	finding.Sort(out.Findings)
	for _, class := range component.Classes() {
		if u := v.unchecked[class]; u != nil {
			slices.Sort(u.What)
			u.What = slices.Compact(u.What) // it may be in several runtimes
			out.Unchecked = append(out.Unchecked, *u)
		}
	}
	for _, what := range slices.Compact(slices.Sorted(slices.Values(in.Unasked))) {
		what, why, _ := strings.Cut(what, ": ")
		out.Unchecked = append(out.Unchecked, Unchecked{What: []string{what}, Why: why})
	}
	if in.Whole {
		v.noteUnused()
	}
	for _, note := range v.Approvals.Notes(in.Now, nil) {
		v.notes[note] = true
	}
	out.Notes = slices.Sorted(maps.Keys(v.notes))
	for _, f := range out.Findings {
		out.Verdict = finding.Worst(out.Verdict, f.Verdict)
		out.Incomplete = out.Incomplete || open(f)
	}
	return out
}

// vetting is one run.
type vetting struct {
	Input
	matched   map[*Item]advisory.Matched // what the advisories say of a component where it is
	unchecked map[component.Class]*Unchecked
	notes     map[string]bool
	waived    map[approvals.Waiver]bool
}

// runtime judges every component of one runtime by the runtime's rules.
func (v *vetting) runtime(r Runtime, merged *merging) Row {
	row := Row{Name: r.Name, Components: len(r.Items), Levels: map[finding.Level]int{}, Verdict: finding.Allow}
	rules := v.Policy.For(r.Name)
	judge := func(item *Item, f finding.Finding) {
		if f = v.judged(rules, item, f); dropped(f) {
			return
		}
		if merged.add(f, r.Name) {
			row.count(f)
		}
	}
	for _, f := range append(v.wide(), r.Signs...) {
		judge(nil, f)
	}
	for i := range r.Items {
		item := &r.Items[i]
		if item.Class == component.Package && item.Owner == "" {
			row.Packages++
		}
		for _, f := range v.against(item) {
			f.Via, f.Targets, f.File, f.Line = item.Via, item.Targets, item.File, item.Line
			judge(item, f)
		}
	}
	return row
}

// dropped tells of a finding that nobody needs to see: policy allows what it is of.
// Vulnerabilities are told whatever policy says of them, and so is what is waived.
func dropped(f finding.Finding) bool {
	return f.Verdict == finding.Allow && f.Waiver == nil && f.Class != finding.Vulnerability
}

// key tells components apart: the same library in two wheels is two.
func key(c component.Component) string {
	return strings.Join([]string{string(c.Class), c.Name, c.Version, c.Owner}, "\x00")
}

// against is what is known against a component where it is.
func (v *vetting) against(item *Item) []finding.Finding {
	all := v.advised(item)
	if item.Unseen != "" {
		all = append(all, unknown(item.Component, FilesNotSeen, item.Unseen))
	}
	if len(item.Unread) > 0 {
		why := "not all of it could be read: " + item.Unread[0]
		if more := len(item.Unread) - 1; more > 0 {
			why += fmt.Sprintf(", and %d more", more)
		}
		f := unknown(item.Component, FilesNotRead, why)
		f.Evidence = item.Unread
		all = append(all, f)
	}
	if item.Class == component.Package && item.Owner == "" {
		all = append(all, v.released(item)...)
	}
	return all
}

// open tells whether a finding leaves the check incomplete.
func open(f finding.Finding) bool {
	return f.Verdict == finding.Review || f.Class == finding.Unknown && f.Verdict != finding.Allow
}

func (r *Row) count(f finding.Finding) {
	r.Verdict = finding.Worst(r.Verdict, f.Verdict)
	if f.Waiver != nil {
		r.Waived++
		return
	}
	switch f.Class {
	case finding.Malware:
		r.Malware++
	case finding.Vulnerability:
		level := finding.NotRated
		if f.Severity != nil {
			level = f.Severity.Level
		}
		r.Levels[level]++
	case finding.License:
		r.Licenses++
	case finding.SupplyChain:
		r.Signs++
	case finding.Unknown:
		r.Unknown++
	}
}

// merging tells a finding once for all runtimes in which its verdict is the same.
type merging struct {
	findings []finding.Finding
	at       map[string]int
}

// add tells whether the finding is new for the runtime. One that is told already, of
// another target or another copy, brings its evidence and its targets.
func (m *merging) add(f finding.Finding, runtime string) bool {
	id := strings.Join([]string{key(component.Component{Class: f.Component, Name: f.Package, Version: f.Version, Owner: f.Owner}), string(f.Class), f.ID, string(f.Verdict)}, "\x00")
	i, ok := m.at[id]
	if !ok {
		m.at[id] = len(m.findings)
		f.Runtimes = []string{runtime}
		m.findings = append(m.findings, f)
		return true
	}
	told := &m.findings[i]
	told.Evidence = united(told.Evidence, f.Evidence)
	if len(f.Targets) == 0 || len(told.Targets) == 0 {
		told.Targets = nil // on all
	} else {
		told.Targets = united(told.Targets, f.Targets)
	}
	if slices.Contains(told.Runtimes, runtime) {
		return false
	}
	told.Runtimes = append(told.Runtimes, runtime)
	return true
}

// united is list with what it lacks of more, in a list of its own where that is anything.
func united(list, more []string) []string {
	for _, one := range more {
		if !slices.Contains(list, one) {
			list = append(slices.Clip(list), one)
		}
	}
	return list
}
