package inventory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const repaired = `{"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1,
 "metadata": {"component": {"type": "library", "name": "shop", "purl": "pkg:pypi/shop@1"}},
 "components": [
  {"type": "library", "name": "shop", "version": "1", "purl": "pkg:pypi/shop@1?file_name=shop-1.whl"},
  {"type": "library", "name": "openssl-libs", "version": "1:1.1.1k-12.el8_9", "purl": "pkg:rpm/almalinux/openssl-libs@1.1.1k-12.el8_9?epoch=1"},
  {"type": "library", "name": "raqm", "version": "0.10.3", "hashes": [{"alg": "SHA-256", "content": "AA` + "000000000000000000000000000000000000000000000000000000000000bb" + `"}],
   "components": [{"type": "library", "name": "fribidi-shim", "version": "1.0.0", "purl": "pkg:generic/fribidi-shim@1.0.0"}]},
  {"type": "library", "name": "serde", "version": "1.0.200", "purl": "pkg:cargo/serde@1.0.200"},
  {"type": "library", "name": "Jinja2", "version": "3.1.0", "purl": "pkg:pypi/Jinja2@3.1.0"},
  {"type": "file", "name": "a.txt"},
  {"type": "library", "name": "bad", "purl": "no purl"}]}`

const stated = `{"spdxVersion": "SPDX-2.3", "packages": [
 {"name": "zlib", "versionInfo": "1.3.1", "externalRefs": [{"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:zlib:zlib:1.3.1:*:*:*:*:*:*:*"}]},
 {"name": "thing", "versionInfo": "NOASSERTION", "checksums": [{"algorithm": "SHA256", "checksumValue": "` + "1234567812345678123456781234567812345678123456781234567812345678" + `"}]}]}`

// Bills of materials are read, and what they and the files tell is told once.
func TestSBOMs(t *testing.T) {
	const dir = "shop-1.dist-info/sboms/"
	got := told(t, map[string][]byte{
		dir + "spdx.json":                             []byte(stated),
		dir + "notes.txt":                             []byte("no bill"),
		"shop/_vendor/bom.cdx.json":                   []byte(`{"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "idna", "version": "3.10", "purl": "pkg:pypi/idna@3.10"}]}`),
		"shop.libs/libcrypto-1a2b3c4d.so.1.1.1k":      nativeWith("OpenSSL 1.1.1k  FIPS 25 Mar 2021"),
		"shop/_vendor/vendor.txt":                     []byte("idna==3.10 # pinned\n  six == 1.16.0 ; python_version < '3'\n-r other.txt\nurllib3>=2\nbad name==1\n"),
		"shop/_vendor/tomli-2.0.1.dist-info/METADATA": []byte("Metadata-Version: 2.1\nName: tomli\nVersion: 2.0.1\n"),
		"shop/_vendor/six.py":                         []byte("__version__ = \"1.15.0\"\n"),
		"shop/_vendor/packaging/__init__.py":          []byte("import sys\n__version__ = '24.2'\n"),
		"shop/_vendor/unheard/__init__.py":            []byte("__version__ = '1.0'\n"),
		"shop/requests/__init__.py":                   []byte("__version__ = '2.0'\n"),
		"shop/_bundled/pip-25.3-py3-none-any.whl":     []byte("PK"),
	})
	want := []string{
		"pypi|idna|3.10|SBOM,vendor.txt", "pypi|packaging|24.2|__version__", "pypi|pip|25.3|bundled wheel", "pypi|six|1.16.0|vendor.txt", "pypi|tomli|2.0.1|vendored METADATA",
		"native|openssl|1.1.1k|version string", "native|thing||PEP 770 SBOM", "native|zlib|1.3.1|PEP 770 SBOM",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func TestCycloneDX(t *testing.T) {
	r := &reading{tree: &tree{}, facts: &Facts{Package: pypi("shop", "1")}}
	entries, err := readSBOM([]byte(repaired))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		r.addEntry(e, "PEP 770 SBOM", "a")
	}
	r.parts = append(r.parts, part{found{name: "openssl", version: "1.1.1k", how: howVersion}.component(), false})
	var got []string
	for _, c := range merged("shop", r.parts) {
		got = append(got, fmt.Sprintf("%s %s %s %s %q %.4s", c.Class, c.Name, c.Version, c.PURL, c.How, c.SHA256))
	}
	want := []string{
		`pypi jinja2 3.1.0 pkg:pypi/jinja2@3.1.0 ["PEP 770 SBOM"] `,
		`native fribidi-shim 1.0.0 pkg:generic/fribidi-shim@1.0.0 ["PEP 770 SBOM"] `,
		`native openssl 1.1.1k pkg:rpm/almalinux/openssl-libs@1.1.1k-12.el8_9?epoch=1 ["PEP 770 SBOM" "version string"] `,
		`native raqm 0.10.3 pkg:generic/raqm@0.10.3 ["PEP 770 SBOM"] aa00`,
		`cargo serde 1.0.200 pkg:cargo/serde@1.0.200 ["PEP 770 SBOM"] `,
	}
	if !slices.Equal(got, want) || len(r.notes) != 1 {
		t.Errorf("%q\nwant\n%q\nnotes %q", got, want, r.notes)
	}
}

// What is broken or oversized is told in the notes, and what was read before it counts.
func TestHostileSBOMs(t *testing.T) {
	nested := `{"name": "x"}`
	for range maxDepth + 2 {
		nested = `{"name": "x", "components": [` + nested + `]}`
	}
	many := strings.Repeat(`{"name": "x"},`, maxComponents+1)
	for name, text := range map[string]string{
		"no JSON": "{", "deep JSON": strings.Repeat("[", 20_000), "another thing": `{"a": 1}`, "SPDX 3": `{"spdxVersion": "SPDX-3.0"}`, "wrong types": `{"bomFormat": "CycloneDX", "components": {}}`,
		"deep":         `{"bomFormat": "CycloneDX", "components": [` + nested + `]}`,
		"many":         `{"bomFormat": "CycloneDX", "components": [` + strings.TrimSuffix(many, ",") + `]}`,
		"many of SPDX": `{"spdxVersion": "SPDX-2.3", "packages": [` + strings.TrimSuffix(many, ",") + `]}`,
	} {
		entries, err := readSBOM([]byte(text))
		if err == nil || len(entries) > maxComponents {
			t.Errorf("%s: %d entries, %v", name, len(entries), err)
		}
	}
}

func FuzzSBOM(f *testing.F) {
	f.Add([]byte(repaired))
	f.Add([]byte(stated))
	f.Add([]byte(`{"bomFormat":"CycloneDX","components":[{"name":"a","purl":"pkg:pypi/%2F@1?a=b#c"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := readSBOM(data)
		if len(entries) > maxComponents || err != nil && err.Error() == "" {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		r := &reading{tree: &tree{}, facts: &Facts{Package: pypi("shop", "1")}}
		for _, e := range entries {
			r.addEntry(e, "SBOM", "bom.json")
		}
		all := merged("shop", r.parts)
		for i, c := range all {
			if c.Name == "" || c.PURL == "" || len(c.Name) > 2*maxField || len(c.Paths) > maxPaths || c.Owner != "shop" {
				t.Errorf("%+v", c)
			}
			if i > 0 && compare(all[i-1], c) > 0 {
				t.Errorf("%+v stands behind %+v", c, all[i-1])
			}
		}
	})
}
