package fetch_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"snug/internal/fault"
	"snug/internal/fetch"
)

// slow answers after a while, then sends pieces with a pause before each, as
// the clock of the test's bubble shows it.
type slow struct {
	first, pause time.Duration
	piece        int
	asked        int
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	if err := wait(r.Context(), s.first); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Request: r, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(&drip{s, r.Context(), 200})}, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

type drip struct {
	slow *slow
	ctx  context.Context
	left int // pieces
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	d.left--
	return min(len(p), d.slow.piece), wait(d.ctx, d.slow.pause)
}

func TestSlowServers(t *testing.T) {
	for _, c := range []struct {
		what  string
		slow  slow
		tries int // 0: it is waited for
	}{
		{"quick", slow{0, 0, 100, 0}, 0},
		{"late", slow{29 * time.Second, 0, 100, 0}, 0},
		{"slow, but on the move", slow{0, 5 * time.Second, 1000, 0}, 0},
		{"silent", slow{time.Hour, 0, 100, 0}, 5},
		{"silent in the middle", slow{0, time.Hour, 100, 0}, 5},
		{"a byte now and then", slow{0, 20 * time.Second, 1, 0}, 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, err := fetch.New(fetch.Options{Transport: &c.slow})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, err = client.Get(t.Context(), page, fetch.GetOptions{})
			if c.tries == 0 && err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			if c.tries > 0 && (fault.CodeOf(err) != fault.Network || !strings.Contains(err.Error(), "silent") || c.slow.asked != c.tries) {
				t.Errorf("%s: %v after %d tries", c.what, err, c.slow.asked)
			}
			if took := time.Since(begun); c.tries > 0 && took > 5*time.Minute {
				t.Errorf("%s: given up after %s only", c.what, took)
			}
		})
	}
}

func TestSlowDownloadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := fetch.New(fetch.Options{Transport: &slow{0, 20 * time.Second, 1, 0}})
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := client.Download(t.Context(), page, 1000)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err = io.ReadAll(r); fault.CodeOf(err) != fault.Network || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "silent") {
			t.Errorf("got %v", err)
		}
	})
}

// failing is a network on which nothing works, for one reason.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// A clock that is wrong shows as a certificate of another time.
func TestWrongClock(t *testing.T) {
	for reason, want := range map[x509.InvalidReason]string{x509.Expired: "clock", x509.TooManyIntermediates: "SSL_CERT_FILE"} {
		bad := &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: reason}}
		client, err := fetch.New(fetch.Options{Transport: failing{bad}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = client.Get(t.Context(), page, fetch.GetOptions{}); !strings.Contains(fault.HintOf(err), want) {
			t.Errorf("%v: hint %q", err, fault.HintOf(err))
		}
	}
}
