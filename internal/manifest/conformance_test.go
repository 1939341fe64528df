package manifest

import (
	"encoding/json"
	"strings"
	"testing"

	"snug/internal/conformance"
	"snug/internal/fault"
)

// TestConformance holds dependency groups to the reference's cases (PEP 735).
func TestConformance(t *testing.T) {
	conformance.Suite{Owner: "manifest", Check: func(t *testing.T, name string, raw json.RawMessage) {
		var c struct {
			Declared string `json:"group_name_declared"`
			Used     string `json:"group_name_used"`
			Item     map[string]any
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		if c.Item != nil {
			groupItemRefused(t, c.Item)
			return
		}
		p, err := Load(write(t, "-- pyproject.toml --\n[dependency-groups]\n\""+c.Declared+"\" = [\"spam\"]\n"+
			"test = [{include-group = \""+c.Used+"\"}]\n"), env)
		if err != nil {
			t.Fatal(err)
		}
		rt, ok := p.Runtime("test")
		if !ok || strings.Join(texts(rt.Requirements), " ") != "spam" {
			t.Errorf("got %v", rt)
		}
	}}.Hold(t)
}

func groupItemRefused(t *testing.T, item map[string]any) {
	t.Helper()
	var pairs []string
	for key, value := range item {
		text, err := json.Marshal(value) // strings and numbers are written as in TOML
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, key+" = "+string(text))
	}
	_, err := Load(write(t, "-- pyproject.toml --\n[dependency-groups]\ntesting = []\ntest = [{"+strings.Join(pairs, ", ")+"}]\n"), env)
	if fault.CodeOf(err) != fault.Input || !strings.Contains(err.Error(), "PEP 735") {
		t.Errorf("got %v", err)
	}
}
