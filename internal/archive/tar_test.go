package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"

	"snug/internal/archive"
)

// changed is when the entries of tarOf were.
var changed = time.Unix(1_000_000_000, 0)

func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		h.ModTime = changed
		if h.Typeflag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(h.Name))
		}
		err := w.WriteHeader(&h)
		if err == nil && h.Typeflag == tar.TypeReg {
			_, err = io.WriteString(w, h.Name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func list(r io.Reader, lim archive.Limits) ([]archive.TarEntry, error) {
	var found []archive.TarEntry
	err := archive.Tar(r, lim, func(e archive.TarEntry, body io.Reader) error {
		found = append(found, e)
		n, err := io.Copy(io.Discard, body)
		if err == nil && n != e.Size {
			err = errors.New("a body of another size than announced")
		}
		return err
	})
	return found, err
}

func pack(t *testing.T, kind string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch kind {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	default:
		return data
	}
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTarReads(t *testing.T) {
	data := tarOf(t,
		tar.Header{Typeflag: tar.TypeDir, Name: "./"}, tar.Header{Typeflag: tar.TypeDir, Name: "./python/bin/"},
		tar.Header{Name: "./python/bin/python3.14", Mode: 0o4755}, tar.Header{Typeflag: tar.TypeSymlink, Name: "python/bin/python", Linkname: "python3.14"},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "python/lib/x", Linkname: "../bin"}, tar.Header{Typeflag: tar.TypeSymlink, Name: "python/lib/y", Linkname: "./x"}, tar.Header{Name: "python/E", Mode: 0o600}, tar.Header{Name: "python/e"},
		tar.Header{Typeflag: tar.TypeLink, Name: "python/hard", Linkname: "python/e"})
	want := []archive.TarEntry{
		{Name: "python/bin", Mode: 0o755, Dir: true}, {Name: "python/bin/python3.14", Mode: 0o755, Size: 23},
		{Name: "python/bin/python", Mode: 0o644, Link: "python3.14"}, {Name: "python/lib/x", Mode: 0o644, Link: "../bin"}, {Name: "python/lib/y", Mode: 0o644, Link: "./x"},
		{Name: "python/E", Mode: 0o644, Size: 8}, {Name: "python/e", Mode: 0o644, Size: 8}, {Name: "python/hard", Mode: 0o644, Hard: "python/e"},
	}
	for _, kind := range []string{"", "gzip", "zstd"} {
		got, err := list(bytes.NewReader(pack(t, kind, data)), archive.DefaultLimits())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %v, %v", kind, got, err)
		}
		for i := range want {
			if want[i].Time = changed; got[i] != want[i] {
				t.Errorf("%s: got %+v, want %+v", kind, got[i], want[i])
			}
		}
	}
}

func TestTarRefuses(t *testing.T) {
	link := func(name, to string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
	}
	cases := []struct {
		want    string
		headers []tar.Header
	}{
		{"leaves", []tar.Header{{Name: "../x"}}},
		{"absolute", []tar.Header{{Name: "/x"}}},
		{"backslash", []tar.Header{{Name: `a\b`}}},
		{"twice", []tar.Header{{Name: "x"}, {Name: "./x"}}},
		{"leaves", []tar.Header{link("a/x", "../../y")}},
		{"leaves", []tar.Header{link("x", "..")}},
		{"leaves", []tar.Header{link("a/x", "b/../../../y")}},
		{"leaves", []tar.Header{link("a/x", "./../../y")}},
		{"absolute", []tar.Header{link("x", "/etc")}},
		{"behind", []tar.Header{link("x", "y"), {Name: "x/z"}}},
		{"no earlier", []tar.Header{{Typeflag: tar.TypeLink, Name: "x", Linkname: "../y"}}},
		{"no earlier", []tar.Header{link("l", "y"), {Typeflag: tar.TypeLink, Name: "x", Linkname: "l"}}},
		{"neither", []tar.Header{{Typeflag: tar.TypeChar, Name: "x"}}},
		{"neither", []tar.Header{{Typeflag: tar.TypeFifo, Name: "x"}}},
		{"is a file", []tar.Header{{Name: "x"}, {Name: "x/y"}}},
		{"more than", []tar.Header{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}},
	}
	lim := archive.Limits{Files: 3, Entry: 100, Total: 100, Ratio: 10}
	for _, c := range cases {
		_, err := list(bytes.NewReader(tarOf(t, c.headers...)), lim)
		var refused *archive.UnsafeError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.headers, err, c.want)
		}
	}
}

func TestTarBombAndDamage(t *testing.T) {
	good := pack(t, "gzip", tarOf(t, tar.Header{Name: "a"}))
	bomb := pack(t, "gzip", make([]byte, 80<<20))
	for what, data := range map[string][]byte{"bomb": bomb, "cut": good[:len(good)-12], "text": []byte(strings.Repeat("no tar at all", 99))} {
		_, err := list(bytes.NewReader(data), archive.DefaultLimits())
		var refused *archive.UnsafeError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := list(iotest.ErrReader(fs.ErrPermission), archive.DefaultLimits()); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a broken file: %v", err)
	}
}

func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, tar.Header{Name: "a/b"}, tar.Header{Typeflag: tar.TypeSymlink, Name: "c", Linkname: "a"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := archive.Limits{Files: 100, Entry: 1 << 20, Total: 1 << 21, Ratio: 100}
		found, _ := list(bytes.NewReader(data), lim) // errors are expected
		for _, e := range found {
			if !fs.ValidPath(e.Name) {
				t.Errorf("accepted %q", e.Name)
			}
		}
	})
}

// packedByBzip2 is a tar of a-1/setup.py.
const packedByBzip2 = "QlpoOTFBWSZTWdKPLuMAAHP7gMoQABBAY++ABABiAF4gCAggAHUNE0gDQaM0j1PUElNQyBoNAaNH1IjIQPrQhEpytIKxAhyixPLtttIDOB7iFDAVCiaH1NF24yVEGMLxAUZh8PJu0bnGAeuhJB+LuSKcKEhpR5dxgA=="

func TestTarReadsBzip2(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(packedByBzip2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := list(bytes.NewReader(data), archive.DefaultLimits())
	want := archive.TarEntry{Name: "a-1/setup.py", Mode: 0o644, Size: 8, Time: changed}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %v, %v", got, err)
	}
	data[len(data)/2] ^= 1
	var refused *archive.UnsafeError
	if _, err := list(bytes.NewReader(data), archive.DefaultLimits()); !errors.As(err, &refused) {
		t.Errorf("damaged: got %v", err)
	}
}
