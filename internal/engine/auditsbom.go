package engine

import (
	"encoding/json"
	"strings"

	"github.com/package-url/packageurl-go"

	"snug/internal/component"
	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/vet"
)

// The bounds of a bill of materials.
const (
	maxBill       = 256 << 20
	maxBillParts  = 500_000
	maxBillNested = 64
)

// bill is as much of CycloneDX's and SPDX's JSON as names components.
type bill struct {
	Format     string     `json:"bomFormat"`
	Components []billPart `json:"components"`
	Metadata   struct {
		Component *billPart `json:"component"`
	} `json:"metadata"`

	SPDX     string `json:"spdxVersion"`
	Packages []struct {
		Name    string `json:"name"`
		Version string `json:"versionInfo"`
		Refs    []struct {
			Type    string `json:"referenceType"`
			Locator string `json:"referenceLocator"`
		} `json:"externalRefs"`
	} `json:"packages"`
}

type billPart struct {
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	CPE        string     `json:"cpe"`
	Components []billPart `json:"components"`
}

// isBill tells a bill of materials in JSON by its first words.
func isBill(head []byte) bool {
	text := string(head)
	return strings.HasPrefix(strings.TrimSpace(text), "{") && (strings.Contains(text, `"bomFormat"`) || strings.Contains(text, `"spdxVersion"`) || strings.Contains(text, "cyclonedx"))
}

// ofBill reads a bill of materials, CycloneDX or SPDX 2 in JSON.
func ofBill(name string, data []byte) (*audited, error) {
	var b bill
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, fault.New(fault.Input, "make it again with the tool that wrote it", "%s: not a bill of materials: %v", name, err)
	}
	if b.Format != "CycloneDX" && !strings.HasPrefix(b.SPDX, "SPDX-2.") {
		return nil, fault.New(fault.Unsupported, "CycloneDX in JSON or SPDX 2 in JSON", "%s: neither bomFormat CycloneDX nor spdxVersion SPDX-2", name)
	}
	r := billReader{name: name, out: &audited{name: name, loose: map[string]loose{}, others: map[string]int{}, listed: true}, seen: map[string]bool{}}
	if err := r.parts(b.Components, "", 0); err != nil {
		return nil, err
	}
	for _, p := range b.Packages {
		part := billPart{Name: p.Name, Version: p.Version}
		for _, ref := range p.Refs {
			switch ref.Type {
			case "purl":
				part.PURL = ref.Locator
			case "cpe23Type":
				part.CPE = ref.Locator
			}
		}
		if err := r.part(part, ""); err != nil {
			return nil, err
		}
	}
	if len(r.out.items) == 0 {
		return nil, fault.New(fault.Input, auditHint, "%s: no component of it has a package URL of Python, Rust or a library", name)
	}
	return r.out, nil
}

type billReader struct {
	name  string
	out   *audited
	seen  map[string]bool
	count int
}

func (r *billReader) parts(all []billPart, owner string, depth int) error {
	if depth > maxBillNested {
		return fault.New(fault.Input, "make it again with the tool that wrote it", "%s: components within components more than %d deep", r.name, maxBillNested)
	}
	for _, p := range all {
		if err := r.part(p, owner); err != nil {
			return err
		}
		if err := r.parts(p.Components, p.Name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// part takes one component by its package URL.
func (r *billReader) part(p billPart, owner string) error {
	if r.count++; r.count > maxBillParts {
		return fault.New(fault.Input, "name a part of it", "%s: more than %d components", r.name, maxBillParts)
	}
	url, err := packageurl.FromString(p.PURL)
	if err != nil && strings.HasPrefix(p.PURL, "pkg:pypi/") { // known by its name alone
		url, err = packageurl.PackageURL{Type: packageurl.TypePyPi, Name: p.Name}, nil
	}
	if p.PURL == "" || err != nil {
		r.out.others["components without a package URL"]++
		return nil
	}
	c := component.Component{Name: url.Name, Version: url.Version, PURL: p.PURL, CPE: p.CPE, Owner: owner, How: []string{"bill of materials"}}
	switch {
	case url.Type == packageurl.TypePyPi:
		c.Class, c.Name = component.Package, pep508.NormalizeName(url.Name)
	case url.Type == packageurl.TypeCargo:
		c.Class = component.Crate
	case url.Type == packageurl.TypeGeneric && (url.Name == "python" || url.Name == "cpython"):
		c.Class, c.Name = component.Interpreter, "cpython"
	case url.Type == packageurl.TypeGeneric:
		c.Class, c.Name = component.Library, strings.ToLower(url.Name)
	default:
		r.out.others[url.Type]++
		return nil
	}
	key := string(c.Class) + "\x00" + c.Name + "\x00" + c.Version + "\x00" + owner
	if r.seen[key] {
		return nil
	}
	r.seen[key] = true
	r.out.items = append(r.out.items, vet.Item{Component: c, File: r.name})
	return nil
}
