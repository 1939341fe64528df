package policy

import (
	"slices"
	"time"

	"snug/internal/finding"
)

// DefaultAdvisoryAge is how old advisory data may be, unless policy says otherwise.
const DefaultAdvisoryAge = 14 * 24 * time.Hour

// The IDs of findings of the classes license and policy.
const (
	LicenseRule          = "license"               // the declared licence, in Finding.License
	LicenseContradiction = "license-contradiction" // what is declared is not what the files say
	LicenseAmbiguous     = "license-ambiguous"     // it can be read in two ways
	PackageRule          = "package"               // the package itself is listed, or is not
)

// The keys of tables that are no ids and no classes.
const (
	exploitedKey     = "exploited"
	withoutFixKey    = "without-fix"
	contradictionKey = "contradiction"
	ambiguousKey     = "ambiguous"
	othersKey        = "others"
)

const builtInPlace = "built-in policy"

// builtInRule is a row of the built-in policy. Where the three contexts differ, verdict
// is for Internal, and others for Service and Shipped.
type builtInRule struct {
	table, key string
	verdict    finding.Verdict
	others     []finding.Verdict
	what       string
}

// builtInRules is the default policy: docs/policy.md shows it, and decision 0015 says
// why it is so.
func builtInRules() []builtInRule {
	const a, w, r, d = finding.Allow, finding.Warn, finding.Review, finding.Deny
	return []builtInRule{
		{top, "unknown", w, nil, "what could not be checked"},

		{vulnerabilities, exploitedKey, d, nil, "in CISA's catalogue of known exploited vulnerabilities"},
		{vulnerabilities, string(finding.Critical), d, nil, "CVSS 9.0 and above"},
		{vulnerabilities, string(finding.High), d, nil, "CVSS 7.0 to 8.9"},
		{vulnerabilities, string(finding.NotRated), d, nil, "no source rates it"},
		{vulnerabilities, string(finding.Medium), w, nil, "CVSS 4.0 to 6.9"},
		{vulnerabilities, string(finding.Low), w, nil, "CVSS 0.1 to 3.9"},
		{vulnerabilities, string(finding.None), w, nil, "CVSS 0.0"},
		{vulnerabilities, withoutFixKey, w, nil, "the most that is said where no newer version has the hole closed"},

		{licenses, "permissive", a, nil, "MIT, BSD, Apache, public domain"},
		{licenses, "weak-copyleft", a, nil, "LGPL, MPL, EPL"},
		{licenses, "strong-copyleft", w, []finding.Verdict{w, r}, "GPL"},
		{licenses, "network", w, []finding.Verdict{r, r}, "AGPL, SSPL"},
		{licenses, "proprietary", w, []finding.Verdict{r, r}, "not open source"},
		{licenses, "unknown", w, []finding.Verdict{w, r}, "none is declared, or none that is known"},
		{licenses, contradictionKey, r, nil, "what is declared is not what the files say"},
		{licenses, ambiguousKey, r, nil, "what is declared can be read in two ways"},

		{signs, "quarantined", d, nil, "its index holds the whole project back as unsafe"},
		{signs, "hash-mismatch", d, nil, "its index has another file by the same name now"},
		{signs, "origin-clash", d, nil, "two indexes have projects of its name that share no file"},
		{signs, "pth-code", d, nil, "unknown code that every start of Python would run"},
		{signs, "sitecustomize", d, nil, "a module that every start of Python would import"},
		{signs, "bad-attestation", d, nil, "its attestation does not hold"},
		{signs, "provenance-regression", r, nil, "earlier releases had attestations, this one has none"},
		{signs, "identity-changed", r, nil, "another repository or workflow published it than before"},
		{signs, "young", w, nil, "it is younger than `min-age` asks for"},
		{signs, "yanked", w, nil, "its publisher withdrew the release"},
		{signs, "withdrawn", w, nil, "what is locked is on its index no more"},
		{signs, "archived", w, nil, "its project gets no further releases"},
		{signs, "deprecated", w, nil, "its project asks its users to move to another"},
		{signs, "new-native", a, nil, "a native binary that the version before had not"},
		{signs, "new-install-hook", a, nil, "code at install or start that the version before had not"},
		{signs, "new-top-level", a, nil, "a top-level name that the version before had not"},
		{signs, "first-release", w, nil, "nobody knows its project yet; told when a person adds it"},
		{signs, "typosquat", w, nil, "its name is nearly that of a much used package; told when a person adds it"},

		{packages, othersKey, a, nil, "packages that no list names"},
	}
}

// in is the rule's verdict in a context.
func (b builtInRule) in(context Context) finding.Verdict {
	if i := slices.Index(Contexts(), string(context)); i > 0 && b.others != nil {
		return b.others[i-1]
	}
	return b.verdict
}

// builtIn is the built-in policy in a context.
func builtIn(context Context) section {
	var s section
	plain := func(key, value string, age time.Duration) {
		s.set(top, key, cell{value: value, age: age, place: builtInPlace, reason: builtInPlace + ": " + key + " = " + value})
	}
	plain("context", string(context), 0)
	plain("max-advisory-age", "14d", DefaultAdvisoryAge)
	for _, b := range builtInRules() {
		v := b.in(context)
		text := b.key + " = " + string(v)
		if b.table != top {
			text = "[" + b.table + "] " + text
		}
		if b.others != nil {
			text += " where context = " + string(context)
		}
		s.set(b.table, b.key, cell{verdict: v, value: string(v), why: b.what, place: builtInPlace, reason: builtInPlace + ": " + text})
	}
	return s
}

// builtInKeys are the keys of a table of the built-in policy, in its order.
func builtInKeys(table string) []string {
	var keys []string
	if table == top {
		keys = []string{"context", "max-advisory-age"}
	}
	for _, b := range builtInRules() {
		if b.table == table {
			keys = append(keys, b.key)
		}
	}
	return keys
}

// Signs are the names of the signs that policy has a rule for: the IDs of findings of the
// class supply-chain. They are those of package supplychain, whose test says so.
func Signs() []string { return builtInKeys(signs) }
