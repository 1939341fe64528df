package interp

import (
	"context"
	"errors"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// shelf is a source that has what its lines say: "3.14.6 linux-x86_64", with
// "fixed" for one that cannot be moved.
type shelf struct {
	name   string
	lines  []string
	failed error
}

func (s shelf) Name() string { return s.name }

func (s shelf) List(_ context.Context, t pytag.Target) ([]Interpreter, error) {
	var out []Interpreter
	for _, line := range s.lines {
		f := strings.Fields(line)
		if f[1] != t.String() {
			continue
		}
		v, err := pep440.Parse(f[0])
		if err != nil {
			return nil, err
		}
		out = append(out, Interpreter{Version: v, Target: f[1], Source: s.name, ID: "id", Movable: len(f) == 2})
	}
	return out, s.failed
}

func (s shelf) Fetch(context.Context, Interpreter, string, func(int64, int64)) error {
	return errors.New("not for fetching")
}

func TestChoose(t *testing.T) {
	first := shelf{name: "first", lines: []string{
		"3.15.0rc1 linux-x86_64", "3.15.0rc1 macos-arm64", "3.14.7 linux-x86_64", "3.14.6 linux-x86_64", "3.14.6 macos-arm64", "3.13.9 linux-x86_64", "3.13.9 macos-arm64"}}
	second := shelf{name: "second", lines: []string{"3.14.6 linux-x86_64", "3.14.6 macos-arm64", "3.12.1 macos-arm64", "3.11.2 linux-x86_64", "3.11.3 macos-arm64"}}
	here := shelf{name: "found", lines: []string{"3.16.1 linux-x86_64 fixed", "3.9.1 linux-x86_64 fixed"}}
	down := shelf{name: "down", failed: errors.New("no route")}
	tests := []struct {
		name, asked, requires, targets string
		want                           string // or the start of the error
	}{
		{"newest that all have", "", ">=3.10", "linux-x86_64 macos-arm64", "3.14.6 first, 3.14.6 first"},
		{"newest patch of one target", "", "", "linux-x86_64", "3.14.7 first"},
		{"an older minor", "3.13", "", "linux-x86_64 macos-arm64", "3.13.9 first, 3.13.9 first"},
		{"same minor where the patch differs", "3.11", "", "linux-x86_64 macos-arm64", "3.11.2 second, 3.11.3 second"},
		{"full version", "3.14.6", "", "linux-x86_64", "3.14.6 first"},
		{"3.1 is not 3.14", "3.1", "", "linux-x86_64", "no Python (3.1) for linux-x86_64"},
		{"a specifier", ">=3.11,<3.14", "", "linux-x86_64", "3.13.9 first"},
		{"pre-release if asked", "3.15.0rc1", "", "linux-x86_64", "3.15.0rc1 first"},
		{"found one only where no other fits", "3.9", "", "linux-x86_64", "3.9.1 found"},
		{"requires-python binds", "3.13", ">=3.14", "linux-x86_64", "no Python (3.13) for linux-x86_64"},
		{"not a version", "three", "", "linux-x86_64", `python "three" is not a version`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			targets := parseTargets(t, tt.targets)
			var requires pep440.Specifiers
			if tt.requires != "" {
				requires, _ = pep440.ParseSpecifiers(tt.requires)
			}
			chosen, said, err := Choose(context.Background(), []Source{down, first, second, here}, tt.asked, requires, targets)
			if err != nil {
				if !strings.HasPrefix(err.Error(), tt.want) || fault.HintOf(err) == "" {
					t.Fatalf("%v, want %s", err, tt.want)
				}
				return
			}
			var got []string
			for _, target := range targets {
				got = append(got, chosen[target.String()].Version.String()+" "+chosen[target.String()].Source)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
			if said[0] != "down: not used: no route" || !strings.HasPrefix(said[1], "Python 3.") {
				t.Errorf("said %q", said)
			}
		})
	}
}

func parseTargets(t *testing.T, names string) []pytag.Target {
	t.Helper()
	var out []pytag.Target
	for _, name := range strings.Fields(names) {
		target, err := pytag.ParseTarget(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, target)
	}
	return out
}

// asking counts how often it is asked.
type asking struct {
	shelf
	asked *int
}

func (a asking) List(ctx context.Context, t pytag.Target) ([]Interpreter, error) {
	*a.asked++
	return a.shelf.List(ctx, t)
}

// Asking what was found on the machine starts every Python there is.
func TestFoundIsAskedOnlyWhereNothingElseFits(t *testing.T) {
	target, err := pytag.ParseTarget("linux-x86_64")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	sources := []Source{shelf{name: "first", lines: []string{"3.14.6 linux-x86_64"}},
		asking{shelf{name: SourceFound, lines: []string{"3.15.1 linux-x86_64 fixed", "3.9.1 linux-x86_64 fixed"}}, &asked}}
	for wish, want := range map[string]int{"": 0, "3.14": 0, "3.9": 1} {
		asked = 0
		chosen, _, err := Choose(t.Context(), sources, wish, nil, []pytag.Target{target})
		if err != nil || asked != want {
			t.Errorf("%q: asked %d times, chosen %v, %v", wish, asked, chosen, err)
		}
	}
}
