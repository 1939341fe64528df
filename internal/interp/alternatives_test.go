package interp

import (
	"errors"
	"strings"
	"testing"

	"snug/internal/pep440"
	"snug/internal/pytag"
)

func TestAlternatives(t *testing.T) {
	sources := []Source{
		shelf{name: "down", failed: errors.New("no route")},
		shelf{name: "first", lines: []string{"3.15.0rc1 linux-x86_64", "3.14.6 linux-x86_64", "3.14.6 macos-arm64", "3.13.9 linux-x86_64", "3.12.1 linux-x86_64", "3.12.1 macos-arm64"}},
		shelf{name: "second", lines: []string{"3.11.2 linux-x86_64", "3.11.3 macos-arm64"}},
		shelf{name: SourceFound, lines: []string{"3.10.1 linux-x86_64", "3.10.1 macos-arm64"}},
	}
	for _, c := range []struct{ requires, targets, want string }{
		{"", "linux-x86_64", "3.14.6 3.13.9 3.12.1 3.11.2"},
		{"", "linux-x86_64 macos-arm64", "3.14.6 3.12.1 3.11.2"},
		{">=3.12,<3.14", "linux-x86_64", "3.13.9 3.12.1"},
		{"", "windows-x86_64", ""},
	} {
		requires, err := pep440.ParseSpecifiers(c.requires)
		if err != nil {
			t.Fatal(err)
		}
		var targets []pytag.Target
		for name := range strings.FieldsSeq(c.targets) {
			target, err := pytag.ParseTarget(name)
			if err != nil {
				t.Fatal(err)
			}
			targets = append(targets, target)
		}
		got, err := Alternatives(t.Context(), sources, requires, targets)
		if err != nil {
			t.Fatal(err)
		}
		var versions []string
		for _, chosen := range got {
			versions = append(versions, chosen[targets[0].String()].Version.String())
		}
		if text := strings.Join(versions, " "); text != c.want {
			t.Errorf("%s for %s: got %q, want %q", c.requires, c.targets, text, c.want)
		}
	}
}
