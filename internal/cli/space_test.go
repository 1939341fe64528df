//go:build unix

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Writes that fail half-way, as on a full disk, end the build with what to do;
// what was in use stays, and with room again the build goes on. The limits make
// each kind of file the one that fails: caches and the lock, plans, wheels.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	index := newIndex(t)
	want := machine{t.TempDir(), index}.trees(t, project(t, "pkg4"))
	for _, inUse := range []bool{false, true} {
		limits := []int{0, 2000, 9000, 20_000}
		if !inUse { // else the wheels are in the store already
			limits = append(limits, 41_000)
		}
		for _, limit := range limits {
			m := machine{t.TempDir(), index}
			dir := project(t, "pkg4")
			if inUse {
				ask(t, dir, "pkg6")
				m.trees(t, dir)
				ask(t, dir, "pkg4")
			}
			cmd := m.command(t, dir, "build")
			cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", fileLimitVar, limit))
			code, out, errOut := finish(t, cmd)
			if code != 1 || !strings.Contains(errOut, "file too large") || !strings.Contains(errOut, "hint: make room") {
				t.Errorf("limit %d, in use %t: exit code %d\n%s%s", limit, inUse, code, out, errOut)
			}
			if strings.Count(errOut, "file too large") > 1 {
				t.Errorf("limit %d: it says so more than once\n%s", limit, errOut)
			}
			m.whole(t, dir, inUse)
			if left, err := filepath.Glob(filepath.Join(dir, ".pylock*")); err != nil || len(left) > 0 {
				t.Errorf("limit %d left %v, %v", limit, left, err)
			}
			if got := m.trees(t, dir); got != want {
				t.Errorf("limit %d, in use %t: with room it ends with\n%s\nwant\n%s", limit, inUse, got, want)
			}
			if _, err := os.Stat(filepath.Join(dir, "pylock.toml")); err != nil {
				t.Error(err)
			}
		}
	}
}
