package licensetext

import (
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// templates are licences in use that licensecheck does not know as Python's distributions have them: its own
// templates with more room for years, parts of them that stand alone, and what is newer than it.
func templates() []licensecheck.License {
	psf := lre("PSF-2.0")
	python, agreement := lre("Python-2.0"), lre("CNRI-Python-GPL-Compatible")
	return []licensecheck.License{
		{ID: "PSF-2.0", LRE: strings.ReplaceAll(psf, "__6__", "__60__")},
		{ID: "Python-2.0", LRE: between(python, "(( BEOPEN.COM", "(( CNRI OPEN")}, // the part of BeOpen, as it stands in every later stack
		{ID: "CNRI-Python", LRE: between(agreement, "This LICENSE AGREEMENT is between", "")},
		{ID: "Unicode-3.0", LRE: unicode3},
	}
}

// unicode3 is told by its title and the words of its end.
const unicode3 = `
UNICODE LICENSE V3
__300__
written authorization of the copyright holder`

// lre is the template of licensecheck with that name.
func lre(id string) string {
	all := licensecheck.BuiltinLicenses()
	return all[slices.IndexFunc(all, func(l licensecheck.License) bool { return l.ID == id && l.LRE != "" })].LRE
}

// between is the part of a template from one phrase up to another, "" being its end.
func between(lre, from, to string) string {
	part := lre[strings.Index(lre, from):]
	if to != "" {
		part = part[:strings.Index(part, to)]
	}
	return part
}
