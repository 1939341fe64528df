package resolve

import (
	"testing"

	"snug/internal/manifest"
)

// TestStrategy: which version is tried first; what cannot be had is passed over
// from either end.
func TestStrategy(t *testing.T) {
	const index = "a 1 | tag=cp314-cp314-win_amd64\na 2 | b>=2\na 3 | b>=2\na 4rc1 | b>=2\nb 1\nb 2\nb 3"
	for _, c := range []struct {
		resolution  manifest.Resolution
		prereleases bool
		asks, want  string
	}{
		{manifest.Highest, false, "a", "a 3, b 3"},
		{manifest.Highest, true, "a", "a 4rc1, b 3"},
		{manifest.Lowest, false, "a", "a 2, b 2"},
		{manifest.LowestDirect, false, "a", "a 2, b 3"},
		{manifest.LowestDirect, false, "a & b", "a 2, b 2"},
		{manifest.LowestDirect, false, "a & b; sys_platform == 'win32'", "a 2, b 3"},
		{manifest.Lowest, false, "a>2", "a 3, b 2"},
		{manifest.Lowest, false, "a>3", "a 4rc1, b 2"},
		{manifest.Lowest, true, "a>3", "a 4rc1, b 2"},
	} {
		in := input(t, asks(t, c.asks), world(t, index), "linux-x86_64")
		in.Project.Strategy = manifest.Strategy{Resolution: c.resolution, Prereleases: c.prereleases}
		l, err := Resolve(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := versions(t, l, in, 0, "prod"); got != c.want {
			t.Errorf("%q %v %s: got %q, want %q", c.resolution, c.prereleases, c.asks, got, c.want)
		}
	}
}
