package conformance

import "testing"

// TestLedger: every outside case has an owner, and the shares add up to all.
func TestLedger(t *testing.T) {
	found := make([]int, len(ledger))
	for name, cases := range read(t) {
		if at := owner(name); at < 0 {
			t.Errorf("%s: %d cases that nobody answers for", name, len(cases))
		} else {
			found[at] += len(cases)
		}
	}
	sum, run := 0, 0
	for i, s := range ledger {
		if found[i] != s.run+s.out {
			t.Errorf("%s: %d cases, the ledger says %d run and %d left out", s.owner, found[i], s.run, s.out)
		}
		t.Logf("%-9s %6d cases: %6d run, %4d left out for a reason", s.owner, found[i], s.run, s.out)
		sum, run = sum+s.run+s.out, run+s.run
	}
	if sum != Total {
		t.Errorf("the shares add up to %d, not to %d", sum, Total)
	}
	t.Logf("%-9s %6d cases: %6d run, %4d left out for a reason", "sum", sum, run, sum-run)
}
