package policy

import (
	"slices"
	"time"

	"snug/internal/finding"
)

// DefaultAdvisoryAge is how old advisory data may be, unless policy says otherwise.
const DefaultAdvisoryAge = 14 * 24 * time.Hour

// The signs that policy has a rule for: the IDs of findings of the class supply-chain.
const (
	SignQuarantined  = "quarantined"
	SignOrigin       = "origin-clash"
	SignIntegrity    = "integrity"
	SignPth          = "pth-code"
	SignYanked       = "yanked"
	SignArchived     = "archived"
	SignProvenance   = "provenance-regression"
	SignIdentity     = "identity-changed"
	SignFirstRelease = "first-release"
	SignTyposquat    = "typosquat"
	SignNewNative    = "new-native"
	SignNewHook      = "new-hook"
	SignNewTop       = "new-top-level"
)

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
		{licenses, "proprietary", w, []finding.Verdict{w, r}, "not open source"},
		{licenses, "unknown", w, []finding.Verdict{w, r}, "none is declared, or none that is known"},
		{licenses, contradictionKey, r, nil, "what is declared is not what the files say"},
		{licenses, ambiguousKey, r, nil, "what is declared can be read in two ways"},

		{signs, SignQuarantined, d, nil, "the index holds the project back"},
		{signs, SignOrigin, d, nil, "the name is on a private index and on a public one"},
		{signs, SignIntegrity, d, nil, "a file is not what its record says"},
		{signs, SignPth, d, nil, "unknown code that every start of Python would run"},
		{signs, SignYanked, w, nil, "its author took the release back"},
		{signs, SignArchived, w, nil, "the project gets no more releases"},
		{signs, SignProvenance, r, nil, "earlier releases had attestations, this one has none"},
		{signs, SignIdentity, r, nil, "another repository or workflow published it than before"},
		{signs, SignFirstRelease, a, nil, "the project has no release before this one"},
		{signs, SignTyposquat, w, nil, "the name is nearly that of a much used package"},
		{signs, SignNewNative, a, nil, "a native binary that the version before had not"},
		{signs, SignNewHook, a, nil, "code at install or start that the version before had not"},
		{signs, SignNewTop, a, nil, "a top-level package that the version before had not"},

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

// Signs are the names of the signs that policy has a rule for.
func Signs() []string { return builtInKeys(signs) }
