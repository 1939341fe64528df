package resolve

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/conformance"
	"snug/internal/fault"
	"snug/internal/manifest"
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
		RequiredEnvironment []string `toml:"required_environments"`
		Resolution          string
		NoBinary            []string `toml:"no_binary"`
		NoBuild             []string `toml:"no_build"`
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

// inapplicable are the scenarios that snug cannot be held to, each with the
// reason. They run too: one that passes does not belong here.
var inapplicable = map[string]string{
	"fork/non-local-fork-marker-direct":              "uv finds no answer for all platforms at once; each of ours has one, and snug finds it",
	"fork/preferences-dependent-forking-conflicting": "uv finds no answer for all platforms at once; each of ours has one, and snug finds it",
}

// TestScenarios holds the resolver to uv's scenarios: those of one environment
// as they are, the universal ones for each of three targets and each Python that
// they name.
func TestScenarios(t *testing.T) {
	root := filepath.Join(conformance.Folder(t), "scenarios")
	files, left := 0, maps.Clone(inapplicable)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".toml" {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files++
		name := strings.TrimSuffix(filepath.ToSlash(rel), ".toml")
		reason := inapplicable[name]
		delete(left, name)
		t.Run(name, func(t *testing.T) {
			failure := readScenario(t, path).check(t)
			switch {
			case reason == "" && failure != nil:
				t.Error(failure)
			case reason != "" && failure == nil:
				t.Errorf("it passes, but is listed: %s", reason)
			case reason != "":
				t.Logf("%s (%v)", reason, failure)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files != 124 || len(left) > 0 {
		t.Errorf("%d scenarios, not 124; listed and not there: %v", files, left)
	}
}

func readScenario(t *testing.T, path string) *scenario {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s scenario
	if err := toml.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// defaultPython is what a scenario runs with that names none.
const defaultPython = "3.12.0"

// python is the one that expectations are about.
func (s *scenario) python() string {
	return cmp.Or(s.Options.Python, s.Environment.Python, defaultPython)
}

var pythonNamed = regexp.MustCompile(`python_(?:full_)?version\s*[<>=!~]+\s*['"]([0-9.]+)['"]`)

// pythons are those that a universal scenario names and that the project admits:
// its own, the lower bound of requires-python, and what markers compare with.
func (s *scenario) pythons(t *testing.T) []pep440.Version {
	t.Helper()
	texts := []string{s.python()}
	if s.Options.Universal {
		texts = append(texts, strings.TrimPrefix(cmp.Or(s.Root.RequiresPython, ">="+defaultPython), ">="))
		requires := slices.Clone(s.Root.Requires)
		for _, p := range s.Packages {
			for _, v := range p.Versions {
				requires = append(requires, v.Requires...)
			}
		}
		for _, m := range pythonNamed.FindAllStringSubmatch(strings.Join(requires, "\n"), -1) {
			texts = append(texts, m[1])
		}
	}
	admitted, err := pep440.ParseSpecifiers(s.Root.RequiresPython)
	if err != nil {
		t.Fatal(err)
	}
	var out []pep440.Version
	for _, text := range texts {
		v, err := pep440.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		known := slices.ContainsFunc(out, v.Equal)
		if !known && v.Major() == 3 && (len(out) == 0 || admitted.Contains(v)) {
			out = append(out, v)
		}
	}
	return out
}

// check is nil where the resolver answers as expected. Pins are expected for
// the scenario's own Python.
func (s *scenario) check(t *testing.T) error {
	t.Helper()
	if s.Options.PythonPlatform != "" || s.Options.RequiredEnvironment != nil {
		return errors.New("it names a platform, which this test does not read")
	}
	names := []string{"linux-x86_64"}
	if s.Options.Universal {
		names = three
	}
	w := s.index(t)
	for i, python := range s.pythons(t) {
		p := asks(t, strings.Join(s.Root.Requires, " & "))
		p.Strategy = manifest.Strategy{Resolution: manifest.Resolution(s.Options.Resolution), Prereleases: s.Options.Prereleases}
		p.Build = manifest.BuildSettings{FromSource: s.Options.NoBinary, Never: s.Options.NoBuild}
		in := input(t, p, w, names...)
		in.Sources = w.builder()
		for k := range in.Targets {
			in.Targets[k].Python = python
		}
		l, err := Resolve(t.Context(), in)
		if err := s.judge(err); err != nil {
			return fmt.Errorf("Python %s: %w", python, err)
		}
		if l == nil || s.Expected.Packages == nil || i > 0 {
			continue
		}
		for k, name := range names {
			if got, want := versions(t, l, in, k, "prod"), s.pins(); got != want {
				return fmt.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
	return nil
}

// judge holds what came of it to whether there is an answer.
func (s *scenario) judge(err error) error {
	var conflict *Conflict
	switch refused := errors.As(err, &conflict); {
	case err != nil && !refused:
		return err
	case refused && s.Expected.Satisfiable:
		return fmt.Errorf("%w\nhint: %s", err, fault.HintOf(err))
	case !refused && !s.Expected.Satisfiable:
		return errors.New("there is an answer, but none is expected")
	}
	return nil
}

func (s *scenario) pins() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.Expected.Packages)) {
		version, _ := s.Expected.Packages[name].(string)
		out = append(out, name+" "+version)
	}
	return strings.Join(out, ", ")
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
