package osvapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/advisory"
	"snug/internal/osvapi"
)

func db(t *testing.T) *advisory.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "all.jsonl")
	text := `{"id":"PYSEC-1","modified":"2024-01-01T00:00:00Z","aliases":["GHSA-1"],"unheard":7,"affected":[{"package":{"ecosystem":"PyPI","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"}]}]}]}
{"id":"GHSA-1","modified":"2024-01-02T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"A"},"versions":["1.0"]}]}
{"id":"PYSEC-2","modified":"2024-01-02T00:00:00Z","withdrawn":"2024-01-02T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"A"},"versions":["1.0"]}]}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := advisory.Load(context.Background(), path, time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ask(t *testing.T, h http.Handler, method, path, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	if w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed && !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s %s: %q is no JSON", method, path, w.Body)
	}
	return w.Code, w.Body.String()
}

func TestAnswers(t *testing.T) {
	h := osvapi.Handler(db(t))
	cases := []struct{ method, path, body, want string }{
		{"POST", "/v1/query", `{"package":{"name":"A","ecosystem":"PyPI"},"version":"1.0.0"}`, "GHSA-1 PYSEC-1"},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"PyPI"},"version":"1.5","new":1}`, "PYSEC-1"},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"PyPI"},"version":"2.0"}`, ""},
		{"POST", "/v1/query", `{"package":{"name":"unheard","ecosystem":"PyPI"},"version":"2.0"}`, ""},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"PyPI"}}`, "GHSA-1 PYSEC-1"},
		{"POST", "/v1/query", `{"package":{"purl":"pkg:pypi/a@1.0"}}`, "GHSA-1 PYSEC-1"},
		{"POST", "/v1/query", `{"package":{"purl":"pkg:pypi/a"},"version":"1.5"}`, "PYSEC-1"},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"PyPI"},"version":"1.0","page_token":"x"}`, ""},
		{"POST", "/v1/querybatch", `{"queries":[{"package":{"name":"a","ecosystem":"PyPI"},"version":"1.5"},{"package":{"name":"b","ecosystem":"PyPI"},"version":"1"}]}`, "PYSEC-1"},
		{"GET", "/v1/vulns/PYSEC-2", "", "PYSEC-2"},
	}
	for _, c := range cases {
		code, body := ask(t, h, c.method, c.path, c.body)
		var found []string
		for _, id := range []string{"GHSA-1", "PYSEC-1", "PYSEC-2"} {
			if strings.Contains(body, `"id":"`+id+`"`) {
				found = append(found, id)
			}
		}
		if got := strings.Join(found, " "); code != http.StatusOK || got != c.want {
			t.Errorf("%s %s: %d %s, want %s", c.path, c.body, code, body, c.want)
		}
	}
	if _, body := ask(t, h, "GET", "/v1/vulns/PYSEC-1", ""); !strings.Contains(body, `"unheard":7`) {
		t.Errorf("the record is not as it came: %s", body)
	}
	if _, body := ask(t, h, "POST", "/v1/querybatch", cases[8].body); body != `{"results":[{"vulns":[{"id":"PYSEC-1","modified":"2024-01-01T00:00:00Z"}]},{}]}`+"\n" {
		t.Error(body)
	}
}

// What cannot be answered is an error, not an empty answer.
func TestRefuses(t *testing.T) {
	h := osvapi.Handler(db(t))
	cases := []struct {
		method, path, body string
		code               int
	}{
		{"POST", "/v1/query", `{`, 400},
		{"POST", "/v1/query", `[]`, 400},
		{"POST", "/v1/query", `{}`, 400},
		{"POST", "/v1/query", `{"commit":"abc"}`, 400},
		{"POST", "/v1/query", `{"package":{"name":"a"},"version":"1"}`, 400},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"npm"},"version":"1"}`, 400},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"crates.io"},"version":"1"}`, 501},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"crates.io"}}`, 501},
		{"POST", "/v1/query", `{"package":{"name":"a","ecosystem":"PyPI"},"version":"2004d-final"}`, 501},
		{"POST", "/v1/query", `{"package":{"purl":"nonsense"}}`, 400},
		{"POST", "/v1/query", `{"package":{"purl":"pkg:pypi/a@1"},"version":"1"}`, 400},
		{"POST", "/v1/query", `{"package":{"name":"` + strings.Repeat("a", 70<<10) + `"}}`, 400},
		{"POST", "/v1/querybatch", `{"queries":[` + strings.Repeat(`{},`, 1000) + `{}]}`, 400},
		{"POST", "/v1/querybatch", `{"queries":[{}]}`, 400},
		{"GET", "/v1/vulns/PYSEC-9", "", 404},
		{"GET", "/v1/vulns/GHSA-1%00pypi", "", 404},
		{"GET", "/v1/query", "", 405},
		{"GET", "/", "", 404},
	}
	for _, c := range cases {
		if code, body := ask(t, h, c.method, c.path, c.body); code != c.code {
			t.Errorf("%s %.80s: %d %s, want %d", c.path, c.body, code, body, c.code)
		}
	}
}

// A server ends when it is told to, and lets go of its port.
func TestServer(t *testing.T) {
	s, err := osvapi.Listen("127.0.0.1:0", db(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	resp, err := http.Get(s.URL() + "/v1/vulns/PYSEC-1")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(body), "PYSEC-1") {
		t.Errorf("%s %v", body, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	again, err := osvapi.Listen(strings.TrimPrefix(s.URL(), "http://"), db(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
