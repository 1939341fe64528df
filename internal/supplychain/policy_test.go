package supplychain_test

import (
	"testing"

	"snug/internal/finding"
	"snug/internal/policy"
	"snug/internal/supplychain"
)

// The built-in policy has a rule for each sign, with the verdict that the sign asks
// for, and for no other.
func TestPolicyKnowsEveryRule(t *testing.T) {
	signs := map[string]bool{}
	for _, name := range policy.Signs() {
		signs[name] = true
	}
	for _, r := range supplychain.Rules() {
		if !signs[r.ID] {
			t.Errorf("policy has no rule for %s", r.ID)
		}
		delete(signs, r.ID)
		got, reasons := policy.Default().Judge(finding.Finding{Class: finding.SupplyChain, ID: r.ID})
		if got != r.Default {
			t.Errorf("%s: %s %q, want %s", r.ID, got, reasons, r.Default)
		}
	}
	for name := range signs {
		t.Errorf("policy has a rule for %s, and no sign is called so", name)
	}
}
