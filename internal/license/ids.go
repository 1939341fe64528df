package license

import "slices"

// IDs are the identifiers of ListVersion, without exceptions, in order of their
// lower-case form.
func IDs() []string { return slices.Clone(licenses[:]) }
