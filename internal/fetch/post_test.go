package fetch_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"snug/internal/fetch"
)

func TestPost(t *testing.T) {
	var sent []string
	w := newWorld(t, nil)
	w.answer = func(r *http.Request) (int, string, map[string]string) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		sent = append(sent, r.Method+" "+r.URL.Path+" "+string(text)+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("Git-Protocol"))
		switch {
		case len(sent) == 1:
			return 503, "", nil
		case r.URL.Path == "/moved":
			return 307, "", map[string]string{"Location": "/there"}
		}
		return 200, "answer", nil
	}
	body, err := w.client(fetch.Options{}).Post(t.Context(), "https://code.example/moved", []byte("question"), fetch.PostOptions{ContentType: "text/x", Header: map[string]string{"Git-Protocol": "version=2"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil || string(text) != "answer" || body.Close() != nil {
		t.Errorf("got %q, %v", text, err)
	}
	want := "POST /moved question text/x version=2|POST /moved question text/x version=2|POST /there question text/x version=2"
	if got := strings.Join(sent, "|"); got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
}

func TestPostRefuses(t *testing.T) {
	for _, c := range []struct {
		want   string
		answer func(*http.Request) (int, string, map[string]string)
		opt    fetch.Options
	}{
		{"a redirect that drops", func(r *http.Request) (int, string, map[string]string) {
			if r.URL.Path == "/" {
				return 302, "", map[string]string{"Location": "/there"}
			}
			return 200, "page", nil
		}, fetch.Options{}},
		{"401", always(401, "", nil), fetch.Options{}},
		{"longer than 3 bytes", always(200, "four", nil), fetch.Options{}},
		{"offline", always(200, "", nil), fetch.Options{Offline: true}},
	} {
		body, err := newWorld(t, c.answer).client(c.opt).Post(t.Context(), "https://code.example/", nil, fetch.PostOptions{MaxBytes: 3})
		if err == nil {
			_, err = io.ReadAll(body)
			body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
