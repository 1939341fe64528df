//go:build live

package cli

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"snug/internal/engine"
)

// TestLiveSdists builds a package of each sort twice, from what its publisher
// uploaded, under different conditions: the same bytes, at the level of sandbox
// that this machine gives. docs/benchmarks.md has sixty.
func TestLiveSdists(t *testing.T) {
	for _, c := range []struct {
		sort, release string
		native        bool
	}{
		{"flit", "idna==3.10", false},
		{"setuptools", "six==1.17.0", false},
		{"C", "markupsafe==3.0.2", true},
		{"Cython", "frozenlist==1.8.0", true},
		{"Rust", "rpds-py==0.27.1", true},
	} {
		t.Run(c.sort, func(t *testing.T) {
			if _, err := exec.LookPath("cargo"); c.sort == "Rust" && err != nil {
				t.Skip("this machine has no cargo:", err)
			}
			if _, err := exec.LookPath("cc"); c.native && err != nil {
				t.Skip("this machine has no C compiler:", err)
			}
			r := liveRebuilt(t, c.release)
			if !r.Reproducible() {
				t.Errorf("%s: not the same bytes again: %s", r.Wheel, r.Again)
			}
			if native := !strings.HasSuffix(r.Wheel, "-any.whl"); native != c.native || (len(r.Report.Natives) > 0) != c.native {
				t.Errorf("%s has %d native files", r.Wheel, len(r.Report.Natives))
			}
		})
	}
}

// liveRebuilt is what snug rebuild tells of one release.
func liveRebuilt(t *testing.T, release string) *engine.Rebuilt {
	t.Helper()
	said := liveSnug(t, t.TempDir(), "rebuild", release, "--check", "--json", "--no-progress", "--python", "3.13")
	lines := bufio.NewScanner(strings.NewReader(said))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct {
			Stage, Kind string
			Data        json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.Stage == "rebuild" && e.Kind == "finding" {
			r := &engine.Rebuilt{}
			if err := json.Unmarshal(e.Data, r); err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	t.Fatal("it told no result:", lines.Err())
	return nil
}
