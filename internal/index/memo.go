package index

import (
	"context"
	"sync"
)

// memo runs the work for a key once and hands its result to everyone who asks.
// A result of a cancelled run is forgotten, so that the next caller tries again.
type memo[V any] struct {
	mu    sync.Mutex
	calls map[string]*call[V]
}

type call[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func (m *memo[V]) do(ctx context.Context, key string, work func() (V, error)) (V, error) {
	m.mu.Lock()
	if m.calls == nil {
		m.calls = map[string]*call[V]{}
	}
	c, ok := m.calls[key]
	if !ok {
		c = &call[V]{done: make(chan struct{})}
		m.calls[key] = c
	}
	m.mu.Unlock()
	if !ok {
		c.value, c.err = work()
		if ctx.Err() != nil {
			m.mu.Lock()
			delete(m.calls, key)
			m.mu.Unlock()
		}
		close(c.done)
		return c.value, c.err
	}
	select {
	case <-c.done:
		if c.err != nil && m.forgotten(key, c) && ctx.Err() == nil {
			return m.do(ctx, key, work)
		}
		return c.value, c.err
	case <-ctx.Done():
		var zero V
		return zero, context.Cause(ctx)
	}
}

// drop forgets a result, so that the next caller does the work again.
func (m *memo[V]) drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.calls, key)
}

// forgotten reports whether c was the run of a caller that went away.
func (m *memo[V]) forgotten(key string, c *call[V]) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[key] != c
}
