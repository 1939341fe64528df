// Package fetch is the only door to the network: bounded HTTP reads with retries, a cache on disk
// that obeys HTTP caching (RFC 9111), byte ranges and credentials. It knows nothing of indexes. The
// one hard idea: credentials go to the host they are for and nowhere else, neither along a
// redirect, nor into an error, nor into the cache.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"snug/internal/fault"
)

// Bounds of every request.
const (
	DefaultMaxBytes = 64 << 20 // of a body, when the caller names no bound
	maxInFlight     = 50
	maxRedirects    = 10
	maxTries        = 5
	firstWait       = 300 * time.Millisecond // doubled for each try, then jittered
	longestWait     = 60 * time.Second       // a server that asks for more is given up on
	stall           = 30 * time.Second       // with less than least bytes
)

// What a caller may test for with errors.Is.
var (
	ErrNotFound = errors.New("not found")                        // the server says 404 or 410
	ErrRefused  = errors.New("refused")                          // any answer of 400 to 499 that is final
	ErrOffline  = errors.New("offline, and not in the cache")    // Options.Offline
	ErrNoRange  = errors.New("the server does not serve ranges") // Range got the whole file
)

// Options of a Client. The zero value works, without a cache.
type Options struct {
	Transport   http.RoundTripper // nil: the system's network, with proxies from the environment
	Env         func(string) string
	CacheDir    string // "": nothing is cached
	Offline     bool   // only the cache answers, however old
	MaxInFlight int    // 0: 50
	CertFile    string // PEM roots added to the system's; "": SSL_CERT_FILE
	Now         func() time.Time
	Sleep       func(context.Context, time.Duration) error // between tries; nil: a timer
	UserAgent   string
}

// Client is safe for concurrent use.
type Client struct {
	http    *http.Client
	cache   *cache // nil: none
	logins  logins
	offline bool
	slots   chan struct{}
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	agent   string
}

// New makes a client. It fails when the certificates or the netrc file cannot be read.
func New(opt Options) (*Client, error) {
	env := opt.Env
	if env == nil {
		env = func(string) string { return "" }
	}
	logins, err := readNetrc(env)
	if err != nil {
		return nil, err
	}
	transport := opt.Transport
	if transport == nil {
		if transport, err = systemTransport(opt.CertFile, env); err != nil {
			return nil, err
		}
	}
	c := &Client{logins: logins, offline: opt.Offline, now: opt.Now, sleep: opt.Sleep, agent: opt.UserAgent}
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	if opt.CacheDir != "" {
		c.cache = &cache{dir: opt.CacheDir}
	}
	if opt.MaxInFlight <= 0 {
		opt.MaxInFlight = maxInFlight
	}
	c.slots = make(chan struct{}, opt.MaxInFlight)
	c.http = &http.Client{Transport: transport, CheckRedirect: c.redirect}
	return c, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// request is what one of the verbs asks for.
type request struct {
	url    *url.URL
	header http.Header
	body   []byte // nil: a GET
}

func (c *Client) request(address string) (*request, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.New(fault.Input, "an address looks like https://index.example/simple/", "%q is not an address", Redact(address))
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fault.New(fault.Unsupported, "only https and http addresses are fetched", "get %s: the scheme %q is not fetched", Redact(address), u.Scheme)
	}
	header := http.Header{}
	if c.agent != "" {
		header.Set("User-Agent", c.agent)
	}
	if u.User != nil { // as a header it survives a redirect on the same host, and only there
		password, _ := u.User.Password()
		header.Set("Authorization", basic(u.User.Username(), password))
		u.User = nil
	}
	return &request{url: u, header: header}, nil
}

// try sends a request until use has accepted an answer. It waits between tries, and ends at the
// first failure that another try would not change. use owns the response and closes its body.
func (c *Client) try(ctx context.Context, r *request, use func(*http.Response) error) error {
	for n := 1; ; n++ {
		err := c.once(ctx, r, use)
		if err == nil {
			return nil
		}
		wait, again := c.again(ctx, err, n)
		if !again {
			return explain(ctx, r.url, err)
		}
		if err := c.sleep(ctx, wait); err != nil {
			return explain(ctx, r.url, err)
		}
	}
}

// once sends the request a single time.
func (c *Client) once(ctx context.Context, r *request, use func(*http.Response) error) error {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	release := func() { <-c.slots }
	ctx, watch := newWatch(ctx, stall)
	req := (&http.Request{Method: http.MethodGet, URL: r.url, Host: r.url.Host, Header: r.header.Clone()}).WithContext(ctx)
	r.carry(req)
	c.logins.sign(req)
	resp, err := c.http.Do(req)
	if err != nil {
		watch.stop()
		release()
		return watch.cause(err)
	}
	resp.Body = &body{ReadCloser: resp.Body, watch: watch, release: release}
	return use(resp)
}

// redirect bounds redirects, keeps https, and takes the credentials away from other hosts.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return &policyError{fmt.Sprintf("more than %d redirects", maxRedirects)}
	case first.Scheme == "https" && req.URL.Scheme != "https":
		return &policyError{"a redirect from https to " + req.URL.Scheme}
	}
	// net/http would keep them for subdomains, and copies them anew from the first request each time.
	if req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		req.Header.Del("Authorization")
		req.Header.Del("Referer")
	}
	c.logins.sign(req)
	return nil
}

// policyError is an answer that fetch refuses; asking again would not help.
type policyError struct{ reason string }

func (e *policyError) Error() string { return e.reason }

// statusError is an answer that is not a success.
type statusError struct {
	code int
	wait time.Duration // Retry-After, 0 when not given
}

func (e *statusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
}

func (e *statusError) Is(target error) bool {
	return target == ErrNotFound && (e.code == http.StatusNotFound || e.code == http.StatusGone) ||
		target == ErrRefused && e.code >= 400 && e.code < 500 && !transient(e)
}

// checkStatus turns an answer that the caller did not ask for into a statusError and closes it.
func (c *Client) checkStatus(resp *http.Response, wanted ...int) error {
	for _, code := range wanted {
		if resp.StatusCode == code {
			return nil
		}
	}
	resp.Body.Close()
	return &statusError{code: resp.StatusCode, wait: retryAfter(resp.Header.Get("Retry-After"), c.now())}
}

// again says whether another try may help after n of them, and how long to wait before it.
func (c *Client) again(ctx context.Context, err error, n int) (time.Duration, bool) {
	if n >= maxTries || ctx.Err() != nil || !transient(err) {
		return 0, false
	}
	wait := firstWait << (n - 1)
	wait += rand.N(wait)
	var status *statusError
	if errors.As(err, &status) && status.wait > 0 {
		wait = status.wait
	}
	return wait, wait <= longestWait
}

// readBody reads all of at most max bytes and closes the body.
func readBody(resp *http.Response, max int64) ([]byte, error) {
	defer resp.Body.Close()
	if resp.ContentLength > max {
		return nil, tooLong(max)
	}
	var data bytes.Buffer
	data.Grow(int(min(resp.ContentLength, maxRoom)) + bytes.MinRead)
	if _, err := data.ReadFrom(io.LimitReader(resp.Body, max+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > max {
		return nil, tooLong(max)
	}
	return data.Bytes(), nil
}

// maxRoom bounds what room is made for before any of it has come.
const maxRoom = 8 << 20

func tooLong(max int64) error {
	return &policyError{fmt.Sprintf("the answer is longer than %d bytes", max)}
}
