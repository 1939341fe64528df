package approvals_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/approvals"
	"snug/internal/fault"
	"snug/internal/finding"
)

const a1, a2, t1, t2 = "a1", "a2", "71", "72"

func sum(short string) string { return short + strings.Repeat("0", 64-len(short)) }

func day(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.Add(12 * time.Hour)
}

// What is written is read again, and written the same.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), approvals.FileName)
	f, err := approvals.Read(path)
	if err != nil || len(f.Approvals)+len(f.Waivers) > 0 {
		t.Fatalf("an absent file: %+v, %v", f, err)
	}
	all := func(string) bool { return true }
	f.Approve(approvals.Approval{Package: "zlib", Version: "1.10", Artifacts: []string{sum(a2), sum(a1), sum(a2)}, By: "Ada", Reason: `says "yes"`, Date: "2026-11-25"}, all)
	f.Approve(approvals.Approval{Package: "zlib", Version: "1.9", License: "MIT", Declared: "MIT OR ISC", Artifacts: []string{sum(a1)}, Texts: []string{sum(t1)}, By: "Ada", Reason: "ok", Date: "2026-11-25", Until: "2027-01-01"}, all)
	f.Waive(approvals.Waiver{ID: "CVE-2", By: "Bob", Reason: "unused", Date: "2026-11-25", Until: "2026-12-31"})
	f.Waive(approvals.Waiver{ID: "CVE-1", Package: "zlib", Version: "1.9", By: "Bob", Reason: "unused", Date: "2026-11-25", Until: "2026-12-31"})
	f.Waive(approvals.Waiver{ID: "cve-2", By: "Eve", Reason: "later", Date: "2026-11-26", Until: "2027-01-31"})
	f.Header = "# ours\n# look twice\n"
	if changed, err := approvals.Write(path, f); err != nil || !changed {
		t.Fatal(changed, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const want = `# ours
# look twice

[[approval]]
package = "zlib"
version = "1.9"
license = "MIT"
declared = "MIT OR ISC"
by = "Ada"
reason = "ok"
date = 2026-11-25
until = 2027-01-01
artifacts = [
    "A1",
]
texts = [
    "T1",
]

[[approval]]
package = "zlib"
version = "1.10"
by = "Ada"
reason = 'says "yes"'
date = 2026-11-25
artifacts = [
    "A1",
    "A2",
]

[[waiver]]
id = "CVE-1"
package = "zlib"
version = "1.9"
by = "Bob"
reason = "unused"
date = 2026-11-25
until = 2026-12-31

[[waiver]]
id = "cve-2"
by = "Eve"
reason = "later"
date = 2026-11-26
until = 2027-01-31
`
	if got := strings.NewReplacer(sum(a1), "A1", sum(a2), "A2", sum(t1), "T1").Replace(string(text)); got != want {
		t.Errorf("got\n%s", got)
	}
	again, err := approvals.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := approvals.Write(path, again); err != nil || changed {
		t.Errorf("written again: %v, %v", changed, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// The name of a rule without a package is about nothing, and a hole that was accepted is
// no word on malware that is found behind the same alias.
func TestWaiverThatSaysTooLittle(t *testing.T) {
	f := &approvals.File{Waivers: []approvals.Waiver{
		{ID: "pth-code", Date: "2026-01-01", Until: "2026-12-31"},
		{ID: "CVE-1", Date: "2026-01-01", Until: "2026-12-31"},
		{ID: "MAL-2026-2", Date: "2026-01-01", Until: "2026-12-31"},
	}}
	for _, c := range []struct {
		name    string
		finding finding.Finding
		holds   bool
	}{
		{"a sign in any package", finding.Finding{Class: finding.SupplyChain, ID: "pth-code", Package: "x"}, false},
		{"a hole by its alias", finding.Finding{Class: finding.Vulnerability, ID: "GHSA-1", Aliases: []string{"CVE-1"}, Package: "x"}, true},
		{"malware by an alias", finding.Finding{Class: finding.Malware, ID: "MAL-2026-1", Aliases: []string{"CVE-1"}, Package: "x"}, false},
		{"malware by its id", finding.Finding{Class: finding.Malware, ID: "MAL-2026-2", Package: "x"}, true},
	} {
		if w, _ := f.Waiver(c.finding, day(t, "2026-06-01")); (w != nil) != c.holds {
			t.Errorf("%s: %+v", c.name, w)
		}
	}
	f.Waivers[0].Package = "x"
	if w, _ := f.Waiver(finding.Finding{Class: finding.SupplyChain, ID: "pth-code", Package: "x"}, day(t, "2026-06-01")); w == nil {
		t.Error("a sign in its package is not waived")
	}
}

func TestWaiver(t *testing.T) {
	f, err := approvals.Parse(approvals.FileName, []byte(`
[[waiver]]
id = "CVE-1"
by = "Bob"
reason = "unused"
date = 2026-01-01
until = 2026-06-30
[[waiver]]
id = "CVE-1"
package = "Django"
version = "4.2"
by = "Bob"
reason = "unused"
date = "2026-01-01"
until = 2026-12-31
[[waiver]]
id = "CVE-9"
by = "Bob"
reason = "not yet"
date = 2026-08-01
until = 2026-12-31
`))
	if err != nil {
		t.Fatal(err)
	}
	of := func(id, pkg, version string, aliases ...string) finding.Finding {
		return finding.Finding{ID: id, Aliases: aliases, Package: pkg, Version: version}
	}
	inside := of("CVE-1", "openssl", "4.2")
	inside.Owner = "django"
	for _, c := range []struct {
		name           string
		finding        finding.Finding
		at             string
		until, expired string
	}{
		{"any package", of("CVE-1", "x", "1"), "2026-06-30", "2026-06-30", ""},
		{"the day after", of("CVE-1", "x", "1"), "2026-07-01", "", "2026-06-30"},
		{"by alias", of("PYSEC-1", "x", "1", "CVE-1"), "2026-05-01", "2026-06-30", ""},
		{"in small letters", of("cve-1", "x", "1"), "2026-05-01", "2026-06-30", ""},
		{"the one that holds longest", of("CVE-1", "django", "4.2.0"), "2026-05-01", "2026-12-31", ""},
		{"the one that still holds", of("CVE-1", "django", "4.2"), "2026-09-01", "2026-12-31", ""},
		{"another version", of("CVE-1", "django", "4.3"), "2026-09-01", "", "2026-06-30"},
		{"inside the package", inside, "2026-09-01", "2026-12-31", ""},
		{"another hole", of("CVE-2", "django", "4.2"), "2026-05-01", "", ""},
		{"of the future", of("CVE-9", "x", "1"), "2026-05-01", "", ""},
		{"a day early", of("CVE-9", "x", "1"), "2026-07-31", "2026-12-31", ""},
	} {
		w, expired := f.Waiver(c.finding, day(t, c.at))
		until := func(w *approvals.Waiver) string {
			if w == nil {
				return ""
			}
			return w.Until
		}
		if until(w) != c.until || until(expired) != c.expired {
			t.Errorf("%s: until %q, expired %q", c.name, until(w), until(expired))
		}
	}
	notes := f.Notes(day(t, "2026-07-01"), func(id string) bool { return false })
	want := []string{
		"snug-approvals.toml:2: the waiver of CVE-1 ended on 2026-06-30",
		"snug-approvals.toml:8: the waiver of CVE-1 is about nothing that the advisories here speak of",
		"snug-approvals.toml:16: the waiver of CVE-9 is of 2026-08-01, which is still to come",
	}
	if len(notes) != len(want) {
		t.Fatalf("%q", notes)
	}
	for i := range want {
		if !strings.HasPrefix(notes[i], want[i]) {
			t.Errorf("%q, want %q", notes[i], want[i])
		}
	}
}

func TestApproved(t *testing.T) {
	f := &approvals.File{Approvals: []approvals.Approval{
		{Package: "p", Version: "1", License: "MIT", Declared: "MIT OR ISC", Artifacts: []string{sum(a1), sum(a2)}, Texts: []string{sum(t1)}, Until: "2026-12-31"},
		{Package: "bare", Version: "1", License: "MIT", Artifacts: []string{sum(a1)}},
	}}
	now, later := day(t, "2026-12-31"), day(t, "2027-01-01")
	for _, c := range []struct {
		name             string
		pkg              string
		artifacts, texts []string
		at               time.Time
		want             bool
	}{
		{"as it was", "p", []string{sum(a1), sum(a2)}, []string{sum(t1)}, now, true},
		{"fewer files", "p", []string{sum(a2)}, nil, now, true},
		{"no files", "p", nil, nil, now, false},
		{"another file", "p", []string{sum(a1), sum("a3")}, []string{sum(t1)}, now, false},
		{"another text", "p", []string{sum(a1)}, []string{sum(t2)}, now, false},
		{"another package", "q", []string{sum(a1)}, nil, now, false},
		{"when it is over", "p", []string{sum(a1)}, nil, later, false},
	} {
		if _, ok := f.Approved(c.pkg, c.artifacts, c.texts, c.at); ok != c.want {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
	for _, c := range []struct {
		name, pkg, declared string
		texts               []string
		want                bool
	}{
		{"a new release with the same licence", "p", "MIT OR ISC", []string{sum(t1)}, true},
		{"another declaration", "p", "MIT", []string{sum(t1)}, false},
		{"another text", "p", "MIT OR ISC", []string{sum(t1), sum(t2)}, false},
		{"without a text", "bare", "MIT", nil, false},
	} {
		if _, ok := f.Licensed(c.pkg, c.declared, c.texts, now); ok != c.want {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
}

// An approval takes the place of what it replaces and of what nobody wants any more.
func TestApprove(t *testing.T) {
	f := &approvals.File{}
	put := func(version string, keep ...string) {
		f.Approve(approvals.Approval{Package: "p", Version: version, Artifacts: []string{sum(a1)}}, func(v string) bool { return strings.Contains(strings.Join(keep, " "), v) })
	}
	put("1.0")
	put("2.0", "1.0")
	put("2.0.0", "1.0")
	put("3.0", "2.0.0")
	var got []string
	for _, a := range f.Of("p") {
		got = append(got, a.Version)
	}
	if strings.Join(got, " ") != "2.0.0 3.0" {
		t.Errorf("%q", got)
	}
}

func TestRefused(t *testing.T) {
	const waiver = "[[waiver]]\nid = 'CVE-1'\nby = 'Bob'\nreason = 'r'\ndate = 2026-01-01\n"
	const approval = "[[approval]]\npackage = 'p'\nversion = '1'\nby = 'Bob'\nreason = 'r'\ndate = 2026-01-01\n"
	for text, want := range map[string]string{
		"[[waivers]]":                           `snug-approvals.toml:1: unknown key "waivers" | did you mean waiver?`,
		"waiver = 1":                            `waiver must be an array of tables`,
		"[[waiver]]\n":                          `snug-approvals.toml:1: [[waiver]] by and date and id and reason and until are missing | a decision says who`,
		"\n\n" + waiver:                         `snug-approvals.toml:3: [[waiver]] until is missing`,
		waiver + "until = 2028-01-01":           `[[waiver]] the waiver of CVE-1 holds more than a year, until 2028-01-01 | a year is the longest: until 2027-01-02`,
		waiver + "until = 2025-01-01":           `ends on 2025-01-01, before it begins`,
		waiver + "until = 'soon'":               `until: "soon" is no day | until = 2026-12-31`,
		waiver + "until = 2026-13-01":           `snug-approvals.toml:6`,
		waiver + "until = 2026-02-01T00:00:00Z": `is no day`,
		waiver + "utnil = 2026-02-01":           `unknown key "utnil" | did you mean until?`,
		waiver + "version = 1":                  `version must be a string, not an integer`,
		approval:                                `p: artifacts are missing`,
		approval + "artifacts = ['x']":          `artifacts: "x" is no SHA-256`,
		approval + "artifacts = 'x'":            `artifacts must be an array of strings`,
		approval + "artifacts = ['" + sum(a1) + "']\nlicense = 'MITT'":               `p: invalid licence expression "MITT"`,
		waiver + "until = 2026-02-01\npackage = '" + strings.Repeat("x", 5000) + "'": `package is longer than`,
		"[[waiver": `snug-approvals.toml:1:`,
	} {
		_, err := approvals.Parse(approvals.FileName, []byte(text))
		said := ""
		if err != nil {
			said = err.Error() + " | " + fault.HintOf(err)
		}
		first, hint, _ := strings.Cut(want, " | ")
		if fault.CodeOf(err) != fault.Input || !strings.Contains(said, first) || !strings.Contains(said, hint) {
			t.Errorf("%q:\n%s\nwant\n%s", text, said, want)
		}
	}
}

// Whatever is in the file, reading it does not panic, and what was read is written in
// a form that reads the same.
func FuzzParse(f *testing.F) {
	f.Add("# c\n[[waiver]]\nid = 'CVE-1'\nby = 'Bob'\nreason = 'r'\ndate = 2026-01-01\nuntil = 2026-02-01\n")
	f.Add("[[approval]]\npackage = 'p'\nversion = '1'\nby = 'Bob'\nreason = 'r'\ndate = 2026-01-01\nlicense = 'MIT'\nartifacts = ['" + sum(a1) + "']\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := approvals.Parse(approvals.FileName, []byte(text))
		if err != nil {
			return
		}
		written := file.Marshal()
		again, err := approvals.Parse(approvals.FileName, written)
		if err != nil {
			t.Fatalf("%v:\n%s", err, written)
		}
		if string(again.Marshal()) != string(written) {
			t.Errorf("%s\nis\n%s", written, again.Marshal())
		}
	})
}
