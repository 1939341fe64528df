// Package supplychain tells signs that a release did not come about as its project's
// releases do: facts of its files, what its index says of it now, what differs from
// the version before, and names that look like another's. It judges nothing (policy
// does), fetches nothing, and looks at no file itself.
//
// The hard idea is to stay silent: a sign that is wrong once a month is switched off
// within a year. So each rule compares facts exactly, none scores patterns, and what a
// fact cannot be told from is said to be unknown, not suspected. docs/signs.md says of
// each rule why it is rarely wrong.
package supplychain

import (
	"slices"

	"snug/internal/component"
	"snug/internal/finding"
)

// The rules. They are the ids of findings and stand in policies, waivers and JSON.
const (
	// What the index says now.
	Quarantined  = "quarantined"
	Archived     = "archived"
	Deprecated   = "deprecated"
	Yanked       = "yanked"
	Withdrawn    = "withdrawn"
	HashMismatch = "hash-mismatch"
	OriginClash  = "origin-clash"

	// What its files do or say.
	PthCode       = "pth-code"
	SiteCustomize = "sitecustomize"

	// What changed.
	ProvenanceRegression = "provenance-regression"
	IdentityChanged      = "identity-changed"
	BadAttestation       = "bad-attestation"
	Young                = "young"
	NewNative            = "new-native"
	NewInstallHook       = "new-install-hook"
	NewTopLevel          = "new-top-level"

	// What a person is told who adds it.
	FirstRelease = "first-release"
	Typosquat    = "typosquat"

	// Unchecked is the id of what could not be looked at, of the class unknown.
	Unchecked = "signs-unchecked"
)

// OfNow tells whether a sign is about what an index says now: what a person looked at
// before is no word on it.
func OfNow(id string) bool {
	return slices.Contains([]string{Quarantined, Archived, Deprecated, Yanked, Withdrawn, HashMismatch, OriginClash}, id)
}

// Rule is one sign.
type Rule struct {
	ID      string
	Default finding.Verdict // of the policy that is built in
}

// Rules are all of them, in the order of docs/signs.md: facts block, changes gate,
// the rest is told.
func Rules() []Rule {
	return []Rule{
		{Quarantined, finding.Deny}, {HashMismatch, finding.Deny}, {OriginClash, finding.Deny},
		{PthCode, finding.Deny}, {SiteCustomize, finding.Deny},
		{BadAttestation, finding.Deny},
		{ProvenanceRegression, finding.Review}, {IdentityChanged, finding.Review},
		{Yanked, finding.Warn}, {Withdrawn, finding.Warn}, {Archived, finding.Warn}, {Deprecated, finding.Warn}, {Young, finding.Warn},
		{NewNative, finding.Allow}, {NewInstallHook, finding.Allow}, {NewTopLevel, finding.Allow},
		{FirstRelease, finding.Warn}, {Typosquat, finding.Warn},
	}
}

// sign is a finding of a rule about a package.
func sign(rule, name, version, summary string, evidence ...string) finding.Finding {
	return finding.Finding{
		Class: finding.SupplyChain, ID: rule, Package: name, Version: version,
		Component: component.Package, PURL: component.PackageURL(name, version),
		Summary: summary, Status: finding.Affected, Evidence: bounded(evidence),
	}
}

// NotAsked is that the signs of a package could not be looked at, and why.
func NotAsked(name, version, reason, remedy string) finding.Finding {
	f := sign(Unchecked, name, version, "supply-chain signs were not looked at: "+reason)
	f.Class, f.Status, f.Remedy = finding.Unknown, finding.UnderInvestigation, remedy
	return f
}

// What of others' text is repeated in evidence.
const (
	maxEvidence = 20
	maxLine     = 300
)

// bounded keeps evidence readable, whatever a file holds.
func bounded(lines []string) []string {
	out := slices.Clone(lines[:min(len(lines), maxEvidence)])
	for i, line := range out {
		out[i] = shown(line)
	}
	if len(lines) > maxEvidence {
		out = append(out, "…")
	}
	return out
}
