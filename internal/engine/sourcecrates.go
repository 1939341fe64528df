package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"snug/internal/build"
	"snug/internal/digest"
	"snug/internal/fetch"
	"snug/internal/generation"
	"snug/internal/sdist"
	"snug/internal/store"
)

// cratesOf are the crates that the Cargo.lock of a source pins.
func (s *sources) cratesOf(ctx context.Context, o origin, src *sdist.Source) (out []build.Crate, err error) {
	if src.CargoLock == "" {
		return nil, nil
	}
	data, err := s.note(ctx, "crates-"+o.id(), func() ([]byte, error) {
		var out []byte
		err := s.open(ctx, o, func(dir string, src *sdist.Source) error {
			text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(src.CargoLock)))
			if err != nil {
				return err
			}
			crates, err := build.Crates(text)
			if err != nil {
				return fmt.Errorf("%s: %w", o, err)
			}
			out, err = json.Marshal(crates)
			return err
		})
		return out, err
	})
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(data, &out)
}

// cratesAtOnce is how many crates are fetched side by side.
const cratesAtOnce = 16

// vendored is a folder of the store with the crates, "" for none: they are fetched
// here, so that the build itself needs no network.
func (s *sources) vendored(ctx context.Context, crates []build.Crate) (string, error) {
	if len(crates) == 0 {
		return "", nil
	}
	list, err := json.Marshal(crates)
	if err != nil {
		return "", err
	}
	tree, err := s.store.AddTree(ctx, "vendor-"+digest.Of(list).String(), func(dir string) (store.Plan, error) {
		configs := &registries{Engine: s.Engine, said: map[string][]byte{}}
		said := make([][]byte, len(crates))
		for i, c := range crates {
			var err error
			if said[i], err = configs.of(ctx, c); err != nil {
				return nil, err
			}
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(cratesAtOnce)
		for i, c := range crates {
			g.Go(func() error {
				s.progress("crates", "", int64(i+1), int64(len(crates)), "crates")
				return s.vendor(ctx, c, said[i], dir)
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerSnug)
	})
	if err != nil {
		return "", err
	}
	return tree.Dir, nil
}

// vendor fetches one crate and lays it out below dir.
func (s *sources) vendor(ctx context.Context, c build.Crate, config []byte, dir string) error {
	blob, err := s.crate(ctx, c, config)
	if err != nil {
		return fmt.Errorf("crate %s %s: %w", c.Name, c.Version, err)
	}
	f, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	return c.Vendor(f, dir)
}

// crate is a packed crate in the store.
func (s *sources) crate(ctx context.Context, c build.Crate, config []byte) (string, error) {
	if path, ok := s.store.Blob(c.SHA256); ok {
		return path, nil
	}
	address, err := c.URL(config)
	if err != nil {
		return "", err
	}
	body, _, err := s.fetch.Download(ctx, address, build.MaxCrate)
	if err != nil {
		return "", err
	}
	defer body.Close() // only read from
	return s.store.PutBlob(ctx, c.SHA256, -1, body)
}

// registries asks each registry once how its crates are downloaded.
type registries struct {
	*Engine
	said map[string][]byte
}

// maxRegistryConfig bounds a registry's config.json.
const maxRegistryConfig = 64 << 10

func (r *registries) of(ctx context.Context, c build.Crate) ([]byte, error) {
	address, err := c.ConfigURL(r.CrateMirror)
	if err != nil {
		return nil, err
	}
	if said, ok := r.said[address]; ok {
		return said, nil
	}
	resp, err := r.fetch.Get(ctx, address, fetch.GetOptions{MaxBytes: maxRegistryConfig})
	if err != nil {
		return nil, fmt.Errorf("registry of crate %s: %w", c.Name, err)
	}
	r.said[address] = bytes.Clone(resp.Body)
	return r.said[address], nil
}
