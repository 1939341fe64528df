package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"time"

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

// systemTransport dials for real. The proxies are those of the process's environment, as net/http
// reads it: they belong to the machine, not to a project.
func systemTransport(certFile string) (http.RoundTripper, error) {
	roots, err := certificates(certFile)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    maxInFlight,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}, nil
}

// certificates are the system's roots and those of file; nil means the system's alone.
func certificates(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	const hint = "SSL_CERT_FILE (or the cert setting) names a PEM file of certificates"
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Input, hint, "read certificates: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without roots: those of the file are all there are
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Input, hint, "read certificates: %s holds no PEM certificate", file)
	}
	return roots, nil
}
