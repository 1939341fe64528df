package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Range reads n bytes from off, or the last n bytes when off < 0, and says how long the whole file
// is (-1 when the server does not say). Fewer bytes come back when the file ends before. It is
// ErrNoRange when the server gives the whole file instead, and is not cached.
func (c *Client) Range(ctx context.Context, address string, off, n int64) (body []byte, total int64, err error) {
	r, err := c.request(address)
	if err != nil {
		return nil, 0, err
	}
	if err := c.offlineError(r); err != nil {
		return nil, 0, err
	}
	if n <= 0 || n > DefaultMaxBytes {
		return nil, 0, fmt.Errorf("get %s: a range of %d bytes", redact(r.url), n)
	}
	span := fmt.Sprintf("bytes=%d-%d", off, off+n-1)
	if off < 0 {
		span = fmt.Sprintf("bytes=-%d", n)
	}
	r.header.Set("Range", span)
	r.header.Set("Accept-Encoding", "identity")
	err = c.try(ctx, r, func(resp *http.Response) error {
		body, total, err = c.acceptRange(resp, off, n)
		return err
	})
	return body, total, err
}

func (c *Client) acceptRange(resp *http.Response, off, n int64) ([]byte, int64, error) {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusRequestedRangeNotSatisfiable, http.StatusNotImplemented:
		resp.Body.Close()
		return nil, 0, ErrNoRange
	}
	if err := c.checkStatus(resp, http.StatusPartialContent); err != nil {
		return nil, 0, err
	}
	first, last, total, ok := contentRange(resp.Header.Get("Content-Range"))
	if off < 0 && total >= 0 {
		off = max(0, total-n)
	}
	if !ok || first != off || last-first >= n {
		resp.Body.Close()
		return nil, 0, &policyError{fmt.Sprintf("the server answers another range than asked for: %.80q", resp.Header.Get("Content-Range"))}
	}
	data, err := readBody(resp, n)
	if err == nil && int64(len(data)) != last-first+1 {
		err = io.ErrUnexpectedEOF
	}
	return data, total, err
}

// contentRange reads "bytes 0-9/100" or "bytes 0-9/*" (RFC 9110, 14.4).
func contentRange(text string) (first, last, total int64, ok bool) {
	span, whole, found := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	from, to, dash := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	total, err3 := strconv.ParseInt(whole, 10, 64)
	if whole == "*" {
		total, err3 = -1, nil
	}
	ok = found && dash && err1 == nil && err2 == nil && err3 == nil && first >= 0 && first <= last && (total < 0 || last < total)
	return first, last, total, ok
}

// Download opens a stream of at most maxBytes (0: no bound; the caller hashes and counts) and says
// how long it will be, -1 when the server does not. It is not cached; opening it is tried again, a
// stream that breaks is not: its reader gives the error. Close it, or its place is never free again.
func (c *Client) Download(ctx context.Context, address string, maxBytes int64) (io.ReadCloser, int64, error) {
	r, err := c.request(address)
	if err != nil {
		return nil, 0, err
	}
	if err := c.offlineError(r); err != nil {
		return nil, 0, err
	}
	r.header.Set("Accept-Encoding", "identity")
	var stream io.ReadCloser
	var size int64
	err = c.try(ctx, r, func(resp *http.Response) error {
		if err := c.checkStatus(resp, http.StatusOK); err != nil {
			return err
		}
		if maxBytes > 0 && resp.ContentLength > maxBytes {
			resp.Body.Close()
			return tooLong(maxBytes)
		}
		stream, size = &download{ReadCloser: resp.Body, ctx: ctx, url: r.url, max: maxBytes}, resp.ContentLength
		return nil
	})
	return stream, size, err
}

// download bounds a stream and names its address in errors.
type download struct {
	io.ReadCloser
	ctx context.Context // of the call that opened it, for the text of its errors only
	url *url.URL
	max int64
	n   int64
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	d.n += int64(n)
	if d.max > 0 && d.n > d.max {
		return 0, explain(d.ctx, d.url, tooLong(d.max))
	}
	if err != nil && err != io.EOF {
		err = explain(d.ctx, d.url, err)
	}
	return n, err
}
