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
)

// The ids of what could not be checked.
const (
	NoData       = "no-advisory-data"
	NotChecked   = "not-checked"      // there is a feed for the class, and nothing of it
	NoVersion    = "version-not-told" // no advisory can be held against it
	StaleData    = "stale-advisories"
	FeedNotRead  = "feed-not-read"
	FilesNotSeen = "files-not-seen"
	NoMetadata   = "metadata-not-seen"
)

// wide are the findings about the data and not about one component.
func (v *vetting) wide() []finding.Finding {
	about := finding.Finding{Class: finding.Unknown, Component: component.Package, Status: finding.UnderInvestigation, Remedy: "snug advisories update"}
	if v.Advisories == nil {
		about.ID, about.Summary = NoData, v.Missing
		return []finding.Finding{about}
	}
	all := v.unread()
	info := v.Advisories.Info()
	age, limit := v.Now.Sub(info.Made), v.Policy.MaxAdvisoryAge()
	if limit == 0 || age <= limit {
		return all
	}
	about.ID = StaleData
	if info.Made.IsZero() {
		about.Summary = "no advisory has a date that can be used; policy wants data that is not older than " + days(limit)
		return append(all, about)
	}
	about.Summary = fmt.Sprintf("the newest advisory is of %s, %s ago; policy wants data that is not older than %s", info.Made.UTC().Format(time.DateOnly), days(age), days(limit))
	return append(all, about)
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
	m := v.matched[key(item.Component)]
	for _, n := range m.Notes {
		v.notes[n] = true
	}
	switch {
	case !m.Checked && !v.Fed(item.Class):
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
	return out
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

// approved tells whether a person looked at what the finding is about, by its bytes.
func (v *vetting) approved(item *Item, f finding.Finding) bool {
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
			v.notes[fmt.Sprintf("%s:%d: the waiver of %s lets nothing pass: take it out, or correct its id", approvals.FileName, w.Line, of)] = true
		}
	}
}
