package build

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/digest"
	"snug/internal/fault"
)

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestCrates(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	text := `version = 4
[[package]]
name = "own"
version = "0.1.0"
dependencies = ["b", "a"]
[[package]]
name = "b"
version = "2.0.0+build.1"
source = "sparse+https://crates.example/index/"
checksum = "` + sum + `"
[[package]]
name = "a_1"
version = "1.0.0"
source = "registry+https://code.example/lang/crates.example-index"
checksum = "` + sum + `"
`
	got, err := Crates([]byte(text))
	if err != nil || len(got) != 2 || got[0].Name != "a_1" || got[1].Version != "2.0.0+build.1" || got[0].SHA256.String() != sum {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []string{"https://index.crates.example/config.json", "https://crates.example/index/config.json"} {
		if url, err := got[i].ConfigURL(""); err != nil || url != want {
			t.Errorf("%s, %v; want %s", url, err, want)
		}
	}
	if url, err := got[0].ConfigURL("http://mirror.example/crates/"); err != nil || url != "http://mirror.example/crates/config.json" {
		t.Errorf("mirror: %s, %v", url, err)
	}
	old := `[[package]]
name = "a"
version = "1.0.0"
source = "registry+https://code.example/lang/crates.example-index"
[metadata]
"checksum a 1.0.0 (registry+https://code.example/lang/crates.example-index)" = "` + sum + `"`
	if got, err := Crates([]byte(old)); err != nil || len(got) != 1 || got[0].SHA256.String() != sum {
		t.Errorf("the first format: %+v, %v", got, err)
	}
}

func TestBadCargoLocks(t *testing.T) {
	entry := func(name, version, source, checksum string) string {
		return "[[package]]\nname = \"" + name + "\"\nversion = \"" + version + "\"\nsource = \"" + source + "\"\nchecksum = \"" + checksum + "\"\n"
	}
	cases := []struct {
		text string
		code fault.Code
		want string
	}{
		{"[[package", fault.Input, "Cargo.lock"},
		{entry("a", "1.0.0", "git+https://code.example/a#1234", zeros), fault.Unsupported, "no registry"},
		{entry("a", "1.0.0", "registry+https://code.example/x-index", ""), fault.Unsupported, "no checksum of a 1.0.0"},
		{entry("a", "1.0.0", "registry+https://code.example/x-index", "abc"), fault.Unsupported, "no checksum"},
		{entry("../a", "1.0.0", "registry+https://code.example/x-index", zeros), fault.Integrity, "cannot be a crate"},
		{entry("a", "../1", "registry+https://code.example/x-index", zeros), fault.Integrity, "cannot be a crate"},
		{strings.Repeat(entry("a", "1.0.0", "registry+https://code.example/x-index", zeros), maxCrates+1), fault.Unsupported, "more than"},
		{strings.Repeat("#", maxCargoLock+1), fault.Unsupported, "more than"},
	}
	for _, c := range cases {
		_, err := Crates([]byte(c.text))
		if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %s %q", c.text, err, c.code, c.want)
		}
	}
	for _, registry := range []string{"file:///etc", "https://", "https://user:secret@crates.example/index", "::"} {
		if url, err := (Crate{Name: "a", Registry: registry}).ConfigURL(""); err == nil {
			t.Errorf("%s is asked at %s", registry, url)
		}
	}
}

func TestCrateURL(t *testing.T) {
	c := Crate{Name: "Abcd", Version: "1.0.0"}
	cases := []struct{ config, want string }{
		{`{"dl": "https://dl.example/crates"}`, "https://dl.example/crates/Abcd/1.0.0/download"},
		{`{"dl": "https://dl.example/{prefix}/{lowerprefix}/{crate}-{version}.crate?{sha256-checksum}"}`, "https://dl.example/Ab/cd/ab/cd/Abcd-1.0.0.crate?" + zeros},
		{`{"dl": "file:///{crate}"}`, ""},
		{`{}`, ""},
		{`<html>`, ""},
	}
	for _, k := range cases {
		if got, err := c.URL([]byte(k.config)); got != k.want || (err == nil) != (k.want != "") {
			t.Errorf("%s: %s, %v", k.config, got, err)
		}
	}
	for name, want := range map[string]string{"a": "1", "ab": "2", "abc": "3/a", "abcd": "ab/cd", "abcde": "ab/cd"} {
		if got := cratePrefix(name); got != want {
			t.Errorf("%s is in %s, want %s", name, got, want)
		}
	}
}

// packed is a crate of files, each "name content"; a name with an arrow is a link.
func packed(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, f := range files {
		name, text, _ := strings.Cut(f, " ")
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}
		if from, to, ok := strings.Cut(name, "->"); ok {
			h = &tar.Header{Name: from, Linkname: to, Typeflag: tar.TypeSymlink}
		}
		if err := w.WriteHeader(h); err != nil {
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

func TestVendor(t *testing.T) {
	c := Crate{Name: "a", Version: "1.0.0", SHA256: digest.Of([]byte("x"))}
	dir := t.TempDir()
	if err := c.Vendor(bytes.NewReader(packed(t, "a-1.0.0/Cargo.toml [package]", "a-1.0.0/src/lib.rs fn")), dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Cargo.toml": "[package]", "src/lib.rs": "fn", ".cargo-checksum.json": `{"files":{},"package":"` + c.SHA256.String() + `"}`} {
		if text, err := os.ReadFile(filepath.Join(dir, "a-1.0.0", filepath.FromSlash(name))); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	for _, bad := range [][]string{{"b-1.0.0/x "}, {"x "}, {"a-1.0.0/../../x "}, {"/etc/x "}, {"a-1.0.0/x->y"}, {"a-1.0.0/x->/etc/passwd"}} {
		if err := c.Vendor(bytes.NewReader(packed(t, bad...)), t.TempDir()); err == nil {
			t.Errorf("%q is unpacked", bad)
		}
	}
	if err := c.Vendor(strings.NewReader("no archive"), t.TempDir()); err == nil {
		t.Error("what is no archive is unpacked")
	}
}
