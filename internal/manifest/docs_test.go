package manifest

import (
	"maps"
	"os"
	"slices"
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

// docs/formats.md says what becomes of every key of the tables of others.
func TestForeignKeysAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## Tables of other tools\n")
	for tool, k := range map[string]keys{"[tool.uv]": uvKeys, "[tool.poetry]": poetryKeys, "[tool.pdm]": pdmKeys} {
		_, rows, _ := strings.Cut(rest, "| `"+tool+"` |")
		rows, _, _ = strings.Cut(rows, "\n\n")
		_, harmless, _ := strings.Cut(rows, "| *harmless* |")
		for key := range k.harmless {
			if !strings.Contains(harmless, "`"+key+"`") {
				t.Errorf("docs/formats.md does not say that %s %s is harmless", tool, key)
			}
		}
		said := append(slices.Sorted(maps.Keys(k.refused)), k.obeyed...)
		for _, key := range said {
			if !strings.Contains(strings.TrimSuffix(rows, harmless), "`"+key+"`") {
				t.Errorf("docs/formats.md does not say what becomes of %s %s", tool, key)
			}
		}
	}
}
