package index

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
)

// Limits on reading a wheel by pieces. The suffix holds the zip directory and,
// in most wheels, METADATA too: its entry is written last.
const (
	suffixBytes = 16 << 10
	maxPieces   = 6
	maxPiece    = 16 << 20
)

// fromSuffix reads METADATA from the end of a wheel that stays where it is. It
// fails with fetch.ErrNoRange if the server sends whole files only.
func (c *Client) fromSuffix(ctx context.Context, f File) ([]byte, error) {
	at := c.withCredentials(f.URL)
	tail, size, err := c.fetch.Range(ctx, at, -suffixBytes, suffixBytes)
	if err != nil {
		return nil, err
	}
	if size < 0 { // without the length the places in the zip mean nothing
		return nil, fetch.ErrNoRange
	}
	if size > MaxWheel || int64(len(tail)) > size {
		return nil, fmt.Errorf("the server says that the wheel has %d bytes", size)
	}
	r := &pieces{size: size, fetch: func(off, n int64) ([]byte, error) {
		body, _, err := c.fetch.Range(ctx, at, off, n)
		return body, err
	}}
	r.have = append(r.have, piece{size - int64(len(tail)), tail})
	return metadataIn(r, size)
}

// fromWhole downloads the wheel, checks its hash and reads METADATA from it.
func (c *Client) fromWhole(ctx context.Context, f File) ([]byte, error) {
	body, err := c.Download(ctx, f.URL, f.Size)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	tmp, err := os.CreateTemp("", "snug-wheel-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	sum, size, err := digest.OfReader(io.TeeReader(body, tmp))
	if err != nil {
		return nil, err
	}
	if want := f.Hashes.Sum("sha256"); want != "" && sum.String() != want {
		return nil, fault.New(fault.Integrity, "the download was cut or changed; try again", "the wheel has the sha256 %s, announced was %s", sum, want)
	}
	return metadataIn(tmp, size)
}

// metadataIn reads the one *.dist-info/METADATA of a zip.
func metadataIn(r io.ReaderAt, size int64) ([]byte, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("open as zip: %w", err)
	}
	var found *zip.File
	for _, f := range z.File {
		dir, ok := strings.CutSuffix(f.Name, ".dist-info/METADATA")
		if !ok || strings.Contains(dir, "/") {
			continue
		}
		if found != nil {
			return nil, errors.New("the wheel has two dist-info directories")
		}
		found = f
	}
	if found == nil {
		return nil, errors.New("the wheel has no METADATA")
	}
	if found.UncompressedSize64 > MaxMetadata {
		return nil, fmt.Errorf("METADATA has more than %d bytes", MaxMetadata)
	}
	body, err := found.Open()
	if err != nil {
		return nil, fmt.Errorf("open METADATA: %w", err)
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, MaxMetadata))
}

// pieces is an io.ReaderAt over a remote file of which some pieces are here;
// others are fetched when they are read. For one goroutine.
type pieces struct {
	size    int64
	have    []piece
	fetched int
	fetch   func(off, n int64) ([]byte, error)
}

type piece struct {
	off  int64
	body []byte
}

func (p *pieces) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		at := off + int64(n)
		if at >= p.size {
			return n, io.EOF
		}
		from, err := p.holding(at)
		if err != nil {
			return n, err
		}
		n += copy(b[n:], from.body[at-from.off:])
	}
	return n, nil
}

func (p *pieces) holding(at int64) (piece, error) {
	next := p.size // where the nearest known piece after at begins
	for _, h := range p.have {
		if h.off <= at && at < h.off+int64(len(h.body)) {
			return h, nil
		}
		if h.off > at {
			next = min(next, h.off)
		}
	}
	if p.fetched++; p.fetched > maxPieces {
		return piece{}, fmt.Errorf("more than %d range requests for one file", maxPieces)
	}
	// A zip directory that begins before the suffix is read in one go; an entry
	// in the middle of the wheel is not dragged along with all that follows it.
	n := next - at
	if n > maxPiece {
		n = min(n, 256<<10)
	}
	body, err := p.fetch(at, n)
	if err != nil {
		return piece{}, err
	}
	if len(body) == 0 || int64(len(body)) > n {
		return piece{}, fmt.Errorf("asked for %d bytes, the server sent %d", n, len(body))
	}
	got := piece{at, body}
	p.have = append(p.have, got)
	return got, nil
}
