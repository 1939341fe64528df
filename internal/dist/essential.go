package dist

import "strings"

// maxLicense bounds a licence that is kept: what is longer is a text and no name.
const maxLicense = 200

// Essential is METADATA again with only the fields that resolving reads: Name,
// Version, Requires-Python, Requires-Dist and Provides-Extra, and what names a
// licence, in few words. ParseMetadata reads the same in them as it did in m.
func (m *Metadata) Essential() []byte {
	var b []byte
	field := func(name, value string) {
		for strings.Contains(value, "\n\n") { // an empty line would end the fields
			value = strings.ReplaceAll(value, "\n\n", "\n")
		}
		b = append(append(append(append(b, name...), ": "...), strings.TrimRight(value, "\n")...), '\n')
	}
	field("Metadata-Version", m.MetadataVersion)
	field("Name", m.Name)
	field("Version", m.Version)
	if m.RequiresPython != "" {
		field("Requires-Python", m.RequiresPython)
	}
	if names(m.LicenseExpression) {
		field("License-Expression", m.LicenseExpression)
	}
	if names(m.License) {
		field("License", m.License)
	}
	for _, c := range m.Classifiers {
		if strings.HasPrefix(c, "License ::") && names(c) {
			field("Classifier", c)
		}
	}
	for _, extra := range m.ProvidesExtra {
		field("Provides-Extra", extra)
	}
	for _, need := range m.RequiresDist {
		field("Requires-Dist", need)
	}
	return b
}

// names tells whether the text is short enough to name a licence.
func names(licence string) bool {
	return licence != "" && len(licence) <= maxLicense && !strings.Contains(licence, "\n")
}
