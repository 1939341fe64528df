package manifest

import (
	"path/filepath"
	"testing"
)

// The examples are real projects: each must load, with its own installed.
func TestExamples(t *testing.T) {
	for _, c := range []struct{ name, path string }{{"shop", "."}, {"api", "src"}, {"report", "src"}, {"legacy", "."}} {
		p, err := Load(filepath.Join("..", "..", "examples", c.name), env)
		if err != nil {
			t.Fatal(err)
		}
		if p.AsOf.IsZero() != (c.name == "legacy") || p.Local == nil || len(p.Runtimes[1].Requirements) == 0 {
			t.Errorf("%s: %+v", c.name, p)
		}
		expect(t, c.name, p.Local.Paths, []string{c.path})
	}
}
