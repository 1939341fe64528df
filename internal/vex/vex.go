// Package vex says of each hole that an advisory knows of in a runtime whether the
// runtime is affected, as OpenVEX 0.2.0, and holds such documents, also those of
// others, to a bill of materials. It decides no status: findings carry theirs.
//
// The hard idea: a statement that matches no component is not an error to those who
// read it. It is passed over in silence, and the alarm it was to answer stays. So a
// document is only worth what Check says of it.
package vex

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/sbom"
)

// Context is the @context of the OpenVEX documents that are written and read.
const Context = "https://openvex.dev/ns/v0.2.0"

// ErrNothing is that there is no statement to make: OpenVEX has no document without.
var ErrNothing = errors.New("no advisory speaks of anything in the runtime")

// document is what is written and read of OpenVEX.
type document struct {
	Context    string      `json:"@context"`
	ID         string      `json:"@id"`
	Author     string      `json:"author"`
	Role       string      `json:"role,omitempty"`
	Timestamp  string      `json:"timestamp"`
	Version    int         `json:"version"`
	Tooling    string      `json:"tooling,omitempty"`
	Statements []statement `json:"statements"`
}

type statement struct {
	Vulnerability   vulnerability `json:"vulnerability"`
	Timestamp       string        `json:"timestamp,omitempty"`
	Products        []product     `json:"products"`
	Status          string        `json:"status"`
	StatusNotes     string        `json:"status_notes,omitempty"`
	Justification   string        `json:"justification,omitempty"`
	ImpactStatement string        `json:"impact_statement,omitempty"`
	ActionStatement string        `json:"action_statement,omitempty"`
}

type vulnerability struct {
	ID          string   `json:"@id,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Aliases     []string `json:"aliases,omitempty"`
}

// product is a component of OpenVEX: the runtime, or something in it.
type product struct {
	ID            string            `json:"@id,omitempty"`
	Identifiers   map[string]string `json:"identifiers,omitempty"` // "purl", "cpe22", "cpe23"
	Hashes        map[string]string `json:"hashes,omitempty"`
	Subcomponents []product         `json:"subcomponents,omitempty"`
}

// OpenVEX is what the document's findings come to: one statement for each hole and
// package URL, about the runtime as the product. Findings that are no holes are left
// out. The same document is the same bytes. Without a statement it is ErrNothing.
func OpenVEX(d sbom.Document) ([]byte, error) {
	statements, err := statementsOf(d)
	if err != nil {
		return nil, err
	}
	if len(statements) == 0 {
		return nil, ErrNothing
	}
	_, author, _ := strings.Cut(d.Supplier, ": ")
	doc := document{Context: Context, ID: noID, Author: cmp.Or(author, "snug"), Role: "Document Creator", Timestamp: d.Moment(), Version: 1, Tooling: "snug " + d.Snug, Statements: statements}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	return bytes.Replace(out.Bytes(), []byte(`"@id": "`+noID), []byte(`"@id": "urn:uuid:`+sbom.UUID(out.Bytes())), 1), nil
}

// noID stands where the document's identifier comes, while it is made of the rest.
const noID = "urn:uuid:00000000-0000-0000-0000-000000000000"

// claim is what is stated: consumers know components by their package URL alone, so
// the findings of equal ones, carried by different owners, are one claim.
type claim struct {
	item     *sbom.Item
	findings []finding.Finding
}

func statementsOf(d sbom.Document) ([]statement, error) {
	claims, err := claimsOf(d)
	if err != nil {
		return nil, err
	}
	var out []statement
	for _, c := range claims {
		s, err := c.statement(d)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b statement) int {
		return cmp.Or(cmp.Compare(a.Products[0].Subcomponents[0].ID, b.Products[0].Subcomponents[0].ID), cmp.Compare(a.Vulnerability.Name, b.Vulnerability.Name))
	})
	return out, nil
}

func claimsOf(d sbom.Document) ([]*claim, error) {
	findings := slices.Clone(d.Findings)
	finding.Sort(findings)
	byKey := map[[2]string]*claim{}
	var out []*claim
	for _, f := range findings {
		if !sbom.Statable(f) {
			continue
		}
		item, err := d.Item(f)
		if err != nil {
			return nil, err
		}
		key := [2]string{f.ID, item.PackageURL()}
		if byKey[key] == nil {
			byKey[key] = &claim{item: item}
			out = append(out, byKey[key])
		}
		byKey[key].findings = append(byKey[key].findings, f)
	}
	return out, nil
}

// gravest are the statuses: of equal components the gravest holds for all.
var gravest = []finding.Status{finding.Affected, finding.UnderInvestigation, finding.Fixed, finding.NotAffected}

func (c *claim) statement(d sbom.Document) (statement, error) {
	f := slices.MinFunc(c.findings, func(a, b finding.Finding) int {
		return cmp.Compare(slices.Index(gravest, a.Status), slices.Index(gravest, b.Status))
	})
	s := statement{Vulnerability: named(f), Status: string(f.Status), Products: []product{{
		ID: d.RuntimePURL(), Identifiers: map[string]string{"purl": d.RuntimePURL()}, Hashes: hashes(d.Tree.String()),
		Subcomponents: []product{{ID: c.item.PackageURL(), Identifiers: map[string]string{"purl": c.item.PackageURL()}, Hashes: hashes(c.item.SHA256)}},
	}}}
	notes := f.Evidence
	switch f.Status {
	case finding.Affected:
		s.ActionStatement = action(f)
	case finding.NotAffected:
		if s.Justification = f.Justification; s.Justification == "" {
			s.ImpactStatement, notes = strings.Join(f.Evidence, "; "), nil
		}
	}
	s.StatusNotes = strings.Join(append(slices.Clone(notes), c.carriers()...), "; ")
	if wrong := s.wrong(); len(wrong) > 0 {
		return s, fault.New(fault.Internal, "", "%s of %s %s: %s", f.ID, f.Package, f.Version, strings.Join(wrong, "; "))
	}
	return s, nil
}

// carriers tells which component is spoken of, where it is not one that stands alone.
func (c *claim) carriers() []string {
	var out []string
	for _, f := range c.findings {
		switch {
		case f.Owner != "":
			out = append(out, "inside "+f.Owner+": "+string(f.Status))
		case len(c.findings) > 1:
			out = append(out, "by itself: "+string(f.Status))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func hashes(sha256 string) map[string]string {
	if len(sha256) != 64 {
		return nil
	}
	return map[string]string{"sha-256": sha256}
}

// named calls the hole by its CVE, which most scanners know it by, if it has one.
func named(f finding.Finding) vulnerability {
	names := append([]string{f.ID}, f.Aliases...)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(notCVE(a), notCVE(b)) })
	aliases := slices.Sorted(slices.Values(names[1:]))
	return vulnerability{Name: names[0], Description: f.Summary, Aliases: slices.Compact(aliases)}
}

func notCVE(id string) int {
	if strings.HasPrefix(id, "CVE-") {
		return 0
	}
	return 1
}

// action says what is to be done, and for how long somebody decided to live with it.
func action(f finding.Finding) string {
	var out []string
	switch {
	case f.Class == finding.Malware:
		out = append(out, "remove it, and everything that it could reach")
	case len(f.Fixed) > 0:
		out = append(out, "update to "+f.Fixed[0])
	default:
		out = append(out, "no release is known in which it is fixed")
	}
	if f.Waiver != nil {
		out = append(out, sbom.Waived(f.Waiver))
	}
	return strings.Join(out, "; ")
}
