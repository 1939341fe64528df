package advisory

import (
	"fmt"
	"strings"
	"testing"

	"snug/internal/component"
	"snug/internal/finding"
	"snug/internal/osv"
)

// about makes a record of a notation: "PYSEC-1 = CVE-1 GHSA-1: pkg i:0 f:2.0". What
// stands behind a semicolon is further JSON members.
func about(tb testing.TB, kind Kind, notation string) record {
	tb.Helper()
	notation, more, _ := strings.Cut(notation, ";")
	head, body, _ := strings.Cut(notation, ":")
	id, aliases, _ := strings.Cut(head, "=")
	text := fmt.Sprintf(`{"id":%q,"modified":"2024-01-01T00:00:00Z"`, strings.TrimSpace(id))
	if names := strings.Fields(aliases); len(names) > 0 {
		text += `,"aliases":["` + strings.Join(names, `","`) + `"]`
	}
	var events, versions []string
	words := strings.Fields(body)
	for _, w := range words[min(1, len(words)):] {
		k, v, _ := strings.Cut(w, ":")
		switch k {
		case "i":
			events = append(events, `{"introduced":"`+v+`"}`)
		case "f":
			events = append(events, `{"fixed":"`+v+`"}`)
		case "l":
			events = append(events, `{"last_affected":"`+v+`"}`)
		case "v":
			versions = append(versions, `"`+v+`"`)
		}
	}
	if len(words) > 0 {
		ecosystem, name, ok := strings.Cut(words[0], "/")
		if !ok {
			ecosystem, name = "PyPI", words[0]
		}
		text += fmt.Sprintf(`,"affected":[{"package":{"ecosystem":%q,"name":%q}`, ecosystem, name)
		if events != nil {
			text += `,"ranges":[{"type":"ECOSYSTEM","events":[` + strings.Join(events, ",") + `]}]`
		}
		text += `,"versions":[` + strings.Join(versions, ",") + `]}]`
	}
	if more != "" {
		text += "," + more
	}
	r, err := osv.Parse([]byte(text + "}"))
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return record{kind, []byte(text + "}"), r}
}

// dbOf compiles records about Python packages.
func dbOf(tb testing.TB, notations ...string) *DB {
	tb.Helper()
	c := contents{feeds: []FeedInfo{{Kind: Packages, Source: "test", Fetched: now}}}
	for _, n := range notations {
		c.records = append(c.records, about(tb, Packages, n))
	}
	return opened(tb, c)
}

func opened(tb testing.TB, c contents) *DB {
	tb.Helper()
	d, err := compiled(c, now)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// told is a match in a notation: groups as "ID = aliases: records > fixed".
func told(m Matched) string {
	if !m.Checked {
		return "not checked: " + m.Reason
	}
	var out []string
	for _, g := range m.Groups {
		var ids []string
		for _, r := range g.Records {
			ids = append(ids, r.ID)
		}
		text := g.ID + " =" + strings.Join(append([]string{""}, g.Aliases...), " ") + ": " + strings.Join(ids, " ") + " >" + strings.Join(append([]string{""}, g.Fixed...), " ")
		if g.Malware {
			text = "malware " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func TestGroups(t *testing.T) {
	cases := []struct {
		why     string
		records []string
		version string
		want    string
	}{
		{"one", []string{"PYSEC-1: a i:0 f:2.0"}, "1", "PYSEC-1 =: PYSEC-1 > 2.0"},
		{"a chain", []string{"PYSEC-1 = X: a i:0 f:2.0", "CVE-1 = X Y: a i:0 f:2.0", "GHSA-1 = Y: a i:0 f:2.0"}, "1", "PYSEC-1 = CVE-1 GHSA-1 X Y: CVE-1 GHSA-1 PYSEC-1 > 2.0"},
		{"a chain through records of other packages", []string{"PYSEC-1 = X: a i:0", "CVE-1 = X Y: b i:0", "GHSA-1 = Y: a i:0"}, "1", "PYSEC-1 = CVE-1 GHSA-1 X Y: GHSA-1 PYSEC-1 >"},
		{"a cycle", []string{"PYSEC-1 = PYSEC-2: a i:0", "PYSEC-2 = PYSEC-3: a i:0", "PYSEC-3 = PYSEC-1: a i:0"}, "1", "PYSEC-1 = PYSEC-2 PYSEC-3: PYSEC-1 PYSEC-2 PYSEC-3 >"},
		{"itself", []string{"PYSEC-1 = PYSEC-1: a i:0"}, "1", "PYSEC-1 =: PYSEC-1 >"},
		{"related is another hole", []string{`PYSEC-1: a i:0;"related":["PYSEC-2"],"upstream":["PYSEC-2"]`, "PYSEC-2: a i:0"}, "1", "PYSEC-1 =: PYSEC-1 >; PYSEC-2 =: PYSEC-2 >"},
		{"affected is the union, fixed where none matches", []string{"PYSEC-1 = X: a i:0 f:1.5", "GHSA-1 = X: a i:0 f:2.0"}, "1", "PYSEC-1 = GHSA-1 X: GHSA-1 PYSEC-1 > 2.0"},
		{"one of them open", []string{"PYSEC-1 = X: a i:0 f:1.5", "GHSA-1 = X: a i:0"}, "1", "PYSEC-1 = GHSA-1 X: GHSA-1 PYSEC-1 >"},
		{"fixed in several branches, the nearest first", []string{"PYSEC-1: a i:0 f:1.9 i:2.0 f:2.1"}, "1", "PYSEC-1 =: PYSEC-1 > 1.9 2.1"},
		{"only what is newer", []string{"PYSEC-1: a i:0 f:1.9 i:2.0 f:2.1"}, "2.0.1", "PYSEC-1 =: PYSEC-1 > 2.1"},
		{"an older fix that another record reopens", []string{"PYSEC-1 = X: a i:0 f:1.9 i:2.0 f:2.1", "GHSA-1 = X: a i:1.8 f:2.2"}, "1.8", "PYSEC-1 = GHSA-1 X: GHSA-1 PYSEC-1 > 2.2"},
		{"withdrawn", []string{`PYSEC-1: a i:0;"withdrawn":"2024-01-01T00:00:00Z"`}, "1", ""},
		{"one of two withdrawn", []string{`PYSEC-1 = X: a i:0;"withdrawn":"2024-01-01T00:00:00Z"`, "GHSA-1 = X: a i:0 f:2"}, "1", "GHSA-1 = PYSEC-1 X: GHSA-1 > 2"},
		{"malware", []string{"MAL-1 = GHSA-1: a v:1", "GHSA-1: a v:1"}, "1", "malware MAL-1 = GHSA-1: GHSA-1 MAL-1 >"},
		{"malware in another version only", []string{"MAL-1 = GHSA-1: a v:2", "GHSA-1: a v:1"}, "1", "GHSA-1 = MAL-1: GHSA-1 >"},
		{"not in it", []string{"PYSEC-1: a i:2"}, "1", ""},
		{"the name in another spelling", []string{"PYSEC-1: A i:0"}, "1", "PYSEC-1 =: PYSEC-1 >"},
		{"other ecosystems", []string{"PYSEC-1: npm/a i:0"}, "1", ""},
		{"the version is not known", []string{"PYSEC-1: a i:0"}, "", "not checked: its version is not known"},
	}
	for _, c := range cases {
		if got := told(dbOf(t, c.records...).Match(pkg("a", c.version))); got != c.want {
			t.Errorf("%s: %q\ngot  %s\nwant %s", c.why, c.records, got, c.want)
		}
	}
}

// A withdrawal is told, so that open findings close with a reason.
func TestWithdrawnIsTold(t *testing.T) {
	m := dbOf(t, `PYSEC-1: a i:0;"withdrawn":"2024-01-01T00:00:00Z"`).Match(pkg("a", "1"))
	if len(m.Groups) != 0 || len(m.Withdrawn) != 1 || m.Withdrawn[0].ID != "PYSEC-1" || !m.Withdrawn[0].Withdrawn {
		t.Errorf("%+v", m)
	}
}

func TestNotesNameTheRecord(t *testing.T) {
	m := dbOf(t, "PYSEC-1: a i:0 f:2019-09-12 v:0.1").Match(pkg("a", "0.2"))
	if len(m.Groups) != 0 || len(m.Notes) != 1 || !strings.Contains(m.Notes[0], `PYSEC-1: bound "2019-09-12"`) {
		t.Errorf("%+v", m)
	}
}

func TestSeverity(t *testing.T) {
	const high = `"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}]`
	cases := []struct {
		why     string
		records []string
		level   finding.Level
		score   float64
	}{
		{"none", []string{"PYSEC-1: a i:0"}, finding.NotRated, 0},
		{"its own", []string{"PYSEC-1: a i:0;" + high}, finding.High, 7.5},
		{"of another record of the group, which is about another package", []string{"PYSEC-1 = X: a i:0", "GHSA-1 = X: b i:0;" + high}, finding.High, 7.5},
		{"the gravest", []string{"PYSEC-1 = X: a i:0;" + high, `GHSA-1 = X: a i:0;"severity":[{"type":"CVSS_V3","score":"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]`}, finding.Critical, 9.8},
		{"CVSS 4", []string{`GHSA-1: a i:0;"severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N"}]`}, finding.Medium, 6.9},
		{"a word", []string{`GHSA-1: a i:0;"database_specific":{"severity":"MODERATE"}`}, finding.Medium, 0},
		{"nonsense", []string{`GHSA-1: a i:0;"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:X"},{"type":"Ubuntu","score":"high"}],"database_specific":{"severity":[7]}`}, finding.NotRated, 0},
	}
	for _, c := range cases {
		m := dbOf(t, c.records...).Match(pkg("a", "1"))
		got := finding.Severity{Level: finding.NotRated}
		if s := m.Groups[0].Severity; s != nil {
			got = *s
		}
		if got.Level != c.level || got.Score != c.score {
			t.Errorf("%s: %+v, want %s %.1f", c.why, got, c.level, c.score)
		}
	}
}

func TestExploitation(t *testing.T) {
	c := contents{records: []record{about(t, Packages, "PYSEC-1 = CVE-1 CVE-2: a i:0"), about(t, Packages, "PYSEC-2 = CVE-3: a i:0")}}
	c.fed(Feed{Kind: Packages}, now)
	err := c.signal(Feed{Kind: EPSS}, []byte("#model_version:v4,score_date:2024-10-10T00:00:00+0000\ncve,epss,percentile\nCVE-1,0.1,0.5\nCVE-2,0.25,0.75\n"), now)
	if err == nil {
		err = c.signal(Feed{Kind: KEV}, []byte(`{"dateReleased":"2024-10-09T00:00:00Z","vulnerabilities":[{"cveID":"CVE-1","dateAdded":"2024-01-02","dueDate":"2024-02-02","knownRansomwareCampaignUse":"Known"}]}`), now)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := opened(t, c)
	again, err := d.contents() // as the next update takes them up
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*DB{d, opened(t, again)} {
		m := d.Match(pkg("a", "1"))
		want := finding.Exploitation{KEV: true, KEVAdded: "2024-01-02", KEVDue: "2024-02-02", Ransomware: true, EPSS: 0.25, Percentile: 0.75}
		if x := m.Groups[0].Exploitation; x == nil || *x != want {
			t.Errorf("%+v", x)
		}
		if m.Groups[1].Exploitation != nil {
			t.Errorf("%+v", m.Groups[1].Exploitation)
		}
		if f, _ := d.Info().Feed(EPSS); f.Records != 2 || f.Newest.Day() != 10 {
			t.Errorf("%+v", f)
		}
	}
}

// The interpreter and native libraries are found by name or by the repository of GIT
// ranges, in the versions of their tags.
func TestOtherClasses(t *testing.T) {
	c := contents{records: []record{
		about(t, Interpreter, `PSF-1:;"affected":[{"ranges":[{"type":"GIT","repo":"https://github.com/python/cpython","events":[{"introduced":"0"}]}],"versions":["v3.11.4","v3.12.0rc1"]}]`),
		about(t, Interpreter, "CVE-9: Bitnami/python i:3.13.0 f:3.13.2"),
		about(t, Native, `OSV-1:;"affected":[{"ranges":[{"type":"GIT","repo":"https://github.com/openssl/openssl.git","events":[{"introduced":"0"}]}],"versions":["openssl-3.0.8"]}]`),
		about(t, Native, "OSV-2: OSS-Fuzz/sqlite3 v:version-3.45.1"),
		about(t, Crates, "RUSTSEC-1: crates.io/openssl i:0 f:0.10.55"),
	}}
	c.fed(Feed{Kind: Interpreter}, now)
	c.fed(Feed{Kind: Native}, now)
	c.fed(Feed{Kind: Crates}, now)
	d := opened(t, c).Wants([]Feed{{Packages, "https://user:secret@osv.example/PyPI"}})
	cases := []struct {
		class               component.Class
		name, version, want string
	}{
		{component.Interpreter, "cpython", "3.11.4", "PSF-1 =: PSF-1 >"},
		{component.Interpreter, "cpython", "3.11.5", ""},
		{component.Interpreter, "cpython", "3.13.1", "CVE-9 =: CVE-9 > 3.13.2"},
		{component.Library, "openssl", "3.0.8", "OSV-1 =: OSV-1 >"},
		{component.Library, "sqlite", "3.45.1", "OSV-2 =: OSV-2 >"},
		{component.Library, "zlib", "1.3", ""},
		{component.Crate, "openssl", "0.10.54", "RUSTSEC-1 =: RUSTSEC-1 > 0.10.55"},
		{component.Crate, "openssl", "0.10.55", ""},
		{component.Package, "a", "1", "not checked: the feed pypi (https://osv.example/PyPI) has not been read: snug advisories update"},
	}
	for _, c := range cases {
		if got := told(d.Match(component.Component{Class: c.class, Name: c.name, Version: c.version})); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.version, got, c.want)
		}
	}
	if got := told(dbOf(t).Match(component.Component{Class: component.Library, Name: "zlib", Version: "1"})); got != "not checked: no feed is set for native: [tool.snug.advisories] native" {
		t.Error(got)
	}
}
