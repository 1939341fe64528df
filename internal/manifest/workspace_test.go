package manifest

import (
	"fmt"
	"strings"
	"testing"
)

// Members beyond the bound are not passed over.
func TestWorkspaceIsBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("-- pyproject.toml --\n[project]\nname = 'root'\nversion = '1'\n[tool.uv.workspace]\nmembers = ['p/*']\n[tool.uv.sources]\nm1 = { workspace = true }\n")
	for i := range maxMembers + 1 {
		fmt.Fprintf(&text, "-- p/m%d/pyproject.toml --\n[project]\nname = 'm%d'\nversion = '1'\n", i, i)
	}
	_, err := Load(write(t, text.String()), env)
	if err == nil || !strings.Contains(err.Error(), `members: "p/*": more than 1000 projects`) {
		t.Errorf("got %v", err)
	}
}
