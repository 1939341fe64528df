package sbom

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"

	"snug/internal/component"
	"snug/internal/digest"
)

// noAssertion is SPDX's word for what nobody knows.
const noAssertion = "NOASSERTION"

// noNamespace stands where the namespace comes, while it is made of the rest.
const noNamespace = "urn:uuid:00000000-0000-0000-0000-000000000000"

// SPDX is the document as SPDX 2.3 in JSON. The same document is the same bytes.
// Errors are those of CycloneDX.
func SPDX(d Document) ([]byte, error) {
	b, err := newBill(d)
	if err != nil {
		return nil, err
	}
	s := &spdx{bill: b, ids: map[string]common.ElementID{}, taken: map[common.ElementID]bool{}, others: map[string]*v2_3.OtherLicense{}}
	if err := s.packages(); err != nil {
		return nil, err
	}
	data, err := encode(&v2_3.Document{
		SPDXVersion: v2_3.Version, DataLicense: v2_3.DataLicense, SPDXIdentifier: "DOCUMENT",
		DocumentName: b.product() + "-" + b.version(), DocumentNamespace: noNamespace, DocumentComment: b.comment(),
		CreationInfo:  &v2_3.CreationInfo{Created: b.Moment(), Creators: []common.Creator{{CreatorType: "Tool", Creator: "snug-" + b.Snug}}},
		Packages:      s.list,
		OtherLicenses: s.otherLicenses(),
		Relationships: s.relationships(),
	})
	return bytes.Replace(data, []byte(`"documentNamespace": "`+noNamespace), []byte(`"documentNamespace": "urn:uuid:`+UUID(data)), 1), err
}

// spdx is a bill on its way to become one of SPDX.
type spdx struct {
	*bill
	ids    map[string]common.ElementID // by the bill's reference
	taken  map[common.ElementID]bool
	list   []*v2_3.Package
	others map[string]*v2_3.OtherLicense // by LicenseRef
}

func (s *spdx) packages() error {
	root := &v2_3.Package{
		PackageName: s.product(), PackageSPDXIdentifier: s.id(s.root, "runtime", s.Runtime), PackageVersion: s.version(), PackageSupplier: supplier(s.Supplier),
		PackageDownloadLocation: noAssertion, PackageChecksums: checksums(s.Tree.String()), PackageLicenseConcluded: noAssertion, PackageLicenseDeclared: noAssertion,
		PackageCopyrightText: noAssertion, PrimaryPackagePurpose: "APPLICATION", PackageExternalReferences: references(s.root, ""),
		PackageComment: fmt.Sprintf("Python %s for %s; the checksum is that of the tree", s.Python, s.Target),
	}
	s.list = append(s.list, root)
	byRef := map[string]*v2_3.Package{}
	for i := range s.items {
		p := s.pkg(&s.items[i])
		byRef[s.items[i].ref] = p
		s.list = append(s.list, p)
	}
	for _, f := range s.Findings {
		if !Statable(f) {
			continue
		}
		e, err := s.about(f)
		if err != nil {
			return err
		}
		if sourceOf(f.ID).URL == "" {
			continue
		}
		byRef[e.ref].PackageExternalReferences = append(byRef[e.ref].PackageExternalReferences, &v2_3.PackageExternalReference{
			Category: common.CategorySecurity, RefType: common.TypeSecurityAdvisory, Locator: sourceOf(f.ID).URL, ExternalRefComment: string(f.Status)})
	}
	return nil
}

func (s *spdx) pkg(e *entry) *v2_3.Package {
	p := &v2_3.Package{
		PackageName: e.Name, PackageSPDXIdentifier: s.id(e.ref, string(e.Class), e.Name, e.Version, e.Owner), PackageVersion: cmp.Or(e.Version, noAssertion),
		PackageSupplier: supplier(e.Supplier), PackageDownloadLocation: cmp.Or(address(e.URL), noAssertion), PackageChecksums: checksums(e.SHA256),
		PackageHomePage: address(e.Website), PackageLicenseConcluded: s.licence(e, e.Concluded, ""), PackageLicenseDeclared: s.licence(e, e.Declared, e.Stated),
		PackageLicenseComments: textsOf(e), PackageCopyrightText: noAssertion, PackageSummary: e.Description, PackageExternalReferences: references(e.PURL, e.CPE),
		PrimaryPackagePurpose: "LIBRARY",
	}
	if e.Class == component.Interpreter {
		p.PrimaryPackagePurpose = "APPLICATION"
	}
	if len(e.How) > 0 {
		p.PackageSourceInfo = "found by " + strings.Join(e.How, ", ")
	}
	if len(e.Paths) > 0 {
		p.PackageComment = "at " + strings.Join(e.Paths, ", ")
	}
	return p
}

// id is the identifier of what the bill knows by ref, made of words of which only
// letters, digits, dots and hyphens may stay, and a number where two are alike.
func (s *spdx) id(ref string, words ...string) common.ElementID {
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, strings.Join(words, "-"))
	id := common.ElementID(plain)
	for n := 2; s.taken[id]; n++ {
		id = common.ElementID(fmt.Sprintf("%s-%d", plain, n))
	}
	s.ids[ref], s.taken[id] = id, true
	return id
}

func supplier(text string) *common.Supplier {
	who, name, ok := strings.Cut(text, ": ")
	if !ok {
		return &common.Supplier{Supplier: noAssertion}
	}
	return &common.Supplier{Supplier: name, SupplierType: who}
}

func checksums(sha256 string) []common.Checksum {
	if sha256 == "" {
		return nil
	}
	return []common.Checksum{{Algorithm: common.SHA256, Value: sha256}}
}

func references(purl, cpe string) []*v2_3.PackageExternalReference {
	out := []*v2_3.PackageExternalReference{{Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: purl}}
	if cpe != "" {
		out = append(out, &v2_3.PackageExternalReference{Category: common.CategorySecurity, RefType: common.TypeSecurityCPE23Type, Locator: cpe})
	}
	return out
}

// licence is the expression, else a reference to what is stated in free text.
// Each LicenseRef of either is explained in the document, as SPDX asks.
func (s *spdx) licence(e *entry, expression, stated string) string {
	if expression == "" && stated == "" {
		return noAssertion
	}
	if expression == "" {
		expression = "LicenseRef-stated-" + digest.Of([]byte(stated)).String()[:12]
		s.others[expression] = &v2_3.OtherLicense{LicenseIdentifier: expression, ExtractedText: stated, LicenseName: noAssertion, LicenseComment: "what the publisher states in place of an SPDX expression"}
		return expression
	}
	for _, id := range strings.FieldsFunc(expression, func(r rune) bool { return r == '(' || r == ')' || r == ' ' }) {
		if strings.HasPrefix(id, "LicenseRef-") && s.others[id] == nil {
			s.others[id] = &v2_3.OtherLicense{LicenseIdentifier: id, LicenseName: noAssertion,
				ExtractedText: fmt.Sprintf("as %s %s has it: %s", e.Name, e.Version, cmp.Or(textsOf(e), "it has no licence file"))}
		}
	}
	return expression
}

func (s *spdx) otherLicenses() []*v2_3.OtherLicense {
	var out []*v2_3.OtherLicense
	for _, id := range slices.Sorted(maps.Keys(s.others)) {
		out = append(out, s.others[id])
	}
	return out
}

// textsOf names the licence files of an item.
func textsOf(e *entry) string {
	var out []string
	for _, t := range e.Texts {
		out = append(out, fmt.Sprintf("%s (%ssha256 %s)", t.Path, strings.Join(append(sorted(t.IDs), ""), ", "), t.SHA256))
	}
	return strings.Join(sorted(out), "; ")
}

// relationships tell what the document is about, what contains what, and what
// depends on what.
func (s *spdx) relationships() []*v2_3.Relationship {
	var out []*v2_3.Relationship
	add := func(from common.ElementID, how string, to common.ElementID) {
		out = append(out, &v2_3.Relationship{RefA: common.DocElementID{ElementRefID: from}, RefB: common.DocElementID{ElementRefID: to}, Relationship: how})
	}
	root := s.ids[s.root]
	add("DOCUMENT", common.TypeRelationshipDescribe, root)
	for _, ref := range s.direct() {
		add(root, common.TypeRelationshipDependsOn, s.ids[ref])
	}
	carried := map[string]bool{}
	for _, e := range s.items {
		carried[e.ref] = e.owner != ""
		add(cmp.Or(s.ids[e.owner], root), common.TypeRelationshipContains, s.ids[e.ref])
	}
	for _, e := range s.items {
		for _, ref := range e.needs {
			if !carried[ref] {
				add(s.ids[e.ref], common.TypeRelationshipDependsOn, s.ids[ref])
			}
		}
	}
	return out
}

// comment says how far the document can be relied on.
func (b *bill) comment() string {
	out := "every distribution in the runtime, and the interpreter, is listed"
	if !b.Complete {
		out = "not everything in the runtime could be looked at"
	}
	unknown := b.Unknowns
	var opaque []string
	for _, e := range b.items {
		if e.Opaque {
			opaque = append(opaque, e.Name)
		}
	}
	if len(opaque) > 0 {
		unknown = append([]string{"what else is linked into the native code of " + strings.Join(opaque, ", ")}, unknown...)
	}
	if len(unknown) > 0 {
		out += "; known unknowns: " + strings.Join(unknown, "; ")
	}
	return out
}
