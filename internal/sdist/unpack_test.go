package sdist

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
)

var changed = time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)

// packed is a tar.gz of headers; a regular file holds its own name.
func packed(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, h := range headers {
		if h.Typeflag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(h.Name))
		}
		if h.ModTime.IsZero() && h.Typeflag != tar.TypeXGlobalHeader {
			h.ModTime = changed
		}
		err := w.WriteHeader(&h)
		if err == nil && h.Typeflag == tar.TypeReg {
			_, err = w.Write([]byte(h.Name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpack(t testing.TB, data []byte, filename string) (string, error) {
	dir := filepath.Join(t.TempDir(), "src")
	return dir, Unpack(bytes.NewReader(data), int64(len(data)), filename, dir)
}

func symlink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
}

func TestUnpackTar(t *testing.T) {
	dir, err := unpack(t, packed(t,
		tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "made by git"}},
		tar.Header{Typeflag: tar.TypeDir, Name: "./a-1/", Mode: 0o700, Uid: 12345, Gid: 12345},
		tar.Header{Name: "a-1/setup.py", Mode: 0o4755, Uid: 12345}, tar.Header{Name: "a-1/deep/er/x.py", Mode: 0o600},
		symlink("a-1/deep/link", "../setup.py"), symlink("a-1/deep/none", "nowhere"), symlink("a-1/deep/top", ".."),
		tar.Header{Typeflag: tar.TypeLink, Name: "a-1/hard.py", Linkname: "a-1/setup.py"},
	), "a-1.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"setup.py": 0o755, "deep/er/x.py": 0o644, "hard.py": 0o755} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want || !info.ModTime().Equal(changed) {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "deep/link")); err != nil || string(text) != "a-1/setup.py" {
		t.Errorf("link: %q, %v", text, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hard.py"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "setup.py")); err != nil || len(text) == 0 {
		t.Errorf("to change a hard link changed the other: %q, %v", text, err)
	}
}

func TestUnpackZip(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range []string{"a-1/", "a-1/setup.py", "a-1/pkg/run"} {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: changed}
		h.SetMode(0o755)
		if strings.HasSuffix(name, "/") {
			h.SetMode(fs.ModeDir | 0o755)
		}
		f, err := w.CreateHeader(h)
		if err == nil && !strings.HasSuffix(name, "/") {
			_, err = f.Write([]byte(name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir, err := unpack(t, out.Bytes(), "a-1.zip")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(filepath.Join(dir, "pkg/run"))
	if err != nil || info.Mode() != 0o755 || !info.ModTime().Equal(changed) {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := unpack(t, out.Bytes(), "a-1.tar.gz"); err == nil {
		t.Error("a zip was taken as a tar")
	}
}

// TestUnpackRefuses: each is refused as unsafe, with the archive and the reason,
// and nothing appears outside of the folder.
func TestUnpackRefuses(t *testing.T) {
	for want, headers := range map[string][]tar.Header{
		"the path leaves the archive":               {{Name: "a-1/../../evil"}},
		"an absolute path":                          {{Name: "/evil"}},
		"it lies beside the top folder a-1":         {{Name: "a-1/x"}, {Name: "b/evil"}},
		"a file at the top":                         {{Name: "setup.py"}},
		"a symbolic link that leaves the archive's": {{Name: "a-1/x"}, symlink("a-1/l", "../b")},
		"a symbolic link that leaves the archive":   {{Name: "a-1/x"}, symlink("a-1/l", "../../../etc/passwd")},
		"a symbolic link to \"/etc/passwd\"":        {{Name: "a-1/x"}, symlink("a-1/l", "/etc/passwd")},
		"it lies behind the symbolic link":          {symlink("a-1/l", "d"), {Name: "a-1/l/evil"}},
		"neither a file, a directory nor a link":    {{Typeflag: tar.TypeChar, Name: "a-1/null", Devmajor: 1, Devminor: 3}},
		"which is no earlier file":                  {{Typeflag: tar.TypeLink, Name: "a-1/h", Linkname: "a-1/later"}, {Name: "a-1/later"}},
		"a control character":                       {{Name: "a-1/x\ny"}},
		"\"a-1/x\"":                                 {{Name: "a-1/x"}, {Name: "a-1/x"}},
		"it is empty":                               {{Typeflag: tar.TypeDir, Name: "a-1/"}},
	} {
		dir, err := unpack(t, packed(t, headers...), "a-1.tar.gz")
		var refused *archive.UnsafeError
		if !errors.As(err, &refused) || refused.Archive != "a-1.tar.gz" || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if there, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(there) > 1 {
			t.Errorf("%s: outside lies %v, %v", want, there, err)
		}
	}
}

func TestUnpackBomb(t *testing.T) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	const size = 100 << 20
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "a-1/zeros", Size: size}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(t, out.Bytes(), "a-1.tgz"); err == nil || !strings.Contains(err.Error(), "times as much") {
		t.Errorf("got %v", err)
	}
	if _, err := unpack(t, out.Bytes()[:out.Len()/2], "a-1.tgz"); err == nil {
		t.Error("half an archive was unpacked")
	}
}

// sparse is a tar.gz of a-1/s: a GB of which nothing is stored.
const sparse = "H4sIAAAAAAACA+3QQQqDMBAF0BwlFyg2JNiD9ASeQNB4f4PLii0Iuijvbf7AHxiY4ZG6OVzr2fSlbNl85n5OOb9yiO9wg2WuwxRjmMaxftv71Z+WDr5wyQEAAAAAAAAAAAD+xArV6gU5ACgAAA=="

func TestUnpackSparse(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(sparse)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(t, data, "a-1.tar.gz"); err == nil || !strings.Contains(err.Error(), "200 times as much") {
		t.Errorf("got %v", err)
	}
}

func TestUnpackNames(t *testing.T) {
	if _, err := unpack(t, nil, "a-1.rpm"); fault.CodeOf(err) != fault.Unsupported {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(bytes.NewReader(nil), 0, "a-1.tar.gz", dir); err == nil {
		t.Error("unpacked into what is there")
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(packed(f, tar.Header{Name: "a-1/x"}, symlink("a-1/l", "x"), tar.Header{Typeflag: tar.TypeLink, Name: "a-1/h", Linkname: "a-1/x"}), "a-1.tar.gz")
	f.Add(packed(f, symlink("a-1/l", "../../x"), tar.Header{Name: "a-1/l/y"}), "a-1.tgz")
	f.Add([]byte("PK\x05\x06"+strings.Repeat("\x00", 18)), "a-1.zip")
	f.Add([]byte("BZh9"), "a.tar.bz2")
	f.Fuzz(func(t *testing.T, data []byte, filename string) {
		if len(data) > 1<<16 {
			t.Skip("larger than what is tried")
		}
		dir, err := unpack(t, data, filename)
		if err != nil {
			return
		}
		outside, err := os.ReadDir(filepath.Dir(dir))
		if err != nil || len(outside) != 1 {
			t.Fatalf("outside lies %v, %v", outside, err)
		}
		want, readErr := Read(dir) // it may be no package
		got, ok, err := Peek(bytes.NewReader(data), int64(len(data)), filename, "")
		if ok != (err == nil) && err != nil || (readErr == nil) && err != nil || ok && !reflect.DeepEqual(got, want) {
			t.Fatalf("unpacked %+v, %v\npeeked %+v, %v, %v", want, readErr, got, ok, err)
		}
	})
}
