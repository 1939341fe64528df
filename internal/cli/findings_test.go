package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"snug/internal/component"
	"snug/internal/engine"
	"snug/internal/event"
	"snug/internal/finding"
	"snug/internal/vet"
)

// someFindings are of three packages, one of them in dev only, one with many holes
// that one version closes.
func someFindings() gathered {
	both := []string{"prod", "dev"}
	g := gathered{
		tallies: []vet.Row{
			{Name: "prod", Packages: 2, Components: 9, Levels: map[finding.Level]int{finding.Critical: 1, finding.High: 5, finding.NotRated: 1}, Licenses: 1, Unknown: 1, Verdict: finding.Deny},
			{Name: "dev", Packages: 3, Components: 10, Levels: map[finding.Level]int{finding.Critical: 1, finding.High: 5, finding.NotRated: 2}, Licenses: 1, Unknown: 1, Verdict: finding.Deny},
		},
		unchecked: []vet.Unchecked{{What: []string{"openssl 3.0.13", "zlib 1.3"}, Why: "no feed speaks of native libraries", Remedy: "set advisories.native in [tool.snug]"}},
	}
	for i := range 6 {
		level, score := finding.High, 7.5
		f := finding.Finding{Class: finding.Vulnerability, ID: fmt.Sprintf("PYSEC-2024-%d", i+1), Aliases: []string{fmt.Sprintf("CVE-2024-%d", 100+i)}, Package: "jinja2", Version: "2.11.2",
			Component: component.Package, Summary: "A filter\x1b[2J lets scripts through", Fixed: []string{fmt.Sprintf("3.1.%d", 5+i)}, Status: finding.Affected, Runtimes: both,
			Via: []string{"flask 1.1.2", "jinja2"}, Verdict: finding.Deny, Reasons: []string{"[vulnerabilities] high = deny"}, Remedy: fmt.Sprintf("snug add 'jinja2>=3.1.%d'", 5+i), File: "my lock.toml", Line: 12}
		if i == 5 {
			level, score = finding.Critical, 9.8
			f.Exploitation = &finding.Exploitation{KEV: true, KEVAdded: "2024-05-01", Ransomware: true, EPSS: 0.4321}
		}
		f.Severity = &finding.Severity{Level: level, Score: score}
		g.findings = append(g.findings, f)
	}
	g.findings = append(g.findings,
		finding.Finding{Class: finding.License, ID: "license-contradiction", Package: "chardet", Version: "3.0.4", Component: component.Package, Summary: "declared MIT, its text is LGPL-2.1",
			Status: finding.UnderInvestigation, Runtimes: both, Verdict: finding.Review, Evidence: []string{"LICENSE: LGPL-2.1-or-later, 98 %"}, Reasons: []string{"[licenses] contradiction = review"}, Remedy: "snug approve chardet"},
		finding.Finding{Class: finding.Vulnerability, ID: "PYSEC-2023-9", Package: "pip", Version: "23.0", Component: component.Package, Status: finding.Affected, Runtimes: []string{"dev"}, Verdict: finding.Warn},
		finding.Finding{Class: finding.Vulnerability, ID: "PYSEC-2023-8", Package: "pip", Version: "23.0", Component: component.Package, Status: finding.Affected, Runtimes: []string{"dev"}, Verdict: finding.Warn,
			Waiver: &finding.Waiver{By: "ann", Reason: "not reachable", Until: "2027-01-01"}},
		finding.Finding{Class: finding.Unknown, ID: "unpinned", Package: "flask", Component: component.Package, Summary: "no version is pinned", Status: finding.UnderInvestigation, Runtimes: both, Verdict: finding.Warn},
	)
	finding.Sort(g.findings)
	return g
}

func shownAs(t *testing.T, as form, g gathered) string {
	t.Helper()
	var out bytes.Buffer
	if err := as(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFindingsText(t *testing.T) {
	want := `In prod

jinja2 2.11.2: 6 findings, denied
  through flask 1.1.2 → jinja2
  PYSEC-2024-6 CVE-2024-105  critical 9.8, exploited, by CISA since 2024-05-01, by ransomware too, EPSS 43.2 %, fixed in 3.1.10
      A filter[2J lets scripts through
  PYSEC-2024-1 CVE-2024-100  high 7.5, fixed in 3.1.5
      A filter[2J lets scripts through
  PYSEC-2024-2 CVE-2024-101  high 7.5, fixed in 3.1.6
      A filter[2J lets scripts through
  PYSEC-2024-3 CVE-2024-102  high 7.5, fixed in 3.1.7
      A filter[2J lets scripts through
  and 2 more
  denied by [vulnerabilities] high = deny
  → snug add 'jinja2>=3.1.10'

chardet 3.0.4: 1 finding, to be reviewed
  license-contradiction  licence
      declared MIT, its text is LGPL-2.1
      LICENSE: LGPL-2.1-or-later, 98 %
  to be reviewed by [licenses] contradiction = review
  → snug approve chardet

In dev, not in prod

pip 23.0: 2 findings, warned of
  PYSEC-2023-8  not rated, no fix stated
      waived until 2027-01-01 by ann: not reachable
  and 1 more

not checked: openssl 3.0.13, zlib 1.3
      no feed speaks of native libraries
  → set advisories.native in [tool.snug]

not checked: flask
      no version is pinned

3 findings held back: --all shows them

      PACKAGES  COMPONENTS  CRITICAL  HIGH  NOT RATED  MEDIUM  LOW  MALWARE  LICENCES  SIGNS  UNKNOWN  VERDICT
prod  2         9           1         5     1          0       0    0        1         0      1        deny
dev   3         10          1         5     2          0       0    0        1         0      1        deny
`
	if got := shownAs(t, text(false), someFindings()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	all := shownAs(t, text(true), someFindings())
	if got := strings.Count(all, "denied by"); got != 1 {
		t.Errorf("the reason is told %d times", got)
	}
	for _, f := range someFindings().findings {
		if f.Class != finding.Unknown && !strings.Contains(all, f.ID) {
			t.Errorf("--all does not show %s", f.ID)
		}
	}
	if strings.Contains(all, "held back") {
		t.Error("--all holds back")
	}
}

// What is to be done, and where a rule stands, is told whole; words of others are cut.
func TestFindingsTextTellsRemediesWhole(t *testing.T) {
	g := someFindings()
	long := strings.Repeat("long ", 60) + "end"
	for i := range g.findings {
		f := &g.findings[i]
		f.Summary, f.Remedy, f.Reasons = long, "do it "+long, []string{"[x] y = z, " + long}
	}
	got := shownAs(t, text(false), g)
	for _, want := range []string{"→ do it " + long, "by [x] y = z, " + long, "      long long"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "\n      "+long) && !strings.Contains(got, "not checked") {
		t.Error("a summary is told whole")
	}
}

// A package that two locks have is not said to be in one alone.
func TestFindingsTextOfTwoFiles(t *testing.T) {
	g := gathered{tallies: []vet.Row{{Name: "a.lock"}, {Name: "b.lock"}, {Name: "c.lock"}}}
	for _, name := range []string{"a.lock", "b.lock"} {
		g.findings = append(g.findings, finding.Finding{Class: finding.Vulnerability, ID: "X-1", Package: "web", Version: "1", Runtimes: []string{name}, Verdict: finding.Deny})
	}
	g.findings = append(g.findings, finding.Finding{Class: finding.Vulnerability, ID: "X-2", Package: "other", Version: "1", Runtimes: []string{"c.lock"}, Verdict: finding.Deny})
	got := shownAs(t, text(false), g)
	for _, want := range []string{"In a.lock\n", "In b.lock\n", "In c.lock, not in a.lock or b.lock\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// A finding about the data as a whole names no package.
func TestSARIFOfTheData(t *testing.T) {
	g := gathered{findings: []finding.Finding{{Class: finding.Unknown, ID: "stale-advisories", Summary: "too old", Verdict: finding.Warn}}}
	var log sarifLog
	if err := json.Unmarshal([]byte(shownAs(t, sarif, g)), &log); err != nil {
		t.Fatal(err)
	}
	r := log.Runs[0].Results[0]
	if r.Message.Text != "stale-advisories. too old" || len(r.Locations[0].Logical) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestSARIF(t *testing.T) {
	g := someFindings()
	var log sarifLog
	if err := json.Unmarshal([]byte(shownAs(t, sarif, g)), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != len(g.findings) || run.Invocations[0].Successful || len(run.Invocations[0].Notifications) != 1 {
		t.Errorf("%d results, invocation %+v", len(run.Results), run.Invocations)
	}
	seen := map[string]bool{}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("%s has the rule %s", r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		}
		if print := r.Fingerprints["snugFinding/v1"]; seen[print] || print == "" {
			t.Errorf("%s has the fingerprint %q of another", r.RuleID, print)
		} else {
			seen[print] = true
		}
		switch r.RuleID {
		case "PYSEC-2024-6":
			place := r.Locations[0]
			if r.Level != "error" || place.Physical.Artifact.URI != "my%20lock.toml" || place.Physical.Region.StartLine != 12 || place.Logical[0].Full != "flask 1.1.2/jinja2@2.11.2" {
				t.Errorf("%+v at %+v", r, place)
			}
		case "PYSEC-2023-8":
			if len(r.Suppressions) != 1 || r.Suppressions[0].Justification != "ann, until 2027-01-01: not reachable" {
				t.Errorf("suppressions %+v", r.Suppressions)
			}
		}
	}
}

// A finding is the same one after its package moved in the lock.
func TestFingerprintStays(t *testing.T) {
	a := someFindings().findings[0]
	b := a
	b.Version, b.Line, b.Runtimes = "2.11.3", 99, nil
	if fingerprint(a) != fingerprint(b) {
		t.Error("the fingerprint moves with the version")
	}
	if b.Owner = "other"; fingerprint(a) == fingerprint(b) {
		t.Error("what another package carries has the same fingerprint")
	}
}

func TestFindingsPageEscapes(t *testing.T) {
	g := someFindings()
	g.findings[0].Summary = `</td><script>alert(1)</script>`
	g.findings[0].ID = `PYSEC-1"onmouseover="x`
	g.findings[0].Via = []string{"<b>", "jinja2"}
	g.tallies[0].Name = "<i>prod</i>"
	out := shownAs(t, html, g)
	for _, bad := range []string{"<script", "<b>", "<i>", `"onmouseover`} {
		if strings.Contains(out, bad) {
			t.Errorf("the page has %s in it", bad)
		}
	}
	for _, want := range []string{"&lt;script&gt;", "Not checked", "no feed speaks of native libraries", "no version is pinned", "https://osv.dev/vulnerability/PYSEC-2024-1"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

// What is no finding goes on to the handler for people; with --json everything is
// a line.
func TestGatherer(t *testing.T) {
	var said, events bytes.Buffer
	g := &gatherer{to: event.NewJSON(&said, time.Now)}
	for _, h := range []event.Handler{g, event.NewJSON(&events, time.Now)} {
		h.Handle(event.Event{Stage: "vet", Kind: event.Note, Message: "data of 2 days"})
		h.Handle(event.Event{Stage: "vet", Kind: event.Finding, Finding: &finding.Finding{Class: finding.Vulnerability, ID: "X-1", Package: "a", Version: "1"}})
		h.Handle(event.Event{Stage: "vet", Kind: event.Finding, Subject: "prod", Data: vet.Row{Name: "prod"}})
		h.Handle(event.Event{Stage: "vet", Kind: event.Note, Data: vet.Unchecked{What: []string{"b"}, Why: "none"}})
	}
	if strings.Count(said.String(), "\n") != 1 || len(g.all.findings) != 1 || len(g.all.tallies) != 1 || len(g.all.unchecked) != 1 {
		t.Errorf("said %s, gathered %+v", said.String(), g.all)
	}
	if !strings.Contains(events.String(), `"aliases":[],`) || !strings.Contains(events.String(), `"severity":null,"fixed":[],"status":"","via":[]`) {
		t.Errorf("a finding lacks fields: %s", events.String())
	}
	if !strings.Contains(events.String(), `"kind":"finding","class":"vulnerability","id":"X-1"`) || strings.Count(events.String(), "\n") != 4 {
		t.Errorf("events %s", events.String())
	}
}

func TestFindingsTextStopsAtABrokenPipe(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	if err := text(false)(w, someFindings()); err == nil {
		t.Error("a failed write is passed over")
	}
}

func TestReviewPageEscapes(t *testing.T) {
	var out bytes.Buffer
	r := &engine.Review{From: "<b>", To: `"<i>"`, Changes: []engine.Reviewed{{Package: "<script>alert(1)</script>", Kind: engine.Moved, Before: "1", After: "2",
		Texts: []engine.TextChange{{Path: "LICENSE", Diff: []string{"+  </pre><script>", "-  gone", "   same"}}}}}}
	if err := reviewHTML(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<b>", "<i>", "%!"} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("the page has %s in it", bad)
		}
	}
	for _, want := range []string{`<span class="plus">+  &lt;/pre&gt;&lt;script&gt;</span>`, `<span class="minus">-  gone</span>`, `<span class="same">   same</span>`, "&lt;script&gt;alert(1)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page has no %s: %s", want, out.String())
		}
	}
}
