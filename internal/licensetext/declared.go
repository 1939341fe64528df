package licensetext

import (
	"fmt"
	"slices"

	"snug/internal/dist"
	"snug/internal/license"
)

// Declared is what METADATA says the licence is; a License field that holds a whole text is classified.
func Declared(md *dist.Metadata) license.Declared {
	d := license.Declare(license.Fields{Expression: md.LicenseExpression, License: md.License, Classifiers: md.Classifiers})
	if d.Text == "" || d.Expression.String() != "" && !d.Ambiguous {
		return d
	}
	t := Classify([]byte(d.Text))
	if len(t.IDs) == 0 || t.Coverage < sure && d.Expression.String() == "" {
		d.Notes = append(d.Notes, "the License field holds a text that is not recognised")
		return d
	}
	if d = refine(d, t.IDs, "the text in the License field"); d.Source == license.FromText {
		d.Source = license.FromLicense
	}
	return d
}

// With makes a declaration exact by the distribution's own texts, where it leaves open which BSD licence,
// or which version, is meant. It never makes it milder, and does not touch one that is clear.
func With(d license.Declared, texts []Text) license.Declared {
	if !d.Ambiguous && d.Expression.String() != "" {
		return d
	}
	var ids []string
	for _, t := range texts {
		if t.Kind == Own && (t.Coverage >= sure || d.Expression.String() != "") {
			ids = append(ids, t.IDs...)
		}
	}
	return refine(d, ids, "its licence file")
}

// refine puts the licence that was found first in the place of a name that leaves open which. Without any
// name, what was found is taken whole.
func refine(d license.Declared, ids []string, from string) license.Declared {
	found := expressions(ids)
	if d.Expression.String() == "" {
		if d.Expression = license.Join(license.And, found...); len(found) > 0 {
			d.Source = license.FromText
		}
		return d
	}
	for _, e := range found {
		if exact, ok := d.Exact(e); ok {
			exact.Notes = append(slices.Clone(d.Notes), fmt.Sprintf("%s, by %s", e, from))
			return exact
		}
	}
	return d
}

func expressions(ids []string) (out []license.Expression) {
	for _, id := range ids {
		if e, err := license.ParseExpression(id); err == nil {
			out = append(out, e)
		}
	}
	return out
}
