package fetch_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"snug/internal/fetch"
)

// The named certificates count beside the system's, and only where they are needed.
func TestCertFile(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	secure, plain := httptest.NewTLSServer(hello), httptest.NewServer(hello)
	defer secure.Close()
	defer plain.Close()
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		file, address string
		ok            bool
	}{{file, secure.URL, true}, {"", secure.URL, false}, {file, plain.URL, true}, {"", plain.URL, true}}
	for _, c := range cases {
		client, err := fetch.New(fetch.Options{CertFile: c.file})
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Get(t.Context(), c.address, fetch.GetOptions{})
		if (err == nil) != c.ok || err == nil && string(r.Body) != "hello" {
			t.Errorf("%s with %q: %v", c.address, c.file, err)
		}
	}
}
