package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// probes is how many files of an index may lack an unannounced .metadata
// before it is taken as not serving any.
const probes = 3

// learnt is what was found out about each index by trying.
type learnt struct {
	mu sync.Mutex
	by map[string]*habits
}

type habits struct {
	served  bool // some unannounced .metadata was there
	missing int
	noRange bool
}

// of calls fn with the habits of one index, alone.
func (l *learnt) of(indexURL string, fn func(*habits)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[string]*habits{}
	}
	h, ok := l.by[indexURL]
	if !ok {
		h = &habits{}
		l.by[indexURL] = h
	}
	fn(h)
}

// Metadata returns what resolving reads of the METADATA of a wheel of the listing
// (dist.Metadata.Essential). What the index announced is checked against its hash;
// all of it is checked to be the metadata of this project and version, and Confirm
// compares it with the wheel itself once that is here. It is kept on disk by the
// hash of the wheel. For an sdist the error has the code fault.Unsupported.
func (c *Client) Metadata(ctx context.Context, l *Listing, f File) ([]byte, error) {
	if f.Wheel == nil {
		return nil, fault.New(fault.Unsupported, "choose a version that has a wheel", "%s is no wheel: what it depends on is known only after building it", f.Name)
	}
	return c.metadata.do(ctx, f.URL, func() ([]byte, error) {
		kept := c.keptPath(f.Hashes.Sum("sha256"))
		if e, err := readKept(kept); err == nil && f.isOf(dist.Identity(e.text)) == nil {
			return e.text, nil
		}
		if e, err := readKept(kept + told); err == nil && f.announcedAs(e.sum) && f.isOf(dist.Identity(e.text)) == nil {
			return e.text, nil
		}
		body, own, err := c.climb(ctx, l.IndexURL, f)
		if err != nil {
			return nil, fmt.Errorf("metadata of %s: %w", f.Name, err)
		}
		e, m, err := essential(body)
		if err == nil {
			err = f.isOf(m.Name, m.Version)
		}
		if err != nil { // this version is of no use; others are
			return nil, fault.New(fault.Input, "exclude this version", "metadata of %s: %w", f.Name, err)
		}
		switch {
		case kept == "":
			return e.text, nil
		case !own:
			kept += told
		}
		_ = keep(kept, e) // a cache may fail without harm, as on a full disk: it is asked for again
		return e.text, nil
	})
}

// Kept is what Metadata keeps of the wheel with that sha256; nothing is asked for.
// ok is false where it is not here.
func (c *Client) Kept(sum string) (text []byte, ok bool) {
	path := c.keptPath(sum)
	if path == "" {
		return nil, false
	}
	for _, path := range []string{path, path + told} {
		if e, err := readKept(path); err == nil {
			return e.text, true
		}
	}
	return nil, false
}

// Confirm compares what the index told of a wheel with the METADATA that the
// wheel itself holds, once: own is called only where something is to be
// compared. sum is the wheel's sha256. Where they differ in what resolving
// reads, the error is a fault.Integrity, and from then on the wheel counts.
func (c *Client) Confirm(sum string, own func() ([]byte, error)) error {
	kept := c.keptPath(sum)
	if kept == "" {
		return nil
	}
	said, err := readKept(kept + told)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotKept):
		return nil
	case err != nil:
		return fmt.Errorf("read metadata: %w", err)
	}
	body, err := own()
	if err != nil {
		return err
	}
	holds, _, _ := essential(body) // of what cannot be read, nothing: that differs
	if err := keep(kept, holds); err != nil {
		return err
	}
	if err := os.Remove(kept + told); err != nil && !errors.Is(err, fs.ErrNotExist) { // another process did it
		return fmt.Errorf("keep metadata: %w", err)
	}
	if what := differ(said.text, holds.text); what != "" {
		return fault.New(fault.Integrity, "snug lock --upgrade reads the wheel's own; or take another version or index",
			"the index told another %s than the wheel holds", what)
	}
	return nil
}

// differ names the first field of two essentials that is not the same, "" if none.
func differ(a, b []byte) string {
	if bytes.Equal(a, b) {
		return ""
	}
	m, err := dist.ParseMetadata(a)
	n, err2 := dist.ParseMetadata(b)
	switch {
	case err != nil || err2 != nil:
		return "METADATA"
	case !slices.Equal(m.RequiresDist, n.RequiresDist):
		return "Requires-Dist"
	case m.RequiresPython != n.RequiresPython:
		return "Requires-Python"
	case !slices.Equal(m.ProvidesExtra, n.ProvidesExtra):
		return "Provides-Extra"
	}
	return ""
}

// climb tries the cheapest rung first. own: the wheel itself said it, whole and
// with the right hash.
func (c *Client) climb(ctx context.Context, indexURL string, f File) (body []byte, own bool, err error) {
	if f.HasMetadata {
		body, err := c.beside(ctx, f)
		if err == nil && !f.announcedAs(digest.Of(body).String()) {
			return nil, false, fault.New(fault.Integrity, "the index is inconsistent; try again later or use another", "the .metadata file has the sha256 %s, announced was %s", digest.Of(body), f.MetadataHash)
		}
		if !errors.Is(err, fetch.ErrNotFound) {
			return body, false, err
		}
	} else if body, err := c.unannounced(ctx, indexURL, f); !errors.Is(err, fetch.ErrNotFound) {
		return body, false, err
	}
	noRange := false
	c.learnt.of(indexURL, func(h *habits) { noRange = h.noRange })
	if !noRange {
		body, err := c.fromSuffix(ctx, f)
		switch code := fault.CodeOf(err); {
		case errors.Is(err, fetch.ErrNoRange):
			c.learnt.of(indexURL, func(h *habits) { h.noRange = true })
		case err == nil || code == fault.Network || code == fault.Canceled:
			return body, false, err
		} // else its pieces are too many or too strange; the whole has a hash
	}
	body, err = c.fromWhole(ctx, f)
	return body, f.Hashes.Sum("sha256") != "", err
}

// beside reads the file that PEP 658 puts beside the wheel. The HTTP cache
// holds it only where it cannot be kept by the hash of the wheel.
func (c *Client) beside(ctx context.Context, f File) ([]byte, error) {
	resp, err := c.fetch.Get(ctx, c.withCredentials(f.URL+".metadata"), fetch.GetOptions{MaxBytes: MaxMetadata, NoStore: c.keptPath(f.Hashes.Sum("sha256")) != ""})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// unannounced reads the same file from an index that did not promise it. Some
// serve it for most files: one that did keeps being asked, one that never did
// is given up. An answer that is not this wheel's metadata counts as none.
func (c *Client) unannounced(ctx context.Context, indexURL string, f File) ([]byte, error) {
	worthIt := false
	c.learnt.of(indexURL, func(h *habits) { worthIt = h.served || h.missing < probes })
	if !worthIt {
		return nil, fetch.ErrNotFound
	}
	body, err := c.beside(ctx, f)
	if err == nil && f.describedBy(body) != nil || errors.Is(err, fetch.ErrRefused) { // some say 403 of what is not there
		err = fetch.ErrNotFound
	}
	c.learnt.of(indexURL, func(h *habits) {
		switch {
		case err == nil:
			h.served = true
		case errors.Is(err, fetch.ErrNotFound):
			h.missing++
		}
	})
	return body, err
}

// announcedAs reports whether sum is the announced hash, if one was.
func (f *File) announcedAs(sum string) bool { return f.MetadataHash == "" || sum == f.MetadataHash }

// describedBy checks that body is metadata of the project and version that the
// file name says.
func (f *File) describedBy(body []byte) error {
	m, err := dist.ParseMetadata(body)
	if err != nil {
		return err
	}
	return f.isOf(m.Name, m.Version)
}

func (f *File) isOf(name, version string) error {
	if pep508.NormalizeName(name) != pep508.NormalizeName(f.Wheel.Name) {
		return fmt.Errorf("it is of the project %q", name)
	}
	if v, err := pep440.Parse(version); err != nil || v.Compare(f.Version) != 0 {
		return fmt.Errorf("it is of the version %q", version)
	}
	return nil
}
