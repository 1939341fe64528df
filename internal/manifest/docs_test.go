package manifest

import (
	"os"
	"strings"
	"testing"
)

// The example of docs/formats.md loads, and names every key of [tool.snug].
func TestFormatsExampleLoads(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```toml\n")
	example, _, _ := strings.Cut(rest, "```")
	p, err := Load(write(t, "-- pyproject.toml --\n[dependency-groups]\ntest = []\ndev = []\n"+example), env)
	if err != nil {
		t.Fatal(err)
	}
	if p.IndexURL == "" || len(p.Indexes) != 3 || p.PackageIndex["torch"] != "gpu" || p.Home == "" || !p.Offline || p.Jobs != 4 || p.PythonMirror == "" || len(p.Overlaps) != 1 || len(p.Runtimes) != 3 {
		t.Errorf("got %+v", p)
	}
	for _, key := range toolKeys {
		if !strings.Contains(example, "\n"+key+" ") && !strings.Contains(example, "\n"+key+".") && !strings.Contains(example, "[tool.snug."+key+"]") {
			t.Errorf("docs/formats.md does not say %s", key)
		}
	}
}
