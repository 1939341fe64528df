// Package sbom writes bills of materials of a runtime: CycloneDX 1.6 and SPDX 2.3,
// both in JSON, both of one Document. It finds nothing by itself: what is in the
// runtime, and what is known of it, is handed in.
//
// The hard idea: a bill is compared, signed and cached, so it is a function of its
// content alone. Everything is sorted, no clock is read, and what must be unique
// (serial number, namespace) is made of the hash of the rest.
package sbom

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/finding"
)

// Document is a runtime and all that it holds.
type Document struct {
	Name     string        // the project's; "" where the runtime is of none
	Version  string        // the project's; "" where it says none
	Supplier string        // who delivers the runtime, as Item.Supplier
	Runtime  string        // its name: "prod"
	Target   string        // "linux-x86_64"
	Python   string        // full version
	Tree     digest.SHA256 // of the runtime's payload: what the bill is about
	Created  time.Time     // a moment that belongs to the content, never the clock's
	Items    []Item        // in any order
	Findings []finding.Finding
	Complete bool     // every distribution, and the interpreter, is in Items
	Unknowns []string // what could not be told, in words
	Snug     string   // snug's version
}

// Item is one component of the runtime and what is known of it.
type Item struct {
	component.Component
	Declared    string   // SPDX expression by which its publisher offers it; "" where there is none
	Stated      string   // what the publisher says instead, in free text
	Concluded   string   // SPDX expression that it is taken under; "" where nobody decided
	Supplier    string   // who it came from: "Person: NAME (MAIL)" or "Organization: NAME"; "" unknown
	Description string   // one line
	URL         string   // where its file was fetched
	Website     string   // of the project
	VCS         string   // its repository
	Depends     []string // package URLs of other items without an Owner
	Direct      bool     // the project asks for it
	Opaque      bool     // it has native code, and no bill of its own tells what is linked into that
	Texts       []Text   // licence files in it
}

// Text is a licence file.
type Text struct {
	Path   string
	SHA256 string
	IDs    []string // licences that were recognised in it
}

// RuntimePURL is the package URL of the runtime itself: what a VEX document names
// as its product.
func (d *Document) RuntimePURL() string { return component.GenericURL(d.product(), d.version()) }

func (d *Document) product() string {
	if d.Name == "" {
		return d.Runtime
	}
	return d.Name + "-" + d.Runtime
}

// version is the project's, else the beginning of the tree digest.
func (d *Document) version() string { return cmp.Or(d.Version, d.Tree.String()[:12]) }

// PackageURL is the item's package URL in its one spelling, made of name and version
// where nothing gave one, or what was given (by a bill inside a wheel) is none.
func (i *Item) PackageURL() string {
	if u, err := packageurl.FromString(i.PURL); err == nil {
		return u.ToString()
	}
	switch {
	case i.Class == component.Package:
		return component.PackageURL(i.Name, i.Version)
	case i.Class == component.Crate:
		return component.CrateURL(i.Name, i.Version)
	}
	return component.GenericURL(i.Name, i.Version)
}

// bill is a Document made ready: sorted, each item with the reference that the
// others know it by.
type bill struct {
	Document
	root  string
	items []entry
}

// entry is an item in its place.
type entry struct {
	Item
	ref   string   // unique in the bill
	owner string   // ref of the item that carries it, "" where none does
	needs []string // refs, sorted
}

func newBill(d Document) (*bill, error) {
	if d.Tree.IsZero() || d.Runtime == "" {
		return nil, fault.New(fault.Internal, "", "a bill of materials of no runtime")
	}
	b := &bill{Document: d, root: d.RuntimePURL()}
	for _, i := range d.Items {
		i.PURL, i.CPE, i.SHA256 = i.PackageURL(), cpe(i.CPE), hexOf(i.SHA256)
		i.Paths, i.How = sorted(i.Paths), sorted(i.How)
		b.items = append(b.items, entry{Item: i})
	}
	slices.SortStableFunc(b.items, inOrder)
	if err := b.refer(); err != nil {
		return nil, err
	}
	if err := b.relate(); err != nil {
		return nil, err
	}
	b.Unknowns = sorted(d.Unknowns)
	b.Findings = slices.Clone(d.Findings)
	finding.Sort(b.Findings)
	return b, nil
}

// cpe is text if it can be a CPE 2.3, else "": readers refuse a whole bill for one that
// is none, and some are from strangers.
func cpe(text string) string {
	if strings.HasPrefix(text, "cpe:2.3:") && strings.Count(text, ":") == 12 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return text
	}
	return ""
}

// hexOf is a SHA-256 in hexadecimal digits, else "".
func hexOf(text string) string {
	sum, err := digest.Parse(text)
	if err != nil {
		return ""
	}
	return sum.String()
}

func inOrder(a, b entry) int {
	return cmp.Or(
		cmp.Compare(rank(a.Class), rank(b.Class)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.PURL, b.PURL), slices.Compare(a.Paths, b.Paths), cmp.Compare(a.SHA256, b.SHA256))
}

func rank(c component.Class) int { return slices.Index(component.Classes(), c) }

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// refer gives every item its reference: its package URL, behind that of what
// carries it, and a number where two are alike. Who supplied what carries it
// supplied it too, unless something else is known.
func (b *bill) refer() error {
	owners, taken := map[string]*entry{}, map[string]int{b.root: 1}
	unique := func(ref string) string {
		if taken[ref]++; taken[ref] > 1 {
			return fmt.Sprintf("%s#%d", ref, taken[ref])
		}
		return ref
	}
	for i := range b.items {
		if e := &b.items[i]; e.Owner == "" {
			e.ref = unique(e.PURL)
			if owners[e.Name] == nil || e.Class == component.Interpreter { // a package may be called cpython too
				owners[e.Name] = e
			}
		}
	}
	for i := range b.items {
		e := &b.items[i]
		if e.Owner == "" {
			continue
		}
		owner := owners[e.Owner]
		if owner == nil {
			return fault.New(fault.Internal, "", "bill of materials of %s: %s carries %s, and is not in it", b.Runtime, e.Owner, e.Name)
		}
		e.owner, e.ref = owner.ref, unique(owner.ref+"#"+e.PURL)
		e.Supplier = cmp.Or(e.Supplier, owner.Supplier)
	}
	return nil
}

// relate turns what items depend on into references.
func (b *bill) relate() error {
	alone := map[string]string{}
	for _, e := range b.items {
		if e.Owner == "" && alone[e.PURL] == "" {
			alone[e.PURL] = e.ref
		}
	}
	for i := range b.items {
		e := &b.items[i]
		for _, purl := range e.Depends {
			if alone[purl] == "" {
				return fault.New(fault.Internal, "", "bill of materials of %s: %s depends on %s, which is not in it", b.Runtime, e.Name, purl)
			}
			e.needs = append(e.needs, alone[purl])
		}
	}
	carried := map[string][]string{}
	for _, e := range b.items {
		carried[e.owner] = append(carried[e.owner], e.ref)
	}
	for i := range b.items {
		e := &b.items[i]
		e.needs = sorted(append(e.needs, carried[e.ref]...))
	}
	return nil
}

// direct are the references of what the runtime needs by itself: the interpreter
// and what the project asks for.
func (b *bill) direct() []string {
	var out []string
	for _, e := range b.items {
		if e.Owner == "" && (e.Direct || e.Class == component.Interpreter) {
			out = append(out, e.ref)
		}
	}
	return sorted(out)
}

// about finds the entry that a finding speaks of.
func (b *bill) about(f finding.Finding) (*entry, error) {
	for i := range b.items {
		if b.items[i].is(f) {
			return &b.items[i], nil
		}
	}
	return nil, b.strange(f)
}

// Item finds the item that a finding speaks of. An error is one of our own: the
// finding is about another document.
func (d *Document) Item(f finding.Finding) (*Item, error) {
	for i := range d.Items {
		if d.Items[i].is(f) {
			return &d.Items[i], nil
		}
	}
	return nil, d.strange(f)
}

func (i *Item) is(f finding.Finding) bool {
	return i.Name == f.Package && i.Version == f.Version && i.Owner == f.Owner && (f.Component == "" || i.Class == f.Component)
}

func (d *Document) strange(f finding.Finding) error {
	return fault.New(fault.Internal, "", "bill of materials of %s: %s speaks of %s %s, which is not in it", d.Runtime, f.ID, f.Package, f.Version)
}

// Statable tells whether a finding is one that a bill's list of vulnerabilities and
// a VEX document speak of.
func Statable(f finding.Finding) bool {
	return f.Class == finding.Vulnerability || f.Class == finding.Malware
}

// Moment is Created as all formats write it.
func (d *Document) Moment() string {
	return d.Created.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// UUID is one of version 8 (RFC 9562) that the content decides.
func UUID(content []byte) string {
	sum := digest.Of(content)
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := sum.String()
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:32]}, "-")
}

// address is text if it is an address on the web, without what may be secret and
// spelled as a URL; else "".
func address(text string) string {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	u.User = nil
	if strings.ContainsAny(u.Host, "\\ <>\"{}|^`") {
		return ""
	}
	u.RawQuery = strings.NewReplacer(" ", "%20", "\"", "%22", "<", "%3C", ">", "%3E", "`", "%60", "{", "%7B", "}", "%7D", "|", "%7C", "\\", "%5C", "^", "%5E").Replace(u.RawQuery)
	return u.String()
}
