//go:build unix

package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Writes that fail half-way, as on a full disk, end the build with what to do;
// what was in use stays, and with room again the build goes on. The limits make
// each kind of file the one that fails.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	warm := machine{t.TempDir(), newIndex(t)}
	want := warm.trees(t, project(t, "pkg4"))
	for _, c := range []struct {
		fails string
		limit int
		inUse bool
	}{
		{"pylock", 0, false},
		{"pylock", 2000, true},
		{"manifest", 20_000, true},
		{"blobs", 9000, false}, // of which the store has none
		{"blobs", 41_000, false},
	} {
		m, dir := warm, project(t, "pkg4")
		if c.fails == "blobs" {
			m.home = t.TempDir()
		}
		if c.inUse {
			ask(t, dir, "pkg6")
			m.trees(t, dir)
			ask(t, dir, "pkg4")
		}
		cmd := m.command(t, dir, "build")
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", fileLimitVar, c.limit))
		code, out, errOut := finish(t, cmd)
		if code != 1 || strings.Count(errOut, "file too large") != 1 || !strings.Contains(errOut, "hint: make room") {
			t.Errorf("%+v: exit code %d\n%s%s", c, code, out, errOut)
		}
		if named := strings.Contains(errOut, c.fails) || c.fails == "manifest" && strings.Contains(errOut, "share/snug"); !named {
			t.Errorf("%+v: another file failed\n%s", c, errOut)
		}
		m.whole(t, dir, c.inUse)
		if left, err := filepath.Glob(filepath.Join(dir, ".pylock*")); err != nil || len(left) > 0 {
			t.Errorf("%+v: left %v, %v", c, left, err)
		}
		if got := m.trees(t, dir); got != want {
			t.Errorf("%+v: with room it ends with\n%s\nwant\n%s", c, got, want)
		}
	}
}
