package cpython

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/fault"
)

func blobOf(t *testing.T, s *Source, sum string) string {
	t.Helper()
	d, err := digest.Parse(sum)
	if err != nil {
		t.Fatal(err)
	}
	file, ok := s.opt.Store.Blob(d)
	if !ok {
		t.Fatalf("%s is not in the store", sum)
	}
	return file
}

func TestUnpack(t *testing.T) {
	plain := tarOf(t, "Python-1", map[string]string{"configure": "#!/bin/sh\n", "Lib/os.py": "sep\n"})
	for name, data := range map[string][]byte{"tar": plain, "tgz": gzipped(t, plain), "tar.xz": xzipped(t, plain)} {
		dir := t.TempDir()
		epoch, err := unpack(write(t, "a."+name, data), dir)
		if err != nil {
			t.Fatal(name, err)
		}
		st, err := os.Stat(filepath.Join(dir, "configure"))
		if err != nil || st.Mode().Perm() != 0o755 || !st.ModTime().Equal(epoch) || !epoch.Equal(time.Date(2026, 8, 5, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %v of %s, %v", name, st, epoch, err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, "Lib/os.py")); string(text) != "sep\n" || err != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// Archives that were made to do harm, or that are damaged, leave nothing outside.
func TestUnpackHostile(t *testing.T) {
	entry := func(h tar.Header) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range []tar.Header{{Typeflag: tar.TypeReg, Name: "P/a", Mode: 0o644}, h} {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	good := xzipped(t, tarOf(t, "P", map[string]string{"a": strings.Repeat("text ", 10_000)}))
	wide := bytes.Clone(good)
	wide[16] = 40
	cases := map[string][]byte{
		"up":        entry(tar.Header{Typeflag: tar.TypeReg, Name: "P/../../b"}),
		"absolute":  entry(tar.Header{Typeflag: tar.TypeReg, Name: "/tmp/b"}),
		"link out":  entry(tar.Header{Typeflag: tar.TypeSymlink, Name: "P/l", Linkname: "../../etc/passwd"}),
		"hard link": entry(tar.Header{Typeflag: tar.TypeLink, Name: "P/h", Linkname: "P/a"}),
		"device":    entry(tar.Header{Typeflag: tar.TypeChar, Name: "P/d"}),
		"two tops":  entry(tar.Header{Typeflag: tar.TypeReg, Name: "Q/b"}),
		"cut off":   good[:len(good)/2],
		"window":    wide,
		"no tar":    []byte("hello"),
	}
	for name, data := range cases {
		dir := t.TempDir()
		inner := filepath.Join(dir, "inner")
		if err := os.Mkdir(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := unpack(write(t, "a", data), inner)
		var refused *archive.UnsafeError
		if err == nil || !errors.As(err, &refused) && fault.CodeOf(err) != fault.Integrity && name != "cut off" {
			t.Errorf("%s: %v", name, err)
		}
		if found, err := os.ReadDir(dir); err != nil || len(found) != 1 {
			t.Errorf("%s left %v outside, %v", name, found, err)
		}
	}
}

func TestXzWindow(t *testing.T) {
	head := make([]byte, 64)
	copy(head, xzMagic)
	for bits, want := range map[byte]int64{0: 4096, 22: 8 << 20, 23: 12 << 20, 40: 1<<32 - 1} {
		copy(head[12:], []byte{2, 0, 0x21, 1, bits})
		if got := xzWindow(head); got != want {
			t.Errorf("%d: %d, want %d", bits, got, want)
		}
	}
	copy(head[12:], []byte{3, 0xc0, 0x80, 0x01, 0x80, 0x80, 0x01, 0x21, 1, 22})
	if got := xzWindow(head); got != 8<<20 {
		t.Errorf("with sizes: %d", got)
	}
}

// A tarball comes from a mirror of CPython's own layout, from a folder of files, or
// from the store, and is what its digest says.
func TestFetchTarball(t *testing.T) {
	data := gzipped(t, tarOf(t, "P", map[string]string{"a": "1"}))
	tb := Tarball{Version: "3.13.5", SHA256: digest.Of(data).String()}
	ctx, quiet := context.Background(), func(int64, int64) {}
	for _, name := range []string{"3.13.5/Python-3.13.5.tar.xz", "Python-3.13.5.tar.xz"} {
		file := write(t, name, data)
		s := opened(t, func(o *Options) { o.Mirror = strings.TrimSuffix(file, "/"+name) })
		kept, err := s.fetch(ctx, tb, s.places(tb), quiet)
		if err != nil {
			t.Fatal(name, err)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if again, err := s.fetch(ctx, tb, s.places(tb), quiet); again != kept || err != nil {
			t.Errorf("from the store: %s, %v", again, err)
		}
	}
	s := opened(t, nil)
	other := write(t, "b", []byte("something else"))
	if _, err := s.fetch(ctx, tb, []string{other}, quiet); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), other) || !strings.Contains(fault.HintOf(err), "python.org") {
		t.Errorf("another file: %v, hint %q", err, fault.HintOf(err))
	}
	if _, err := s.fetch(ctx, tb, []string{other + "-gone"}, quiet); fault.CodeOf(err) != fault.Network || !strings.Contains(fault.HintOf(err), "--tarball") {
		t.Errorf("no file: %v, hint %q", err, fault.HintOf(err))
	}
	if _, err := s.fetch(ctx, Tarball{Version: "3.13.5", SHA256: "12"}, nil, quiet); fault.CodeOf(err) != fault.Input {
		t.Errorf("no digest: %v", err)
	}
}

func TestSum(t *testing.T) {
	file := write(t, "Python-3.13.5.tar.xz", []byte("sources"))
	s := NewSource(Options{Mirror: filepath.Dir(file)})
	got, err := s.Sum(context.Background(), "3.13.5")
	if want := (Tarball{"3.13.5", digest.Of([]byte("sources")).String(), 7}); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	for version, code := range map[string]fault.Code{"3.13.6": fault.Network, "3.13": fault.Usage, "../3.13.5": fault.Usage} {
		if _, err := s.Sum(context.Background(), version); fault.CodeOf(err) != code {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func TestPlaces(t *testing.T) {
	s := NewSource(Options{})
	if got := s.places(Tarball{Version: "3.15.0rc2"}); len(got) != 1 || got[0] != "https://www.python.org/ftp/python/3.15.0/Python-3.15.0rc2.tar.xz" {
		t.Errorf("%q", got)
	}
	s = NewSource(Options{Mirror: "https://index.example/python/"})
	if got := s.places(Tarball{Version: "3.13.5"}); len(got) != 2 || got[0] != "https://index.example/python/3.13.5/Python-3.13.5.tar.xz" {
		t.Errorf("%q", got)
	}
}

func TestCatalogue(t *testing.T) {
	list, err := Catalogue()
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for _, c := range list {
		if _, err := digest.Parse(c.SHA256); err != nil || !IsRelease(c.Version) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	newest, err := find(list, "3.13")
	if err != nil || newest != list[len(list)-1] {
		t.Errorf("%+v, %v", newest, err)
	}
	if got, err := find(list, "3.13.5"); err != nil || got.Version != "3.13.5" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := find(list, "3.1"); fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.HintOf(err), "3.13.5") {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
}
