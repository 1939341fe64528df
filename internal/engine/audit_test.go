package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/vet"
)

// auditing is an engine with nothing but a folder.
func auditing(t *testing.T) *Engine {
	t.Helper()
	e, err := New(Options{Home: t.TempDir(), Env: func(string) string { return "" }, Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// files writes files below a fresh folder.
func files(t *testing.T, all map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range all {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// hole is a record about a package before a version.
func hole(id, name, fixed string) string {
	return fmt.Sprintf(`{"id": %q, "modified": "2026-05-30T00:00:00Z", "affected": [{"package": {"ecosystem": "PyPI", "name": %q}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": %q}]}]}]}`, id, name, fixed)
}

func layer(t *testing.T, all map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, text := range all {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// image writes what docker save writes of layers.
func image(t *testing.T, path string, layers ...[]byte) {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	var names []string
	put := func(name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range layers {
		names = append(names, fmt.Sprintf("%d/layer.tar", i))
		put(names[i], l)
	}
	manifest, err := json.Marshal([]map[string]any{{"RepoTags": []string{"shop:1"}, "Layers": names}})
	if err != nil {
		t.Fatal(err)
	}
	put("manifest.json", manifest)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func metadata(name, version string) string {
	return "Metadata-Version: 2.4\nName: " + name + "\nVersion: " + version + "\nLicense-Expression: MIT\n\n"
}

// An image is audited by what its layers make: what a later layer removed is not
// there, what it brings is, wherever it is installed; and so is the interpreter.
func TestAuditImage(t *testing.T) {
	const site, distro = "usr/local/lib/python3.12/site-packages/", "usr/lib/python3/dist-packages/"
	dir := files(t, map[string]string{
		"osv/OSV-1.json": hole("OSV-1", "gone", "2"), "osv/OSV-2.json": hole("OSV-2", "web", "2"), "osv/OSV-3.json": hole("OSV-3", "old", "2"), "osv/OSV-4.json": hole("OSV-4", "mended", "2"),
	})
	image(t, filepath.Join(dir, "image.tar"),
		layer(t, map[string]string{
			site + "gone-1.0.dist-info/METADATA": metadata("gone", "1.0"), site + "mended-1.0.dist-info/METADATA": metadata("mended", "1.0"), distro + "old-1.0.dist-info/METADATA": metadata("Old", "1.0"),
			"usr/local/lib/python3.12/os.py": "", "usr/local/include/python3.12/patchlevel.h": "#define PY_VERSION \"3.12.4\"\n", "etc/passwd": "root", `etc/systemd/dev-disk\x2dx.swap`: "",
		}),
		layer(t, map[string]string{
			site + ".wh.gone-1.0.dist-info": "", site + ".wh.mended-1.0.dist-info": "",
			site + "mended-2.0.dist-info/METADATA": metadata("mended", "2.0"), site + "web-1.0.dist-info/METADATA": metadata("web", "1.0"),
		}))
	e := auditing(t)
	r, err := e.Audit(context.Background(), AuditRequest{Dir: dir, Paths: []string{"image.tar"}, Advisories: filepath.Join(dir, "osv")})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range r.Findings {
		if f.Class == finding.Vulnerability {
			ids = append(ids, f.ID+" "+f.Package+" "+f.Version)
		}
	}
	slices.Sort(ids)
	if got, want := strings.Join(ids, ", "), "OSV-2 web 1.0, OSV-3 old 1.0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if row := r.Runtimes[0]; row.Packages != 3 || row.Components != 4 || row.Name != "image.tar" {
		t.Errorf("%+v", row)
	}
	if len(r.Unchecked) != 1 || !slices.Contains(r.Unchecked[0].What, "cpython 3.12.4") {
		t.Errorf("unchecked %+v", r.Unchecked)
	}
	if left, err := filepath.Glob(filepath.Join(e.Home, "audit-*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestAuditImageRefused(t *testing.T) {
	dir := t.TempDir()
	image(t, filepath.Join(dir, "escape.tar"), layer(t, map[string]string{"../../lib/python3.12/site-packages/a-1.dist-info/METADATA": metadata("a", "1")}))
	image(t, filepath.Join(dir, "bomb.tar"), layer(t, map[string]string{"usr/lib/python3.12/site-packages/a": strings.Repeat("\x00", 80<<20)}))
	image(t, filepath.Join(dir, "empty.tar"), layer(t, map[string]string{"etc/passwd": ""}))
	for name, code := range map[string]fault.Code{"escape.tar": fault.Integrity, "bomb.tar": fault.Integrity, "empty.tar": fault.Input} {
		_, err := auditing(t).Audit(context.Background(), AuditRequest{Dir: dir, Paths: []string{name}})
		if fault.CodeOf(err) != code || !strings.Contains(err.Error(), name) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%s), hint %q", name, err, fault.CodeOf(err), fault.HintOf(err))
		}
	}
}

// What of a list has no version is told with its own reason; what is the project's
// own is not third-party.
func TestAuditLoose(t *testing.T) {
	dir := files(t, map[string]string{
		"osv/OSV-1.json": hole("OSV-1", "web", "2"),
		"poetry.lock":    "[[package]]\nname = \"near\"\nversion = \"1\"\n[package.source]\ntype = \"directory\"\nurl = \"../near\"\n[[package]]\nname = \"patched\"\nversion = \"1\"\n[package.source]\ntype = \"git\"\nurl = \"https://code.example/x\"\n[metadata]\nlock-version = \"2.0\"\n",
		"Pipfile":        "[packages]\nweb = \"*\"\n",
	})
	r, err := auditing(t).Audit(context.Background(), AuditRequest{Dir: dir, Paths: []string{"poetry.lock", "Pipfile"}, Advisories: filepath.Join(dir, "osv")})
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, f := range r.Findings {
		said[f.Package] = f.Summary
	}
	if len(said) != 2 || !strings.Contains(said["patched"], "it comes from git") || !strings.Contains(said["web"], "no version is pinned") {
		t.Errorf("%v", said)
	}
	if r.Exit() != vet.ExitIncomplete {
		t.Errorf("exit %d", r.Exit())
	}
}

// A bill that is made to exhaust is refused; so is one that is nested without end.
func TestBillBounded(t *testing.T) {
	deep := strings.Repeat(`{"components":[`, maxBillNested+2) + strings.Repeat(`]}`, maxBillNested+2)
	if _, err := ofBill("bom.json", []byte(`{"bomFormat":"CycloneDX","components":[`+deep+`]}`)); fault.CodeOf(err) != fault.Input {
		t.Errorf("nested: %v", err)
	}
	if _, err := ofBill("bom.json", []byte(strings.Repeat(`{"components":[`, 20_000))); fault.CodeOf(err) != fault.Input {
		t.Errorf("nested without end: %v", err)
	}
}

// Chains are the shortest, and end where packages need one another.
func TestAuditChains(t *testing.T) {
	dir := files(t, map[string]string{"requirements.txt": `#
# autogenerated by pip-compile
a==1
    # via -r requirements.in
b==1
    # via
    #   a
    #   c
c==1
    # via b
d==1
    # via
    #   a
    #   c
`})
	all, err := auditing(t).subjects(context.Background(), place{dir, "requirements.txt"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range all[0].items {
		got = append(got, strings.Join(item.Via, ">"))
	}
	if want := "a a>b a>b>c a>d"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}
