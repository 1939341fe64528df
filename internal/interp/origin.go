package interp

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"snug/internal/fetch"
)

// origin is where a source's files lie: an address, or a folder of this machine.
type origin struct {
	client *fetch.Client
	base   string // without a slash at its end
	folder bool
}

// originAt takes an https or http address, a file: address, or a folder's path.
func originAt(client *fetch.Client, where string) origin {
	if u, err := url.Parse(where); err == nil && u.Scheme == "file" {
		return origin{base: filepath.FromSlash(u.Path), folder: true}
	}
	if isAddress(where) {
		return origin{client: client, base: strings.TrimRight(where, "/")}
	}
	return origin{base: where, folder: true}
}

// isAddress tells an address from a folder's path.
func isAddress(where string) bool {
	return strings.HasPrefix(where, "https://") || strings.HasPrefix(where, "http://")
}

// get reads a small file whole.
func (o origin) get(ctx context.Context, name string, max int64) ([]byte, error) {
	if !o.folder {
		r, err := o.client.Get(ctx, o.base+"/"+name, fetch.GetOptions{MaxBytes: max})
		if err != nil {
			return nil, err
		}
		return r.Body, nil
	}
	f, size, err := o.open(name, max)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, size))
}

// download opens a file; its size is -1 if unknown.
func (o origin) download(ctx context.Context, name string, max int64) (io.ReadCloser, int64, error) {
	if !o.folder {
		return o.client.Download(ctx, o.base+"/"+strings.ReplaceAll(name, "+", "%2B"), max)
	}
	return o.open(name, max)
}

func (o origin) open(name string, max int64) (*os.File, int64, error) {
	if !fs.ValidPath(name) {
		return nil, 0, fmt.Errorf("unsafe path %q", name)
	}
	f, err := os.Open(filepath.Join(o.base, filepath.FromSlash(name)))
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err == nil && (!st.Mode().IsRegular() || st.Size() > max) {
		err = fmt.Errorf("%s: no file of at most %d bytes", f.Name(), max)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}
