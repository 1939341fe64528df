package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"snug/internal/fault"
)

// Redact is an address that may be shown: without user name, password and the values of its query.
func Redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(an address that cannot be read)"
	}
	return redact(u)
}

func redact(u *url.URL) string {
	shown := *u
	shown.User, shown.Fragment, shown.RawFragment = nil, "", ""
	if shown.RawQuery != "" {
		shown.RawQuery = "…"
	}
	return shown.String()
}

// transient reports a failure that another try may not meet.
func transient(err error) bool {
	var policy *policyError
	var status *statusError
	var dns *net.DNSError
	switch {
	case errors.As(err, &policy), isCertificate(err), errors.Is(err, ErrNoRange):
		return false
	case errors.As(err, &status):
		return status.code == http.StatusTooManyRequests || status.code == http.StatusRequestTimeout ||
			status.code >= 500 && status.code != http.StatusNotImplemented
	case errors.As(err, &dns):
		return !dns.IsNotFound
	}
	return true
}

func isCertificate(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// isExpired is a certificate of another time: an old one, or a clock that is wrong.
func isExpired(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

// explain makes the user's error: which address, what happened, what to do.
func explain(ctx context.Context, u *url.URL, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fault.New(fault.Canceled, "", "get %s: %w", redact(u), ctx.Err())
	}
	var wrapped *url.Error // its text holds the address as it was asked for
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = &cutError{err}
	}
	var status *statusError
	var policy *policyError
	code, hint := fault.Network, "check the network and the proxy (HTTPS_PROXY, NO_PROXY); --offline uses only what was fetched before"
	switch {
	case errors.Is(err, ErrNotFound):
		code, hint = fault.NotFound, "check the address and the name"
	case errors.As(err, &status):
		hint = statusHint(status)
	case errors.As(err, &policy):
		hint = "the server, or a proxy or login page before it, does not answer as an index does; is the address right?"
	case isExpired(err):
		hint = "is this machine's clock right? The certificate is not valid at the time that it shows"
	case isCertificate(err):
		hint = "name the certificates of your network in SSL_CERT_FILE"
	case errors.Is(err, ErrOffline):
		hint = "run it once without --offline"
	}
	return fault.New(code, hint, "get %s: %w", redact(u), err)
}

// cutError is an answer that ended before its time.
type cutError struct{ error }

func (e *cutError) Error() string { return "the answer was cut off" }

func (e *cutError) Unwrap() error { return e.error }

func statusHint(e *statusError) string {
	switch {
	case e.code == http.StatusUnauthorized || e.code == http.StatusForbidden:
		return "give the host a login in ~/.netrc (or the file that NETRC names), or in the index's address"
	case e.code == http.StatusProxyAuthRequired:
		return "give the proxy's login in HTTPS_PROXY"
	case e.wait > longestWait:
		return "the server asks to wait " + e.wait.Round(time.Second).String() + ": try again then"
	}
	return "try again later; a mirror can be named with --index-url"
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3); 0 when there is none.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
