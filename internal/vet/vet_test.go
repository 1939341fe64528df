package vet_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/component"
	"snug/internal/dist"
	"snug/internal/finding"
	"snug/internal/licensetext"
	"snug/internal/policy"
	"snug/internal/vet"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const hole = `{"id":"PYSEC-2026-1","modified":"2026-05-30T00:00:00Z","aliases":["CVE-2026-1"],"summary":"a hole",
"affected":[{"package":{"ecosystem":"PyPI","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"}]}]}],
"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]}`

func data(t *testing.T, records ...string) *advisory.DB {
	t.Helper()
	dir := t.TempDir()
	for i, r := range records {
		if err := os.WriteFile(filepath.Join(dir, string(rune('A'+i))+".json"), []byte(r), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	db, err := advisory.Load(context.Background(), dir, noon)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func pkg(name, version string) vet.Item {
	return vet.Item{Component: component.Component{Class: component.Package, Name: name, Version: version}, Via: []string{name},
		License: &vet.License{Declared: licensetext.Declared(&dist.Metadata{LicenseExpression: "MIT"})}, Files: []string{strings.Repeat("a", 64)}}
}

// input is two packages in prod, one more in dev, of which "a" has a hole.
func input(t *testing.T) vet.Input {
	return vet.Input{
		Runtimes: []vet.Runtime{
			{Name: "prod", Items: []vet.Item{pkg("a", "1.0"), pkg("b", "1.0")}},
			{Name: "dev", Items: []vet.Item{pkg("a", "1.0"), pkg("b", "1.0"), pkg("c", "1.0")}},
		},
		Advisories: data(t, hole), Fed: func(c component.Class) bool { return c == component.Package },
		Policy: policy.Default(), Approvals: &approvals.File{}, Now: noon,
	}
}

// Dates to come count for nothing: that is said, and not how old the year 1 is.
func TestNoUsableDate(t *testing.T) {
	in := input(t)
	in.Advisories = data(t, strings.Replace(hole, "2026-05-30", "2099-01-01", 1))
	for _, f := range vet.Vet(in).Findings {
		if f.ID == vet.StaleData {
			if !strings.HasPrefix(f.Summary, "no advisory has a date that can be used") {
				t.Error(f.Summary)
			}
			return
		}
	}
	t.Error("data without a date is fresh")
}

// A sign about a file that no item has is judged in the runtime that has the file.
func TestSignOfNoItem(t *testing.T) {
	in := input(t)
	in.Runtimes[1].Signs = []finding.Finding{{Class: finding.SupplyChain, ID: "pth-code", Package: "x.pth", Status: finding.Affected}}
	for _, f := range vet.Vet(in).Findings {
		if f.Package == "x.pth" {
			if f.Verdict != finding.Deny || strings.Join(f.Runtimes, " ") != "dev" {
				t.Errorf("%+v", f)
			}
			return
		}
	}
	t.Error("nothing is said of it")
}

func TestOneHoleInTwoRuntimes(t *testing.T) {
	r := vet.Vet(input(t))
	if len(r.Findings) != 1 || r.Exit() != vet.ExitDenied {
		t.Fatalf("%+v, exit %d", r.Findings, r.Exit())
	}
	f := r.Findings[0]
	if f.ID != "PYSEC-2026-1" || strings.Join(f.Runtimes, " ") != "prod dev" || f.Severity.Level != finding.High || len(f.Fixed) != 1 || f.Fixed[0] != "2.0" || f.Verdict != finding.Deny {
		t.Errorf("%+v", f)
	}
	for i, want := range []int{2, 3} {
		if row := r.Runtimes[i]; row.Packages != want || row.Levels[finding.High] != 1 || row.Verdict != finding.Deny {
			t.Errorf("%+v", row)
		}
	}
}

func TestCleanIsZeroOnlyIfAllWasChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*vet.Input)
		exit   int
		id     string // of a finding of class unknown
	}{
		"clean":           {func(in *vet.Input) {}, vet.ExitClean, ""},
		"no data":         {func(in *vet.Input) { in.Advisories, in.Missing = nil, "there is none" }, vet.ExitIncomplete, vet.NoData},
		"stale":           {func(in *vet.Input) { in.Now = noon.AddDate(0, 1, 0) }, vet.ExitIncomplete, vet.StaleData},
		"a feed not read": {func(in *vet.Input) { in.Unread = []string{"kev"} }, vet.ExitIncomplete, vet.FeedNotRead},
		"a feed that has nothing": {func(in *vet.Input) {
			in.Fed = func(component.Class) bool { return true }
			in.Runtimes[0].Items = append(in.Runtimes[0].Items, vet.Item{Component: component.Component{Class: component.Library, Name: "zlib", Version: "1.3"}})
		}, vet.ExitIncomplete, vet.NotChecked},
		"files that nobody saw":  {func(in *vet.Input) { in.Runtimes[0].Items[0].Unseen = "not here" }, vet.ExitIncomplete, vet.FilesNotSeen},
		"metadata nobody gives":  {func(in *vet.Input) { in.Runtimes[0].Items[0].License = &vet.License{Missing: "no network"} }, vet.ExitIncomplete, vet.NoMetadata},
		"a version nobody tells": {func(in *vet.Input) { in.Runtimes[0].Items[0].Version = "" }, vet.ExitIncomplete, vet.NoVersion},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(t)
			for i := range in.Runtimes {
				in.Runtimes[i].Items[0].Version = "2.0"
			}
			c.change(&in)
			r := vet.Vet(in)
			if r.Exit() != c.exit {
				t.Errorf("exit %d, want %d: %+v", r.Exit(), c.exit, r.Findings)
			}
			found := c.id == ""
			for _, f := range r.Findings {
				found = found || f.ID == c.id && f.Class == finding.Unknown
			}
			if !found {
				t.Errorf("no %s in %+v", c.id, r.Findings)
			}
		})
	}
}

func TestClassWithoutFeedIsListed(t *testing.T) {
	in := input(t)
	in.Runtimes[0].Items = []vet.Item{{Component: component.Component{Class: component.Library, Name: "zlib", Version: "1.3", Owner: "b"}}}
	in.Runtimes[1].Items = in.Runtimes[0].Items // told once
	r := vet.Vet(in)
	if r.Exit() != vet.ExitClean || len(r.Unchecked) != 1 || strings.Join(r.Unchecked[0].What, ",") != "zlib 1.3 in b" {
		t.Errorf("%d, %+v", r.Exit(), r.Unchecked)
	}
}

func TestWaiver(t *testing.T) {
	in := input(t)
	in.Approvals.Waive(approvals.Waiver{ID: "CVE-2026-1", By: "eve", Reason: "not reachable", Date: "2026-05-01", Until: "2026-06-01"})
	if r := vet.Vet(in); r.Exit() != vet.ExitClean || r.Findings[0].Waiver == nil || r.Runtimes[0].Waived != 1 {
		t.Errorf("%+v", r)
	}
	in.Whole = true
	in.Approvals.Waive(approvals.Waiver{ID: "CVE-2026-2", By: "eve", Reason: "none", Date: "2026-05-01", Until: "2026-06-01"})
	if r := vet.Vet(in); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "the waiver of CVE-2026-2 lets nothing pass") {
		t.Errorf("%q", r.Notes)
	}
	in.Now = noon.AddDate(0, 0, 1)
	r := vet.Vet(in)
	if r.Exit() != vet.ExitDenied || !strings.Contains(strings.Join(r.Findings[0].Reasons, "\n"), "ended on 2026-06-01") {
		t.Errorf("the day after: %d, %+v", r.Exit(), r.Findings)
	}
}

func TestReviewedLicence(t *testing.T) {
	in := input(t)
	in.Runtimes[0].Items[0].Version = "2.0"
	agpl := &in.Runtimes[0].Items[1]
	agpl.License = &vet.License{Declared: licensetext.Declared(&dist.Metadata{LicenseExpression: "AGPL-3.0-only"}), Texts: []licensetext.Text{{SHA256: strings.Repeat("b", 64)}}}
	in.Runtimes = in.Runtimes[:1]
	r := vet.Vet(in)
	if r.Exit() != vet.ExitIncomplete || len(r.Findings) != 1 || r.Findings[0].Verdict != finding.Review {
		t.Fatalf("%d, %+v", r.Exit(), r.Findings)
	}
	in.Approvals.Approve(approvals.Approval{Package: "b", Version: "1.0", Artifacts: agpl.Files, Texts: []string{strings.Repeat("b", 64)}, By: "eve", Reason: "bought", Date: "2026-05-01"}, nil)
	if r := vet.Vet(in); r.Exit() != vet.ExitClean {
		t.Errorf("%d, %+v", r.Exit(), r.Findings)
	}
	agpl.License.Texts[0].SHA256 = strings.Repeat("c", 64)
	if r := vet.Vet(in); r.Exit() != vet.ExitIncomplete {
		t.Errorf("another text: %d, %+v", r.Exit(), r.Findings)
	}
}

// An overlay may say of one place what it does not say of another.
func TestOverlayOfOnePlaceIsNotThatOfAnother(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, advisory.OverlayDir), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "id: PYSEC-2026-1\nowner: eve\nreason: only elsewhere\nexpires: 2026-12-31\nnot-affected:\n- package: a\n  marker: sys_platform == 'linux'\n"
	if err := os.WriteFile(filepath.Join(dir, advisory.OverlayDir, "x.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	overlays, err := advisory.ReadOverlays(dir, noon)
	if err != nil {
		t.Fatal(err)
	}
	in := input(t)
	in.Advisories = in.Advisories.With(overlays)
	in.Runtimes[0].Items[0].Where.Marker = func(string) (bool, error) { return true, nil }
	in.Runtimes[1].Items[0].Where.Marker = func(string) (bool, error) { return false, nil }
	if r := vet.Vet(in); r.Exit() != vet.ExitDenied || strings.Join(r.Findings[0].Runtimes, " ") != "dev" {
		t.Errorf("%d, %+v", r.Exit(), r.Findings)
	}
}

// Two copies of one package in one place are told once, and nothing of either is lost.
func TestCopiesAreToldOnce(t *testing.T) {
	in := input(t)
	in.Runtimes = in.Runtimes[:1]
	in.Runtimes[0].Items = []vet.Item{pkg("a", "1.0"), pkg("a", "1.0")}
	in.Runtimes[0].Items[1].Unread = []string{"b.so: too large"}
	r := vet.Vet(in)
	if len(r.Findings) != 2 || r.Runtimes[0].Levels[finding.High] != 1 || strings.Join(r.Findings[0].Runtimes, " ") != "prod" {
		t.Fatalf("%+v", r)
	}
	if f := r.Findings[1]; f.ID != vet.FilesNotRead || f.Class != finding.Unknown || f.Evidence[0] != "b.so: too large" {
		t.Errorf("%+v", f)
	}
}

// What a person approved by its bytes is no word on a hole that became known later.
func TestApprovalSettlesNoHole(t *testing.T) {
	in := input(t)
	in.Policy = rules(t, "[vulnerabilities]\nhigh = \"review\"\n")
	in.Approvals.Approve(approvals.Approval{Package: "a", Version: "1.0", Artifacts: in.Runtimes[0].Items[0].Files, By: "eve", Reason: "read it", Date: "2026-05-01"}, nil)
	if r := vet.Vet(in); r.Exit() != vet.ExitIncomplete || r.Findings[0].Verdict != finding.Review {
		t.Errorf("%d, %+v", r.Exit(), r.Findings)
	}
}

// Nor is it one on what the index says since.
func TestApprovalIsNotForLater(t *testing.T) {
	in := input(t)
	in.Runtimes = []vet.Runtime{{Name: "prod", Items: []vet.Item{pkg("b", "1.0")}}}
	in.Policy = rules(t, "[signs]\nyanked = \"review\"\n")
	in.Approvals.Approve(approvals.Approval{Package: "b", Version: "1.0", Artifacts: in.Runtimes[0].Items[0].Files, By: "eve", Reason: "read it", Date: "2026-05-01"}, nil)
	sign := finding.Finding{Class: finding.SupplyChain, ID: "provenance-regression", Package: "b", Version: "1.0", Component: component.Package}
	in.Signs = []finding.Finding{sign}
	if r := vet.Vet(in); r.Exit() != vet.ExitClean {
		t.Errorf("how it was uploaded: %d, %+v", r.Exit(), r.Findings)
	}
	in.Signs[0].ID = "yanked"
	if r := vet.Vet(in); r.Exit() != vet.ExitIncomplete {
		t.Errorf("that it was withdrawn: %d, %+v", r.Exit(), r.Findings)
	}
}

func rules(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.toml", t.TempDir(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A version that nothing can order is not held against ranges, which is no clean bill.
func TestVersionThatCannotBeReadIsUnknown(t *testing.T) {
	in := input(t)
	in.Runtimes = in.Runtimes[:1]
	in.Runtimes[0].Items[0].Version = "2004d-final"
	if r := vet.Vet(in); r.Exit() != vet.ExitIncomplete || len(r.Findings) != 1 || r.Findings[0].ID != vet.NoVersion {
		t.Errorf("%d, %+v", r.Exit(), r.Findings)
	}
}

// A fresh feed of one class does not make that of another fresh.
func TestEachFeedHasItsAge(t *testing.T) {
	home := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := advisory.Open(home)
	old := strings.ReplaceAll(hole, "2026-05-30", "2025-05-30")
	python := `{"id":"PSF-2026-1","modified":"2026-05-31T00:00:00Z","affected":[{"package":{"ecosystem":"cpython","name":"cpython"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"3.0"},{"fixed":"3.1"}]}]}]}`
	for kind, path := range map[advisory.Kind]string{advisory.Packages: write("a.json", old), advisory.Kind(component.Interpreter): write("b.json", python)} {
		if _, err := s.Import(context.Background(), advisory.Feed{Kind: kind, Source: path}, noon); err != nil {
			t.Fatal(err)
		}
	}
	db, err := s.Newest()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in := input(t)
	in.Advisories = db
	in.Runtimes = []vet.Runtime{{Name: "prod", Items: []vet.Item{pkg("b", "1.0")}}}
	if r := vet.Vet(in); r.Exit() != vet.ExitIncomplete || r.Findings[0].ID != vet.StaleData || r.Findings[0].Component != component.Package {
		t.Errorf("%d, %+v", r.Exit(), r.Findings)
	}
	in.Now = noon.AddDate(0, 0, 20)
	if r := vet.Vet(in); len(r.Findings) != 2 {
		t.Errorf("twenty days later: %+v", r.Findings)
	}
}
