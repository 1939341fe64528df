package license

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ours(name string) bool {
	return strings.HasPrefix(name, "test_licenses::") || strings.HasSuffix(name, "_license_expression")
}

// leftOut is empty: every case of theirs applies.
var leftOut = map[string]string{}

var checks = map[string]func(t *testing.T, c map[string]any){
	"test_licenses::test_invalid_spdx_with_or_licenseref_forms":    refused,
	"test_metadata::TestMetadata::test_invalid_license_expression": refused,
	"test_metadata::TestMetadata::test_valid_license_expression": func(t *testing.T, c map[string]any) {
		e, err := ParseExpression(c["license_expression"].(string))
		if err != nil || e.String() != c["expected"] {
			t.Errorf("got %q, %v", e, err)
		}
	},
}

func refused(t *testing.T, c map[string]any) {
	if e, err := ParseExpression(c["license_expression"].(string)); err == nil {
		t.Errorf("read as %q", e)
	}
}

// vectors reads the outside cases, or skips where they are absent.
func vectors(t *testing.T) map[string][]map[string]any {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "shared", "conformance", "packaging-vectors.json"))
	if err != nil {
		t.Skip("the outside cases are not here: ", err)
	}
	var all map[string][]map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestVectors holds the package to pypa/packaging's own cases: each test of
// theirs is run, or left out for a stated reason.
func TestVectors(t *testing.T) {
	ran := 0
	for name, cases := range vectors(t) {
		if !ours(name) {
			continue
		}
		if _, out := leftOut[name]; out {
			continue
		}
		check := checks[name]
		if check == nil {
			t.Errorf("%s: neither run nor left out for a reason", name)
			continue
		}
		ran += len(cases)
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				if check(t, c); t.Failed() {
					t.Fatalf("in %v", c)
				}
			}
		})
	}
	t.Logf("%d cases", ran)
}
