package supplychain_test

import (
	"os"
	"strings"
	"testing"

	"snug/internal/supplychain"
)

// docs/signs.md has a row for every rule, in this order, with its verdict.
func TestRulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/signs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "|---|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	rules := supplychain.Rules()
	if len(rows) != len(rules) {
		t.Fatalf("%d rows, %d rules", len(rows), len(rules))
	}
	for i, r := range rules {
		cells := strings.Split(rows[i], "|")
		if len(cells) != 6 || strings.TrimSpace(cells[1]) != "`"+r.ID+"`" || strings.TrimSpace(cells[2]) != string(r.Default) {
			t.Errorf("row %d is %s, want %s with %s", i+1, rows[i], r.ID, r.Default)
		}
	}
}
