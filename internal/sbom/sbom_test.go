package sbom

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/finding"
)

var update = flag.Bool("update", false, "write the golden files")

// shop is a small runtime that has one of everything.
func shop() Document {
	sum := func(text string) string { return digest.Of([]byte(text)).String() }
	return Document{
		Name: "shop", Version: "1.4.0", Supplier: "Organization: Shop & Sons", Runtime: "prod", Target: "linux-x86_64", Python: "3.14.1",
		Tree: digest.Of([]byte("tree")), Created: time.Date(2026, 11, 1, 2, 3, 4, 5, time.UTC), Complete: true, Snug: "0.1", Unknowns: []string{"the version of tiff in pillow"},
		Items: []Item{
			{Component: component.Component{Class: component.Package, Name: "pillow", Version: "12.0.0", PURL: "pkg:pypi/pillow@12.0.0", SHA256: sum("pillow"), How: []string{"METADATA"}},
				Declared: "MIT-CMU", Supplier: "Person: Jeffrey <A.> Clark (aclark@example.org)", Description: "Images <fast>", Direct: true, Opaque: true,
				URL: "https://user:secret@index.example/pillow-12.0.0-cp314-cp314-linux_x86_64.whl", Website: "https://pillow.example/a b", VCS: "git+ssh://nowhere",
				Texts: []Text{{Path: "pillow-12.0.0.dist-info/licenses/LICENSE", SHA256: sum("text"), IDs: []string{"MIT-CMU", "Zlib"}}}},
			{Component: component.Component{Class: component.Library, Name: "zlib", Version: "1.3.1", PURL: "pkg:generic/zlib@1.3.1", CPE: "cpe:2.3:a:zlib:zlib:1.3.1:*:*:*:*:*:*:*",
				Owner: "pillow", Paths: []string{"pillow.libs/libz-0a1b.so.1.3.1"}, How: []string{"version string", "SONAME"}}},
			{Component: component.Component{Class: component.Library, Name: "tiff", Owner: "pillow", Paths: []string{"pillow.libs/libtiff-0a1b.so.6"}, How: []string{"SONAME"}}},
			{Component: component.Component{Class: component.Crate, Name: "openssl", Version: "0.10.75", Owner: "pillow", How: []string{"PEP 770 SBOM"}}},
			{Component: component.Component{Class: component.Interpreter, Name: "cpython", Version: "3.14.1", SHA256: sum("python")}, Declared: "Python-2.0", Supplier: "Organization: python-build-standalone"},
			{Component: component.Component{Class: component.Library, Name: "zlib", Version: "1.3.1", PURL: "pkg:generic/zlib@1.3.1", Owner: "cpython", How: []string{"version string"}}},
			{Component: component.Component{Class: component.Package, Name: "django", Version: "5.2", SHA256: sum("django")}, Declared: "BSD-3-Clause OR Apache-2.0", Concluded: "BSD-3-Clause", Direct: true,
				Depends: []string{"pkg:pypi/sqlparse@0.5.0"}, Supplier: "Organization: Django Software Foundation"},
			{Component: component.Component{Class: component.Package, Name: "sqlparse", Version: "0.5.0", SHA256: sum("sqlparse")}, Stated: "Some BSD", Supplier: "Organization: index.example"},
			{Component: component.Component{Class: component.Package, Name: "odd", Version: "1.0+cpu", SHA256: sum("odd")}, Declared: "MIT AND LicenseRef-Odd", Direct: true},
		},
		Findings: []finding.Finding{
			{Class: finding.Vulnerability, ID: "PYSEC-2026-1", Aliases: []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, Package: "django", Version: "5.2", Component: component.Package, PURL: "pkg:pypi/django@5.2",
				Summary: "SQL injection", Severity: &finding.Severity{Level: finding.Critical, Score: 9.8, Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, Fixed: []string{"5.2.1"}, Status: finding.Affected,
				Evidence: []string{"introduced 5.0, fixed 5.2.1"}, Exploitation: &finding.Exploitation{KEV: true, KEVAdded: "2026-10-01", EPSS: 0.5}, Verdict: finding.Warn,
				Waiver: &finding.Waiver{By: "jane", Reason: "no raw queries", Until: "2026-12-31"}},
			{Class: finding.Vulnerability, ID: "CVE-2026-2", Package: "zlib", Version: "1.3.1", Owner: "pillow", Component: component.Library, Status: finding.NotAffected,
				Justification: "vulnerable_code_not_present", Evidence: []string{"minizip is not in it"}, Verdict: finding.Allow},
			{Class: finding.License, ID: "license-denied", Package: "odd", Version: "1.0+cpu", Component: component.Package, Status: finding.Affected, Verdict: finding.Deny},
		},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is written now; go test -update rewrites it:\n%s", path, got)
	}
}

func TestCycloneDX(t *testing.T) {
	data, err := CycloneDX(shop())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "shop.cdx.json", data)
	for _, secret := range []string{"secret", "user:"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%q stands in it", secret)
		}
	}
}

func TestSPDX(t *testing.T) {
	data, err := SPDX(shop())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "shop.spdx.json", data)
}

// Everything that is referred to is there once, and everything that is there has its
// dependencies listed.
func TestReferences(t *testing.T) {
	data, err := CycloneDX(shop())
	if err != nil {
		t.Fatal(err)
	}
	var b cdxBOM
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	refs := map[string]int{}
	var visit func(all ...cdxComponent)
	visit = func(all ...cdxComponent) {
		for _, c := range all {
			refs[c.Ref]++
			visit(c.Components...)
		}
	}
	visit(append(b.Components, b.Metadata.Component)...)
	if len(refs) != len(shop().Items)+1 {
		t.Errorf("%d references: %v", len(refs), refs)
	}
	for ref, n := range refs {
		if n != 1 {
			t.Errorf("%s is there %d times", ref, n)
		}
		if !slices.ContainsFunc(b.Dependencies, func(d cdxDependency) bool { return d.Ref == ref }) {
			t.Errorf("nothing is said of what %s depends on", ref)
		}
	}
	for _, d := range b.Dependencies {
		for _, on := range d.DependsOn {
			if refs[on] == 0 {
				t.Errorf("%s depends on %s, which is not there", d.Ref, on)
			}
		}
	}
	for _, v := range b.Vulnerabilities {
		if refs[v.Affects[0].Ref] == 0 {
			t.Errorf("%s is of %s, which is not there", v.ID, v.Affects[0].Ref)
		}
	}
}

// writers are both formats.
var writers = map[string]func(Document) ([]byte, error){"CycloneDX": CycloneDX, "SPDX": SPDX}

// The order in which things are handed in does not count, what they say does.
func TestSameBytes(t *testing.T) {
	for name, write := range writers {
		first, err := write(shop())
		if err != nil {
			t.Fatal(err)
		}
		turned := shop()
		slices.Reverse(turned.Items)
		slices.Reverse(turned.Findings)
		if again, err := write(turned); err != nil || !bytes.Equal(first, again) {
			t.Errorf("%s: the order counts: %v", name, err)
		}
		other := shop()
		other.Items[0].SHA256 = digest.Of(nil).String()
		again, err := write(other)
		if err != nil || serial(t, first) == serial(t, again) {
			t.Errorf("%s: two bills have one serial number: %v", name, err)
		}
	}
}

func serial(t *testing.T, data []byte) string {
	t.Helper()
	var doc struct {
		Serial    string `json:"serialNumber"`
		Namespace string `json:"documentNamespace"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Serial + doc.Namespace; got != "" && !strings.Contains(got, "00000000-0000") {
		return got
	}
	t.Fatalf("no serial number: %+v", doc)
	return ""
}

// What is about nothing in the document is no document.
func TestAboutNothing(t *testing.T) {
	for name, write := range writers {
		for what, change := range map[string]func(*Document){
			"finding":    func(d *Document) { d.Findings[0].Version = "5.3" },
			"dependency": func(d *Document) { d.Items[0].Depends = []string{"pkg:pypi/none@1"} },
			"owner":      func(d *Document) { d.Items[1].Owner = "none" },
			"tree":       func(d *Document) { d.Tree = digest.SHA256{} },
		} {
			d := shop()
			change(&d)
			if _, err := write(d); err == nil {
				t.Errorf("%s: a strange %s is written", name, what)
			}
		}
	}
}

// What a stranger's bill inside a wheel calls its parts does not spoil this one.
func TestStrangePart(t *testing.T) {
	d := shop()
	d.Items = append(d.Items, Item{Component: component.Component{Class: component.Library, Name: "bad \u202e\x00 name", Version: "1 2", PURL: "no purl", CPE: "cpe:2.3:a:b c", SHA256: "abc", Owner: "pillow",
		Paths: []string{"a b"}}, URL: "javascript:x", Website: "http://[", Supplier: "nobody"})
	for name, write := range writers {
		data, err := write(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, strange := range []string{"no purl", "cpe:2.3:a:b c", `"abc"`, "javascript", "http://[", "nobody"} {
			if bytes.Contains(data, []byte(strange)) {
				t.Errorf("%s has %q", name, strange)
			}
		}
		if !bytes.Contains(data, []byte("pkg:generic/bad%20%E2%80%AE%00%20name@1%202")) {
			t.Errorf("%s has not the part:\n%s", name, data)
		}
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example/x?y=1#z": "https://a.example/x?y=1#z", "https://u:p@a.example/": "https://a.example/", "UNKNOWN": "", "javascript:alert(1)": "", "https:///x": "",
		"https://a.example/ü x": "https://a.example/%C3%BC%20x", "https://a.example/?q=<x y>": "https://a.example/?q=%3Cx%20y%3E", "file:///etc/passwd": "", "https://a b.example/": "",
	} {
		if got := address(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
