package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/component"
	"snug/internal/dist"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/license"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/policy"
)

// judge holds candidates to a project's policy while versions are chosen
// (resolve.Judge). Which runtimes a candidate would be in is not known before there
// is an answer, so it refuses only what the policy of every runtime denies, and leaves
// the rest to vetting (decision 0021). What is not known is no reason to refuse. It is
// safe for concurrent use; nil refuses nothing.
type judge struct {
	db       *advisory.DB // nil: there is none
	rules    []*policy.Policy
	decided  *approvals.File
	now      time.Time
	packages bool            // policy speaks of packages themselves
	licences bool            // it denies some licence
	malware  bool            // nothing else counts
	staying  map[string]bool // "NAME VERSION" of what is locked and stays, unless it is malware

	*judged
}

// judged is what was worked out once, for a judge and those that are made from it.
type judged struct {
	mu       sync.Mutex
	known    map[string][]finding.Finding // by "NAME VERSION": what is known without metadata
	licensed map[string]finding.Finding   // the licences that were denied
	trouble  map[string]bool              // why nothing is known of something
}

// judgeOf is the one for a project; nil where nothing could be refused. The caller
// closes it.
func (e *Engine) judgeOf(ctx context.Context, p *manifest.Project) (*judge, error) {
	if p.Policy == nil {
		return nil, nil // of what something is built with
	}
	whole, err := e.Policy(ctx, p)
	if err != nil {
		e.say("resolve", event.Note, "", fmt.Sprintf("no version is refused by policy: %v", err)) // vetting denies while policy is not whole
		return nil, nil
	}
	j := &judge{now: e.Now(), judged: &judged{known: map[string][]finding.Finding{}, licensed: map[string]finding.Finding{}, trouble: map[string]bool{}}}
	for _, rt := range p.Runtimes {
		j.rules = append(j.rules, whole.For(rt.Name))
	}
	if len(whole.Runtimes()) == 0 {
		j.rules = []*policy.Policy{whole} // the same for all
	}
	for _, r := range j.rules {
		j.packages = j.packages || r.ListsPackages()
		j.licences = j.licences || deniesLicences(r)
	}
	j.db, err = e.Advisories(p)
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		e.say("resolve", event.Note, "", fmt.Sprintf("%s: %v", unadvised, err)) // vetting is incomplete, and says the way out
	}
	if j.db == nil && !j.packages && !j.licences {
		return nil, nil
	}
	j.decided, err = approvals.Read(filepath.Join(p.Root, approvals.FileName))
	return j, err
}

func deniesLicences(p *policy.Policy) bool {
	return slices.ContainsFunc(p.Rules(), func(r policy.Rule) bool {
		return strings.HasPrefix(r.Table, "licenses") && r.Value == string(finding.Deny)
	})
}

func (j *judge) close() {
	if j != nil && j.db != nil {
		_ = j.db.Close() // it was only read
	}
}

// building is the judge for what packages are built with: it does not ship, but it
// runs.
func (j *judge) building() *judge {
	if j == nil {
		return nil
	}
	out := *j
	out.malware = true
	return &out
}

// with is the judge if some findings were waived.
func (j *judge) with(more []approvals.Waiver) *judge {
	out := *j
	decided := *j.decided
	decided.Waivers = slices.Concat(decided.Waivers, more)
	out.decided = &decided
	return &out
}

// Release implements resolve.Judge.
func (j *judge) Release(name string, v pep440.Version) string {
	return because(j.denied(j.about(name, v)))
}

// Metadata implements resolve.Judge.
func (j *judge) Metadata(name string, v pep440.Version, m *dist.Metadata) string {
	if !j.licences || j.malware {
		return ""
	}
	d := license.Declare(license.Fields{Expression: m.LicenseExpression, License: m.License, Classifiers: m.Classifiers})
	if d.Source == license.FromNothing {
		return "" // its files may say it
	}
	f := of(name, v, finding.License, policy.LicenseRule)
	f.License = d.Expression.String()
	denied := j.denied([]finding.Finding{f})
	if len(denied) > 0 {
		j.mu.Lock()
		j.licensed[f.Package+" "+f.Version] = f
		j.mu.Unlock()
	}
	return because(denied)
}

// Holes implements resolve.Judge. A hole is called by the first of all its ids.
func (j *judge) Holes(name string, v pep440.Version) []string {
	var out []string
	for _, f := range j.about(name, v) {
		verdict, _ := j.verdict(f, finding.Worst)
		if (f.Class == finding.Vulnerability || f.Class == finding.Malware) && verdict != finding.Allow {
			out = append(out, slices.Min(append(slices.Clone(f.Aliases), f.ID)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// about is what is known of a release without its metadata.
func (j *judge) about(name string, v pep440.Version) []finding.Finding {
	key := name + " " + v.String()
	j.mu.Lock()
	defer j.mu.Unlock()
	all, ok := j.known[key]
	if ok {
		return all
	}
	if j.packages {
		all = append(all, of(name, v, finding.Breach, policy.PackageRule))
	}
	if j.db != nil {
		m := j.db.Match(component.Component{Class: component.Package, Name: name, Version: v.String()})
		if !m.Checked {
			j.trouble[m.Reason] = true
		}
		for _, g := range m.Groups {
			all = append(all, ofGroup(name, v, g))
		}
	}
	j.known[key] = all
	return all
}

func of(name string, v pep440.Version, class finding.Class, id string) finding.Finding {
	return finding.Finding{Class: class, ID: id, Package: name, Version: v.String(), Component: component.Package, Status: finding.Affected}
}

func ofGroup(name string, v pep440.Version, g advisory.Group) finding.Finding {
	f := of(name, v, finding.Vulnerability, g.ID)
	if g.Malware {
		f.Class = finding.Malware
	}
	f.Aliases, f.Severity, f.Exploitation, f.Fixed = g.Aliases, g.Severity, g.Exploitation, g.Fixed
	return f
}

// verdict is that of all runtimes together, by the mildest or the hardest, with its
// reasons; a waived finding is allowed.
func (j *judge) verdict(f finding.Finding, pick func(...finding.Verdict) finding.Verdict) (finding.Verdict, []string) {
	if f.Class != finding.Malware && (j.malware || j.staying[f.Package+" "+f.Version]) {
		return finding.Allow, nil
	}
	out, reasons := j.rules[0].Judge(f)
	for _, r := range j.rules[1:] {
		v, why := r.Judge(f)
		if pick(out, v) != out {
			out, reasons = v, why
		}
	}
	if out != finding.Allow {
		if w, _ := j.decided.Waiver(f, j.now); w != nil {
			return finding.Allow, nil
		}
	}
	return out, reasons
}

// mildest is the opposite of finding.Worst.
func mildest(all ...finding.Verdict) finding.Verdict {
	for _, v := range finding.Verdicts() {
		if slices.Contains(all, v) {
			return v
		}
	}
	return finding.Allow
}

// denied are the findings for which every runtime's policy refuses a release, the
// gravest first, with their reasons.
func (j *judge) denied(all []finding.Finding) []finding.Finding {
	var out []finding.Finding
	for _, f := range all {
		if f.Verdict, f.Reasons = j.verdict(f, mildest); f.Verdict == finding.Deny {
			out = append(out, f)
		}
	}
	finding.Sort(out)
	return out
}

// because is why a release is refused, in one line: the gravest reason with the rule,
// and how many there are besides.
func because(denied []finding.Finding) string {
	if len(denied) == 0 {
		return ""
	}
	f := denied[0]
	text := f.ID
	switch f.Class {
	case finding.Vulnerability:
		text = fmt.Sprintf("%s (%s)", f.ID, strings.Join(gist(f), ", "))
	case finding.Malware:
		text = f.ID + " (malware)"
	case finding.License:
		text = "licence " + f.License
	case finding.Breach:
		text = "the package itself"
	}
	if n := len(denied) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text + ", by " + strings.TrimPrefix(strings.Join(f.Reasons, "; "), f.License+": ")
}

// gist is what decides about a vulnerability.
func gist(f finding.Finding) []string {
	level := finding.NotRated
	if f.Severity != nil {
		level = f.Severity.Level
	}
	out := []string{string(level)}
	if level == finding.NotRated {
		out = []string{"not rated"}
	}
	if f.Exploitation != nil && f.Exploitation.KEV {
		out = append(out, "exploited")
	}
	if len(f.Fixed) > 0 {
		out = append(out, "fixed in "+f.Fixed[0])
	}
	return out
}

// grounds are the findings for which a release is refused, also those that were found
// in its metadata.
func (j *judge) grounds(name string, v pep440.Version) []finding.Finding {
	all := slices.Clone(j.about(name, v))
	j.mu.Lock()
	if f, ok := j.licensed[name+" "+v.String()]; ok {
		all = append(all, f)
	}
	j.mu.Unlock()
	return j.denied(all)
}

const unadvised = "no version is refused by advisories"

// sayTrouble tells why nothing was known of what was judged.
func (j *judge) sayTrouble(e *Engine) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, why := range slices.Sorted(maps.Keys(j.trouble)) {
		e.say("resolve", event.Note, "", unadvised+": "+why)
	}
}

// cheapest orders ways out of a refusal: the fewest findings to live with, then the
// mildest.
func cheapest(a, b []finding.Finding) int {
	return cmp.Or(len(a)-len(b), cmp.Compare(gravity(b), gravity(a)))
}

// gravity is the place of the gravest finding in the order of what is grave: malware
// comes before all levels.
func gravity(all []finding.Finding) int {
	worst := len(finding.Levels())
	for _, f := range all {
		at := len(finding.Levels()) - 1 // a licence, a list
		switch {
		case f.Class == finding.Malware:
			at = -2
		case f.Exploitation != nil && f.Exploitation.KEV:
			at = -1
		case f.Class == finding.Vulnerability && f.Severity == nil:
			at = slices.Index(finding.Levels(), finding.NotRated)
		case f.Class == finding.Vulnerability:
			at = slices.Index(finding.Levels(), f.Severity.Level)
		}
		worst = min(worst, at)
	}
	return worst
}
