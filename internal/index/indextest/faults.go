package indextest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
)

// Fault is a way in which a request goes wrong.
type Fault struct {
	Status     int             // answer with this and no content
	RetryAfter string          // with this header
	Truncate   bool            // send half, then drop the connection
	Corrupt    bool            // change one byte
	Kind       string          // send it with this content type
	Body       string          // send this instead
	Location   string          // redirect there, with Status (default 302)
	Endless    bool            // send zeros instead, without end (RoundTrip only)
	Down       bool            // nobody listens (RoundTrip only)
	Hold       <-chan struct{} // answer only when this is closed (or the request is given up)
	Held       chan<- struct{} // closed when Hold begins; for a fault that happens once
}

type injected struct {
	suffix string
	Fault
	left int
}

// Inject makes the next times requests whose path ends with suffix go wrong;
// times below 0 is for ever. Faults of one path happen in the order of Inject.
func (x *Index) Inject(suffix string, f Fault, times int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.faults = append(x.faults, &injected{suffix, f, times})
}

// Unused returns the suffixes of the faults that did not happen yet, so that a
// test can insist that all did.
func (x *Index) Unused() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var left []string
	for _, f := range x.faults {
		if f.left > 0 {
			left = append(left, f.suffix)
		}
	}
	return left
}

func (x *Index) faultFor(path string) (Fault, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.faults {
		if f.left != 0 && strings.HasSuffix(path, f.suffix) {
			f.left--
			return f.Fault, true
		}
	}
	return Fault{}, false
}

// spoil lets the next fault happen; done means that the answer is complete.
func (x *Index) spoil(w http.ResponseWriter, r *http.Request, body []byte) (http.ResponseWriter, []byte, bool) {
	f, ok := x.faultFor(r.URL.Path)
	if !ok {
		return w, body, false
	}
	if f.Hold != nil {
		if f.Held != nil {
			close(f.Held)
		}
		select {
		case <-f.Hold:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Down {
		panic(down{})
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Location != "" {
		w.Header().Set("Location", f.Location)
		w.WriteHeader(cmp.Or(f.Status, http.StatusFound))
		return w, nil, true
	}
	if f.Status != 0 {
		w.WriteHeader(f.Status)
		return w, nil, true
	}
	if f.Corrupt && len(body) > 0 {
		body = bytes.Clone(body)
		body[len(body)/2] ^= 0x20
	}
	if f.Truncate {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body[:len(body)/2]) // the test's own reader may be gone: then it is cut all the same
		panic(http.ErrAbortHandler)
	}
	if f.Kind != "" || f.Body != "" {
		w.Header().Set("Content-Type", f.Kind)
		w.Write([]byte(f.Body)) // as above
		return w, nil, true
	}
	if f.Endless {
		panic(endless{})
	}
	return w, body, false
}

// RoundTrip answers requests to the host of URL without a socket; any other
// host is unknown to it.
func (x *Index) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.URL.Host != "index.example" {
		return nil, fmt.Errorf("dial %s: no such host in this test", r.URL.Host)
	}
	rec := httptest.NewRecorder()
	rest := x.serveUntil(rec, r)
	if rest == (down{}) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	if rest != nil {
		resp.Body = io.NopCloser(io.MultiReader(resp.Body, rest))
	}
	if _, ok := rest.(zeros); ok {
		resp.ContentLength = -1
	}
	return resp, nil
}

// endless is what a handler panics with that would never be done.
type endless struct{}

// serveUntil returns what follows what the handler wrote: nil where it was done,
// a failure where it dropped the connection, zeros where it would never end.
func (x *Index) serveUntil(w http.ResponseWriter, r *http.Request) (rest io.Reader) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			rest = failing{}
		case endless{}:
			rest = zeros{}
		case down{}:
			rest = down{}
		default:
			panic(p)
		}
	}()
	x.ServeHTTP(w, r)
	return nil
}

// down is a server that does not listen.
type down struct{ failing }

// failing is the rest of a body whose connection broke.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
