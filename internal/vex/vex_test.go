package vex

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/sbom"
)

var update = flag.Bool("update", false, "write the golden files")

// shop is a runtime with findings of every status, and one component twice.
func shop() sbom.Document {
	pkg := func(name, version string) sbom.Item {
		return sbom.Item{Component: component.Component{Class: component.Package, Name: name, Version: version, SHA256: digest.Of([]byte(name)).String()}, Direct: true}
	}
	inPip := pkg("urllib3", "2.0")
	inPip.Owner, inPip.SHA256, inPip.Direct = "pip", "", false
	hole := func(id, name, version string, status finding.Status) finding.Finding {
		return finding.Finding{Class: finding.Vulnerability, ID: id, Package: name, Version: version, Component: component.Package, Status: status, Verdict: finding.Warn}
	}
	waived := hole("PYSEC-1", "django", "5.2", finding.Affected)
	waived.Aliases, waived.Fixed, waived.Summary = []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, []string{"5.2.1", "6.0"}, "SQL <injection>"
	waived.Waiver, waived.Evidence = &finding.Waiver{By: "jane", Reason: "no raw queries", Until: "2026-12-31"}, []string{"introduced 5.0, fixed 5.2.1"}
	safe := hole("CVE-2026-2", "django", "5.2", finding.NotAffected)
	safe.Justification, safe.Evidence = "vulnerable_code_not_present", []string{"django/old.py is not in it"}
	argued := hole("CVE-2026-3", "django", "5.2", finding.NotAffected)
	argued.Evidence = []string{"Windows only"}
	carried := hole("CVE-2026-5", "urllib3", "2.0", finding.NotAffected)
	carried.Owner, carried.Evidence = "pip", []string{"pip opens no such connection"}
	return sbom.Document{
		Name: "shop", Version: "1.4.0", Supplier: "Organization: Shop", Runtime: "prod", Target: "linux-x86_64", Python: "3.14.1", Snug: "0.1", Complete: true,
		Tree: digest.Of([]byte("tree")), Created: time.Date(2026, 11, 1, 2, 3, 4, 5, time.UTC),
		Items: []sbom.Item{pkg("django", "5.2"), pkg("pip", "26.0"), pkg("urllib3", "2.0"), inPip, pkg("odd", "1.0+cpu")},
		Findings: []finding.Finding{waived, safe, argued, carried, hole("CVE-2026-4", "pip", "26.0", finding.Fixed), hole("CVE-2026-5", "urllib3", "2.0", finding.Affected),
			hole("CVE-2026-6", "odd", "1.0+cpu", finding.UnderInvestigation), {Class: finding.Malware, ID: "MAL-2026-1", Package: "odd", Version: "1.0+cpu", Component: component.Package, Status: finding.Affected},
			{Class: finding.License, ID: "license-denied", Package: "odd", Version: "1.0+cpu", Component: component.Package, Status: finding.Affected}},
	}
}

func mustVEX(t testing.TB, d sbom.Document) []byte {
	t.Helper()
	data, err := OpenVEX(d)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The document is what it was, whatever the order of what it is made of, and its own
// bills of materials have every component that it speaks of.
func TestOpenVEX(t *testing.T) {
	data := mustVEX(t, shop())
	path := filepath.Join("testdata", "shop.openvex.json")
	if *update {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(data, want) {
		t.Errorf("%s is not what is written now (%v); go test -update rewrites it:\n%s", path, err, data)
	}
	turned := shop()
	slices.Reverse(turned.Items)
	slices.Reverse(turned.Findings)
	if again := mustVEX(t, turned); !bytes.Equal(data, again) {
		t.Error("the order counts")
	}
	for name, write := range map[string]func(sbom.Document) ([]byte, error){"CycloneDX": sbom.CycloneDX, "SPDX": sbom.SPDX} {
		bill, err := write(shop())
		if err != nil {
			t.Fatal(err)
		}
		r, err := Check(data, bill)
		if err != nil || r.Statements != 7 || len(r.Problems) > 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestNothingToState(t *testing.T) {
	d := shop()
	d.Findings = d.Findings[len(d.Findings)-1:]
	if _, err := OpenVEX(d); !errors.Is(err, ErrNothing) {
		t.Errorf("of a licence alone: %v", err)
	}
	d = shop()
	d.Findings[2].Evidence = nil
	if _, err := OpenVEX(d); fault.CodeOf(err) != fault.Internal {
		t.Errorf("not affected without a reason: %v", err)
	}
	d.Findings[2].Package = "none"
	if _, err := OpenVEX(d); fault.CodeOf(err) != fault.Internal {
		t.Errorf("about nothing in the runtime: %v", err)
	}
}

// Each change to a sound document is a problem that is named.
func TestCheck(t *testing.T) {
	bill, err := sbom.CycloneDX(shop())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"author": "Shop"`, `"author": ""`, "author is missing"},
		{`"timestamp": "2026-11-01T02:03:04Z"`, `"timestamp": "yesterday"`, `timestamp "yesterday" is no moment`},
		{`"version": 1`, `"version": 0`, "the first one is 1"},
		{`"status": "fixed"`, `"status": "mended"`, `status "mended" is not one of`},
		{`"status": "fixed"`, `"status": ""`, "status is missing"},
		{`"status": "fixed"`, `"status": "affected"`, "status affected needs action_statement"},
		{`"status": "fixed"`, `"status": "not_affected"`, "needs justification or impact_statement"},
		{`"status": "fixed"`, `"status": "fixed", "action_statement": "x"`, "status fixed has no room for action_statement"},
		{`"status": "fixed"`, `"status": "fixed", "impact_statement": "x"`, "status fixed has no room for impact_statement"},
		{`"justification": "vulnerable_code_not_present"`, `"justification": "trust_me"`, `justification "trust_me" is not one of`},
		{`"name": "CVE-2026-4"`, `"name": ""`, "vulnerability.name is missing"},
		{"pkg:pypi/pip@26.0", "pkg:pypi/pip@26.1", `it has version "26.0"`},
		{"pkg:pypi/pip@26.0", "pkg:pypi/pip@26.0?arch=any", "that version is, without qualifiers"},
		{"pkg:pypi/pip@26.0", "pkg:pypi/pipx@26.0", "nothing of that type and name is"},
		{"pkg:pypi/pip@26.0", "pip 26.0", "it is no package URL"},
		{"pkg:generic/shop-prod@1.4.0", "pkg:generic/shop-test@1.4.0", `product "pkg:generic/shop-test@1.4.0" is not in the bill of materials: nothing of that type and name is; it is of "shop-prod 1.4.0"`},
		{digest.Of([]byte("pip")).String(), digest.Of(nil).String(), "has another sha-256"},
		{"pkg:pypi/pip@26.0", "pkg:pypi/PIP@26.0", ""},
		{"pkg:pypi/pip@26.0", "pkg:pypi/pip", ""},
		{`"statements": [`, `"x-more": 1, "statements": [`, ""},
	} {
		changed := bytes.ReplaceAll(mustVEX(t, shop()), []byte(c.old), []byte(c.new))
		r, err := Check(changed, bill)
		if err != nil {
			t.Errorf("%s: %v", c.new, err)
			continue
		}
		said, _ := json.Marshal(r.Problems)
		text := strings.ReplaceAll(string(said), `\"`, `"`)
		if (c.want == "") != (len(r.Problems) == 0) || !strings.Contains(text, c.want) {
			t.Errorf("%s: want %q, got %s", c.new, c.want, text)
		}
	}
}

func TestUnreadable(t *testing.T) {
	bill, err := sbom.SPDX(shop())
	if err != nil {
		t.Fatal(err)
	}
	vexDoc := mustVEX(t, shop())
	for _, c := range []struct {
		vex, bill []byte
		code      fault.Code
		want      string
	}{
		{vexDoc[:len(vexDoc)/2], bill, fault.Input, "the VEX document, line "},
		{vexDoc, bill[:len(bill)/2], fault.Input, "the bill of materials, line "},
		{bytes.Replace(vexDoc, []byte("v0.2.0"), []byte("v0.9.0"), 1), bill, fault.Unsupported, `"https://openvex.dev/ns/v0.9.0"`},
		{vexDoc, bytes.Replace(bill, []byte("SPDX-2.3"), []byte("SPDX-9.9"), 1), fault.Unsupported, `"SPDX-9.9"`},
		{bill, bill, fault.Input, "no OpenVEX"}, {vexDoc, vexDoc, fault.Input, "neither CycloneDX nor SPDX"},
		{bytes.Replace(vexDoc, []byte(`"status": "fixed"`), []byte(`"status": "affected", "status": "fixed"`), 1), bill, fault.Input, `"status" stands twice`},
		{bytes.Replace(vexDoc, []byte(`"status": "fixed"`), []byte(`"Status": "fixed"`), 1), bill, fault.Input, "in another case"},
		{bytes.Replace(vexDoc, []byte(`"products": [`), []byte(`"products": 7, "x": [`), 1), bill, fault.Input, "must not be a JSON number"},
		{[]byte("\xff"), bill, fault.Input, "not UTF-8"}, {nil, bill, fault.Input, "the VEX document"},
		{[]byte(strings.Repeat("[", 100_000)), bill, fault.Input, "the VEX document"},
		{[]byte(`{"payloadType": "application/vnd.in-toto+json"}`), bill, fault.Input, "signed envelope"},
		{make([]byte, MaxSize+1), bill, fault.Input, "longer than 64 MB"},
	} {
		_, err := Check(c.vex, c.bill)
		if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) || fault.HintOf(err) == "" {
			t.Errorf("want %s and %q: %v", c.code, c.want, err)
		}
	}
}

// Whatever is given, Check ends, bounded, and what it takes for sound has a status that
// the specification knows.
func FuzzCheck(f *testing.F) {
	bill, err := sbom.CycloneDX(shop())
	if err != nil {
		f.Fatal(err)
	}
	other, err := sbom.SPDX(shop())
	if err != nil {
		f.Fatal(err)
	}
	data := mustVEX(f, shop())
	f.Add(data, bill)
	f.Add(data, other)
	f.Add([]byte(`{"@context":"https://openvex.dev/ns/v0.2.0","@id":"a","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[{"vulnerability":{"name":"a"},"status":"fixed","products":[{"@id":"pkg:pypi/a"}]}]}`),
		[]byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"a","version":"1","purl":"pkg:pypi/a@1"}]}`))
	f.Fuzz(func(t *testing.T, vexDoc, sbomDoc []byte) {
		r, err := Check(vexDoc, sbomDoc)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.Input && code != fault.Unsupported {
				t.Fatalf("%s: %v", code, err)
			}
			return
		}
		if len(r.Problems) > maxProblems+1 {
			t.Fatalf("%d problems", len(r.Problems))
		}
		if len(r.Problems) > 0 {
			return
		}
		var doc struct {
			Statements []map[string]any `json:"statements"`
		}
		if err := json.Unmarshal(vexDoc, &doc); err != nil || len(doc.Statements) == 0 {
			t.Fatalf("no statements: %v", err)
		}
		for _, s := range doc.Statements {
			status, _ := s["status"].(string)
			if products, _ := s["products"].([]any); len(products) == 0 || !slices.Contains([]string{"affected", "not_affected", "fixed", "under_investigation"}, status) {
				t.Fatalf("%v passed", s)
			}
		}
	})
}
