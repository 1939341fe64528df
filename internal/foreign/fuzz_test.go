package foreign

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// Whatever stands in a file, it is refused with a remedy, or read so that its
// pins can be preferred and its requirements written.
func FuzzRead(f *testing.F) {
	names := []string{Uv, Poetry, Pdm, PipfileLock, Pipfile, Requirements, Conda, "pylock.old.toml"}
	seeds, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range seeds {
		a, err := txtar.ParseFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		if i := slices.Index(names, a.Files[0].Name); i >= 0 {
			f.Add(uint8(i), string(a.Files[0].Data))
		}
	}
	f.Add(uint8(6), "a: &a [x]\nb: [*a, *a]\n")
	f.Add(uint8(6), "dependencies:\n  - pip:\n    - git+\n    - |\n      a\n      b\n")
	f.Add(uint8(3), `{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1", "markers": "x"}}}`)
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		path := filepath.Join(t.TempDir(), names[int(which)%len(names)])
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := Read(path, env)
		if err != nil {
			if !slices.Contains([]fault.Code{fault.Input, fault.NotFound, fault.Unsupported}, fault.CodeOf(err)) || fault.HintOf(err) == "" {
				t.Fatalf("%q: code %q, hint %q: %v", text, fault.CodeOf(err), fault.HintOf(err), err)
			}
			return
		}
		check(t, m)
	})
}

func check(t *testing.T, m *Import) {
	for _, p := range Lock([]*Import{m}).Packages {
		if _, err := pep440.Parse(p.Version); err != nil || p.Name != pep508.NormalizeName(p.Name) {
			t.Errorf("%s %s: %v", p.Name, p.Version, err)
		}
		if _, err := pep508.ParseMarker(p.Marker); p.Marker != "" && err != nil {
			t.Error(err)
		}
	}
	if len(m.Pins) > lock.MaxPackages {
		t.Error(len(m.Pins), "pins")
	}
	text, err := manifest.Init(nil, m.Draft())
	if err != nil {
		if fault.HintOf(err) == "" {
			t.Errorf("no remedy: %v", err)
		}
		return
	}
	if _, err := manifest.Parse(t.TempDir(), text, env); err != nil && fault.HintOf(err) == "" {
		t.Errorf("%v\n%s", err, text)
	}
}
