//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var sum = strings.Repeat("a", 64)

var page = `{"meta": {"api-version": "1.1"}, "name": "six", "files": [
{"filename": "six-1-py3-none-any.whl", "url": "https://index.example/a/six-1-py3-none-any.whl", "hashes": {"sha256": "` + sum + `"}, "upload-time": "2026-10-31T23:59:59Z", "yanked": "why"},
{"filename": "six-1.tar.gz", "url": "https://index.example/a/six-1.tar.gz", "hashes": {"sha256": "` + sum + `"}, "upload-time": "2026-10-31T23:59:59Z"},
{"filename": "six-2-py3-none-any.whl", "url": "https://index.example/a/six-2-py3-none-any.whl", "hashes": {"sha256": "` + sum + `"}, "upload-time": "2026-11-01T00:00:01Z"}]}`

func TestMirroredPage(t *testing.T) {
	for _, known := range []string{"", "bbb"} {
		out, err := mirrored("six", []byte(page), func(string, string) string { return known })
		if err != nil {
			t.Fatal(err)
		}
		_, files, err := readListing(out)
		if err != nil || len(files) != 2 {
			t.Fatalf("%d files, want the two from before the date: %v", len(files), err)
		}
		want := "true"
		if known != "" {
			want = `{"sha256":"bbb"}`
		}
		if got := string(files[0]["core-metadata"]); got != want {
			t.Errorf("core-metadata %s, want %s", got, want)
		}
		if got := files[0].text("url"); got != filesPlace+"/six/"+sum+"/six-1-py3-none-any.whl" {
			t.Errorf("url %s", got)
		}
		if files[0].text("yanked") != "why" || files[1]["core-metadata"] != nil {
			t.Errorf("other fields changed: %s", out)
		}
	}
}

func TestAbsolute(t *testing.T) {
	out, err := absolute([]byte(`{"files": [{"url": "../../a/b.whl"}]}`), "https://index.example/simple/six/")
	if err != nil || !strings.Contains(string(out), `"https://index.example/a/b.whl"`) {
		t.Errorf("%s, %v", out, err)
	}
}

// A filled mirror answers by itself, as HTTP caching and range readers need it.
func TestMirrorServes(t *testing.T) {
	m, err := openMirror(t.Context(), t.TempDir(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	wheel := filepath.Join(m.dir, "files", sum, "six-1-py3-none-any.whl")
	for path, text := range map[string]string{m.recorder.raw("six"): page, wheel: "0123456789", wheel + ".metadata": "Name: six"} {
		if err := writeWhole(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	get := func(path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		m.server.Handler.ServeHTTP(w, r)
		return w
	}
	first := get("/simple/six/")
	if first.Code != http.StatusOK || first.Header().Get("Content-Type") != pageType || first.Header().Get("Cache-Control") != pageAge {
		t.Fatalf("%d %v", first.Code, first.Header())
	}
	var got struct{ Files []struct{ URL string } }
	if err := json.Unmarshal(first.Body.Bytes(), &got); err != nil || !strings.HasPrefix(got.Files[0].URL, m.base+"/files/six/") {
		t.Errorf("%v, %v", got, err)
	}
	if again := get("/stale/simple/six/", "If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Header().Get("Cache-Control") != staleAge {
		t.Errorf("%d %v", again.Code, again.Header())
	}
	file := strings.TrimPrefix(got.Files[0].URL, m.base)
	if w := get(file, "Range", "bytes=-3"); w.Code != http.StatusPartialContent || w.Body.String() != "789" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if w := get(file + ".metadata"); w.Body.String() != "Name: six" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if m.recorder.asked.Load() != 0 {
		t.Error("it asked outside for what it holds")
	}
}

func TestSummaryAndGoals(t *testing.T) {
	costs := []cost{{40 * time.Millisecond, 4, 7}, {10 * time.Millisecond, 2, 9}, {20 * time.Millisecond, 8, 8}, {30 * time.Millisecond, 2, 1}}
	s := summarise(costs)
	if s != (summary{25 * time.Millisecond, 10 * time.Millisecond, 3, 9}) {
		t.Errorf("%+v", s)
	}
	cases := []struct {
		row  row
		snug summary
		want string
	}{
		{row{ratio: 1.5}, summary{median: 37 * time.Millisecond}, "yes"},
		{row{ratio: 1.4}, summary{median: 37 * time.Millisecond}, "**no: time**"},
		{row{ratio: 9}, summary{median: time.Millisecond, peak: maxPeak + 1}, "**no: memory**"},
	}
	for _, c := range cases {
		if got := (result{row: c.row, uv: s, snug: c.snug}).met(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.row, got, c.want)
		}
	}
}

func TestRemoveReadOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c"), nil, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	top := filepath.Dir(dir)
	if err := remove(top); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(top); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	if err := remove(top); err != nil {
		t.Errorf("removing nothing: %v", err)
	}
}
