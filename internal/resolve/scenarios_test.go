package resolve

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/conformance"
	"snug/internal/fault"
	"snug/internal/pep440"
)

// scenario is one file in packse's format.
type scenario struct {
	Root struct {
		Requires       []string
		RequiresPython string `toml:"requires_python"`
	}
	Environment struct {
		Python string
	}
	Options struct {
		Python              string
		PythonPlatform      string `toml:"python_platform"`
		Prereleases         bool
		Universal           bool
		NoBuild             any      `toml:"no_build"`
		NoBinary            any      `toml:"no_binary"`
		RequiredEnvironment []string `toml:"required_environments"`
		Resolution          string
	} `toml:"resolver_options"`
	Expected struct {
		Satisfiable bool
		Packages    map[string]any
	}
	Packages map[string]struct {
		Versions map[string]struct {
			Requires       []string
			RequiresPython *string `toml:"requires_python"`
			Extras         map[string][]string
			WheelTags      []string `toml:"wheel_tags"`
			Sdist, Wheel   *bool
			Yanked         any
		}
	}
}

// notApplicable says why a scenario is not one that snug can be held to.
func (s *scenario) notApplicable() string {
	o := s.Options
	switch {
	case o.Universal && !s.Expected.Satisfiable:
		return "unsatisfiable for some environment; snug's targets are explicit, and may be others"
	case o.Prereleases:
		return "a global opt-in to pre-releases is not offered"
	case o.Resolution != "":
		return "another strategy than newest first is not offered"
	case o.NoBinary != nil:
		return "building from source is not done yet"
	}
	for _, p := range s.Packages {
		for _, v := range p.Versions {
			if v.Wheel != nil && !*v.Wheel && s.Expected.Satisfiable {
				return "building from source is not done yet"
			}
		}
	}
	return ""
}

// TestScenarios holds the resolver to uv's scenarios for one environment.
func TestScenarios(t *testing.T) {
	root := filepath.Join(conformance.Folder(t), "scenarios")
	ran, leftOut := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".toml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		t.Run(strings.TrimSuffix(filepath.ToSlash(rel), ".toml"), func(t *testing.T) {
			var s scenario
			if err := toml.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			why := s.notApplicable()
			if strings.HasSuffix(t.Name(), "/no-wheels-with-matching-platform") {
				why = "building from source is not done yet"
			}
			if why != "" {
				leftOut++
				t.Skip(why)
			}
			ran++
			s.run(t)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if ran != 108 || leftOut != 16 {
		t.Errorf("%d scenarios ran and %d were left out, not 108 and 16", ran, leftOut)
	}
	t.Logf("%d scenarios ran, %d were left out for a reason", ran, leftOut)
}

func (s *scenario) run(t *testing.T) {
	p := asks(t, strings.Join(s.Root.Requires, " & "))
	names := []string{"linux-x86_64"}
	if s.Options.Universal { // then expected is only that there is an answer, for any environment
		names = []string{"linux-x86_64", "macos-arm64", "windows-x86_64"}
	}
	in := input(t, p, s.index(t), names...)
	for _, text := range []string{s.Options.Python, s.Environment.Python, "3.12.0"} {
		if text == "" {
			continue
		}
		py, err := pep440.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range in.Targets {
			in.Targets[i].Python = py
		}
		break
	}
	p.RequiresPython = nil
	l, err := Resolve(t.Context(), in)
	var conflict *Conflict
	if !s.Expected.Satisfiable {
		if !errors.As(err, &conflict) {
			t.Fatalf("got %v, want a conflict", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err, fault.HintOf(err))
	}
	if s.Expected.Packages == nil || s.Options.Universal {
		return
	}
	var want []string
	for _, name := range slices.Sorted(maps.Keys(s.Expected.Packages)) {
		version, _ := s.Expected.Packages[name].(string)
		want = append(want, name+" "+version)
	}
	if got := versions(t, l, in, 0, "prod"); got != strings.Join(want, ", ") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func (s *scenario) index(t *testing.T) *shelfText {
	w := world(t, "unrelated 1")
	for name, p := range s.Packages {
		for version, v := range p.Versions {
			r := fake{name: name, version: version, python: ">=3.12", needs: v.Requires, tags: v.WheelTags,
				sdist: v.Sdist == nil || *v.Sdist, noWheel: v.Wheel != nil && !*v.Wheel, yanked: v.Yanked != nil && v.Yanked != false}
			if v.RequiresPython != nil {
				r.python = *v.RequiresPython
			}
			for extra, needs := range v.Extras {
				r.extras = append(r.extras, extra)
				for _, n := range needs {
					spec, marker, _ := strings.Cut(n, ";")
					r.needs = append(r.needs, spec+"; extra == '"+extra+"'"+and(marker))
				}
			}
			w.add(t, r)
		}
	}
	return w
}

func and(marker string) string {
	if marker == "" {
		return ""
	}
	return " and (" + marker + ")"
}
