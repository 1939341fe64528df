package manifest

import (
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/toml"
)

// Strategy says which versions of a package are tried first; the zero value is
// the newest, stable ones before pre-releases. The words are those of pip's and
// uv's users.
type Strategy struct {
	Resolution  Resolution
	Prereleases bool // a pre-release is a version like others
}

// Resolution says from which end of a package's versions to begin.
type Resolution string

// The resolutions.
const (
	Highest      Resolution = ""
	Lowest       Resolution = "lowest"        // the oldest of every package
	LowestDirect Resolution = "lowest-direct" // the oldest of those that the project names
)

// ParseResolution reads "highest", "lowest" or "lowest-direct".
func ParseResolution(text string) (Resolution, error) {
	known := []string{"highest", string(Lowest), string(LowestDirect)}
	switch {
	case !slices.Contains(known, text):
		return "", fault.New(fault.Usage, "it is one of "+strings.Join(known, ", "), "unknown resolution %q", text)
	case text == known[0]:
		return Highest, nil
	}
	return Resolution(text), nil
}

// strategyOf reads the keys resolution and prereleases.
func strategyOf(t toml.Table) (s Strategy, err error) {
	text, err := t.Text("resolution")
	if err != nil {
		return s, err
	}
	if text != "" {
		if s.Resolution, err = ParseResolution(text); err != nil {
			return s, t.Bad("resolution", fault.HintOf(err), "%v", err)
		}
	}
	s.Prereleases, err = t.Bool("prereleases", false)
	return s, err
}
