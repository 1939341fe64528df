package resolve

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/manifest"
)

// wheelOf is a wheel with nothing but METADATA.
func wheelOf(t *testing.T, name, version string, needs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name + "-" + version + ".dist-info/METADATA")
	if err != nil {
		t.Fatal(err)
	}
	text := "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n"
	for _, n := range needs {
		text += "Requires-Dist: " + n + "\n"
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDirect: packages that the project names by URL or path. In the texts
// WHEEL is the address of a wheel of a 1.0, which needs b.
func TestDirect(t *testing.T) {
	data := wheelOf(t, "a", "1.0", "b")
	sum := digest.Of(data).String()
	const url = "https://files.example/a-1.0-py3-none-any.whl"
	for _, c := range []struct{ name, index, asks, want, refused string }{
		{"url", "b 1", "a @ WHEEL", "a 1.0, b 1", ""},
		{"url with its hash", "b 1", "a @ WHEEL#sha256=" + sum, "a 1.0, b 1", ""},
		{"url with another hash", "b 1", "a @ WHEEL#sha256=" + strings.Repeat("0", 64), "", "the wheel has the sha256 " + sum},
		{"url with a weaker hash", "b 1", "a @ WHEEL#md5=" + strings.Repeat("0", 32), "", "md5"},
		{"url with another fragment", "b 1", "a @ WHEEL#egg=a", "a 1.0, b 1", ""},
		{"url and a version that it is not", "b 1 | a>=2", "a @ WHEEL", "", "a>=2"},
		{"url and a version that it is", "b 1 | a>=1", "a @ WHEEL", "a 1.0, b 1", ""},
		{"a package that names the same url", "b 1 | a @ WHEEL#x=y", "a @ WHEEL", "a 1.0, b 1", ""},
		{"a package that names another url", "b 1 | a @ https://evil.example/a-1.0-py3-none-any.whl", "a @ WHEEL", "", "only the project may name"},
		{"nothing there", "b 1", "a @ https://files.example/a-2.0-py3-none-any.whl", "", "nothing at"},
		{"sdist", "b 1", "a @ https://files.example/a-1.0.tar.gz", "", "is no wheel"},
		{"version control", "b 1", "a @ git+https://files.example/a", "", "a is no wheel, and nothing here builds it"},
		{"of another package", "b 1", "c @ WHEEL", "", "the wheel is of a, not of c"},
		{"two places", "b 1", "a @ WHEEL & a @ https://files.example/a-2.0-py3-none-any.whl", "", "comes from two places"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, strings.ReplaceAll(c.index, "WHEEL", url))
			w.files[url] = data
			in := input(t, asks(t, strings.ReplaceAll(c.asks, "WHEEL", url)), w, "linux-x86_64")
			l, err := Resolve(t.Context(), in)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) || fault.CodeOf(err) == fault.Internal {
					t.Errorf("got %v, want %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := versions(t, l, in, 0, "prod"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if a := l.Packages[0].Archive; a == nil || a.URL != url || a.Hashes["sha256"] != sum || a.Size != int64(len(data)) {
				t.Errorf("locked as %+v", a)
			}
		})
	}
}

func TestDirectPath(t *testing.T) {
	data := wheelOf(t, "a", "1.0", "b")
	p := asks(t, "")
	if err := os.MkdirAll(filepath.Join(p.Root, "wheels"), 0o755); err != nil {
		t.Fatal(err)
	}
	const name = "wheels/a-1.0-py3-none-any.whl"
	if err := os.WriteFile(filepath.Join(p.Root, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
	q := asking(t, "a")
	q.Path = name
	p.Runtimes = []manifest.Runtime{{Name: "prod", Requirements: []manifest.Requirement{q}}}
	in := input(t, p, world(t, "b 1"), "linux-x86_64")
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got := versions(t, l, in, 0, "prod"); got != "a 1.0, b 1" {
		t.Errorf("got %q", got)
	}
	if a := l.Packages[0].Archive; a == nil || a.Path != name || a.URL != "" || a.Hashes["sha256"] != digest.Of(data).String() {
		t.Errorf("locked as %+v", a)
	}
}
