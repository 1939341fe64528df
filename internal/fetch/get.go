package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"snug/internal/fault"
)

// GetOptions of one Get. MaxBytes 0 is DefaultMaxBytes.
type GetOptions struct {
	Accept   string
	MaxBytes int64
	NoStore  bool // neither read from nor written to the cache
	Refresh  bool // ask the server even where the cache is still fresh
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
	FromCache   bool // also when the server confirmed it (304)
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
	key := cacheKey(r.url, opt.Accept+"\n"+opt.Form)
	old := store.read(key, opt.MaxBytes)
	switch {
	case old != nil && (c.offline || !opt.Refresh && old.fresh(c.now())):
		return old.response(), nil
	case c.offline:
		return nil, explain(ctx, r.url, ErrOffline)
	}
	old.ask(r.header)
	var got *answer
	err = c.try(ctx, r, func(resp *http.Response) error {
		got, err = c.accept(resp, old, opt.MaxBytes)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !got.confirmed && opt.Reform != nil {
		if err := got.reform(opt.Reform); err != nil {
			return nil, fmt.Errorf("get %s: %w", redact(r.url), err)
		}
	}
	switch {
	case got.confirmed:
		store.renew(key, got.stored)
	case got.mayStore:
		store.write(key, got.stored)
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
