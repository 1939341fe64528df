package cpython

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/package-url/packageurl-go"

	"snug/internal/digest"
)

// SBOMPath is where a built interpreter's own list of what is inside lies in its tree.
const SBOMPath = "share/sbom/cpython.cdx.json"

// A CycloneDX 1.6 document, as much of it as is written. It holds no time, and its
// serial number comes from what it says: the same build has the same bytes.
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Serial       string       `json:"serialNumber,omitempty"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version,omitempty"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Licenses   []licence  `json:"licenses,omitempty"`
		CPE        string     `json:"cpe,omitempty"`
		PURL       string     `json:"purl,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	hash       struct{ Alg, Content string }
	licence    struct{ Expression string }
	property   struct{ Name, Value string }
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
)

func (h hash) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"alg": h.Alg, "content": h.Content})
}

func (l licence) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"expression": l.Expression})
}

func (p property) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"name": p.Name, "value": p.Value})
}

// writeSBOM adds the list to the tree in dir.
func (b *build) writeSBOM(dir string) error {
	text, err := b.sbom()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, filepath.FromSlash(SBOMPath))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// maxLicence bounds the text that a package has about its licence.
const maxLicence = 1 << 20

// copyLicences adds what the machine's packages say of the licences of the libraries
// that are linked in, as most of these ask of whoever hands them on. Where a package
// has no such text none is added: the list names the licence.
func (b *build) copyLicences(dir string) error {
	for _, l := range b.host.libraries {
		if l.Package == nil {
			continue
		}
		text, err := readLimited(filepath.Join(b.opt.Root, "usr/share/doc", l.Package.Name, "copyright"), maxLicence)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		file := filepath.Join(dir, "share", "licenses", l.Name+".txt")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

func readLimited(file string, max int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, max))
	return text, errors.Join(err, f.Close())
}

func (b *build) sbom() ([]byte, error) {
	python := component{
		Type: "application", Ref: "cpython", Name: "cpython", Version: b.version, Licenses: expression("Python-2.0.1"),
		CPE: cpe("python:python", b.version), PURL: packageurl.NewPackageURL("generic", "", "cpython", b.version,
			packageurl.QualifiersFromMap(map[string]string{"checksum": "sha256:" + b.Tarball.SHA256}), "").ToString(),
		Properties: []property{{"snug:recipe", b.ID()}},
	}
	parts := make([]component, 0, len(b.host.libraries)+len(bundled))
	for _, l := range b.host.libraries {
		parts = append(parts, l.component())
	}
	inside, err := b.bundled()
	if err != nil {
		return nil, err
	}
	parts = append(parts, inside...)
	needs := dependency{Ref: python.Ref}
	doc := bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{python}, Components: parts}
	for _, p := range parts {
		needs.DependsOn = append(needs.DependsOn, p.Ref)
	}
	doc.Dependencies = []dependency{needs}
	bare, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	doc.Serial = serial(digest.Of(bare))
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}

// serial makes a UUID of version 8 (RFC 9562, 5.8) of a digest.
func serial(sum digest.SHA256) string {
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func expression(spdx string) []licence {
	if spdx == "" {
		return nil
	}
	return []licence{{spdx}}
}

func cpe(product, version string) string {
	if product == "" || version == "" {
		return ""
	}
	return "cpe:2.3:a:" + product + ":" + version + ":*:*:*:*:*:*:*"
}

// component is a library of the machine's. Its package's URL is what scanners look up:
// a distribution mends its own packages without a new version of the library.
func (l Library) component() component {
	c := component{Type: "library", Ref: l.Name, Name: l.Name, Version: l.Version, Licenses: expression(l.Licence), CPE: cpe(l.CPE, l.Version)}
	for _, name := range sortedKeys(l.Archives) {
		if len(l.Archives) == 1 {
			c.Hashes = []hash{{"SHA-256", l.Archives[name]}}
		}
		c.Properties = append(c.Properties, property{"snug:archive", name + " sha256:" + l.Archives[name]})
	}
	p := l.Package
	if p == nil {
		c.PURL = packageurl.NewPackageURL("generic", "", l.Name, l.Version, nil, "").ToString()
		return c
	}
	vendor, _, _ := strings.Cut(p.Distro, "-")
	c.PURL = packageurl.NewPackageURL(p.Type, vendor, p.Name, p.Version, packageurl.QualifiersFromMap(map[string]string{"arch": p.Arch, "distro": p.Distro}), "").ToString()
	if p.Source != "" {
		c.Properties = append(c.Properties, property{"snug:source-package", p.Source})
	}
	if p.Licence != "" {
		c.Properties = append(c.Properties, property{"snug:package-licence", p.Licence})
	}
	return c
}

// bundled are the libraries that CPython brings in its own sources and that are
// linked in.
var bundled = []struct{ name, file, version, licence, cpe string }{
	{"expat", "Modules/expat/expat.h", `(?s)#define XML_MAJOR_VERSION ([0-9]+).*#define XML_MINOR_VERSION ([0-9]+).*#define XML_MICRO_VERSION ([0-9]+)`, "MIT", "libexpat_project:libexpat"},
	{"hacl-star", "Misc/sbom.spdx.json", `"name": "hacl-star"[^{}]*?"versionInfo": "([0-9a-f.]+)"`, "Apache-2.0 OR MIT", "hacl-star:hacl-star"},
	{"libb2", "Misc/sbom.spdx.json", `"name": "libb2"[^{}]*?"versionInfo": "([0-9.]+)"`, "CC0-1.0", "blake2:libb2"},
	{"mimalloc", "Include/internal/mimalloc/mimalloc.h", `#define MI_MALLOC_VERSION ([0-9])([0-9])([0-9])`, "MIT", "microsoft:mimalloc"},
	{"mpdecimal", "Modules/_decimal/libmpdec/mpdecimal.h", `#define MPD_VERSION "([0-9.]+)"`, "BSD-2-Clause", "bytereef:mpdecimal"},
}

// bundled reads their versions from the sources. One whose file is not there is not
// part of this release.
func (b *build) bundled() ([]component, error) {
	var out []component
	for _, l := range bundled {
		text, err := readSource(b.source.Host, l.file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		match := regexp.MustCompile(l.version).FindSubmatch(text)
		if match == nil {
			continue
		}
		parts := make([]string, len(match)-1)
		for i, part := range match[1:] {
			parts[i] = string(part)
		}
		version := strings.Join(parts, ".")
		out = append(out, component{
			Type: "library", Ref: l.name, Name: l.name, Version: version, Licenses: expression(l.licence), CPE: cpe(l.cpe, version),
			PURL:       packageurl.NewPackageURL("generic", "", l.name, version, nil, "").ToString(),
			Properties: []property{{"snug:within", "cpython"}},
		})
	}
	return out, nil
}
