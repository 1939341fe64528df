package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"snug/internal/store"
)

// Of tells the facts of wheels' trees and of interpreters' trees in the store, in
// their order. Facts are computed once for a tree, over all processors, and kept in the
// store for as long as the tree is. Errors are those of Read.
func Of(ctx context.Context, st *store.Store, trees ...*store.Tree) ([]*Facts, error) {
	out := make([]*Facts, len(trees))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, t := range trees {
		g.Go(func() (err error) {
			out[i], err = kept(st, t.Key, func() (*Facts, error) {
				return (&tree{fsys: os.DirFS(t.Dir), files: t.Files}).facts(ctx)
			})
			if err != nil {
				err = fmt.Errorf("inventory of %s: %w", t.Key, err)
			}
			return err
		})
	}
	return out, g.Wait()
}

// facts are those of what the tree turns out to be.
func (t *tree) facts(ctx context.Context) (*Facts, error) {
	if lib, ok := t.stdlib(); ok {
		return t.interpreter(ctx, lib)
	}
	return t.distribution(ctx)
}

// kept are the facts that the store keeps under that key, computed where it has
// none of this Schema.
func kept(st *store.Store, key string, compute func() (*Facts, error)) (*Facts, error) {
	var facts *Facts
	name := fmt.Sprintf("inventory-%d", Schema)
	data, err := st.Facts(key, name, func() (text []byte, err error) {
		if facts, err = compute(); err != nil {
			return nil, err
		}
		return json.Marshal(facts)
	})
	if err != nil || facts != nil {
		return facts, err
	}
	facts = &Facts{}
	return facts, json.Unmarshal(data, facts)
}
