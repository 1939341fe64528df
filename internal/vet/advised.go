package vet

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/component"
	"snug/internal/finding"
	"snug/internal/policy"
	"snug/internal/supplychain"
)

// The ids of what could not be checked.
const (
	NoData       = "no-advisory-data"
	NotChecked   = "not-checked"      // there is a feed for the class, and nothing of it
	NoVersion    = "version-not-told" // no advisory can be held against it
	StaleData    = "stale-advisories"
	FeedNotRead  = "feed-not-read"
	FilesNotSeen = "files-not-seen"
	FilesNotRead = "files-not-read"
	NoMetadata   = "metadata-not-seen"
)

// wide are the findings about the data and not about one component.
func (v *vetting) wide() []finding.Finding {
	about := finding.Finding{Class: finding.Unknown, Component: component.Package, Status: finding.UnderInvestigation, Remedy: "snug advisories update"}
	if v.Advisories == nil {
		about.ID, about.Summary = NoData, v.Missing
		return []finding.Finding{about}
	}
	out := v.unread()
	limit := v.Policy.MaxAdvisoryAge()
	if limit == 0 {
		return out
	}
	for _, f := range v.Advisories.Info().Feeds {
		made, what := f.Newest, "the newest advisory"
		switch {
		case f.Kind == advisory.EPSS || f.Kind == advisory.KEV:
			continue // they tell how grave a hole is, not that it is there
		case f.Kind != advisory.Packages:
			made, what = f.Fetched, "the feed "+string(f.Kind) // little changes there: a quiet month is no old data
		}
		if age := v.Now.Sub(made); age > limit {
			one := about
			one.ID, one.Component = StaleData, component.Class(f.Kind)
			one.Summary = fmt.Sprintf("%s is of %s, %s ago; policy wants data that is not older than %s", what, made.UTC().Format(time.DateOnly), days(age), days(limit))
			if made.IsZero() {
				one.Summary = "no advisory has a date that can be used; policy wants data that is not older than " + days(limit)
			}
			out = append(out, one)
		}
	}
	return out
}

// unread tells of feeds about exploitation that are set and were not read.
func (v *vetting) unread() []finding.Finding {
	if len(v.Unread) == 0 {
		return nil
	}
	return []finding.Finding{{Class: finding.Unknown, ID: FeedNotRead, Component: component.Package, Status: finding.UnderInvestigation,
		Summary: "set and not read: the advisory feed " + strings.Join(v.Unread, ", "), Remedy: "snug advisories update"}}
}

func days(d time.Duration) string {
	n := int(d / (24 * time.Hour))
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// advised are the findings of the advisories against a component.
func (v *vetting) advised(item *Item) []finding.Finding {
	if v.Advisories == nil && item.Class == component.Package {
		return nil // said once, by wide
	}
	m := v.matched[item]
	for _, n := range m.Notes {
		v.notes[n] = true
	}
	switch {
	case !m.Checked && !v.fed(item.Class):
		v.leave(item, m.Reason)
		return nil
	case item.Version == "":
		return []finding.Finding{unknown(item.Component, NoVersion, "its version could not be told, so that no advisory can be held against it")}
	case !m.Checked:
		return []finding.Finding{unknown(item.Component, NotChecked, cmp.Or(m.Reason, "no advisory data for "+string(item.Class)))}
	}
	out := make([]finding.Finding, 0, len(m.Groups)+1) // released has one more
	for _, g := range m.Groups {
		out = append(out, ofGroup(g, item.Component))
	}
	if m.Unread {
		out = append(out, unknown(item.Component, NoVersion, fmt.Sprintf("its version %q cannot be read, so that no range of an advisory can be held against it", item.Version)))
	}
	return out
}

// fed tells whether a class can be held to a feed: one that is set, or one that was
// read all the same.
func (v *vetting) fed(class component.Class) bool {
	if v.Fed(class) || v.Advisories == nil {
		return v.Fed(class)
	}
	_, ok := v.Advisories.Info().Feed(advisory.Kind(class))
	return ok
}

// leave notes a component of a class that nobody set a feed for.
func (v *vetting) leave(item *Item, why string) {
	u := v.unchecked[item.Class]
	if u == nil {
		u = &Unchecked{Class: item.Class, Why: cmp.Or(why, "no feed is set for components of this class")}
		v.unchecked[item.Class] = u
	}
	name := strings.TrimSpace(item.Name + " " + item.Version)
	if item.Owner != "" {
		name += " in " + item.Owner
	}
	u.What = append(u.What, name)
}

// about is a finding on a component, of which only the class and the words are left
// to be said.
func about(c component.Component) finding.Finding {
	return finding.Finding{Package: c.Name, Version: c.Version, Owner: c.Owner, Component: c.Class, PURL: c.PURL, Status: finding.Affected}
}

func unknown(c component.Component, id, why string) finding.Finding {
	f := about(c)
	f.Class, f.ID, f.Summary, f.Status = finding.Unknown, id, why, finding.UnderInvestigation
	return f
}

// ofGroup is the finding that a hole is in a component.
func ofGroup(g advisory.Group, c component.Component) finding.Finding {
	f := about(c)
	f.Class, f.ID, f.Aliases, f.Summary = finding.Vulnerability, g.ID, g.Aliases, g.Summary
	f.Severity, f.Exploitation, f.Fixed = g.Severity, g.Exploitation, g.Fixed
	if g.Malware {
		f.Class = finding.Malware
	}
	for _, r := range g.Records {
		f.Evidence = append(f.Evidence, strings.TrimSuffix(r.ID+": "+r.Evidence.String(), ": "))
	}
	return f
}

// judged is the finding with what policy and the people of the project say of it.
func (v *vetting) judged(rules *policy.Policy, item *Item, f finding.Finding) finding.Finding {
	f.Verdict, f.Reasons = rules.Judge(f)
	if v.Remedy != nil && f.Remedy == "" && f.Verdict != finding.Allow {
		f.Remedy = v.Remedy(f)
	}
	if f.Verdict == finding.Allow {
		return f
	}
	waiver, expired := v.Approvals.Waiver(f, v.Now)
	switch {
	case waiver != nil:
		f.Waiver = waiver.Finding()
		v.waived[*waiver] = true
		f.Reasons = append(f.Reasons, fmt.Sprintf("waived by %s until %s: %s", waiver.By, waiver.Until, waiver.Reason))
		f.Verdict = finding.Allow
	case expired != nil:
		f.Reasons = append(f.Reasons, fmt.Sprintf("policy, since the waiver of %s ended on %s", expired.By, expired.Until))
	}
	if f.Verdict == finding.Review && item != nil && v.approved(item, f) {
		f.Verdict = finding.Allow
	}
	return f
}

// approved tells whether a person looked at what the finding is about, by its bytes. A
// hole is not in what they saw, and neither is what an index says now or what could not
// be looked at: those are waived.
func (v *vetting) approved(item *Item, f finding.Finding) bool {
	if f.Class == finding.Vulnerability || f.Class == finding.Malware || f.Class == finding.Unknown || supplychain.OfNow(f.ID) {
		return false
	}
	var texts []string
	if item.License != nil {
		for _, t := range item.License.Texts {
			texts = append(texts, t.SHA256)
		}
	}
	if _, ok := v.Approvals.Approved(item.Name, item.Files, texts, v.Now); ok {
		return true
	}
	if f.Class != finding.License || item.License == nil {
		return false
	}
	_, ok := v.Approvals.Licensed(item.Name, f.License, texts, v.Now)
	return ok
}

// noteUnused tells of waivers that let nothing pass: what they are of is gone, or they
// name what never was.
func (v *vetting) noteUnused() {
	for _, w := range v.Approvals.Waivers {
		if !v.waived[w] && w.Until >= approvals.Day(v.Now) {
			of := strings.TrimSpace(w.ID + " " + w.Package + " " + w.Version)
			what := "take it out, or correct its id"
			if w.Package == "" {
				what += ", or add its package, which the name of a rule needs"
			}
			v.notes[fmt.Sprintf("%s:%d: the waiver of %s lets nothing pass: %s", approvals.FileName, w.Line, of, what)] = true
		}
	}
}
