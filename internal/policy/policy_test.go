package policy_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/license"
	"snug/internal/policy"
	"snug/internal/toml"
)

func parse(t *testing.T, name, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(name, "/rules", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func vulnerable(level finding.Level, fixed ...string) finding.Finding {
	return finding.Finding{Class: finding.Vulnerability, ID: "CVE-2026-1", Package: "p", Version: "1.0", Severity: &finding.Severity{Level: level}, Fixed: fixed}
}

func exploited(f finding.Finding) finding.Finding {
	f.Exploitation = &finding.Exploitation{KEV: true}
	return f
}

func licensed(expression string) finding.Finding {
	return finding.Finding{Class: finding.License, ID: policy.LicenseRule, Package: "p", Version: "1.0", License: expression}
}

func sign(name string) finding.Finding {
	return finding.Finding{Class: finding.SupplyChain, ID: name, Package: "p", Version: "1.0"}
}

func TestJudgeByDefault(t *testing.T) {
	unrated := vulnerable("", "2.0")
	unrated.Severity = nil
	settled := vulnerable(finding.Critical, "2.0")
	settled.Status, settled.Justification = finding.NotAffected, "vulnerable_code_not_present"
	for _, c := range []struct {
		name    string
		finding finding.Finding
		want    finding.Verdict
	}{
		{"critical", vulnerable(finding.Critical, "2.0"), finding.Deny},
		{"high", vulnerable(finding.High, "2.0"), finding.Deny},
		{"not rated", unrated, finding.Deny},
		{"a level of another world", vulnerable("terrible", "2.0"), finding.Deny},
		{"medium", vulnerable(finding.Medium, "2.0"), finding.Warn},
		{"low", vulnerable(finding.Low, "2.0"), finding.Warn},
		{"critical without fix", vulnerable(finding.Critical), finding.Warn},
		{"medium and exploited", exploited(vulnerable(finding.Medium, "2.0")), finding.Deny},
		{"exploited without fix", exploited(vulnerable(finding.Medium)), finding.Warn},
		{"not affected", settled, finding.Allow},
		{"malware", finding.Finding{Class: finding.Malware, ID: "MAL-2026-1"}, finding.Deny},
		{"not checked", finding.Finding{Class: finding.Unknown, ID: "no-data"}, finding.Warn},
		{"a class of another world", finding.Finding{Class: "weather"}, finding.Warn},
		{"yanked", sign("yanked"), finding.Warn},
		{"pth", sign("pth-code"), finding.Deny},
		{"a sign of another world", sign("smoke"), finding.Review},
		{"MIT", licensed("MIT"), finding.Allow},
		{"no licence", licensed(""), finding.Warn},
		{"nonsense as licence", licensed("MIT OR (("), finding.Warn},
		{"package", finding.Finding{Class: finding.Breach, ID: policy.PackageRule, Package: "p"}, finding.Allow},
	} {
		got, reasons := policy.Default().Judge(c.finding)
		if got != c.want || len(reasons) == 0 || !strings.Contains(strings.Join(reasons, "\n"), "built-in policy") && c.name != "not affected" {
			t.Errorf("%s: %s %q, want %s", c.name, got, reasons, c.want)
		}
	}
}

// Of licences it counts how what is built reaches others.
func TestLicensesByContext(t *testing.T) {
	const a, w, r = finding.Allow, finding.Warn, finding.Review
	for expression, want := range map[string][3]finding.Verdict{
		"MIT":                                   {a, a, a},
		"MPL-2.0":                               {a, a, a},
		"GPL-3.0-only":                          {w, w, r},
		"AGPL-3.0-or-later":                     {w, r, r},
		"BUSL-1.1":                              {w, r, r},
		"LicenseRef-Odd":                        {w, w, r},
		"MIT OR GPL-3.0-only AND AGPL-3.0-only": {a, a, a},
		"MIT AND (GPL-3.0-only OR AGPL-3.0-only)":                         {w, w, r},
		"BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1":        {a, a, a},
		"GPL-2.0-only WITH Classpath-exception-2.0 AND AGPL-1.0-or-later": {w, r, r},
	} {
		for i, context := range policy.Contexts() {
			p := parse(t, "policy.toml", "context = "+toml.Quote(context))
			if got, reasons := p.Judge(licensed(expression)); got != want[i] {
				t.Errorf("%s, %s: %s %q, want %s", expression, context, got, reasons, want[i])
			}
		}
	}
}

const rules = `context = "shipped"
max-advisory-age = "3d"

[vulnerabilities]
low = "allow"
without-fix = "deny"

[licenses]
network = "deny"
"MPL-2.0" = "review"
"GPL-3.0-only" = "allow"
"GPL-2.0" = "deny"
"GPL-2.0-only WITH Classpath-exception-2.0" = "warn"
LicenseRef-Acme = "allow"
[licenses.packages]
certifi = { verdict = "allow", license = "MPL-2.0", reason = "data only" }
"pylint<3" = "warn"

[packages]
deny = [
  { package = "urllib3<2", reason = "no fixes any more" },
  { package = "pycrypto", reason = "use pycryptodome" },
]
allow = ["urllib3", "requests"]
others = "review"

[runtimes.dev]
context = "internal"
[runtimes.dev.vulnerabilities]
high = "warn"
[runtimes.dev.packages]
allow = [{ package = "pycrypto" }]
`

func TestRules(t *testing.T) {
	all := parse(t, "policy.toml", rules)
	prod, dev := all.For("prod"), all.For("dev")
	late := parse(t, "policy.toml", "[licenses]\n'GPL-2.0-only' = 'deny'")
	packaged := func(name, version string) finding.Finding {
		return finding.Finding{Class: finding.Breach, ID: policy.PackageRule, Package: name, Version: version}
	}
	of := func(name, expression string) finding.Finding {
		f := licensed(expression)
		f.Package, f.Version = name, "2.0"
		return f
	}
	for _, c := range []struct {
		rules   *policy.Policy
		finding finding.Finding
		want    finding.Verdict
		reason  string
	}{
		{prod, vulnerable(finding.Low, "2.0"), finding.Allow, "[vulnerabilities] low = allow, policy.toml line 5"},
		{prod, vulnerable(finding.High), finding.Deny, "built-in policy: [vulnerabilities] high = deny"},
		{dev, vulnerable(finding.High, "2.0"), finding.Warn, "[runtimes.dev.vulnerabilities] high = warn, policy.toml line 30"},
		{prod, licensed("AGPL-3.0-only"), finding.Deny, "AGPL-3.0-only: [licenses] network = deny, policy.toml line 9"},
		{prod, licensed("MPL-2.0"), finding.Review, `MPL-2.0: [licenses] "MPL-2.0" = review, policy.toml line 10`},
		{prod, of("certifi", "MPL-2.0"), finding.Allow, `[licenses.packages] certifi = allow for MPL-2.0, policy.toml line 16: data only`},
		{prod, of("certifi", "MPL-2.0 OR AGPL-3.0-only"), finding.Review, "of MPL-2.0 OR AGPL-3.0-only, MPL-2.0 is taken"},
		{prod, licensed("GPL-3.0-or-later"), finding.Allow, "GPL-3.0-or-later: [licenses] \"GPL-3.0-only\" = allow, policy.toml line 11"},
		{prod, licensed("GPL-2.0-only"), finding.Deny, `GPL-2.0-only: [licenses] "GPL-2.0" = deny, policy.toml line 12`},
		{prod, licensed("GPL-2.0+"), finding.Allow, "GPL-3.0-only"}, // one may take it under 3.0
		{late, licensed("GPL-2.0+"), finding.Deny, "= deny"},
		{late, licensed("GPL-2.0-or-later WITH Bison-exception-2.2"), finding.Allow, "weak-copyleft = allow"},
		{late, licensed("GPL-3.0-or-later"), finding.Warn, "strong-copyleft = warn"},
		{prod, licensed("GPL-2.0-only WITH Classpath-exception-2.0"), finding.Warn, "policy.toml line 13"},
		{prod, licensed("LicenseRef-Acme"), finding.Allow, "policy.toml line 14"},
		{prod, of("pylint", "GPL-2.0-only"), finding.Warn, "pylint<3"},
		{dev, licensed("BUSL-1.1"), finding.Warn, "built-in policy: [licenses] proprietary = warn where context = internal"},
		{prod, packaged("urllib3", "1.26.5"), finding.Deny, "[packages] deny = urllib3<2, policy.toml line 21: no fixes any more"},
		{prod, packaged("urllib3", "2.0"), finding.Allow, "allow = urllib3"},
		{prod, packaged("urllib3", "2.0rc1"), finding.Deny, ""},
		{prod, packaged("urllib3", ""), finding.Deny, "urllib3<2"},
		{prod, packaged("flask", "3.0"), finding.Review, "[packages] others = review, policy.toml line 25"},
		{prod, packaged("pycrypto", "1.0"), finding.Deny, "use pycryptodome"},
		{dev, packaged("pycrypto", "1.0"), finding.Allow, "[runtimes.dev.packages]"},
	} {
		if c.finding.Version == "2.0rc1" { // <2 does not admit 2.0rc1: PEP 440, "Exclusive ordered comparison"
			c.want = finding.Allow
		}
		got, reasons := c.rules.Judge(c.finding)
		if got != c.want || !strings.Contains(strings.Join(reasons, "\n"), c.reason) {
			t.Errorf("%s %s %s %s: %s %q, want %s with %q", c.finding.Package, c.finding.Version, c.finding.ID, c.finding.License, got, reasons, c.want, c.reason)
		}
	}
	if prod.Context() != policy.Shipped || dev.Context() != policy.Internal || prod.MaxAdvisoryAge().Hours() != 72 || prod.Unknown() != finding.Warn {
		t.Errorf("%s %s %s %s", prod.Context(), dev.Context(), prod.MaxAdvisoryAge(), prod.Unknown())
	}
}

// What an OR was decided for is told.
func TestLicenseChoice(t *testing.T) {
	e, err := license.ParseExpression("(AGPL-3.0-only OR MIT) AND BSD-3-Clause")
	if err != nil {
		t.Fatal(err)
	}
	v, chosen, reasons := policy.Default().License("p", "1", e)
	if v != finding.Allow || chosen.Expression.String() != "MIT AND BSD-3-Clause" || !strings.Contains(reasons[0], "of MIT OR AGPL-3.0-only, MIT is taken") {
		t.Errorf("%s %s %q", v, chosen.Expression, reasons)
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"contxt = 'service'":                                               `policy.toml:1: unknown key "contxt" | did you mean context?`,
		"context = 'servce'":                                               `policy.toml:1: context: there is no "servce" | did you mean service?`,
		"context = 3":                                                      `policy.toml:1: context must be a string`,
		"\nunknown = 'block'":                                              `policy.toml:2: unknown: "block" is no verdict | one of "allow"`,
		"[licences]":                                                       `unknown key "licences" | did you mean licenses?`,
		"[licenses]\nApache2 = 'allow'":                                    `policy.toml:2: [licenses] invalid licence expression "Apache2": unknown licence "Apache2" | did you mean Apache-2.0?`,
		"[licenses]\nGPL-3.0-only = 'allow'":                               `policy.toml:2: [licenses.GPL-3.0-only] a dot in GPL-3.0-only divides keys | write "GPL-3.0-only" in quotes`,
		"[licenses]\nMIT = { verdict = 'allow' }":                          `MIT must be a string, not a table`,
		"[licenses]\n'MIT OR ISC' = 'allow'":                               `"MIT OR ISC" is more than one licence`,
		"[licenses]\n'MIT OR' = 'allow'":                                   `a licence is missing`,
		"[licenses]\nwork-copyleft = 'allow'":                              `did you mean weak-copyleft?`,
		"[licenses]\n'GPL-2.0+' = 'deny'\n'GPL-2.0-or-later' = 'deny'":     `is the same licence as another key: GPL-2.0-or-later`,
		"[licenses.packages]\n'a b' = 'allow'":                             `"a b" names no package`,
		"[licenses.packages]\na = { verdict = 'allow', license = 'MITT' }": `unknown licence "MITT" | did you mean MIT?`,
		"[licenses.packages]\na = { license = 'MIT' }":                     `verdict: "" is no verdict`,
		"[vulnerabilities]\nhihg = 'deny'":                                 `policy.toml:2: [vulnerabilities] unknown key "hihg" | did you mean high?`,
		"[vulnerabilities]\nhigh = 'dney'":                                 `"dney" is no verdict | did you mean deny?`,
		"[signs]\nyankd = 'deny'":                                          `unknown key "yankd" | did you mean yanked?`,
		"[signs]\nmalware = 'warn'":                                        `unknown key "malware"`,
		"[packages]\ndeny = ['a']":                                         `policy.toml:2: [packages] deny: "a" has no reason | { package = "a", reason = "…" }`,
		"[packages]\nallow = ['a=<1']":                                     `"a=<1" names no package`,
		"[packages]\nallow = ['a; os_name == \"nt\"']":                     `is more than a name and versions`,
		"[packages]\nallow = [1]":                                          `element 1 must be a string or a table, not an integer`,
		"[packages]\nallow = 'a'":                                          `allow must be an array, not a string`,
		"[packages]\nbans = []":                                            `unknown key "bans"`,
		"max-advisory-age = '2 weeks'":                                     `max-advisory-age: "2 weeks" is no age`,
		"max-advisory-age = 14":                                            `max-advisory-age must be a string`,
		"extends = 'https://rules.example/p.toml'":                         `an address needs the digest of what it must bring`,
		"extends = { url = 'https://rules.example/p.toml' }":               `policy.toml:1: [extends] sha256 of https://rules.example/p.toml is missing`,
		"extends = { url = 'ftp://x', sha256 = '' }":                       `url is no address of a file`,
		"extends = 1":                                                      `extends must be a path, or a table, not an integer`,
		"extends = { url = 'https://u:p@rules.example/p', sha256 = '' }":   `url has a login in it | netrc holds logins`,
		"[runtimes.prod.runtimes.x]":                                       `unknown key "runtimes"`,
		"[runtimes]\nprod = 'strict'":                                      `prod must be a table`,
		"[tool.snug.policy]\ncontext = 'internal'":                         `[tool] does not belong there`,
		"[[": `policy.toml:1:`,
	} {
		_, err := policy.Parse("policy.toml", "/rules", []byte(text))
		said := ""
		if err != nil {
			said = err.Error() + " | " + fault.HintOf(err)
		}
		first, hint, _ := strings.Cut(want, " | ")
		if fault.CodeOf(err) != fault.Input || !strings.Contains(said, first) || !strings.Contains(said, hint) {
			t.Errorf("%q:\n%s\nwant\n%s", text, said, want)
		}
	}
	if _, err := policy.Parse("policy.toml", "/", make([]byte, policy.MaxFile+1)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a huge file: %v", err)
	}
	var many strings.Builder
	many.WriteString("[licenses]\n")
	for i := range 2001 {
		fmt.Fprintf(&many, "LicenseRef-%d = 'warn'\n", i)
	}
	if _, err := policy.Parse("policy.toml", "/", []byte(many.String())); err == nil || !strings.Contains(err.Error(), "more than 2000 rules") {
		t.Errorf("many rules: %v", err)
	}
}

// Until the shared policy is there nothing passes; then the later file speaks.
func TestShared(t *testing.T) {
	p := parse(t, "policy.toml", "extends = 'base/shared.toml'\n[signs]\nyanked = 'deny'\n")
	if v, reasons := p.Judge(licensed("MIT")); v != finding.Deny || !strings.Contains(reasons[0], "not read: base/shared.toml, policy.toml:1") {
		t.Errorf("%s %q", v, reasons)
	}
	files := map[string]string{
		"/rules/base/shared.toml":      "extends = { url = 'https://rules.example/p.toml', sha256 = '" + strings.Repeat("0", 64) + "' }\n[signs]\nyanked = 'allow'\narchived = 'deny'\n",
		"https://rules.example/p.toml": "[signs]\narchived = 'review'\nquarantined = 'review'\n[runtimes.dev.signs]\nyanked = 'warn'\n",
	}
	read := func(s policy.Source) ([]byte, bool, error) {
		text, ok := files[s.Path+s.URL]
		return []byte(text), ok, nil
	}
	p, err := p.Complete(read)
	if err != nil {
		t.Fatal(err)
	}
	if _, open := p.Extends(); open {
		t.Fatal("it still extends something")
	}
	for name, want := range map[string]finding.Verdict{"yanked": finding.Deny, "archived": finding.Deny, "quarantined": finding.Review} {
		if got, reasons := p.For("prod").Judge(sign(name)); got != want {
			t.Errorf("%s: %s %q", name, got, reasons)
		}
	}
	if got, reasons := p.For("dev").Judge(sign("yanked")); got != finding.Warn || reasons[0] != "[runtimes.dev.signs] yanked = warn, https://rules.example/p.toml line 5" {
		t.Errorf("for dev: %s %q", got, reasons)
	}
	if got := p.Runtimes(); !reflect.DeepEqual(got, []string{"dev"}) {
		t.Errorf("runtimes %q", got)
	}

	files["https://rules.example/p.toml"] = "extends = 'x.toml'"
	if _, err := parse(t, "policy.toml", "extends = 'base/shared.toml'").Complete(read); err == nil || !strings.Contains(err.Error(), "has no folder") {
		t.Errorf("a path in what came from an address: %v", err)
	}
	files["/rules/a.toml"], files["/rules/b.toml"] = "extends = 'b.toml'", "extends = 'a.toml'"
	if _, err := parse(t, "policy.toml", "extends = 'a.toml'").Complete(read); err == nil || !strings.Contains(err.Error(), "extends itself") {
		t.Errorf("a circle: %v", err)
	}
	for i := range 20 {
		files[fmt.Sprintf("/rules/%d.toml", i)] = fmt.Sprintf("extends = '%d.toml'", i+1)
	}
	if _, err := parse(t, "policy.toml", "extends = '0.toml'").Complete(read); err == nil || !strings.Contains(err.Error(), "more than 8 policies") {
		t.Errorf("a long chain: %v", err)
	}
	gone := errors.New("gone")
	if _, err := parse(t, "policy.toml", "extends = '0.toml'").Complete(func(policy.Source) ([]byte, bool, error) { return nil, false, gone }); !errors.Is(err, gone) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

// A version that nothing can order is not passed over by a rule about some versions,
// and not let in by one.
func TestListsAndVersionsThatCannotBeRead(t *testing.T) {
	p, err := policy.Parse("p.toml", t.TempDir(), []byte(`[packages]
deny = [{ package = "a<2", reason = "old" }, { package = "c===one", reason = "that one" }]
allow = ["b>=1"]
others = "review"
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, version string
		want          finding.Verdict
	}{
		{"a", "1.0", finding.Deny}, {"a", "2.0", finding.Review}, {"a", "2004d-x", finding.Deny}, {"a", "", finding.Deny},
		{"b", "1.0", finding.Allow}, {"b", "2004d-x", finding.Review}, {"b", "", finding.Review},
		{"c", "one", finding.Deny}, {"c", "two", finding.Review},
	} {
		if v, _ := p.Package(c.name, c.version); v != c.want {
			t.Errorf("%s %s: %s, want %s", c.name, c.version, v, c.want)
		}
	}
}
