package fetch

import (
	"context"
	"net/http"

	"snug/internal/fault"
)

// GetOptions of one Get. MaxBytes 0 is DefaultMaxBytes.
type GetOptions struct {
	Accept   string
	MaxBytes int64
	NoStore  bool // neither read from nor written to the cache
	Refresh  bool // ask the server even where the cache is still fresh
}

// Response is a whole body. URL is where it came from after redirects, without credentials.
type Response struct {
	Body        []byte
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
	key := cacheKey(r.url, opt.Accept)
	old := store.read(key, opt.MaxBytes)
	switch {
	case old != nil && (c.offline || !opt.Refresh && old.fresh(c.now())):
		return old.response(), nil
	case c.offline:
		return nil, explain(ctx, r.url, ErrOffline)
	}
	old.ask(r.header)
	var found *Response
	err = c.try(ctx, r, func(resp *http.Response) error {
		found, err = c.accept(resp, store, key, old, opt.MaxBytes)
		return err
	})
	return found, err
}

// accept takes a 200, or a 304 for what the cache holds.
func (c *Client) accept(resp *http.Response, store *cache, key string, old *stored, max int64) (*Response, error) {
	if old != nil && resp.StatusCode == http.StatusNotModified {
		resp.Body.Close()
		old.renew(resp.Header, c.now())
		store.write(key, old)
		return old.response(), nil
	}
	if err := c.checkStatus(resp, http.StatusOK); err != nil {
		return nil, err
	}
	data, err := readBody(resp, max)
	if err != nil {
		return nil, err
	}
	now := newStored(resp, data, c.now())
	if mayStore(resp.Header) {
		store.write(key, now)
	}
	fresh := now.response()
	fresh.FromCache = false
	return fresh, nil
}

// offlineError is nil unless the client must not use the network.
func (c *Client) offlineError(r *request) error {
	if !c.offline {
		return nil
	}
	return fault.New(fault.Network, "run it once without --offline", "get %s: %w", redact(r.url), ErrOffline)
}
