package vet

import (
	"strings"

	"snug/internal/finding"
	"snug/internal/license"
	"snug/internal/licensetext"
	"snug/internal/policy"
)

// released are the findings about a package as its publisher released it: its signs,
// its licence, and whether policy lists the package itself.
func (v *vetting) released(item *Item) []finding.Finding {
	breach := about(item.Component)
	breach.Class, breach.ID = finding.Breach, policy.PackageRule
	all := []finding.Finding{breach} // judged like the others, and dropped where policy lets it in
	for _, s := range v.Signs {
		if s.Package == item.Name && s.Version == item.Version {
			all = append(all, s)
		}
	}
	return append(all, licenses(item)...)
}

// licenses are what policy is to judge of a package's licence: the licence, that its
// texts say something else, and that it can be read in two ways.
func licenses(item *Item) []finding.Finding {
	switch {
	case item.License == nil:
		return nil
	case item.License.Missing != "":
		return []finding.Finding{unknown(item.Component, NoMetadata, "its licence is not known: "+item.License.Missing)}
	}
	d := licensetext.With(item.License.Declared, item.License.Texts)
	f := about(item.Component)
	f.Class, f.ID, f.License, f.Summary = finding.License, policy.LicenseRule, d.Expression.String(), "no licence is declared"
	if f.License != "" {
		f.Summary = "declares " + f.License
		f.Evidence = append(f.Evidence, f.License+", by "+string(d.Source))
	}
	f.Evidence = append(f.Evidence, d.Notes...) // also where what is declared is no licence
	for _, t := range item.License.Texts {
		if t.Kind == licensetext.Own && len(t.IDs) > 0 {
			f.Evidence = append(f.Evidence, t.Path+" holds "+strings.Join(t.IDs, ", "))
		}
	}
	all := []finding.Finding{f}
	if text, ok := licensetext.Contradiction(d, item.License.Texts); ok {
		c := f
		c.ID, c.Summary = policy.LicenseContradiction, text
		all = append(all, c)
	}
	if d.Ambiguous && !permissive(d.Expression) {
		a := f
		a.ID, a.Summary = policy.LicenseAmbiguous, strings.Join(d.Notes, "; ")
		all = append(all, a)
	}
	return all
}

// permissive tells that every licence of the expression is, so that it does not
// matter which of them is meant.
func permissive(e license.Expression) bool {
	for _, one := range e.Licenses() {
		if license.ClassWith(one.License, one.Exception) != license.Permissive {
			return false
		}
	}
	return true
}
