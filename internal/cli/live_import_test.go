//go:build live

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What uv locked for a small project is locked again with the same versions,
// and the files that it locked are those that the index offers.
func TestLiveImportUv(t *testing.T) {
	p := newPeers(t)
	dir := t.TempDir()
	manifest := `[project]
name = "small"
version = "1"
requires-python = ">=3.13"
dependencies = ["flask", "psycopg[binary]>=3.1", "colorama; sys_platform == 'win32'"]

[dependency-groups]
dev = ["pytest"]

[tool.snug]
package = false
targets = ["linux-x86_64", "windows-x86_64"]
`
	if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	p.run(dir, "uv", "lock", "-q", "--python", filepath.Join(p.bin, "python3"), "--exclude-newer", "2026-06-01T00:00:00Z")
	out := liveSnug(t, dir, "lock", "--from", "uv.lock", "--json")
	var said struct {
		Data struct {
			State string
			From  struct {
				Locked, Kept int
				Moved        []struct{ Name, Before, After, Why string }
				Unneeded     []string
				Unlisted     []string
			}
		}
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, `"kind":"finding"`) {
			if err := json.Unmarshal([]byte(line), &said); err != nil {
				t.Fatal(err)
			}
		}
	}
	from := said.Data.From
	if said.Data.State != "written" || from.Locked < 12 || len(from.Moved) > 0 || len(from.Unlisted) > 0 || from.Kept+len(from.Unneeded) != from.Locked {
		t.Errorf("%+v\n%s", said.Data, out)
	}
}
