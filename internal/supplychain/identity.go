package supplychain

import (
	"errors"
	"fmt"
	"slices"

	"snug/internal/finding"
	"snug/internal/lock"
	"snug/internal/pep740"
)

// Attested is what became of the provenance of a locked file.
type Attested struct {
	File     string
	Verified []pep740.Verified
	Err      error // of pep740, else why it could not be had
}

// OfIdentities compares who published the files of a locked package, as far as that was
// verified, with whom the lock pins (attestation-identities). A package without pins is
// only held to its attestations being true.
func OfIdentities(p *lock.Package, attested []Attested) []finding.Finding {
	var untrue, changed, untold []string
	for _, a := range attested {
		switch {
		case errors.Is(a.Err, pep740.ErrFalse):
			untrue = append(untrue, a.File+": "+a.Err.Error())
		case a.Err != nil:
			untold = append(untold, a.File+": "+a.Err.Error())
		}
		for _, v := range a.Verified {
			if len(p.AttestationIdentities) > 0 && !pinned(p, v.Identity) {
				changed = append(changed, fmt.Sprintf("%s was published by %s", a.File, v.Identity))
			}
		}
	}
	var out []finding.Finding
	if len(untrue) > 0 {
		f := sign(BadAttestation, p.Name, p.Version, "what its index shows for its origin is false", untrue...)
		f.Remedy = "ask its publisher; choose another version until then"
		out = append(out, f)
	}
	if len(changed) > 0 {
		for _, t := range p.AttestationIdentities {
			changed = append(changed, "the lock pins "+pep740.FromTable(t).String())
		}
		f := sign(IdentityChanged, p.Name, p.Version, "another repository or workflow published it than the lock pins", changed...)
		f.Remedy = "if the project has moved, take its attestation-identities out of the lock and run snug lock, which pins the new ones"
		out = append(out, f)
	}
	if len(untold) > 0 {
		f := NotAsked(p.Name, p.Version, "its attestations are not verified", "see the evidence; a newer trusted root may know more")
		f.Evidence = bounded(untold)
		out = append(out, f)
	}
	return out
}

func pinned(p *lock.Package, i pep740.Identity) bool {
	return slices.ContainsFunc(p.AttestationIdentities, func(t map[string]string) bool { return pep740.FromTable(t).Same(i) })
}
