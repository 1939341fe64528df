//go:build live

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// validators are the programs that documents are held to, as a project of their own.
func validators(t *testing.T) *use {
	return newUse(t, map[string]string{
		"requirements.txt": "cyclonedx-python-lib[validation]\nspdx-tools\nntia-conformance-checker\ncheck-jsonschema\n",
		"strict.py": "import pathlib, sys\nfrom cyclonedx.schema import SchemaVersion\nfrom cyclonedx.validation.json import JsonStrictValidator\n" +
			"wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(pathlib.Path(sys.argv[1]).read_text())\nsys.exit(f'{wrong}' if wrong else 0)\n",
	})
}

// Others' validators read what is written about the examples' runtimes without a
// complaint, and each refuses a document with one fault in it.
func TestLiveDocuments(t *testing.T) {
	u := validators(t)
	schema := filepath.Join(repository(), "internal", "cli", "testdata", "openvex-0.2.0.schema.json")
	check := []struct {
		file, old, new string // a fault that must not pass
		command        []string
	}{
		{"cyclonedx.json", `"type": "library"`, `"type": "bookshop"`, []string{"python", "strict.py"}},
		{"spdx.json", `"relationshipType": "CONTAINS"`, `"relationshipType": "HOLDS"`, []string{"pyspdxtools", "-i"}},
		{"spdx.json", `"supplier": "`, `"comment": "`, []string{"sbomcheck", "-c", "ntia"}},
		{"vex.json", `"action_statement": "`, `"impact_statement": "`, []string{"check-jsonschema", "--schemafile", schema}},
		{"shop.openvex.json", `"justification": "`, `"action_statement": "`, []string{"check-jsonschema", "--schemafile", schema}},
	}
	holes := t.TempDir()
	for name, fixed := range map[string]string{"django": `{"fixed": "999"}`, "fastapi": "", "pillow": ""} {
		events := strings.TrimSuffix(`{"introduced": "0"}, `+fixed, ", ")
		place(t, filepath.Join(holes, "TEST-"+name+".json"), `{"schema_version": "1.6.0", "id": "TEST-`+name+`", "modified": "2026-05-01T00:00:00Z", "summary": "a hole",
			"affected": [{"package": {"ecosystem": "PyPI", "name": "`+name+`"}, "ranges": [{"type": "ECOSYSTEM", "events": [`+events+`]}]}]}`)
	}
	for _, name := range []string{"shop", "api", "report"} {
		dir, out := example(t, name), t.TempDir()
		liveSnug(t, dir, "build", "prod")
		for _, args := range [][]string{{"sbom", "--format", "cyclonedx"}, {"sbom", "--format", "spdx"}, {"vex"}} {
			liveSnug(t, dir, append(args, "prod", "--advisories", holes, "--output", filepath.Join(out, args[len(args)-1]+".json"))...)
		}
		liveSnug(t, dir, "vex", "check", filepath.Join(out, "vex.json"))
		golden, err := os.ReadFile(filepath.Join(repository(), "internal", "vex", "testdata", "shop.openvex.json")) // every status
		if err != nil {
			t.Fatal(err)
		}
		place(t, filepath.Join(out, "shop.openvex.json"), string(golden))
		for _, c := range check {
			path := filepath.Join(out, c.file)
			u.run("prod", append(c.command, path)...)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bad := bytes.ReplaceAll(data, []byte(c.old), []byte(c.new))
			place(t, filepath.Join(out, "bad", c.file), string(bad))
			if code, said := u.try(nil, "prod", append(c.command, filepath.Join(out, "bad", c.file))...); code == 0 || bytes.Equal(bad, data) {
				t.Errorf("%s: %v takes %s for %s: exit code %d\n%s", name, c.command, c.new, c.old, code, said)
			}
		}
	}
}
