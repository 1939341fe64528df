package index

import (
	"context"
	"errors"

	"snug/internal/fetch"
	"snug/internal/pep508"
)

// provenanceType asks for the first version of the integrity API (PEP 740).
const provenanceType = "application/vnd.pypi.integrity.v1+json"

// Elsewhere are what the further indexes have that could answer for the name of a
// listing besides its own; none of a project that the configuration gives to one index.
func (c *Client) Elsewhere(ctx context.Context, l *Listing) ([]*Listing, error) {
	indexes, err := c.indexesFor(pep508.NormalizeName(l.Name))
	if err != nil {
		return nil, err
	}
	var out []*Listing
	for _, base := range indexes {
		if BareURL(base) == l.IndexURL {
			continue
		}
		other, err := c.listingFrom(ctx, base, l.Name)
		if errors.Is(err, fetch.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, other)
	}
	return out, nil
}

// Provenance reads what the index says of how a file was published (PEP 740), of at most
// so many bytes. f.Provenance must not be empty.
func (c *Client) Provenance(ctx context.Context, f File, limit int64) ([]byte, error) {
	resp, err := c.fetch.Get(ctx, c.withCredentials(f.Provenance), fetch.GetOptions{Accept: provenanceType, MaxBytes: limit})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
