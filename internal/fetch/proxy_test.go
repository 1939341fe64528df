package fetch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"snug/internal/fetch"
)

// proxy tunnels every CONNECT to one server and answers plain requests itself.
type proxy struct {
	server string
	mu     sync.Mutex
	asked  []string
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		io.WriteString(w, "by proxy")
		return
	}
	to, err := net.Dial("tcp", p.server)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	from, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		to.Close()
		return
	}
	io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { defer to.Close(); io.Copy(to, buffered) }()
	go func() { defer from.Close(); io.Copy(from, to) }()
}

// Over real sockets: the proxy and the certificates that the environment names
// are used, and the hosts that it exempts are asked directly.
func TestProxyAndCertificatesOfTheEnvironment(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secure "+r.Host) }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the client that does not trust it
	secure.StartTLS()
	defer secure.Close()
	p := &proxy{server: secure.Listener.Addr().String()}
	through := httptest.NewServer(p)
	defer through.Close()
	certs := filepath.Join(t.TempDir(), "certs.pem")
	if err := os.WriteFile(certs, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	others := filepath.Join(t.TempDir(), "others.pem")
	if err := os.WriteFile(others, otherCertificate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	address := "http://me:s3cret@" + through.Listener.Addr().String()

	for _, c := range []struct {
		env                 map[string]string // with "cert" for pip's setting
		address, want, seen string
	}{
		{map[string]string{"HTTPS_PROXY": address, "SSL_CERT_FILE": certs}, "https://example.com/x", "secure example.com", "CONNECT example.com:443 Basic bWU6czNjcmV0"},
		{map[string]string{"https_proxy": address, "SSL_CERT_FILE": certs}, "https://example.com/x", "secure example.com", "CONNECT example.com:443 Basic bWU6czNjcmV0"},
		{map[string]string{"HTTPS_PROXY": address, "SSL_CERT_FILE": certs, "cert": others}, "https://example.com/x", "secure example.com", "CONNECT example.com:443 Basic bWU6czNjcmV0"},
		{map[string]string{"HTTP_PROXY": address}, "http://index.example/x", "by proxy", "GET index.example Basic bWU6czNjcmV0"},
		{map[string]string{"HTTPS_PROXY": address, "NO_PROXY": "index.example,127.0.0.0/8", "SSL_CERT_FILE": certs}, secure.URL + "/x", "secure " + p.server, ""},
		{map[string]string{"HTTPS_PROXY": address}, "https://example.com/x", "", "CONNECT example.com:443 Basic bWU6czNjcmV0"},
	} {
		p.asked = nil
		client, err := fetch.New(fetch.Options{CertFile: c.env["cert"], Env: func(name string) string { return c.env[name] }})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Get(t.Context(), c.address, fetch.GetOptions{})
		switch {
		case c.want == "":
			if err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v: %v", c.env, err)
			}
		case err != nil || string(resp.Body) != c.want:
			t.Errorf("%v: %v, %v", c.env, resp, err)
		}
		if got := strings.Join(p.asked, "; "); got != c.seen {
			t.Errorf("%v: the proxy saw %q, want %q", c.env, got, c.seen)
		}
	}
}

// otherCertificate is the PEM of a certificate that signed nothing here.
func otherCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
