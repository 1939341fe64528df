package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"snug/internal/fault"
)

// GetOptions of one Get. MaxBytes 0 is DefaultMaxBytes.
type GetOptions struct {
	Accept   string
	MaxBytes int64
	NoStore  bool // neither read from nor written to the cache
	Refresh  bool // ask the server even where the cache is still fresh
	// Later gives what the cache holds at once, also where the server has to be
	// asked whether it is still true: Response.Confirm does that.
	Later bool
	// Reform makes of an answer what is returned and kept as its body: with a
	// Form, which names what it makes, an answer is read once and not each time
	// that it is used. What it returns as rest is Response.Rest, kept beside the
	// body and not read with it. Its error ends the request.
	Form   string
	Reform func(*Response) (body, rest []byte, err error)
}

// Response is a whole body. URL is where it came from after redirects, without credentials.
type Response struct {
	Body        []byte
	Rest        io.ReaderAt // what Reform laid aside, nil if nothing; no sum of it is kept
	URL         string
	ContentType string
	Status      int
	FromCache   bool      // also when the server confirmed it (304)
	At          time.Time // when the server last said so
	// Confirm asks the server for an answer that was given unconfirmed, and keeps
	// what it says; FromCache tells that this one was true. nil: it is fresh.
	Confirm func(ctx context.Context) (*Response, error)
}

// Get reads a whole body through the cache. Status is always 200: another answer is an error,
// ErrNotFound for 404 and 410. 429, 5xx and broken connections are tried again.
func (c *Client) Get(ctx context.Context, address string, opt GetOptions) (*Response, error) {
	r, err := c.request(address)
	if err != nil {
		return nil, err
	}
	if opt.Accept != "" {
		r.header.Set("Accept", opt.Accept)
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = DefaultMaxBytes
	}
	store := c.cache
	if opt.NoStore {
		store = nil
	}
	g := &get{client: c, request: r, options: opt, store: store, key: cacheKey(r.url, opt.Accept+"\n"+opt.Form)}
	g.old = store.read(g.key, opt.MaxBytes)
	switch {
	case g.old != nil && (c.offline || !opt.Refresh && g.old.fresh(c.now())):
		return g.old.response(), nil
	case c.offline:
		return nil, explain(ctx, r.url, ErrOffline)
	case g.old != nil && opt.Later && !opt.Refresh:
		found := g.old.response()
		found.Confirm = g.ask
		return found, nil
	}
	return g.ask(ctx)
}

// get is one Get that has looked into the cache.
type get struct {
	client  *Client
	request *request
	options GetOptions
	store   *cache
	key     string
	old     *stored // what the cache holds, nil if nothing
}

// ask asks the server, whether what the cache holds is still true or for an
// answer, and keeps what it says.
func (g *get) ask(ctx context.Context) (*Response, error) {
	g.old.ask(g.request.header)
	var got *answer
	err := g.client.try(ctx, g.request, func(resp *http.Response) (err error) {
		got, err = g.client.accept(resp, g.old, g.options.MaxBytes)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !got.confirmed && g.options.Reform != nil {
		if err := got.reform(g.options.Reform); err != nil {
			return nil, fmt.Errorf("get %s: %w", redact(g.request.url), err)
		}
	}
	switch {
	case got.confirmed:
		g.store.renew(g.key, got.stored)
	case got.mayStore:
		g.store.write(g.key, got.stored)
	}
	found := got.response()
	found.FromCache = got.confirmed
	return found, nil
}

// answer is what a server said, in the form in which it is kept.
type answer struct {
	*stored
	confirmed bool // it is what the cache held (304)
	mayStore  bool
}

// accept takes a 200, or a 304 for what the cache holds.
func (c *Client) accept(resp *http.Response, old *stored, max int64) (*answer, error) {
	if old != nil && resp.StatusCode == http.StatusNotModified {
		resp.Body.Close()
		old.renew(resp.Header, c.now())
		return &answer{stored: old, confirmed: true}, nil
	}
	if err := c.checkStatus(resp, http.StatusOK); err != nil {
		return nil, err
	}
	data, err := readBody(resp, max)
	if err != nil {
		return nil, err
	}
	return &answer{stored: newStored(resp, data, c.now()), mayStore: mayStore(resp.Header)}, nil
}

func (a *answer) reform(reform func(*Response) (body, rest []byte, err error)) error {
	body, rest, err := reform(a.response())
	if err != nil {
		return err
	}
	a.body = body
	if len(rest) > 0 {
		a.rest = bytes.NewReader(rest)
	}
	return nil
}

// offlineError is nil unless the client must not use the network.
func (c *Client) offlineError(r *request) error {
	if !c.offline {
		return nil
	}
	return fault.New(fault.Network, "run it once without --offline", "get %s: %w", redact(r.url), ErrOffline)
}
