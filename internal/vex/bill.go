package vex

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/package-url/packageurl-go"

	"snug/internal/attest"
	"snug/internal/fault"
)

// MaxSize bounds a document that is read.
const MaxSize = 64 << 20

// read reads one JSON document, which what names, strictly (attest.Decode). The
// line is told where there is one.
func read(what string, data []byte, into any) error {
	bad := func(line int, reason string) error {
		if line > 0 {
			return fault.New(fault.Input, "mend the file, or have its tool write it again", "%s, line %d: %s", what, line, reason)
		}
		return fault.New(fault.Input, "mend the file, or have its tool write it again", "%s: %s", what, reason)
	}
	switch {
	case len(data) > MaxSize:
		return fault.New(fault.Input, "is it that file? name another", "%s is longer than %d MB", what, MaxSize>>20)
	case !utf8.Valid(data):
		return bad(0, "it is not UTF-8")
	}
	err := json.Unmarshal(data, into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return bad(lineAt(data, syntax.Offset), err.Error())
	case errors.As(err, &kind):
		return bad(lineAt(data, kind.Offset), kind.Field+" must not be a JSON "+kind.Value)
	case err != nil:
		return bad(0, err.Error())
	}
	if err := attest.Decode(data, into); err != nil {
		return bad(0, err.Error())
	}
	return nil
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:max(0, min(offset, int64(len(data))))], []byte("\n"))
}

// part is a component of a bill of materials.
type part struct {
	name, version string
	ids           []string // package URLs and CPEs, as written
	sums          []string // SHA-256
}

// bill is what a statement is held to.
type bill struct {
	root   part // what the bill is about
	byID   map[string][]part
	byName map[string][]part // by type, namespace and name of a package URL
	bySum  map[string]bool
}

func (b *bill) add(p part) {
	for _, id := range p.ids {
		b.byID[canonical(id)] = append(b.byID[canonical(id)], p)
		if u, err := packageurl.FromString(id); err == nil {
			b.byName[nameOf(u)] = append(b.byName[nameOf(u)], p)
		}
	}
	for _, sum := range p.sums {
		b.bySum[strings.ToLower(sum)] = true
	}
}

// canonical is the one spelling of a package URL; other identifiers are as they are.
func canonical(id string) string {
	if u, err := packageurl.FromString(id); err == nil {
		return u.ToString()
	}
	return id
}

func nameOf(u packageurl.PackageURL) string {
	return packageurl.NewPackageURL(u.Type, u.Namespace, u.Name, "", nil, "").ToString()
}

// kinds are the formats that a bill may have, told by the field that each begins with.
type kinds struct {
	Format  string `json:"bomFormat"`
	Spec    string `json:"specVersion"`
	SPDX    string `json:"spdxVersion"`
	Payload string `json:"payloadType"`
}

// Versions of the formats that are read.
var (
	cycloneDX = []string{"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"}
	spdx      = []string{"SPDX-2.2", "SPDX-2.3"}
)

func readBill(data []byte) (*bill, error) {
	var k kinds
	if err := read("the bill of materials", data, &k); err != nil {
		return nil, err
	}
	b := &bill{byID: map[string][]part{}, byName: map[string][]part{}, bySum: map[string]bool{}}
	switch {
	case k.Format == "CycloneDX" && slices.Contains(cycloneDX, k.Spec):
		return b, b.cycloneDX(data)
	case slices.Contains(spdx, k.SPDX):
		return b, b.spdx(data)
	case k.Format != "" || k.SPDX != "":
		return nil, fault.New(fault.Unsupported, "snug sbom RUNTIME writes one that is", "the bill of materials is %s, and this snug reads CycloneDX %s to %s and %s",
			quote(strings.TrimSpace(k.Format+" "+k.Spec+k.SPDX)), cycloneDX[0], cycloneDX[len(cycloneDX)-1], strings.Join(spdx, ", "))
	case k.Payload != "":
		return nil, fault.New(fault.Input, "name the document that was signed", "the bill of materials is a signed envelope")
	}
	return nil, fault.New(fault.Input, "snug sbom RUNTIME writes one", "the bill of materials is neither CycloneDX nor SPDX: it has no bomFormat and no spdxVersion")
}

type foreignComponent struct {
	Name       string             `json:"name"`
	Version    string             `json:"version"`
	PURL       string             `json:"purl"`
	CPE        string             `json:"cpe"`
	Hashes     []foreignHash      `json:"hashes"`
	Components []foreignComponent `json:"components"`
}

type foreignHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

func (c *foreignComponent) part() part {
	p := part{name: c.Name, version: c.Version, ids: present(c.PURL, c.CPE)}
	for _, h := range c.Hashes {
		if h.Algorithm == "SHA-256" {
			p.sums = append(p.sums, h.Content)
		}
	}
	return p
}

func present(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

func (b *bill) cycloneDX(data []byte) error {
	var doc struct {
		Metadata struct {
			Component foreignComponent `json:"component"`
		} `json:"metadata"`
		Components []foreignComponent `json:"components"`
	}
	if err := read("the bill of materials", data, &doc); err != nil {
		return err
	}
	b.root = doc.Metadata.Component.part()
	b.add(b.root)
	for left := doc.Components; len(left) > 0; left = left[1:] {
		b.add(left[0].part())
		left = append(left, left[0].Components...)
	}
	return nil
}

func (b *bill) spdx(data []byte) error {
	var doc struct {
		Describes []string `json:"documentDescribes"`
		Packages  []struct {
			ID         string `json:"SPDXID"`
			Name       string `json:"name"`
			Version    string `json:"versionInfo"`
			References []struct {
				Type    string `json:"referenceType"`
				Locator string `json:"referenceLocator"`
			} `json:"externalRefs"`
			Checksums []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"checksumValue"`
			} `json:"checksums"`
		} `json:"packages"`
		Relationships []struct {
			From string `json:"spdxElementId"`
			Kind string `json:"relationshipType"`
			To   string `json:"relatedSpdxElement"`
		} `json:"relationships"`
	}
	if err := read("the bill of materials", data, &doc); err != nil {
		return err
	}
	for _, r := range doc.Relationships {
		if r.Kind == "DESCRIBES" && r.From == "SPDXRef-DOCUMENT" {
			doc.Describes = append(doc.Describes, r.To)
		}
	}
	for _, p := range doc.Packages {
		made := part{name: p.Name, version: p.Version}
		for _, r := range p.References {
			if r.Type == "purl" || strings.HasPrefix(r.Type, "cpe2") {
				made.ids = append(made.ids, r.Locator)
			}
		}
		for _, c := range p.Checksums {
			if c.Algorithm == "SHA256" {
				made.sums = append(made.sums, c.Value)
			}
		}
		if slices.Contains(doc.Describes, p.ID) {
			b.root = made
		}
		b.add(made)
	}
	return nil
}
