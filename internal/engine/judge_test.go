package engine

import (
	"testing"
	"time"

	"snug/internal/advisory"
	"snug/internal/dist"
	"snug/internal/manifest"
	"snug/internal/pep440"
)

// judgeOf is a judge of records and of the policy of a project with prod in dev.
func judgeFor(t *testing.T, policy string) *judge {
	t.Helper()
	none := func(string) string { return "" }
	record := func(id, name, rest string) string {
		return `{"id": "` + id + `", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "PyPI", "name": "` + name + `"}, ` + rest + `}`
	}
	const below2 = `"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]`
	const from15 = `"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.5"}, {"fixed": "3"}]}]}]`
	const high = `, "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]`
	const low = `, "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]`
	dir := writeTree(t, map[string]string{
		"data/1.json": record("PYSEC-1", "a", below2+high+`, "aliases": ["CVE-1"]`),
		"data/2.json": record("GHSA-1", "a", from15+high+`, "aliases": ["CVE-1"]`),
		"data/3.json": record("PYSEC-3", "a", below2+low),
		"data/4.json": record("MAL-4", "evil", `"versions": ["1"]}]`),
		"pyproject.toml": `[project]
name = "x"
version = "1"
[dependency-groups]
dev = ["a"]
[tool.snug.runtimes]
prod = { groups = [] }
dev = { groups = ["dev"], contains = "prod" }
` + policy,
	})
	p, err := manifest.Load(dir, none)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{Home: t.TempDir(), Env: none, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.advisoryStore().Import(t.Context(), advisory.Feed{Kind: advisory.Packages, Source: dir + "/data"}, e.Now()); err != nil {
		t.Fatal(err)
	}
	j, err := e.judgeOf(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.close)
	return j
}

// TestJudge: what is denied by every runtime's policy is refused, by the gravest
// reason; records of one hole are one, also where a version is in another of them.
func TestJudge(t *testing.T) {
	const builtIn = ", by built-in policy: [vulnerabilities] high = deny"
	for _, c := range []struct{ policy, name, version, want, building string }{
		{"", "a", "1", "PYSEC-1 (high, fixed in 3)" + builtIn, ""},
		{"", "a", "2.5", "GHSA-1 (high, fixed in 3)" + builtIn, ""},
		{"", "a", "3", "", ""},
		{"", "b", "1", "", ""},
		{"[tool.snug.policy.runtimes.dev.vulnerabilities]\nhigh = \"warn\"\n", "a", "1", "", ""},
		{"[tool.snug.policy.vulnerabilities]\nlow = \"deny\"\n", "a", "1", "PYSEC-1 (high, fixed in 3) and 1 more" + builtIn, ""},
		{"", "evil", "1", "MAL-4 (malware), by built-in policy: malware is denied; no rule changes that, a waiver of MAL-4 does", "MAL-4 (malware), by built-in policy: malware is denied; no rule changes that, a waiver of MAL-4 does"},
	} {
		j := judgeFor(t, c.policy)
		v, err := pep440.Parse(c.version)
		if err != nil {
			t.Fatal(err)
		}
		if got := j.Release(c.name, v); got != c.want {
			t.Errorf("%s %s: %q\nwant %q", c.name, c.version, got, c.want)
		}
		if got := j.building().Release(c.name, v); got != c.building {
			t.Errorf("%s %s to build with: %q\nwant %q", c.name, c.version, got, c.building)
		}
	}
}

func TestJudgeNamesHoles(t *testing.T) {
	j := judgeFor(t, "[tool.snug.policy.vulnerabilities]\nlow = \"allow\"\n")
	for version, want := range map[string]string{"1": "CVE-1", "1.7": "CVE-1", "2.5": "CVE-1", "3": ""} {
		v, _ := pep440.Parse(version)
		got := j.Holes("a", v)
		if want == "" && len(got) != 0 || want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("%s: %q, want %s", version, got, want)
		}
	}
}

// A licence that nobody declares is no reason to refuse; a choice is taken.
func TestJudgeReadsLicences(t *testing.T) {
	j := judgeFor(t, "[tool.snug.policy.licenses]\nstrong-copyleft = \"deny\"\nunknown = \"deny\"\n")
	v, _ := pep440.Parse("1")
	for _, c := range []struct {
		m       dist.Metadata
		refused bool
	}{
		{dist.Metadata{LicenseExpression: "GPL-3.0-only"}, true},
		{dist.Metadata{LicenseExpression: "GPL-3.0-only OR MIT"}, false},
		{dist.Metadata{License: "MIT"}, false},
		{dist.Metadata{Classifiers: []string{"License :: OSI Approved :: GNU General Public License v3 (GPLv3)"}}, true},
		{dist.Metadata{}, false},
	} {
		if got := j.Metadata("a", v, &c.m); (got != "") != c.refused {
			t.Errorf("%+v: %q", c.m, got)
		}
		if got := j.building().Metadata("a", v, &c.m); got != "" {
			t.Errorf("to build with: %q", got)
		}
	}
}
