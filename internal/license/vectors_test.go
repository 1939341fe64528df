package license

import (
	"encoding/json"
	"testing"

	"snug/internal/conformance"
)

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

// TestVectors holds the package to pypa/packaging's own cases: each test of
// theirs is run, or left out for a stated reason.
func TestVectors(t *testing.T) {
	conformance.Suite{Owner: "license", LeftOut: leftOut, Check: func(t *testing.T, name string, raw json.RawMessage) {
		var c map[string]any
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		check := checks[name]
		if check == nil {
			t.Fatalf("neither run nor left out for a reason")
		}
		check(t, c)
	}}.Hold(t)
}
