package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"strings"
	"sync/atomic"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/pep508"
)

// accept asks for JSON and takes HTML (PEP 691, "Version + Format Selection").
const accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

// Client asks the indexes of one Config. It is safe for concurrent use; each
// project and each file is asked for once.
type Client struct {
	fetch    *fetch.Client
	cfg      Config
	dir      string
	listings memo[*Listing]
	metadata memo[[]byte]
	learnt   learnt
	names    dist.NameReader
	trust    atomic.Pointer[confirmations] // nil: nothing is given before it is confirmed
}

// New returns a client that keeps METADATA files below cacheDir.
func New(f *fetch.Client, cfg Config, cacheDir string) *Client {
	if cfg.IndexURL == "" {
		cfg.IndexURL = DefaultURL()
	}
	return &Client{fetch: f, cfg: cfg, dir: cacheDir}
}

// Listing returns what the first index that knows the project has of it. Where
// none knows it the error has the code fault.NotFound. The listing is shared:
// callers must not change it.
func (c *Client) Listing(ctx context.Context, name string) (*Listing, error) {
	name = pep508.NormalizeName(name)
	return c.listings.do(ctx, name, func() (*Listing, error) { return c.firstListing(ctx, name) })
}

// Download opens a file of an index as a stream. size is what the index said,
// 0 if nothing; at most that many bytes are read.
func (c *Client) Download(ctx context.Context, url string, size int64) (io.ReadCloser, error) {
	if size <= 0 || size > MaxWheel {
		size = MaxWheel
	}
	body, _, err := c.fetch.Download(ctx, c.withCredentials(url), size)
	return body, err
}

func (c *Client) firstListing(ctx context.Context, name string) (*Listing, error) {
	indexes, err := c.indexesFor(name)
	if err != nil {
		return nil, err
	}
	var asked []string
	for _, base := range indexes {
		l, err := c.listingFrom(ctx, base, name)
		if !errors.Is(err, fetch.ErrNotFound) {
			return l, err
		}
		asked = append(asked, fetch.Redact(base))
	}
	return nil, fault.New(fault.NotFound, "is the name right, and is it on another index (--extra-index NAME=URL)?",
		"%s is not on %s", name, strings.Join(asked, " nor on "))
}

// indexesFor returns the indexes that may have the project, first choice first.
func (c *Client) indexesFor(name string) ([]string, error) {
	if c.cfg.NoIndex {
		return nil, fault.New(fault.NotFound, "remove no-index there, or name an index with --index-url", "%s: no index is asked, because no-index is set in the configuration of pip or uv", name)
	}
	if want, ok := c.cfg.PackageIndex[name]; ok {
		for _, x := range c.cfg.Extra {
			if x.Name == want {
				return []string{x.URL}, nil
			}
		}
		return nil, fault.New(fault.Input, "name it in [tool.snug] or with --extra-index NAME=URL", "%s is to come from the index %q, which is not defined", name, want)
	}
	var first, last []string
	for _, x := range c.cfg.Extra {
		switch {
		case x.Explicit:
		case x.Last:
			last = append(last, x.URL)
		default:
			first = append(first, x.URL)
		}
	}
	return append(append(first, c.cfg.IndexURL), last...), nil
}

func (c *Client) listingFrom(ctx context.Context, base, name string) (*Listing, error) {
	page := strings.TrimSuffix(base, "/") + "/" + name + "/"
	trust := c.trust.Load()
	resp, err := c.fetch.Get(ctx, page, fetch.GetOptions{Accept: accept, MaxBytes: MaxListing, Form: compactForm, Reform: reformFor(name), Later: trust != nil})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", name, err)
	}
	if resp.Confirm != nil {
		trust.begin(name, resp.Confirm)
	}
	l, err := parseCompact(resp.Body, resp.Rest, name, c.cfg.AsOf, &c.names)
	if err != nil {
		return nil, fmt.Errorf("snug: internal error: list %s: %w", name, err) // the cache keeps a sum of what it holds
	}
	l.IndexURL, l.At = BareURL(base), resp.At
	return l, nil
}

// reformFor reads a page of the project once, as it comes from the server.
func reformFor(project string) func(*fetch.Response) (front, rest []byte, err error) {
	return func(resp *fetch.Response) (front, rest []byte, err error) {
		p, err := parsePage(resp.ContentType, resp.Body, resp.URL)
		if err != nil {
			return nil, nil, fault.New(fault.Network, "is this the address of a simple index?", "%w", err)
		}
		front, rest = p.compact(project)
		return front, rest, nil
	}
}

func parsePage(contentType string, body []byte, pageURL string) (*page, error) {
	at, err := url.Parse(pageURL)
	if err != nil {
		return nil, errors.New("the page has no proper address")
	}
	at.User = nil
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("content type %q", contentType)
	}
	switch kind {
	case "application/vnd.pypi.simple.v1+json", "application/json":
		return parseJSON(body, at)
	case "application/vnd.pypi.simple.v1+html", "text/html":
		return parseHTML(body, at)
	}
	return nil, fmt.Errorf("content type %s is not one of the simple API", kind)
}

// withCredentials puts the credentials of a configured index back on an
// address of the same scheme and host. Files and locks never hold them.
func (c *Client) withCredentials(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return raw
	}
	for _, base := range append(append(extraURLs(c.cfg.Extra), c.cfg.IndexURL), c.cfg.Logins...) {
		b, err := url.Parse(base)
		if err == nil && b.User != nil && b.Host == u.Host && b.Scheme == u.Scheme {
			u.User = b.User
			return u.String()
		}
	}
	return raw
}

func extraURLs(extra []Extra) []string {
	urls := make([]string, 0, len(extra)+1)
	for _, x := range extra {
		urls = append(urls, x.URL)
	}
	return urls
}

// BareURL is an address without its login, as a Listing names its index.
func BareURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return fetch.Redact(raw)
	}
	u.User = nil
	return u.String()
}
