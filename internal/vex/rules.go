package vex

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"snug/internal/finding"
)

// justifications are those of OpenVEX 0.2.0.
var justifications = []string{"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist"}

// maxQuoted bounds what is repeated of a document.
const maxQuoted = 120

func quote(text string) string {
	if runes := []rune(text); len(runes) > maxQuoted {
		text = string(runes[:maxQuoted]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// wrong holds the document's own fields to the specification.
func (d *document) wrong() []string {
	var out []string
	for _, field := range []struct{ name, value string }{{"@id", d.ID}, {"author", d.Author}, {"timestamp", d.Timestamp}} {
		if field.value == "" {
			out = append(out, field.name+" is missing")
		}
	}
	if d.Timestamp != "" && !moment(d.Timestamp) {
		out = append(out, "timestamp "+quote(d.Timestamp)+" is no moment (RFC 3339)")
	}
	if d.Version < 1 {
		out = append(out, fmt.Sprintf("version is %d: the first one is 1", d.Version))
	}
	if len(d.Statements) == 0 {
		out = append(out, "it has no statement")
	}
	return out
}

func moment(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

// wrong holds a statement to the specification: what must be there, and what a
// status asks for or has no room for.
func (s *statement) wrong() []string {
	var out []string
	if s.Vulnerability.Name == "" {
		out = append(out, "vulnerability.name is missing")
	}
	if s.Timestamp != "" && !moment(s.Timestamp) {
		out = append(out, "timestamp "+quote(s.Timestamp)+" is no moment (RFC 3339)")
	}
	if len(s.Products) == 0 {
		out = append(out, "it names no product")
	}
	if s.Justification != "" && !slices.Contains(justifications, s.Justification) {
		out = append(out, "justification "+quote(s.Justification)+" is not one of "+strings.Join(justifications, ", "))
	}
	return append(out, s.wrongStatus()...)
}

func (s *statement) wrongStatus() []string {
	needs, room := "", ""
	switch finding.Status(s.Status) {
	case finding.NotAffected:
		room = "justification, impact_statement"
		if s.Justification == "" && s.ImpactStatement == "" {
			needs = "justification or impact_statement"
		}
	case finding.Affected:
		room = "action_statement"
		if s.ActionStatement == "" {
			needs = "action_statement"
		}
	case finding.Fixed, finding.UnderInvestigation:
	case "":
		return []string{"status is missing"}
	default:
		return []string{"status " + quote(s.Status) + " is not one of not_affected, affected, fixed, under_investigation"}
	}
	var out []string
	if needs != "" {
		out = append(out, "status "+s.Status+" needs "+needs)
	}
	for _, field := range []struct{ name, value string }{{"justification", s.Justification}, {"impact_statement", s.ImpactStatement}, {"action_statement", s.ActionStatement}} {
		if field.value != "" && !strings.Contains(room, field.name) {
			out = append(out, "status "+s.Status+" has no room for "+field.name)
		}
	}
	return out
}
