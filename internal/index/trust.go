package index

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"snug/internal/fetch"
)

// TrustCache lets listings that the cache holds be used before their index has
// confirmed them: it is asked meanwhile. That is nearly always right, and then
// nobody has waited. settle waits for the answers and ends this; changed says that
// some listing was not true any more: whatever was made of the old ones is to be
// made again, and gets the new ones. settle must be called once. Its error is that
// of an index that could not be asked.
func (c *Client) TrustCache(ctx context.Context) (settle func() (changed bool, err error)) {
	g, ctx := errgroup.WithContext(ctx)
	t := &confirmations{}
	t.begin = func(name string, confirm func(context.Context) (*fetch.Response, error)) {
		g.Go(func() error {
			now, err := confirm(ctx)
			switch {
			case errors.Is(err, fetch.ErrNotFound): // it has gone: other indexes may have it
			case err != nil:
				return fmt.Errorf("list %s: %w", name, err)
			case now.FromCache:
				return nil
			}
			t.note(name)
			return nil
		})
	}
	c.trust.Store(t)
	return func() (bool, error) {
		c.trust.Store(nil)
		err := g.Wait()
		for _, name := range t.changed {
			c.listings.drop(name)
		}
		return len(t.changed) > 0, err
	}
}

// confirmations are what is asked while listings are in use.
type confirmations struct {
	begin   func(name string, confirm func(context.Context) (*fetch.Response, error))
	mu      sync.Mutex
	changed []string
}

func (t *confirmations) note(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed = append(t.changed, name)
}
