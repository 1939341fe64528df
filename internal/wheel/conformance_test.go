package wheel

import (
	"encoding/json"
	"testing"

	"snug/internal/conformance"
)

// TestConformance names why the reference's cases of direct_url.json do not
// apply: what is written is in TestInstall.
func TestConformance(t *testing.T) {
	conformance.Suite{Owner: "wheel", LeftOut: map[string]string{
		"test_direct_url::test_strip_url": "addresses reach a lock, and so an installation, without any login",
		"test_direct_url::":               "snug writes direct_url.json (of wheels by address, and of the project) and never reads one",
	}, Check: func(t *testing.T, name string, _ json.RawMessage) {
		t.Error("neither run nor left out for a reason")
	}}.Hold(t)
}
