package vex

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"snug/internal/fault"
)

// Report is what holding a VEX document to a bill of materials came to.
type Report struct {
	Statements int       `json:"statements"`
	Products   []string  `json:"products"` // that the statements are about, sorted
	Problems   []Problem `json:"problems,omitempty"`
}

// Problem is why a document, or one statement of it, will not be heeded.
type Problem struct {
	Statement     int    `json:"statement,omitempty"` // from 1; 0: the document as a whole
	Vulnerability string `json:"vulnerability,omitempty"`
	What          string `json:"what"`
}

// maxProblems bounds what a report lists; it is said when there are more.
const maxProblems = 1000

// Check holds an OpenVEX document to the specification's rules, and every product
// and subcomponent that it names to the components of a bill of materials (CycloneDX
// or SPDX, JSON). What does not hold is in the report. An error is that of a document
// that cannot be read: fault.Input with its place, fault.Unsupported for a version
// that is not known.
func Check(vexDoc, sbomDoc []byte) (*Report, error) {
	var d document
	if err := readDocument(vexDoc, &d); err != nil {
		return nil, err
	}
	b, err := readBill(sbomDoc)
	if err != nil {
		return nil, err
	}
	r := &Report{Statements: len(d.Statements), Products: d.products()}
	for _, what := range d.wrong() {
		r.add(0, "", what)
	}
	for i := range d.Statements {
		s := &d.Statements[i]
		for _, what := range append(s.wrong(), b.unmatched(s)...) {
			r.add(i+1, s.Vulnerability.Name, what)
		}
	}
	if more := len(r.Problems) - maxProblems; more > 0 {
		r.Problems = append(r.Problems[:maxProblems], Problem{What: fmt.Sprintf("%d more problems are not listed", more)})
	}
	return r, nil
}

func (r *Report) add(n int, vulnerability, what string) {
	r.Problems = append(r.Problems, Problem{n, vulnerability, what})
}

// Products are the identifiers of what a VEX document is about, sorted. Errors are
// those of Check.
func Products(vexDoc []byte) ([]string, error) {
	var d document
	if err := readDocument(vexDoc, &d); err != nil {
		return nil, err
	}
	return d.products(), nil
}

func (d *document) products() []string {
	var out []string
	for _, s := range d.Statements {
		for _, p := range s.Products {
			out = append(out, p.name())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readDocument reads an OpenVEX document of the version that is known.
func readDocument(data []byte, into *document) error {
	var head struct {
		Context string `json:"@context"`
		Format  string `json:"bomFormat"`
		Payload string `json:"payloadType"`
	}
	if err := read("the VEX document", data, &head); err != nil {
		return err
	}
	switch {
	case head.Context == Context:
		return read("the VEX document", data, into)
	case strings.HasPrefix(head.Context, "https://openvex.dev/ns"):
		return fault.New(fault.Unsupported, "have its tool write OpenVEX 0.2.0", "the VEX document is of %s, and this snug reads %s", quote(head.Context), Context)
	case head.Payload != "":
		return fault.New(fault.Input, "name the document that was signed; snug provenance verify holds what is signed to its signature", "the VEX document is a signed envelope")
	}
	return fault.New(fault.Input, "snug vex RUNTIME writes one", "the VEX document is no OpenVEX: its @context is %s, not %s", quote(cmp.Or(head.Context, head.Format)), Context)
}

// name is what a product is called where a person reads of it.
func (p *product) name() string { return cmp.Or(p.Identifiers["purl"], p.ID, p.Identifiers["cpe23"]) }

// unmatched tells which products and subcomponents of the statement are not in the
// bill, and why.
func (b *bill) unmatched(s *statement) []string {
	var out []string
	for i := range s.Products {
		p := &s.Products[i]
		if what := b.why(p); what != "" {
			about := ""
			if b.root.name != "" {
				about = fmt.Sprintf("; it is of %s", quote(strings.TrimSpace(b.root.name+" "+b.root.version)))
			}
			out = append(out, "product "+what+about)
		}
		for j := range p.Subcomponents {
			if what := b.why(&p.Subcomponents[j]); what != "" {
				out = append(out, "subcomponent "+what)
			}
		}
	}
	return out
}

// why is the reason for which p matches nothing, "" if it matches: all that it is
// told by must hold.
func (b *bill) why(p *product) string {
	ids := present(p.ID, p.Identifiers["purl"], p.Identifiers["cpe22"], p.Identifiers["cpe23"])
	sum := strings.ToLower(p.Hashes["sha-256"])
	if len(ids) == 0 {
		switch {
		case sum == "":
			return "has neither @id, identifiers nor a sha-256"
		case !b.bySum[sum]:
			return "with sha-256 " + quote(sum) + " is not in the bill of materials"
		}
		return ""
	}
	matched := false
	for _, id := range slices.Compact(ids) {
		found := b.find(id)
		if len(found) == 0 && (id != p.ID || len(ids) == 1 || strings.HasPrefix(id, "pkg:")) { // an @id need not be a package URL where identifiers are
			return quote(id) + " is not in the bill of materials" + b.nearest(id)
		}
		if sum != "" && len(found) > 0 && !slices.ContainsFunc(found, func(f part) bool {
			return len(f.sums) == 0 || slices.ContainsFunc(f.sums, func(have string) bool { return strings.EqualFold(have, sum) })
		}) {
			return quote(id) + " has another sha-256 in the bill of materials"
		}
		matched = matched || len(found) > 0
	}
	if !matched {
		return quote(ids[0]) + " is not in the bill of materials" + b.nearest(ids[0])
	}
	return ""
}

// find are the components that an identifier means: a package URL without a version
// means all of that name.
func (b *bill) find(id string) []part {
	u, err := packageurl.FromString(id)
	if err == nil && u.Version == "" && len(u.Qualifiers) == 0 && u.Subpath == "" {
		return b.byName[nameOf(u)]
	}
	return b.byID[canonical(id)]
}

// nearest tells what is there in place of id.
func (b *bill) nearest(id string) string {
	u, err := packageurl.FromString(id)
	if err != nil {
		return ": it is no package URL, and no identifier there is the same"
	}
	same := b.byName[nameOf(u)]
	if len(same) == 0 {
		return ": nothing of that type and name is"
	}
	var versions []string
	for _, p := range same[:min(len(same), 5)] {
		if p.version == u.Version && (len(u.Qualifiers) > 0 || u.Subpath != "") {
			return ": that version is, without qualifiers"
		}
		versions = append(versions, p.version)
	}
	slices.Sort(versions)
	return ": it has version " + quote(strings.Join(slices.Compact(versions), ", "))
}
