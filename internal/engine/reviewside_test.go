package engine

import (
	"testing"

	"snug/internal/dist"
	"snug/internal/licensetext"
	"snug/internal/vet"
)

// What a name leaves open is made exact by the package's own text, as everywhere else.
func TestReviewedLicenseIsExact(t *testing.T) {
	l := &vet.License{
		Declared: licensetext.Declared(&dist.Metadata{Classifiers: []string{"License :: OSI Approved :: BSD License"}}),
		Texts:    []licensetext.Text{{Path: "a.dist-info/LICENSE", Kind: licensetext.Own, IDs: []string{"BSD-3-Clause"}, Coverage: 1}},
	}
	x := &entry{}
	if x.declared(l); x.license != "BSD-3-Clause" {
		t.Errorf("%q", x.license)
	}
}
