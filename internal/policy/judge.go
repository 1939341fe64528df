package policy

import (
	"slices"

	"snug/internal/finding"
	"snug/internal/license"
)

// Judge is the verdict on a finding, with the rules that made it. It looks at nothing
// but the finding, and never says more than once the same. Waivers and approvals are
// the caller's to apply (package approvals).
func (p *Policy) Judge(f finding.Finding) (finding.Verdict, []string) {
	switch {
	case p.extends != nil:
		return finding.Deny, p.missing()
	case f.Status == finding.NotAffected, f.Status == finding.Fixed:
		return finding.Allow, []string{settled(f)}
	}
	switch f.Class {
	case finding.Malware:
		return finding.Deny, []string{builtInPlace + ": malware is denied; no rule changes that, a waiver of " + f.ID + " does"}
	case finding.Vulnerability:
		return p.vulnerability(f)
	case finding.License:
		return p.licenseFinding(f)
	case finding.SupplyChain:
		return p.sign(f)
	case finding.Breach:
		return p.Package(f.Package, f.Version)
	}
	return said(p.rules.tables[top]["unknown"])
}

// missing is why a policy without the one that it extends denies.
func (p *Policy) missing() []string {
	return []string{"the shared policy is not read: " + p.extends.Name + ", " + p.extends.Place}
}

func settled(f finding.Finding) string {
	text := "status " + string(f.Status)
	if f.Justification != "" {
		text += ": " + f.Justification
	}
	return text
}

func said(cells ...cell) (finding.Verdict, []string) {
	var reasons []string
	for _, c := range cells {
		reasons = append(reasons, c.reason)
	}
	return cells[len(cells)-1].verdict, reasons
}

// vulnerability goes by level, harder where it is exploited, milder where there is
// nothing to go to.
func (p *Policy) vulnerability(f finding.Finding) (finding.Verdict, []string) {
	cells := p.rules.tables[vulnerabilities]
	level := finding.NotRated
	if f.Severity != nil && slices.Contains(finding.Levels(), f.Severity.Level) {
		level = f.Severity.Level
	}
	by := cells[string(level)]
	if f.Exploitation != nil && f.Exploitation.KEV && rank(cells[exploitedKey].verdict) >= rank(by.verdict) {
		by = cells[exploitedKey]
	}
	if most := cells[withoutFixKey]; len(f.Fixed) == 0 && rank(most.verdict) < rank(by.verdict) {
		return most.verdict, []string{most.reason + " (with a fix: " + string(by.verdict) + ", by " + by.reason + ")"}
	}
	return said(by)
}

// licenseFinding judges what was found of a licence: that it contradicts itself, that it
// can be read in two ways, else the licence.
func (p *Policy) licenseFinding(f finding.Finding) (finding.Verdict, []string) {
	e, err := license.ParseExpression(f.License)
	if err != nil {
		e = license.Expression{}
	}
	key := map[string]string{LicenseContradiction: contradictionKey, LicenseAmbiguous: ambiguousKey}[f.ID]
	if key == "" {
		v, _, reasons := p.License(f.Package, f.Version, e)
		return v, reasons
	}
	if of, ok := p.exception(f.Package, f.Version, e); ok {
		return said(of.cell)
	}
	return said(p.rules.tables[licenses][key])
}

// sign judges a supply-chain sign by its name; one that no rule names goes to a person.
func (p *Policy) sign(f finding.Finding) (finding.Verdict, []string) {
	if c, ok := p.rules.tables[signs][f.ID]; ok {
		return said(c)
	}
	return finding.Review, []string{builtInPlace + ": no rule speaks of the sign " + f.ID}
}

// Package is the verdict on the package itself, whatever was found in it: that of the
// last file that lists it, the hardest where that file lists it twice, else that of
// packages others. name is normalised; version "" is any.
func (p *Policy) Package(name, version string) (finding.Verdict, []string) {
	if p.extends != nil {
		return finding.Deny, p.missing()
	}
	var best *listed
	for i, l := range slices.Backward(p.rules.packages) {
		if best != nil && l.from != best.from {
			break
		}
		if l.holds(name, version) && (best == nil || rank(l.verdict) > rank(best.verdict)) {
			best = &p.rules.packages[i]
		}
	}
	if best == nil {
		return said(p.rules.tables[packages][othersKey])
	}
	return said(best.cell)
}

// ListsPackages tells whether Package can say anything but allow.
func (p *Policy) ListsPackages() bool {
	return p.extends != nil || p.rules.tables[packages][othersKey].verdict != finding.Allow ||
		slices.ContainsFunc(p.rules.packages, func(l listed) bool { return l.verdict != finding.Allow })
}
