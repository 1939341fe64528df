package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/finding"
)

// SARIF 2.1.0, as far as findings need it. The names are the standard's.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID         string          `json:"id"`
		Short      sarifText       `json:"shortDescription"`
		Full       sarifText       `json:"fullDescription"`
		Help       sarifText       `json:"help"` // code scanning wants it
		HelpURI    string          `json:"helpUri,omitempty"`
		Properties sarifProperties `json:"properties"`
	}
	sarifProperties struct {
		Tags     []string `json:"tags"`
		Severity string   `json:"security-severity,omitempty"` // a CVSS score as text: what code scanning sorts by
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions"`
		Properties   finding.Finding    `json:"properties"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)

// sarif shows findings as one SARIF log. What was not checked is a notification
// of the tool, and each finding of the class unknown a result besides.
func sarif(w io.Writer, g gathered) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
		Tool: sarifTool{Driver: sarifDriver{Name: "snug", Version: Version(), Rules: []sarifRule{}}}}
	rules := map[string]int{}
	for _, f := range g.findings {
		i, ok := rules[f.ID]
		if !ok {
			i = len(run.Tool.Driver.Rules)
			rules[f.ID] = i
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(f))
		}
		run.Results = append(run.Results, sarifResultOf(f, i))
	}
	invocation := sarifInvocation{Successful: len(g.unchecked) == 0, Notifications: []sarifNotification{}}
	for _, u := range g.unchecked {
		text := "not checked: " + strings.Join(u.What, ", ") + ": " + u.Why
		if u.Remedy != "" {
			text += " (" + u.Remedy + ")"
		}
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"warning", sarifText{oneLine(text)}})
	}
	run.Invocations = []sarifInvocation{invocation}
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	return out.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// sarifRuleOf is the rule of which f is a result: a record of advisories by its
// own words, a rule of snug by its class.
func sarifRuleOf(f finding.Finding) sarifRule {
	words := sarifText{ruleWords(f)}
	rule := sarifRule{ID: f.ID, Short: words, Full: words, Help: words, Properties: sarifProperties{Tags: []string{"security", string(f.Class)}}}
	if f.Class == finding.Vulnerability || f.Class == finding.Malware {
		if rule.HelpURI = advisoryPage(f.ID); rule.HelpURI != "" {
			rule.Help.Text += ". See " + rule.HelpURI
		}
	}
	if f.Severity != nil && f.Severity.Score > 0 {
		rule.Properties.Severity = fmt.Sprintf("%.1f", f.Severity.Score)
	}
	return rule
}

func ruleWords(f finding.Finding) string {
	switch f.Class {
	case finding.License:
		return "A licence that policy speaks of, or that contradicts itself"
	case finding.SupplyChain:
		return "A sign about how a release came to be"
	case finding.Unknown:
		return "Something could not be checked"
	}
	if text := oneLine(f.Summary); text != "" {
		return text
	}
	return f.ID
}

// advisoryPage is where OSV shows a record.
func advisoryPage(id string) string {
	if strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:") != "" {
		return ""
	}
	return "https://osv.dev/vulnerability/" + id
}

func sarifResultOf(f finding.Finding, rule int) sarifResult {
	out := sarifResult{RuleID: f.ID, RuleIndex: rule, Level: sarifLevel(f.Verdict), Message: sarifText{sarifMessage(f)}, Suppressions: []sarifSuppression{},
		Fingerprints: map[string]string{"snugFinding/v1": fingerprint(f)}, Properties: *f.Written()}
	place := sarifLocation{Logical: []sarifLogical{}}
	if f.Package != "" { // else it is about the data
		chain := append(slices.Clone(f.Via[:max(0, len(f.Via)-1)]), f.Package+"@"+f.Version)
		place.Logical = append(place.Logical, sarifLogical{Name: f.Package, Full: strings.Join(chain, "/"), Kind: "package"})
	}
	if f.File != "" {
		place.Physical = &sarifPhysical{Artifact: sarifArtifact{URI: fileReference(f.File)}}
		if f.Line > 0 {
			place.Physical.Region = &sarifRegion{f.Line}
		}
	}
	out.Locations = []sarifLocation{place}
	if f.Waiver != nil {
		out.Suppressions = append(out.Suppressions, sarifSuppression{"external", "accepted",
			fmt.Sprintf("%s, until %s: %s", f.Waiver.By, f.Waiver.Until, f.Waiver.Reason)})
	}
	return out
}

func sarifLevel(v finding.Verdict) string {
	switch v {
	case finding.Deny:
		return "error"
	case finding.Review, finding.Warn:
		return "warning"
	}
	return "note"
}

func sarifMessage(f finding.Finding) string {
	b := block{name: f.Package, version: f.Version, owner: f.Owner}
	head := idOf(f)
	if name := b.title(); name != "" {
		head = name + ": " + head
	}
	if said := signals(f); len(said) > 0 {
		head += " (" + strings.Join(said, ", ") + ")"
	}
	parts := []string{head}
	if f.Summary != "" {
		parts = append(parts, f.Summary)
	}
	if len(f.Via) > 1 {
		parts = append(parts, "It comes through "+strings.Join(f.Via, " → "))
	}
	if f.Remedy != "" {
		parts = append(parts, "Remedy: "+f.Remedy)
	}
	return oneLine(strings.Join(parts, ". "))
}

// fingerprint is of what stays when the lock changes around a finding: neither
// the version nor the line is in it.
func fingerprint(f finding.Finding) string {
	class := f.Component
	if class == "" {
		class = component.Package
	}
	sum := digest.Of([]byte(strings.Join([]string{string(f.Class), f.ID, string(class), f.Package, f.Owner}, "\x00")))
	return sum.String()[:32]
}

// fileReference writes a path as the relative reference of a URI (RFC 3986).
func fileReference(path string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/"
	var out strings.Builder
	for i := range len(path) {
		if strings.IndexByte(plain, path[i]) >= 0 {
			out.WriteByte(path[i])
		} else {
			fmt.Fprintf(&out, "%%%02X", path[i])
		}
	}
	return out.String()
}
