package policy

import (
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/license"
)

// License judges the licence of a package: of an OR the mildest branch is taken, of an
// AND the hardest verdict counts. An exception for the package speaks first, then the
// rule of an identifier, then that of its class. The reasons name the branches that were
// taken and, for each licence that decides, its rule. The zero Expression is a licence
// that nobody told.
func (p *Policy) License(pkg, version string, e license.Expression) (finding.Verdict, license.Chosen, []string) {
	if p.extends != nil {
		return finding.Deny, license.Chosen{Expression: e}, p.missing()
	}
	chosen := e.Choose(func(id, exception string, plus bool) int {
		return rank(p.licenseCell(license.Expression{License: id, Exception: exception, Plus: plus}).verdict)
	})
	if of, ok := p.exception(pkg, version, e); ok {
		return of.verdict, chosen, []string{of.reason}
	}
	var reasons []string
	for _, c := range chosen.Choices {
		reasons = append(reasons, "of "+strings.Join(append([]string{c.Taken}, c.Left...), " OR ")+", "+c.Taken+" is taken")
	}
	for _, one := range chosen.Decisive {
		reason := p.licenseCell(one).reason
		if name := one.String(); name != "" {
			reason = name + ": " + reason
		}
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return finding.Verdicts()[chosen.Rank], chosen, reasons
}

func rank(v finding.Verdict) int { return max(0, slices.Index(finding.Verdicts(), v)) }

// exception is the last rule about the licence of that package.
func (p *Policy) exception(pkg, version string, e license.Expression) (listed, bool) {
	for _, l := range slices.Backward(p.rules.exceptions) {
		if l.holds(pkg, version) && (l.license == "" || l.license == e.String()) {
			return l, true
		}
	}
	return listed{}, false
}

// licenseCell is the rule for one licence: its own; else the mildest of what covers it
// and is milder than its class's rule, since one may take a later version, or leave an
// exception; else that of the version without "or later"; else that of its class.
func (p *Policy) licenseCell(e license.Expression) cell {
	cells := p.rules.tables[licenses]
	best := cells[string(license.ClassWith(e.License, e.Exception))]
	if e.License == "" {
		return best
	}
	if c, ok := cells[ruleName(e)]; ok {
		return c
	}
	milder := false
	for _, r := range p.ids {
		if rank(r.verdict) < rank(best.verdict) && license.Covers(r.license, e) {
			best, milder = r.cell, true
		}
	}
	if c, ok := cells[ruleName(withoutLater(e))]; ok && !milder {
		return c
	}
	return best
}

// withoutLater is the licence at the version that it names.
func withoutLater(e license.Expression) license.Expression {
	id, _ := strings.CutSuffix(e.License, "+")
	id, _ = strings.CutSuffix(id, "-or-later")
	return license.Expression{License: id, Exception: e.Exception}
}

// idRule is the rule of an identifier.
type idRule struct {
	license license.Expression
	cell
}

// idRules are those of a merged table, by name.
func idRules(cells map[string]cell) []idRule {
	var out []idRule
	fixed := builtInKeys(licenses)
	for key, c := range cells {
		if slices.Contains(fixed, key) {
			continue
		}
		if e, err := license.ParseExpression(key); err == nil { // it was read as one before
			out = append(out, idRule{e, c})
		}
	}
	slices.SortFunc(out, func(a, b idRule) int { return strings.Compare(a.license.String(), b.license.String()) })
	return out
}

// ruleName is one spelling for all of a licence: GPL-2.0-or-later also for GPL-2.0+,
// GPL-2.0-only for GPL-2.0.
func ruleName(e license.Expression) string {
	id, plus := strings.CutSuffix(e.License, "+")
	plus = plus || e.Plus
	name := id
	suffix := "-only"
	if plus {
		name, suffix = id+"+", "-or-later"
	}
	if known, err := license.ParseExpression(id + suffix); err == nil {
		name = known.String()
	}
	if e.Exception != "" {
		name += " WITH " + e.Exception
	}
	return name
}

// unknownLicense is the hint for what is no identifier.
func unknownLicense(text string, known []string) string {
	const otherwise = "identifiers are those of https://spdx.org/licenses, or begin with LicenseRef-"
	if near := fault.Nearest(text, known); near != "" {
		return "did you mean " + near + "? " + otherwise
	}
	return fault.DidYouMean(text, license.IDs(), otherwise)
}
