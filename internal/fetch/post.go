package fetch

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// PostOptions of one Post.
type PostOptions struct {
	ContentType string
	Accept      string
	Header      map[string]string // further fields, by their canonical names
	MaxBytes    int64             // of the answer; 0: no bound
}

// Post sends body and opens the answer as a stream, as Download does: it is for
// protocols that ask by POST and change nothing, so that a failed one is tried
// again. An answer of another status than 200, and a redirect that turns it into a
// GET, are errors. Close the stream.
func (c *Client) Post(ctx context.Context, address string, body []byte, opt PostOptions) (io.ReadCloser, error) {
	r, err := c.request(address)
	if err != nil {
		return nil, err
	}
	if err := c.offlineError(r); err != nil {
		return nil, err
	}
	r.body = append([]byte{}, body...)
	r.header.Set("Content-Type", opt.ContentType)
	r.header.Set("Accept", opt.Accept)
	for name, value := range opt.Header {
		r.header.Set(name, value)
	}
	var stream io.ReadCloser
	err = c.try(ctx, r, func(resp *http.Response) error {
		if resp.Request != nil && resp.Request.Method != http.MethodPost {
			resp.Body.Close()
			return &policyError{"a redirect that drops what was sent"}
		}
		if err := c.checkStatus(resp, http.StatusOK); err != nil {
			return err
		}
		stream = &download{ReadCloser: resp.Body, ctx: ctx, url: r.url, max: opt.MaxBytes}
		return nil
	})
	return stream, err
}

// carry puts the body of a Post into a request.
func (r *request) carry(req *http.Request) {
	if r.body == nil {
		return
	}
	req.Method, req.ContentLength = http.MethodPost, int64(len(r.body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
	req.Body = io.NopCloser(bytes.NewReader(r.body))
}
