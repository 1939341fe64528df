package engine

import (
	"snug/internal/lock"
	"snug/internal/pep508"
)

// PackageNote is what the lock says of one version of a package: why the targets
// that have it do not share another, what had to be mended, why a yanked file is
// used.
type PackageNote struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Note    string `json:"note"`
}

// Notes are those of a package's versions, in the order of the lock.
func Notes(l *lock.Lock, name string) []PackageNote {
	var out []PackageNote
	for _, p := range l.Packages {
		if p.Name != pep508.NormalizeName(name) {
			continue
		}
		for _, note := range p.Notes {
			out = append(out, PackageNote{p.Name, p.Version, note})
		}
	}
	return out
}
