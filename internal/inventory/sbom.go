package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"snug/internal/component"
)

// The bounds of a bill of materials.
const (
	maxSBOM  = 32 << 20 // bytes
	maxDepth = 16       // of components in components
	maxField = 1000     // bytes of a name, version or URL
)

// sbomDir is where a dist-info folder has bills of materials (PEP 770).
const sbomDir = "sboms"

// cycloneDX is what is read of a document of CycloneDX, 1.2 to 1.7.
type cycloneDX struct {
	BOMFormat  string         `json:"bomFormat"`
	Components []cdxComponent `json:"components"`
}

type cdxComponent struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
	CPE     string `json:"cpe"`
	Hashes  []struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	} `json:"hashes"`
	Components []cdxComponent `json:"components"`
}

// spdx is what is read of a document of SPDX, 2.2 and 2.3.
type spdx struct {
	Version  string `json:"spdxVersion"`
	Packages []struct {
		Name         string `json:"name"`
		Version      string `json:"versionInfo"`
		ExternalRefs []struct {
			Type    string `json:"referenceType"`
			Locator string `json:"referenceLocator"`
		} `json:"externalRefs"`
		Checksums []struct {
			Algorithm string `json:"algorithm"`
			Value     string `json:"checksumValue"`
		} `json:"checksums"`
	} `json:"packages"`
}

// entry is a component as a bill of materials has it.
type entry struct{ name, version, purl, cpe, sha256 string }

// sboms reads the bills of materials of the package, and those that it carries.
func (r *reading) sboms() error {
	for _, f := range r.files {
		how := "SBOM"
		if path.Dir(f.Path) == path.Join(r.info, sbomDir) {
			how = "PEP 770 SBOM"
		} else if !isSBOM(f.Path) {
			continue
		}
		if f.Link != "" || path.Ext(f.Path) != ".json" {
			continue // of another form: SPDX's tag-value, XML
		}
		r.facts.SBOMs = append(r.facts.SBOMs, f.Path)
		data, ok := r.read(f.Path, maxSBOM)
		if !ok {
			continue
		}
		entries, err := readSBOM(data)
		if err != nil {
			r.note("%s: %v", f.Path, err)
		}
		for _, e := range entries {
			r.addEntry(e, how, f.Path)
		}
	}
	r.facts.SBOMs = bounded(r.tree, "bills of materials", r.facts.SBOMs)
	return nil
}

// isSBOM tells a bill of materials by the names that the formats' makers recommend.
func isSBOM(name string) bool {
	base := path.Base(name)
	return base == "bom.json" || strings.HasSuffix(base, ".cdx.json") || strings.HasSuffix(base, ".spdx.json")
}

// readSBOM reads a document of CycloneDX or SPDX in JSON. With an error come the entries
// that were read before it.
func readSBOM(data []byte) ([]entry, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var cdx cycloneDX
	if err := json.Unmarshal(data, &cdx); err != nil {
		return nil, fmt.Errorf("no bill of materials: %w", err)
	}
	if cdx.BOMFormat == "CycloneDX" {
		var out []entry
		return out, addCycloneDX(&out, cdx.Components, 0)
	}
	var doc spdx
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("no bill of materials: %w", err)
	}
	if !strings.HasPrefix(doc.Version, "SPDX-2.") {
		return nil, errors.New("neither CycloneDX nor SPDX 2")
	}
	return doc.entries()
}

var errTooMany = fmt.Errorf("more than %d components", maxComponents)

func addCycloneDX(out *[]entry, components []cdxComponent, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("components nested deeper than %d", maxDepth)
	}
	for _, c := range components {
		if len(*out) >= maxComponents {
			return errTooMany
		}
		if c.Type != "file" && c.Type != "operating-system" && c.Name != "" {
			e := entry{name: c.Name, version: c.Version, purl: c.PURL, cpe: c.CPE}
			for _, h := range c.Hashes {
				if h.Alg == "SHA-256" {
					e.sha256 = h.Content
				}
			}
			*out = append(*out, e)
		}
		if err := addCycloneDX(out, c.Components, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *spdx) entries() (out []entry, err error) {
	for _, p := range s.Packages {
		if len(out) >= maxComponents {
			return out, errTooMany
		}
		e := entry{name: p.Name, version: p.Version}
		for _, ref := range p.ExternalRefs {
			switch ref.Type {
			case "purl":
				e.purl = ref.Locator
			case "cpe23Type":
				e.cpe = ref.Locator
			}
		}
		for _, sum := range p.Checksums {
			if sum.Algorithm == "SHA256" {
				e.sha256 = sum.Value
			}
		}
		if e.version == "NOASSERTION" {
			e.version = ""
		}
		if e.name != "" {
			out = append(out, e)
		}
	}
	return out, nil
}

// addEntry adds what a bill of materials names, unless it is the package itself.
func (r *reading) addEntry(e entry, how, from string) {
	c := component.Component{
		Class: component.Library, Name: strings.ToLower(cut(e.name, maxField)), Version: cut(e.version, maxField), CPE: cut(e.cpe, maxField),
		How: []string{how}, Paths: []string{from},
	}
	if len(e.sha256) == 64 {
		c.SHA256 = strings.ToLower(e.sha256)
	}
	switch url, err := packageurl.FromString(cut(e.purl, maxField)); {
	case e.purl == "":
		if c.Name = usualName(c.Name); c.Name == "zlib" && strings.HasPrefix(c.Version, "2.") {
			c.Name = "zlib-ng" // zlib itself is at 1; Pillow names what stands in for it so
		}
		c.PURL = component.GenericURL(c.Name, c.Version)
	case err != nil:
		r.note("%s: %s: %v", from, cut(e.name, 100), err)
		return
	default:
		fill(&c, url)
	}
	if c.Name == r.facts.Package.Name && (c.Class == component.Package || e.purl == "") {
		return
	}
	r.add(part{Component: c})
}

// fill takes what the package URL says. The version of a distribution's package is told
// without its revision, as advisories about libraries have it; the URL keeps all of it.
func fill(c *component.Component, url packageurl.PackageURL) {
	version := url.Version
	if version == "" {
		version = c.Version
	}
	c.Version, c.PURL = version, url.ToString()
	switch url.Type {
	case "pypi":
		own := pypi(url.Name, version)
		c.Class, c.Name, c.PURL = own.Class, own.Name, own.PURL
	case "cargo":
		c.Class, c.Name = component.Crate, url.Name
	case "rpm", "deb", "apk", "alpm", "conda", "brew":
		c.Name, c.Version = usualName(strings.ToLower(url.Name)), upstream(version)
	default:
		c.Name = usualName(strings.ToLower(url.Name))
	}
}

// otherNames are what bills of materials call libraries that have another usual name.
func otherNames() map[string]string {
	return map[string]string{"libjpeg / libjpeg-turbo": "libjpeg-turbo", "little cms 2": "lcms2", "little cms": "lcms2", "libjpeg62-turbo": "libjpeg-turbo", "postgresql-libs": "postgresql", "zlib1g": "zlib"}
}

// usualName is the library's name in that of a package or a part of it: "openssl" of
// "openssl-libs" and "libssl3".
func usualName(name string) string {
	if usual, ok := otherNames()[name]; ok {
		return usual
	}
	short := name
	for _, suffix := range []string{"-libs", "-lib", "-threads"} {
		short = strings.TrimSuffix(short, suffix)
	}
	known := libraries()
	for _, form := range []string{short, "lib" + short, strings.TrimRight(short, "0123456789.-")} {
		for _, l := range known {
			if form == l.name || slices.Contains(l.stems, form) {
				return l.name
			}
		}
	}
	return short
}
