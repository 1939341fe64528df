package interp

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/pep440"
)

// web answers from memory, ranges included; what it lacks is 404.
type web map[string][]byte

func (w web) RoundTrip(r *http.Request) (*http.Response, error) {
	body, ok := w[r.URL.Host+r.URL.Path]
	rec := recorder{header: http.Header{}}
	if ok {
		http.ServeContent(&rec, r, "", time.Time{}, bytes.NewReader(body))
	} else {
		http.NotFound(&rec, r)
	}
	return rec.response(r), nil
}

// recorder is an http.ResponseWriter that becomes a client's response.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

func (r *recorder) response(req *http.Request) *http.Response {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return &http.Response{StatusCode: r.status, Status: http.StatusText(r.status), Header: r.header, Request: req,
		ContentLength: int64(r.body.Len()), Body: io.NopCloser(&r.body), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

func client(t *testing.T, w web) *fetch.Client {
	t.Helper()
	c, err := fetch.New(fetch.Options{Transport: w, Env: func(string) string { return "" }, CacheDir: t.TempDir(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// release is python-build-standalone's newest, with one archive.
func release(t *testing.T) (web, []byte) {
	t.Helper()
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	tw := tar.NewWriter(gz)
	for _, h := range []tar.Header{
		{Name: "python/bin/python3.14", Mode: 0o755, Size: 3, Typeflag: tar.TypeReg},
		{Name: "python/bin/python3", Linkname: "python3.14", Typeflag: tar.TypeSymlink},
		{Name: "python/bin/pip3", Mode: 0o755, Size: 3, Typeflag: tar.TypeReg},
		{Name: "python/lib/python3.14/os.py", Mode: 0o664, Size: 3, Typeflag: tar.TypeReg},
		{Name: "python/lib/python3.14/_sysconfigdata__linux_x86_64-linux-gnu.py", Mode: 0o664, Size: 3, Typeflag: tar.TypeReg},
		{Name: "python/lib/python3.14/__pycache__/os.cpython-314.pyc", Mode: 0o644, Size: 3, Typeflag: tar.TypeReg},
		{Name: "python/lib/python3.14/site-packages/pip/__init__.py", Mode: 0o644, Size: 3, Typeflag: tar.TypeReg},
	} {
		if err := tw.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			fmt.Fprint(tw, "abc")
		}
	}
	tw.Close()
	gz.Close()
	name := asset("3.14.6", "20260610", "x86_64-unknown-linux-gnu")
	sums := digest.Of(buf.Bytes()).String() + "  " + name + "\n" +
		digest.Of(nil).String() + "  " + asset("3.14.6", "20260610", "x86_64-unknown-linux-gnu-freethreaded") + "\n"
	return web{
		"mirror.example/py/latest-release.json": []byte(`{"version": 1, "tag": "20260610"}`),
		"mirror.example/py/20260610/SHA256SUMS": []byte(sums),
		"mirror.example/py/20260610/" + name:    buf.Bytes(),
	}, buf.Bytes()
}

func TestStandaloneLaysOut(t *testing.T) {
	w, _ := release(t)
	s := NewStandalone(client(t, w), "https://mirror.example/py/")
	list, err := s.List(context.Background(), parseTargets(t, "linux-x86_64")[0])
	if err != nil || len(list) != 1 || list[0].Version.String() != "3.14.6" || !list[0].Movable {
		t.Fatalf("%+v %v", list, err)
	}
	dir := t.TempDir()
	if err := s.Fetch(context.Background(), list[0], dir, nil); err != nil {
		t.Fatal(err)
	}
	const sysconfigdata = "lib/python3.14/_sysconfigdata__linux_x86_64-linux-gnu.py"
	want := []string{"bin/python -> ../python3.14", "bin/python3 -> ../python3.14", "bin/python3.14 -> ../python3.14",
		sysconfigdata + " 644", "lib/python3.14/os.py 644", "lib/python3.14/site-packages/", "python3.14 755"}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(dir, sysconfigdata)); err != nil || string(text) != "abc"+relocate {
		t.Errorf("%q, %v", text, err)
	}
}

// writeWeb puts what an address serves into a folder.
func writeWeb(t *testing.T, w web, host string) string {
	t.Helper()
	dir := t.TempDir()
	for address, body := range w {
		name, ok := strings.CutPrefix(address, host)
		if !ok {
			continue
		}
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, body, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestStandaloneFromAFolder(t *testing.T) {
	w, _ := release(t)
	dir := writeWeb(t, w, "mirror.example/py/")
	for _, mirror := range []string{dir, "file://" + filepath.ToSlash(dir)} {
		s := NewStandalone(client(t, web{}), mirror)
		list, err := s.List(context.Background(), parseTargets(t, "linux-x86_64")[0])
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %+v %v", mirror, list, err)
		}
		out := t.TempDir()
		if err := s.Fetch(context.Background(), list[0], out, nil); err != nil {
			t.Errorf("%s: %v", mirror, err)
		}
		if got := tree(t, out); !slices.Contains(got, "python3.14 755") {
			t.Errorf("%s: got %q", mirror, got)
		}
	}
	if _, err := NewStandalone(client(t, web{}), filepath.Join(dir, "absent")).List(context.Background(), parseTargets(t, "linux-x86_64")[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestStandaloneRefusesOtherBytes(t *testing.T) {
	w, archive := release(t)
	s := NewStandalone(client(t, w), "https://mirror.example/py")
	list, err := s.List(context.Background(), parseTargets(t, "linux-x86_64")[0])
	if err != nil {
		t.Fatal(err)
	}
	archive[len(archive)-1] ^= 1
	if err := s.Fetch(context.Background(), list[0], t.TempDir(), nil); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("%v", err)
	}
}

// tree lists the files below dir, folders only if they are empty.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			if inside, _ := os.ReadDir(path); len(inside) == 0 {
				out = append(out, rel+"/")
			}
			return nil
		}
		if target, err := os.Readlink(path); err == nil {
			out = append(out, rel+" -> "+target)
			return nil
		}
		out = append(out, fmt.Sprintf("%s %o", rel, info.Mode().Perm()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// moduleZip is a module with one platform and other files around it.
func moduleZip(t *testing.T, version string) []byte {
	t.Helper()
	var packed, buf bytes.Buffer
	gz := gzip.NewWriter(&packed)
	fmt.Fprint(gz, "elf")
	gz.Close()
	z := zip.NewWriter(&buf)
	data := ModulePath + "@" + version + "/python/internal/data/"
	for _, f := range [][2]string{
		{"linux-amd64/bin/pip", "pip"},
		{"linux-amd64/bin/python3.14.gz", packed.String()},
		{"linux-amd64/files.json", `{"files": [{"name": "bin", "perm": 2147484141}, {"name": "bin/pip", "perm": 509},
			{"name": "bin/python3", "perm": 134217728, "symlink": "python3.14"},
			{"name": "bin/python3.14", "perm": 509, "compressed": true}, {"name": "lib/python3.14/os.py", "perm": 436}]}`},
		{"linux-amd64/lib/python3.14/os.py", "abc"},
		{"linux-arm64/files.json", "{}"},
	} {
		w, err := z.Create(data + f[0])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, f[1])
	}
	z.Close()
	return buf.Bytes()
}

// TestModuleAcceptsOnlyTheCataloguesTree: a zip of the right name with other
// content than the catalogue says is laid out and refused.
func TestModuleAcceptsOnlyTheCataloguesTree(t *testing.T) {
	const id = "v0.0.0-3.14.6-20260610-1"
	w := web{
		"proxy.example/" + ModulePath + "/@v/list":           []byte(id + "\n"),
		"proxy.example/" + ModulePath + "/@v/" + id + ".zip": moduleZip(t, id),
	}
	env := func(name string) string { return map[string]string{"GOPROXY": "https://proxy.example,direct"}[name] }
	m := NewModule(context.Background(), client(t, w), env)
	list, err := m.List(context.Background(), parseTargets(t, "linux-x86_64")[0])
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v %v", list, err)
	}
	dir := t.TempDir()
	err = m.Fetch(context.Background(), list[3], dir, nil)
	if fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), "has digest") {
		t.Fatal(err)
	}
	want := []string{"bin/python -> ../python3.14", "bin/python3 -> ../python3.14", "bin/python3.14 -> ../python3.14",
		"lib/python3.14/os.py 644", "lib/python3.14/site-packages/", "python3.14 755"}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestModuleUnknownVersionNeedsGo(t *testing.T) {
	m := NewModule(context.Background(), client(t, web{}), func(name string) string {
		return map[string]string{"GOPROXY": "https://proxy.example"}[name]
	})
	v, err := pep440.Parse("3.20.1")
	if err != nil {
		t.Fatal(err)
	}
	err = m.Fetch(context.Background(), Interpreter{Version: v, Target: "linux-x86_64", ID: "v0.0.0-3.20.1-20300101-1"}, t.TempDir(), nil)
	if fault.CodeOf(err) != fault.Unsupported || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

func TestModuleNotConfigured(t *testing.T) {
	for _, list := range []string{"off", "direct", "off,https://proxy.example"} {
		m := NewModule(context.Background(), client(t, web{}), func(name string) string {
			return map[string]string{"GOPROXY": list}[name]
		})
		if _, err := m.List(context.Background(), parseTargets(t, "linux-x86_64")[0]); fault.CodeOf(err) != fault.Unsupported {
			t.Errorf("%q: %v", list, err)
		}
	}
}

// Where Go is not installed and nothing is set, Go's own default is asked.
func TestModuleByDefault(t *testing.T) {
	host := strings.TrimPrefix(defaultProxy(), "https://")
	m := NewModule(context.Background(), client(t, web{host + "/" + ModulePath + "/@v/list": []byte("\n")}), func(string) string { return "" })
	if list, err := m.List(context.Background(), parseTargets(t, "linux-x86_64")[0]); err != nil || len(list) < 4 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestModuleFromAFolder(t *testing.T) {
	const id = "v0.0.0-3.14.6-20260610-1"
	dir := writeWeb(t, web{"/" + ModulePath + "/@v/list": []byte(id + "\n"), "/" + ModulePath + "/@v/" + id + ".zip": moduleZip(t, id)}, "/")
	m := NewModule(context.Background(), client(t, web{}), func(name string) string {
		return map[string]string{"GOPROXY": "file://" + filepath.ToSlash(dir) + ",off"}[name]
	})
	list, err := m.List(context.Background(), parseTargets(t, "linux-x86_64")[0])
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v %v", list, err)
	}
	if err := m.Fetch(context.Background(), list[3], t.TempDir(), nil); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), "has digest") {
		t.Errorf("%v", err)
	}
}

func TestLayoutStaysInside(t *testing.T) {
	for _, name := range []string{"../x", "/x", "a/../../x", `a\x`, "c:x", ""} {
		l, err := newLayout(t.TempDir(), "3.14")
		if err != nil {
			t.Fatal(err)
		}
		if err := l.file(name, 0o644, strings.NewReader("x")); err == nil {
			t.Errorf("%q was written", name)
		}
		if err := l.link("lib/x", "../../"+name); err == nil {
			t.Errorf("link to %q was written", name)
		}
		l.root.Close()
	}
}

func TestCatalogue(t *testing.T) {
	entries, err := Catalogue()
	if err != nil || len(entries) < 4 {
		t.Fatal(len(entries), err)
	}
	for _, e := range entries {
		if _, ok := h1Hex(e.H1); !ok || len(e.Trees) != len(Platforms()) || moduleVersion().FindStringSubmatch(e.Module) == nil {
			t.Errorf("%+v", e)
		}
		for platform, sum := range e.Trees {
			if _, err := digest.Parse(sum); err != nil {
				t.Errorf("%s %s: %v", e.Module, platform, err)
			}
		}
	}
}
