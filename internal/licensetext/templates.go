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

const unicode3 = `
UNICODE LICENSE V3
__40__
Permission is hereby granted, free of charge, to any person obtaining a copy of data files
__80__
THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND
__110__
shall not be used in advertising or otherwise to promote the sale, use or other dealings in these
Data Files or Software without prior written authorization of the copyright holder`

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
