package finding_test

import (
	"strings"
	"testing"

	"snug/internal/finding"
)

func TestSort(t *testing.T) {
	rated := func(l finding.Level) *finding.Severity { return &finding.Severity{Level: l} }
	all := []finding.Finding{
		{ID: "low", Class: finding.Vulnerability, Severity: rated(finding.Low), Verdict: finding.Warn},
		{ID: "licence", Class: finding.License, Verdict: finding.Deny},
		{ID: "b", Package: "b", Class: finding.Vulnerability, Severity: rated(finding.High), Verdict: finding.Deny},
		{ID: "a", Package: "a", Class: finding.Vulnerability, Severity: rated(finding.High), Verdict: finding.Deny},
		{ID: "unrated", Class: finding.Vulnerability, Verdict: finding.Deny},
		{ID: "used", Class: finding.Vulnerability, Severity: rated(finding.Medium), Verdict: finding.Deny, Exploitation: &finding.Exploitation{KEV: true}},
		{ID: "malware", Class: finding.Malware, Verdict: finding.Deny},
	}
	finding.Sort(all)
	var ids []string
	for _, f := range all {
		ids = append(ids, f.ID)
	}
	if got, want := strings.Join(ids, " "), "malware used a b unrated licence low"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWorst(t *testing.T) {
	if got := finding.Worst(); got != finding.Allow {
		t.Errorf("of nothing: %s", got)
	}
	if got := finding.Worst(finding.Warn, finding.Deny, finding.Review); got != finding.Deny {
		t.Errorf("%s", got)
	}
}
