package sdist

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"snug/internal/archive"
)

// told is a tar.gz and a zip of files, each with its time and the text that it holds.
func told(t *testing.T, files [][2]string, more ...tar.Header) (asTar, asZip []byte) {
	t.Helper()
	var tarred, zipped bytes.Buffer
	g := gzip.NewWriter(&tarred)
	w, z := tar.NewWriter(g), zip.NewWriter(&zipped)
	for i, f := range files {
		at := changed.Add(time.Duration(i) * time.Hour)
		h := &zip.FileHeader{Name: f[0], Method: zip.Deflate, Modified: at}
		h.SetMode(fs.FileMode(0o644))
		to, err := z.CreateHeader(h)
		err = errors.Join(err, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f[0], Size: int64(len(f[1])), ModTime: at}))
		if err != nil {
			t.Fatal(err)
		}
		_, toZip := to.Write([]byte(f[1]))
		_, toTar := w.Write([]byte(f[1]))
		if err := errors.Join(toZip, toTar); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range more {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), w.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	return tarred.Bytes(), zipped.Bytes()
}

// TestPeek: what is read of an archive is what is read of the tree it unpacks to.
func TestPeek(t *testing.T) {
	const pyproject = "[build-system]\nrequires = ['maturin']\nbuild-backend = 'maturin'\n[project]\nname = 'a'\nversion = '1'\ndependencies = ['c']\n"
	files := [][2]string{{"a-1/pyproject.toml", pyproject}, {"a-1/src/lib.rs", "fn f() {}"}, {"a-1/sub/Cargo.lock", "version = 3"},
		{"a-1/sub/setup.py", "from setuptools import setup, Extension"}, {"a-1/sub/x.c", ""}, {"a-1/sub/node_modules/late.js", "x"}, {"a-1/tests/y.c", ""}}
	asTar, asZip := told(t, files, tar.Header{Typeflag: tar.TypeLink, Name: "a-1/hard.c", Linkname: "a-1/src/lib.rs"}, symlink("a-1/sub/link", "x.c"))
	for name, data := range map[string][]byte{"a-1.tar.gz": asTar, "a-1.zip": asZip} {
		dir, err := unpack(t, data, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, within := range []string{"", "sub"} {
			want, err := Read(filepath.Join(dir, within))
			if err != nil {
				t.Fatal(err)
			}
			got, ok, err := Peek(bytes.NewReader(data), int64(len(data)), name, within)
			if err != nil || !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %q: %+v, %v, %v\nunpacked: %+v", name, within, got, ok, err, want)
			}
		}
	}
}

// TestPeekLinks: where a link stands in the way, only the unpacked tree tells.
func TestPeekLinks(t *testing.T) {
	files := [][2]string{{"a-1/real.py", "setup()"}, {"a-1/sub/setup.py", "setup()"}}
	for _, c := range []struct {
		link   tar.Header
		within string
	}{
		{symlink("a-1/setup.py", "real.py"), ""},
		{tar.Header{Typeflag: tar.TypeLink, Name: "a-1/setup.py", Linkname: "a-1/real.py"}, ""},
		{symlink("a-1/other", "sub"), "other"},
	} {
		data, _ := told(t, files, c.link)
		if src, ok, err := Peek(bytes.NewReader(data), int64(len(data)), "a-1.tar.gz", c.within); src != nil || ok || err != nil {
			t.Errorf("%s: %+v, %v, %v", c.link.Name, src, ok, err)
		}
	}
}

// TestPeekRefuses: what is not unpacked is not read either.
func TestPeekRefuses(t *testing.T) {
	for want, h := range map[string]tar.Header{
		"the path leaves the archive":           {Typeflag: tar.TypeReg, Name: "a-1/../../evil"},
		"it lies beside the top folder a-1":     {Typeflag: tar.TypeReg, Name: "b/evil"},
		"a symbolic link that leaves the archi": symlink("a-1/l", "../b"),
	} {
		data, _ := told(t, [][2]string{{"a-1/setup.py", ""}}, h)
		_, ok, err := Peek(bytes.NewReader(data), int64(len(data)), "a-1.tar.gz", "")
		if refused := (*archive.UnsafeError)(nil); ok || !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
