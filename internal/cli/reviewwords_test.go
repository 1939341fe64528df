package cli

import (
	"testing"

	"snug/internal/engine"
	"snug/internal/licensetext"
)

// A text that is no licence is not said to be one that nobody knows.
func TestReviewOfTexts(t *testing.T) {
	for want, c := range map[string]engine.TextChange{
		"holds MIT":                          {State: engine.Added, IDs: []string{"MIT"}},
		"holds no licence that is known":     {State: engine.Added, Kind: licensetext.Own},
		"says who holds the copyright":       {State: engine.Added, Kind: licensetext.Authors},
		"sends the reader to LICENSE.APACHE": {State: engine.Added, Kind: licensetext.Own, Points: []string{"LICENSE.APACHE"}},
	} {
		if got := textParagraph(c).Lines; len(got) != 1 || got[0] != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
