package fetch

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"snug/internal/fault"
)

// onFirstUse is a transport that is made when it is first needed: reading a system's certificates
// takes longer than most commands that need none.
type onFirstUse func() (http.RoundTripper, error)

func (make onFirstUse) RoundTrip(r *http.Request) (*http.Response, error) {
	transport, err := make()
	if err != nil {
		return nil, err
	}
	return transport.RoundTrip(r)
}

// systemTransport dials for real.
func systemTransport(certFile string, env func(string) string) (http.RoundTripper, error) {
	roots, err := certificates(certFile, env("SSL_CERT_FILE"))
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  proxies(env),
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    maxInFlight,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}, nil
}

// proxies obeys HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in upper or lower case.
func proxies(env func(string) string) func(*http.Request) (*url.URL, error) {
	either := func(name string) string { return cmp.Or(env(name), env(strings.ToLower(name))) }
	cfg := httpproxy.Config{HTTPProxy: either("HTTP_PROXY"), HTTPSProxy: either("HTTPS_PROXY"), NoProxy: either("NO_PROXY")}
	proxy := cfg.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
}

// certificates are the system's roots and those of the files that are named; nil means the system's alone.
func certificates(files ...string) (*x509.CertPool, error) {
	var roots *x509.CertPool
	for _, file := range files {
		if file == "" {
			continue
		}
		const hint = "SSL_CERT_FILE (or the cert setting) names a PEM file of certificates"
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.New(fault.Input, hint, "read certificates: %w", err)
		}
		if roots == nil {
			if roots, err = x509.SystemCertPool(); err != nil {
				roots = x509.NewCertPool() // a system without roots: those of the files are all there are
			}
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Input, hint, "read certificates: %s holds no PEM certificate", file)
		}
	}
	return roots, nil
}
