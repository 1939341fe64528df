package licensetext

import (
	"fmt"
	"slices"
	"strings"

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
	if len(t.IDs) == 0 || t.Coverage < sure {
		d.Notes = append(d.Notes, "the License field holds a text that is not recognised")
		return d
	}
	return refine(d, t.IDs, "the text in the License field")
}

// With makes a declaration exact by the distribution's own texts, where it leaves open which BSD licence,
// or which version, is meant. It never makes it milder, and does not touch one that is clear.
func With(d license.Declared, texts []Text) license.Declared {
	if !d.Ambiguous && d.Expression.String() != "" {
		return d
	}
	var ids []string
	for _, t := range texts {
		if t.Kind == Own && t.Coverage >= sure {
			ids = append(ids, t.IDs...)
		}
	}
	return refine(d, ids, "its licence file")
}

// refine puts the BSD licence that was found in the place of "a BSD licence".
func refine(d license.Declared, ids []string, from string) license.Declared {
	found := expressions(ids)
	if d.Expression.String() == "" {
		if d.Expression = license.Join(license.And, found...); len(found) > 0 {
			d.Source = license.FromLicense
		}
		return d
	}
	if d.Expression.License != license.BSD {
		return d
	}
	found = slices.DeleteFunc(found, func(e license.Expression) bool { return !strings.HasPrefix(e.License, "BSD-") })
	if len(found) == 1 {
		d.Expression, d.Ambiguous = found[0], false
		d.Notes = append(d.Notes, fmt.Sprintf("which BSD licence is meant is told by %s", from))
	}
	return d
}

func expressions(ids []string) (out []license.Expression) {
	for _, id := range ids {
		if e, err := license.ParseExpression(id); err == nil && !slices.ContainsFunc(out, func(o license.Expression) bool { return o.String() == e.String() }) {
			out = append(out, e)
		}
	}
	return out
}
