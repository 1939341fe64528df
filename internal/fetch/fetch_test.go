package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/fetch"
)

// world answers requests in process and remembers them.
type world struct {
	t      *testing.T
	clock  time.Time
	slept  []time.Duration
	asked  []*http.Request
	answer func(r *http.Request) (code int, body string, header map[string]string)
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked = append(w.asked, r)
	code, text, header := w.answer(r)
	if code == 0 {
		return nil, errors.New("connection reset")
	}
	resp := &http.Response{StatusCode: code, Request: r, Header: http.Header{}, ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text))}
	for name, value := range header {
		resp.Header.Set(name, value)
	}
	if header["truncated"] != "" {
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(text[:1]), broken{}))
	}
	return resp, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (w *world) client(opt fetch.Options) *fetch.Client {
	w.t.Helper()
	opt.Transport, opt.Now = w, func() time.Time { return w.clock }
	opt.Sleep = func(_ context.Context, d time.Duration) error { w.slept = append(w.slept, d); return nil }
	c, err := fetch.New(opt)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func newWorld(t *testing.T, answer func(r *http.Request) (int, string, map[string]string)) *world {
	return &world{t: t, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), answer: answer}
}

func always(code int, body string, header map[string]string) func(*http.Request) (int, string, map[string]string) {
	return func(*http.Request) (int, string, map[string]string) { return code, body, header }
}

const page = "https://index.example/simple/django/"

func get(t *testing.T, c *fetch.Client, opt fetch.GetOptions) *fetch.Response {
	t.Helper()
	resp, err := c.Get(t.Context(), page, opt)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestCacheFreshness(t *testing.T) {
	cases := []struct {
		what   string
		header map[string]string
		after  time.Duration
		opt    fetch.GetOptions
		asked  int
	}{
		{"max-age, within", map[string]string{"Cache-Control": "max-age=600"}, 599 * time.Second, fetch.GetOptions{}, 1},
		{"max-age, over", map[string]string{"Cache-Control": "max-age=600"}, 600 * time.Second, fetch.GetOptions{}, 2},
		{"max-age less Age", map[string]string{"Cache-Control": "max-age=600", "Age": "500"}, 101 * time.Second, fetch.GetOptions{}, 2},
		{"no-cache", map[string]string{"Cache-Control": "no-cache, max-age=600"}, 0, fetch.GetOptions{}, 2},
		{"no-store", map[string]string{"Cache-Control": "no-store, max-age=600"}, 0, fetch.GetOptions{}, 2},
		{"vary", map[string]string{"Cache-Control": "max-age=600", "Vary": "Cookie"}, 0, fetch.GetOptions{}, 2},
		{"expires", map[string]string{"Expires": "Fri, 02 Jan 2026 03:14:05 GMT"}, 599 * time.Second, fetch.GetOptions{}, 1},
		{"silent, within", nil, 599 * time.Second, fetch.GetOptions{}, 1},
		{"silent, over", nil, 600 * time.Second, fetch.GetOptions{}, 2},
		{"validator only", map[string]string{"ETag": `"1"`}, 0, fetch.GetOptions{}, 2},
		{"clock set back", map[string]string{"Cache-Control": "max-age=600"}, -time.Hour, fetch.GetOptions{}, 2},
		{"refresh", nil, 0, fetch.GetOptions{Refresh: true}, 2},
		{"not through the cache", nil, 0, fetch.GetOptions{NoStore: true}, 2},
		{"another accept", nil, 0, fetch.GetOptions{Accept: "text/html"}, 2},
	}
	for _, c := range cases {
		w := newWorld(t, always(200, "x", c.header))
		client := w.client(fetch.Options{CacheDir: t.TempDir()})
		get(t, client, fetch.GetOptions{})
		w.clock = w.clock.Add(c.after)
		if resp := get(t, client, c.opt); len(w.asked) != c.asked || resp.FromCache != (c.asked == 1) || string(resp.Body) != "x" {
			t.Errorf("%s: %d requests, from cache %v, body %q", c.what, len(w.asked), resp.FromCache, resp.Body)
		}
	}
}

func TestRevalidation(t *testing.T) {
	w := newWorld(t, func(r *http.Request) (int, string, map[string]string) {
		if r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") != "" {
			return 304, "", map[string]string{"Cache-Control": "max-age=60"}
		}
		return 200, "body", map[string]string{"ETag": `"1"`, "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Content-Type": "text/html"}
	})
	c := w.client(fetch.Options{CacheDir: t.TempDir()})
	for range 3 { // asked, confirmed, fresh
		if resp := get(t, c, fetch.GetOptions{}); string(resp.Body) != "body" || resp.ContentType != "text/html" || resp.Status != 200 || resp.URL != page {
			t.Errorf("got %+v", resp)
		}
	}
	if len(w.asked) != 2 {
		t.Errorf("%d requests", len(w.asked))
	}
}

func TestDamagedCacheIsNotUsed(t *testing.T) {
	w, dir := newWorld(t, always(200, "body", nil)), t.TempDir()
	c := w.client(fetch.Options{CacheDir: dir})
	get(t, c, fetch.GetOptions{})
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{"", "{}", strings.Replace(string(data), "body", "evil", 1), string(data[:len(data)-1])} {
		if err := os.WriteFile(files[0], []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if resp := get(t, c, fetch.GetOptions{}); resp.FromCache || string(resp.Body) != "body" {
			t.Errorf("damage %.20q: %+v", damage, resp)
		}
	}
}

func TestOffline(t *testing.T) {
	w, dir := newWorld(t, always(200, "x", nil)), t.TempDir()
	get(t, w.client(fetch.Options{CacheDir: dir}), fetch.GetOptions{})
	w.clock = w.clock.Add(1000 * time.Hour)
	c := w.client(fetch.Options{CacheDir: dir, Offline: true})
	if resp := get(t, c, fetch.GetOptions{Refresh: true}); !resp.FromCache {
		t.Error("not from the cache")
	}
	_, err1 := c.Get(t.Context(), page+"other", fetch.GetOptions{})
	_, _, err2 := c.Range(t.Context(), page, 0, 1)
	_, _, err3 := c.Download(t.Context(), page, 1)
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, fetch.ErrOffline) || fault.CodeOf(err) != fault.Network || fault.HintOf(err) == "" {
			t.Errorf("offline: %v", err)
		}
	}
	if len(w.asked) != 1 {
		t.Errorf("%d requests", len(w.asked))
	}
}

func TestRetries(t *testing.T) {
	later := map[string]string{"Retry-After": "7"}
	date := map[string]string{"Retry-After": "Fri, 02 Jan 2026 03:04:15 GMT"}
	cases := []struct {
		what   string
		first  int
		header map[string]string
		tries  int
		wait   time.Duration // 0: jittered
		code   fault.Code
	}{
		{"server error", 503, nil, 2, 0, ""},
		{"connection", 0, nil, 2, 0, ""},
		{"truncated", 200, map[string]string{"truncated": "yes"}, 2, 0, ""},
		{"too many", 429, later, 2, 7 * time.Second, ""},
		{"too many, by date", 429, date, 2, 10 * time.Second, ""},
		{"too long a wait", 429, map[string]string{"Retry-After": "3600"}, 1, 0, fault.Network},
		{"not found", 404, nil, 1, 0, fault.NotFound},
		{"gone", 410, nil, 1, 0, fault.NotFound},
		{"unauthorized", 401, nil, 1, 0, fault.Network},
		{"no content", 204, nil, 1, 0, fault.Network},
	}
	for _, c := range cases {
		w := newWorld(t, nil)
		w.answer = func(*http.Request) (int, string, map[string]string) {
			if len(w.asked) == 1 {
				return c.first, "ab", c.header
			}
			return 200, "ok", nil
		}
		_, err := w.client(fetch.Options{}).Get(t.Context(), page, fetch.GetOptions{})
		if fault.CodeOf(err) != c.code || len(w.asked) != c.tries || errors.Is(err, fetch.ErrNotFound) != (c.code == fault.NotFound) {
			t.Errorf("%s: %v after %d tries", c.what, err, len(w.asked))
		}
		if c.wait > 0 && (len(w.slept) != 1 || w.slept[0] != c.wait) {
			t.Errorf("%s: waited %v", c.what, w.slept)
		}
	}
}

func TestGivesUp(t *testing.T) {
	w := newWorld(t, always(503, "", nil))
	_, err := w.client(fetch.Options{}).Get(t.Context(), "https://me:secret@index.example/a?token=secret", fetch.GetOptions{})
	if len(w.asked) != 5 || len(w.slept) != 4 || w.slept[3] < 2400*time.Millisecond || w.slept[3] > 4800*time.Millisecond {
		t.Errorf("%d tries, waits %v", len(w.asked), w.slept)
	}
	if strings.Contains(fmt.Sprint(err, fault.HintOf(err)), "secret") || !strings.Contains(err.Error(), "index.example/a") {
		t.Errorf("error %v", err)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorld(t, func(*http.Request) (int, string, map[string]string) { cancel(); return 0, "", nil })
	_, err := w.client(fetch.Options{}).Get(ctx, page, fetch.GetOptions{})
	if fault.CodeOf(err) != fault.Canceled || len(w.asked) != 1 {
		t.Errorf("%v after %d tries", err, len(w.asked))
	}
}

func TestBounds(t *testing.T) {
	for _, header := range []map[string]string{nil, {"ETag": "1"}} {
		w := newWorld(t, always(200, "12345", header))
		c := w.client(fetch.Options{CacheDir: t.TempDir()})
		if _, err := c.Get(t.Context(), page, fetch.GetOptions{MaxBytes: 5}); err != nil {
			t.Error(err)
		}
		if _, err := c.Get(t.Context(), page, fetch.GetOptions{MaxBytes: 4}); err == nil || len(w.asked) != 2 {
			t.Errorf("over the bound: %v, %d requests", err, len(w.asked))
		}
		if _, _, err := c.Download(t.Context(), page, 4); err == nil {
			t.Error("a download over the bound was opened")
		}
	}
}

func TestRedirects(t *testing.T) {
	to := func(address string) func(*http.Request) (int, string, map[string]string) {
		return func(r *http.Request) (int, string, map[string]string) {
			if r.URL.Path == "/end" {
				return 200, "end", nil
			}
			return 302, "", map[string]string{"Location": address}
		}
	}
	cases := []struct{ location, final, login, refused string }{
		{"/end", "https://index.example/end", "me", ""},
		{"https://index.example/end", "https://index.example/end", "me", ""},
		{"https://files.index.example/end", "https://files.index.example/end", "", ""},
		{"https://other.example/end", "https://other.example/end", "netrc", ""},
		{"http://index.example/end", "", "", "from https to http"},
		{"/again", "", "", "more than 10 redirects"},
	}
	netrc := filepath.Join(t.TempDir(), "logins")
	if err := os.WriteFile(netrc, []byte("# logins\nmachine other.example login netrc password \"p w\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string { return map[string]string{"NETRC": netrc}[name] }
	for _, c := range cases {
		w := newWorld(t, to(c.location))
		resp, err := w.client(fetch.Options{Env: env}).Get(t.Context(), "https://me:pw@index.example/", fetch.GetOptions{})
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v", c.location, err)
			}
			continue
		}
		if err != nil || resp.URL != c.final {
			t.Errorf("%s: %v, %v", c.location, resp, err)
			continue
		}
		if user, _, _ := w.asked[len(w.asked)-1].BasicAuth(); user != c.login {
			t.Errorf("%s: login %q, want %q", c.location, user, c.login)
		}
	}
}

func TestRange(t *testing.T) {
	const file = "0123456789"
	partial := func(span, body string) func(*http.Request) (int, string, map[string]string) {
		return always(206, body, map[string]string{"Content-Range": span})
	}
	cases := []struct {
		off, n int64
		answer func(*http.Request) (int, string, map[string]string)
		asked  string
		body   string
		total  int64
		err    string
	}{
		{2, 3, partial("bytes 2-4/10", "234"), "bytes=2-4", "234", 10, ""},
		{-1, 3, partial("bytes 7-9/10", "789"), "bytes=-3", "789", 10, ""},
		{-1, 30, partial("bytes 0-9/10", file), "bytes=-30", file, 10, ""},
		{8, 30, partial("bytes 8-9/10", "89"), "bytes=8-37", "89", 10, ""},
		{0, 1, partial("bytes 0-0/*", "0"), "bytes=0-0", "0", -1, ""},
		{2, 3, partial("bytes 0-2/10", "012"), "", "", 0, "another range"},
		{2, 3, partial("bytes 2-9/10", "23456789"), "", "", 0, "another range"},
		{2, 3, partial("nonsense", "234"), "", "", 0, "another range"},
		{2, 3, always(200, file, nil), "", "", 0, "does not serve ranges"},
		{2, 3, always(416, "", nil), "", "", 0, "does not serve ranges"},
		{2, 3, always(404, "", nil), "", "", 0, "404"},
		{2, 0, nil, "", "", 0, "a range of 0"},
	}
	for _, c := range cases {
		w := newWorld(t, c.answer)
		body, total, err := w.client(fetch.Options{}).Range(t.Context(), page, c.off, c.n)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || len(w.asked) > 1 {
				t.Errorf("%d+%d: %v after %d tries", c.off, c.n, err, len(w.asked))
			}
			continue
		}
		if err != nil || string(body) != c.body || total != c.total || w.asked[0].Header.Get("Range") != c.asked {
			t.Errorf("%d+%d: %q of %d, %v, asked %q", c.off, c.n, body, total, err, w.asked[0].Header.Get("Range"))
		}
	}
}

func TestDownload(t *testing.T) {
	w := newWorld(t, nil)
	w.answer = func(*http.Request) (int, string, map[string]string) {
		if len(w.asked) == 1 {
			return 503, "", nil
		}
		return 200, "wheel", nil
	}
	c := w.client(fetch.Options{MaxInFlight: 1})
	for range 2 { // the second needs the place that the first gave back
		r, size, err := c.Download(t.Context(), page, 10)
		if err != nil || size != 5 {
			t.Fatal(size, err)
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil || string(data) != "wheel" {
			t.Errorf("%q, %v", data, err)
		}
	}
}

func TestDownloadBreaks(t *testing.T) {
	w := newWorld(t, always(200, "ab", map[string]string{"truncated": "yes"}))
	r, _, err := w.client(fetch.Options{}).Download(t.Context(), page, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) || fault.CodeOf(err) != fault.Network {
		t.Errorf("a broken stream: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	w := newWorld(t, always(200, "", nil))
	for _, address := range []string{"", "file:///etc/passwd", "index.example", "https://", "https://a b/", "ftp://me:secret@index.example"} {
		if _, err := w.client(fetch.Options{}).Get(t.Context(), address, fetch.GetOptions{}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if got := fetch.Redact("https://me:pw@index.example/a?b=c#d"); got != "https://index.example/a?…" {
		t.Errorf("redacted: %s", got)
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(text, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []map[string]string{{"SSL_CERT_FILE": text}, {"SSL_CERT_FILE": text + "x"}, {"NETRC": text + "x"}} {
		if _, err := fetch.New(fetch.Options{Env: func(name string) string { return env[name] }}); fault.CodeOf(err) != fault.Input || fault.HintOf(err) == "" {
			t.Errorf("%v: %v", env, err)
		}
	}
}
