// Package conformance hands the outside cases (those of the reference
// implementation's own tests) to the tests of the packages that they are about.
// Only tests import it.
//
// The one hard idea is the ledger: every case belongs to one package, which
// runs it or leaves it out for a stated reason, and the numbers are fixed, so
// that no case can go missing in silence.
package conformance

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Total is how many cases there are.
const Total = 12_456

// share is the part of the cases that one package answers for.
type share struct {
	owner    string
	tests    []string // prefixes of their names
	run, out int      // cases run, and left out for a reason
}

// ledger is in order: a test belongs to the first share that names it.
var ledger = []share{
	{"license", []string{"test_licenses::", "test_metadata::TestMetadata::test_valid_license_expression", "test_metadata::TestMetadata::test_invalid_license_expression"}, 51, 0},
	{"pep440", []string{"test_version::", "test_specifiers::", "test_ranges::", "test_utils::test_canonicalize_version", "test_metadata::TestMetadata::test_valid_requires_python"}, 5459, 609},
	{"pep508", []string{"test_requirements::", "test_markers::", "test_utils::test_canonicalize_name", "test_utils::test_is_normalized_name"}, 5963, 10},
	{"pytag", []string{"test_tags::"}, 38, 59},
	{"dist", []string{"test_utils::", "test_metadata::"}, 89, 106},
	{"lock", []string{"test_pylock::", "test_pylock_select::"}, 33, 3},
	{"manifest", []string{"test_dependency_groups::"}, 12, 0},
	{"wheel", []string{"test_direct_url::"}, 0, 24},
}

// Suite is how one package is held to its share. A name that begins with a key
// of LeftOut is not run, for the reason that is its value.
type Suite struct {
	Owner   string
	LeftOut map[string]string
	Check   func(t *testing.T, name string, c json.RawMessage)
}

// Hold runs the owner's cases, or skips and says so where there are none.
func (s Suite) Hold(t *testing.T) {
	t.Helper()
	at := slices.IndexFunc(ledger, func(o share) bool { return o.owner == s.Owner })
	if at < 0 {
		t.Fatalf("%s has no share of the cases", s.Owner)
	}
	run, out, used := 0, 0, map[string]bool{}
	all := read(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if owner(name) != at {
			continue
		}
		cases := all[name]
		if key, ok := s.reason(name); ok {
			t.Logf("left out: %d of %s: %s", len(cases), name, s.LeftOut[key])
			used[key] = true
			out += len(cases)
			continue
		}
		run += len(cases)
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				if s.Check(t, name, c); t.Failed() {
					t.Fatalf("in %s", c)
				}
			}
		})
	}
	for key := range s.LeftOut {
		if !used[key] {
			t.Errorf("%s is left out, but there is no such case", key)
		}
	}
	if want := ledger[at]; run != want.run || out != want.out {
		t.Errorf("%d cases run and %d left out, the ledger says %d and %d", run, out, want.run, want.out)
	}
	t.Logf("%s: %d cases run, %d left out for a reason", s.Owner, run, out)
}

// reason is the longest key that name begins with.
func (s Suite) reason(name string) (key string, ok bool) {
	for k := range s.LeftOut {
		if strings.HasPrefix(name, k) && len(k) >= len(key) {
			key, ok = k, true
		}
	}
	return key, ok
}

// owner is the place in the ledger of the package that a test is about, -1 for
// none.
func owner(name string) int {
	return slices.IndexFunc(ledger, func(o share) bool {
		return slices.ContainsFunc(o.tests, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
}

// Folder is where the outside cases lie, beside the clone; the test is skipped,
// and says so, in a clone without them.
func Folder(t *testing.T) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; root != filepath.Dir(root); root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
	}
	folder := filepath.Join(root, "..", "shared", "conformance")
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("NOT CHECKED: the outside cases are not here (../shared/conformance)")
	}
	return folder
}

func read(t *testing.T) map[string][]json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Folder(t), "packaging-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]json.RawMessage{}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}
