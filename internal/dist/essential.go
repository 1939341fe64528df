package dist

import "strings"

// Essential is METADATA again with only the fields that resolving reads: Name,
// Version, Requires-Python, Requires-Dist and Provides-Extra. ParseMetadata reads
// the same in them as it did in m.
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
	for _, extra := range m.ProvidesExtra {
		field("Provides-Extra", extra)
	}
	for _, need := range m.RequiresDist {
		field("Requires-Dist", need)
	}
	return b
}
