//go:build live

package cli

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/digest"
	"snug/internal/generation"
)

// TestLiveMirror builds from a mirror of python-build-standalone: a folder with
// one release, whose archive is made here of a Python that is in the store.
func TestLiveMirror(t *testing.T) {
	src := newUse(t, map[string]string{"requirements.txt": "six==1.16.0\n", "pyproject.toml": "[tool.snug]\npython = \"3.14\"\n"})
	const name = "cpython-3.14.6+20300101-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
	mirror := t.TempDir()
	archive := filepath.Join(mirror, "20300101", name)
	packPython(t, filepath.Join(src.dir, ".snug", "dev", "1"), archive)
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{"latest-release.json": `{"version": 1, "tag": "20300101"}`, "20300101/SHA256SUMS": digest.Of(data).String() + "  " + name + "\n"} {
		if err := os.WriteFile(filepath.Join(mirror, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	u := &use{t: t, dir: filepath.Join(t.TempDir(), "project")}
	u.write("pyproject.toml", "[tool.snug]\npython = \"3.14\"\npython-mirror = \"../mirror\"\n")
	u.write("requirements.txt", "six==1.16.0\n")
	if err := os.Symlink(mirror, filepath.Join(filepath.Dir(u.dir), "mirror")); err != nil {
		t.Fatal(err)
	}
	liveSnug(t, u.dir, "build")
	u.says(u.run("prod", "python", "-c", "import six, ssl, sys; print(sys.version)"), "3.14.6")
	lock, err := os.ReadFile(filepath.Join(u.dir, "pylock.toml"))
	if err != nil || !strings.Contains(string(lock), "python-build-standalone") {
		t.Errorf("%v: the lock is\n%s", err, lock)
	}
	u.clean()
}

// packPython writes the interpreter of a runtime as python-build-standalone
// packs one: below python/, itself in bin/.
func packPython(t *testing.T, dir, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	gz := gzip.NewWriter(out)
	w := tar.NewWriter(gz)
	m, err := generation.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		if f.Owner != generation.OwnerPython || f.Kind != "" {
			continue
		}
		h := &tar.Header{Name: "python/" + f.Path, Mode: 0o644, Size: f.Size, Typeflag: tar.TypeReg}
		switch {
		case f.Link != "" && strings.HasPrefix(f.Path, "bin/"):
			continue // its own would lead to the root
		case f.Link != "":
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, f.Link, 0
		case f.Path == "python3.14":
			h.Name = "python/bin/python3.14"
		}
		if f.Mode == "0755" {
			h.Mode = 0o755
		}
		if err := errors.Join(w.WriteHeader(h), packBody(w, h, filepath.Join(dir, f.Path))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), gz.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
}

func packBody(w io.Writer, h *tar.Header, path string) error {
	if h.Size == 0 {
		return nil
	}
	data, err := os.ReadFile(path)
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}
