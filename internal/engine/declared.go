package engine

import (
	"encoding/json"
	"strings"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/inventory"
	"snug/internal/license"
	"snug/internal/licensetext"
)

// declaredSchema changes whenever the same METADATA would be read otherwise.
const declaredSchema = "declared-2"

// keptDeclared is a license.Declared that the store keeps.
type keptDeclared struct {
	Expression string         `json:"expression,omitempty"`
	Source     license.Source `json:"source,omitempty"`
	Ambiguous  bool           `json:"ambiguous,omitempty"`
	Notes      []string       `json:"notes,omitempty"`
	Text       string         `json:"text,omitempty"`
}

// readDeclared is what a package says its licence is, made exact by its own licence
// files.
func readDeclared(f *inventory.Facts) license.Declared {
	m := f.Metadata
	return licensetext.With(licensetext.Declared(&dist.Metadata{License: m.License, LicenseExpression: m.LicenseExpression, Classifiers: m.Classifiers}), f.Licenses)
}

// declaredOf is readDeclared for what the store has. To recognise a whole text in its License field takes a tenth of a second, so
// what is made of one is kept by what it is made of.
func (e *Engine) declaredOf(f *inventory.Facts) (license.Declared, error) {
	m := f.Metadata
	if license.Declare(license.Fields{Expression: m.LicenseExpression, License: m.License, Classifiers: m.Classifiers}).Text == "" {
		return readDeclared(f), nil
	}
	asked := []string{m.License, m.LicenseExpression, strings.Join(m.Classifiers, "\n")}
	for _, t := range f.Licenses {
		asked = append(asked, t.SHA256)
	}
	data, err := e.store.Facts("licence-"+digest.Of([]byte(strings.Join(asked, "\x00"))).String(), declaredSchema, func() ([]byte, error) {
		d := readDeclared(f)
		return json.Marshal(keptDeclared{d.Expression.String(), d.Source, d.Ambiguous, d.Notes, d.Text})
	})
	if err != nil {
		return license.Declared{}, err
	}
	var k keptDeclared
	if err := json.Unmarshal(data, &k); err != nil {
		return license.Declared{}, err
	}
	d := license.Declared{Source: k.Source, Ambiguous: k.Ambiguous, Notes: k.Notes, Text: k.Text}
	if k.Expression != "" {
		d.Expression, err = license.ParseExpression(k.Expression)
	}
	return d, err
}
