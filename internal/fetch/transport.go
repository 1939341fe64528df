package fetch

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	"snug/internal/fault"
)

// network dials for real. Most commands never do, and reading a system's certificates takes longer
// than all of a build that has nothing to do: that waits for the first connection that needs them.
type network struct {
	proxy  func(*http.Request) (*url.URL, error)
	plain  *http.Transport
	secure func() *http.Transport
}

// systemTransport trusts the certificates of pip's setting and of SSL_CERT_FILE besides the system's.
func systemTransport(certFile string, env func(string) string) (http.RoundTripper, error) {
	var more []byte
	for _, file := range []string{certFile, env("SSL_CERT_FILE")} {
		text, err := readCertificates(file)
		if err != nil {
			return nil, err
		}
		if text != nil {
			more = append(append(more, text...), '\n')
		}
	}
	proxy := proxies(env)
	secure := sync.OnceValue(func() *http.Transport { return newTransport(proxy, roots(more)) })
	return &network{proxy: proxy, plain: newTransport(proxy, nil), secure: secure}, nil
}

// proxies obeys HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in upper or lower case.
func proxies(env func(string) string) func(*http.Request) (*url.URL, error) {
	either := func(name string) string { return cmp.Or(env(name), env(strings.ToLower(name))) }
	cfg := httpproxy.Config{HTTPProxy: either("HTTP_PROXY"), HTTPSProxy: either("HTTPS_PROXY"), NoProxy: either("NO_PROXY")}
	proxy := cfg.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	proxy, err := n.proxy(r)
	if r.URL.Scheme == "http" && err == nil && (proxy == nil || proxy.Scheme == "http") {
		return n.plain.RoundTrip(r)
	}
	return n.secure().RoundTrip(r)
}

func newTransport(proxy func(*http.Request) (*url.URL, error), roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    maxInFlight,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// roots are the system's certificates and more; nil means the system's alone.
func roots(more []byte) *x509.CertPool {
	if more == nil {
		return nil
	}
	all, err := x509.SystemCertPool()
	if err != nil {
		all = x509.NewCertPool() // a system without roots: those of the file are all there are
	}
	all.AppendCertsFromPEM(more) // readCertificates found one
	return all
}

// readCertificates reads the PEM file, nil where none is named, and makes sure that a certificate is
// in it.
func readCertificates(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	const hint = "SSL_CERT_FILE (or the cert setting) names a PEM file of certificates"
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Input, hint, "read certificates: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err == nil {
			return text, nil
		}
	}
	return nil, fault.New(fault.Input, hint, "read certificates: %s holds no PEM certificate", file)
}
