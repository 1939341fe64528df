package engine

import (
	"context"

	"snug/internal/event"
	"snug/internal/lock"
	"snug/internal/resolve"
)

// trust is what is left to confirm of the listings that the first resolution
// used as the cache has them (index.Client.TrustCache).
type trust struct {
	settle func() (changed bool, err error)
}

// resolve resolves, and once more if a listing turned out to be another. A nil
// trust is none.
func (t *trust) resolve(ctx context.Context, in resolve.Input) (*lock.Lock, error) {
	if t == nil || t.settle == nil {
		return resolve.Resolve(ctx, in)
	}
	settle := t.settle
	t.settle = nil
	first := in
	said, release := event.Hold(in.Events)
	first.Events = said
	var moves []resolve.Move
	if in.Moved != nil {
		first.Moved = func(all []resolve.Move) { moves = all }
	}
	l, err := resolve.Resolve(ctx, first)
	switch changed, failed := settle(); {
	case failed != nil:
		return nil, failed
	case changed:
		return resolve.Resolve(ctx, in)
	}
	release()
	if in.Moved != nil {
		in.Moved(moves)
	}
	return l, err
}
