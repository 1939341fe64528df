package supplychain

import (
	"snug/internal/fault"
	"snug/internal/finding"
)

// OfRefused is what an artifact was refused for when it was fetched or unpacked (its hash,
// its RECORD, a name or version that is not the one of its file name, a path out of its
// folder), as a finding; false where the error is of another kind.
func OfRefused(name, version string, err error) (finding.Finding, bool) {
	if fault.CodeOf(err) != fault.Integrity {
		return finding.Finding{}, false
	}
	f := sign(Integrity, name, version, "its file is not what it says, and was refused", err.Error())
	f.Remedy = fault.HintOf(err)
	return f, true
}
