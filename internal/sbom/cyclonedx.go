package sbom

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/license"
)

// noSerial stands where the serial number comes, while it is made of the rest.
const noSerial = "urn:uuid:00000000-0000-0000-0000-000000000000"

// CycloneDX is the document as CycloneDX 1.6 in JSON. The same document is the
// same bytes. An error is one of our own: findings or dependencies that are about
// nothing in the document.
func CycloneDX(d Document) ([]byte, error) {
	b, err := newBill(d)
	if err != nil {
		return nil, err
	}
	vulnerabilities, err := b.vulnerabilities()
	if err != nil {
		return nil, err
	}
	data, err := encode(cdxBOM{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6",
		SerialNumber: noSerial, Version: 1,
		Metadata: b.metadata(), Components: b.components(""), Dependencies: b.dependencies(), Compositions: b.compositions(),
		Vulnerabilities: vulnerabilities,
	})
	return bytes.Replace(data, []byte(`"serialNumber": "`+noSerial), []byte(`"serialNumber": "urn:uuid:`+UUID(data)), 1), err
}

// encode writes JSON for people and programs, with text as it is.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return out.Bytes(), err
}

func (b *bill) metadata() cdxMetadata {
	m := cdxMetadata{
		Timestamp:  b.Moment(),
		Lifecycles: []cdxLifecycle{{Phase: "build"}},
		Tools:      cdxTools{Components: []cdxComponent{{Type: "application", Name: "snug", Version: b.Snug}}},
		Supplier:   entity(b.Supplier),
		Component: cdxComponent{
			Type: "application", Ref: b.root, Supplier: entity(b.Supplier), Name: b.product(), Version: b.version(),
			Hashes: sha256Of(b.Tree.String()), PURL: b.root,
			Properties: properties("snug:python", b.Python, "snug:runtime", b.Runtime, "snug:target", b.Target, "snug:tree", "sha256:"+b.Tree.String()),
		},
	}
	for _, text := range b.Unknowns {
		m.Properties = append(m.Properties, cdxProperty{"snug:unknown", text})
	}
	return m
}

// components are those that owner carries, "" being those that stand alone.
func (b *bill) components(owner string) []cdxComponent {
	out := []cdxComponent{}
	for i := range b.items {
		if e := &b.items[i]; e.owner == owner {
			out = append(out, b.component(e))
		}
	}
	return out
}

func (b *bill) component(e *entry) cdxComponent {
	c := cdxComponent{
		Type: kind(e.Class), Ref: e.ref, Supplier: entity(e.Supplier), Name: e.Name, Version: e.Version, Description: e.Description,
		Scope: "required", Hashes: sha256Of(e.SHA256), Licenses: e.licenses(), CPE: e.CPE, PURL: e.PURL, References: e.references(), Evidence: e.evidence(),
	}
	if e.Owner == "" {
		c.Components = b.components(e.ref)
	}
	for _, how := range e.How {
		c.Properties = append(c.Properties, cdxProperty{"snug:how", how})
	}
	if e.Concluded != "" && len(c.Licenses) == 1 {
		c.Properties = append(c.Properties, properties("snug:licence-declared", e.declared())...)
	}
	c.Properties = append(c.Properties, properties("snug:owner", e.Owner)...)
	return c
}

// kind is the component's type: what interprets programs is a platform.
func kind(c component.Class) string {
	if c == component.Interpreter {
		return "platform"
	}
	return "library"
}

// entity reads a supplier: "Person: NAME (MAIL)".
func entity(supplier string) *cdxEntity {
	_, name, ok := strings.Cut(supplier, ": ")
	if !ok {
		return nil
	}
	name, rest, _ := strings.Cut(name, " (")
	mail, _ := strings.CutSuffix(rest, ")")
	e := &cdxEntity{Name: name}
	if mail != "" {
		e.Contact = []cdxContact{{Name: name, Email: mail}}
	}
	return e
}

func sha256Of(hex string) []cdxHash {
	if hex == "" {
		return nil
	}
	return []cdxHash{{"SHA-256", hex}}
}

// properties are pairs of name and value; those without a value are left out.
func properties(pairs ...string) []cdxProperty {
	var out []cdxProperty
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			out = append(out, cdxProperty{pair[0], pair[1]})
		}
	}
	return out
}

func (e *entry) declared() string {
	if e.Declared != "" {
		return e.Declared
	}
	return e.Stated
}

// Acknowledgements of a licence.
const (
	declared  = "declared"
	concluded = "concluded"
)

// licenses are both the declared and the concluded one where both are single
// identifiers. The schema has room for one expression only: then what was
// concluded goes before what was declared, which a property tells.
func (e *entry) licenses() []cdxLicense {
	d, c := simple(e.Declared), simple(e.Concluded)
	switch {
	case d != "" && c != "" && d != c:
		return []cdxLicense{{License: &cdxLicenseID{ID: d, Acknowledgement: declared}}, {License: &cdxLicenseID{ID: c, Acknowledgement: concluded}}}
	case e.Concluded != "":
		return []cdxLicense{{Expression: e.Concluded, Acknowledgement: concluded}}
	case e.Declared != "":
		return []cdxLicense{{Expression: e.Declared, Acknowledgement: declared}}
	case e.Stated != "":
		return []cdxLicense{{License: &cdxLicenseID{Name: e.Stated, Acknowledgement: declared}}}
	}
	return nil
}

// simple is the identifier of the SPDX list that the expression is, or "".
func simple(expression string) string {
	e, err := license.ParseExpression(expression)
	if err != nil || e.Op != license.None || e.Plus || e.Exception != "" || strings.HasPrefix(e.License, "LicenseRef-") {
		return ""
	}
	return e.License
}

func (e *entry) references() []cdxReference {
	var out []cdxReference
	for _, r := range []cdxReference{{Type: "distribution", URL: address(e.URL), Hashes: sha256Of(e.SHA256)}, {Type: "vcs", URL: address(e.VCS)}, {Type: "website", URL: address(e.Website)}} {
		if r.URL != "" {
			out = append(out, r)
		}
	}
	return out
}

func (e *entry) evidence() *cdxEvidence {
	ev := &cdxEvidence{}
	if id := (cdxIdentity{Field: "purl"}); len(e.How) > 0 {
		for _, how := range e.How {
			technique, confidence := method(how)
			id.Confidence = max(id.Confidence, confidence)
			id.Methods = append(id.Methods, cdxMethod{technique, confidence, how})
		}
		ev.Identity = []cdxIdentity{id}
	}
	for _, p := range e.Paths {
		ev.Occurrences = append(ev.Occurrences, cdxOccurrence{p})
	}
	var found []string
	for _, t := range e.Texts {
		found = append(found, t.IDs...)
	}
	for _, id := range sorted(found) {
		l := &cdxLicenseID{ID: simple(id)}
		if l.ID == "" {
			l.Name = id
		}
		ev.Licenses = append(ev.Licenses, cdxLicense{License: l})
	}
	if len(ev.Identity) == 0 && len(ev.Occurrences) == 0 && len(ev.Licenses) == 0 {
		return nil
	}
	return ev
}

// method says by which of CycloneDX's techniques something was found, and how far
// that can be relied on (docs/evidence.md).
func method(how string) (technique string, confidence float64) {
	switch low := strings.ToLower(how); {
	case strings.Contains(low, "metadata"), strings.Contains(low, "sbom"), strings.Contains(low, "lock"):
		return "manifest-analysis", 1
	case strings.Contains(low, "version string"), strings.Contains(low, "soname"):
		return "binary-analysis", 0.8
	case strings.Contains(low, "name"), strings.HasSuffix(low, ".txt"):
		return "filename", 0.6
	}
	return "other", 0.5
}

// dependencies has an entry for every reference, also for those that need nothing.
func (b *bill) dependencies() []cdxDependency {
	out := []cdxDependency{{b.root, b.direct()}}
	for _, e := range b.items {
		out = append(out, cdxDependency{e.ref, e.needs})
	}
	slices.SortFunc(out[1:], func(x, y cdxDependency) int { return strings.Compare(x.Ref, y.Ref) })
	return out
}

// compositions say whether anything is missing: of the runtime, and of what native
// code may have inside.
func (b *bill) compositions() []cdxComposition {
	whole := cdxComposition{Aggregate: "incomplete", Assemblies: []string{b.root}}
	if b.Complete {
		whole.Aggregate = "complete"
	}
	opaque := cdxComposition{Aggregate: "unknown"}
	whole.Dependencies = []string{b.root}
	for _, e := range b.items {
		whole.Dependencies = append(whole.Dependencies, e.ref)
		if e.Opaque {
			opaque.Assemblies = append(opaque.Assemblies, e.ref)
		}
	}
	slices.Sort(whole.Dependencies)
	if len(opaque.Assemblies) == 0 {
		return []cdxComposition{whole}
	}
	return []cdxComposition{whole, opaque}
}
