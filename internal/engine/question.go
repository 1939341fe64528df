package engine

import (
	"context"
	"time"

	"snug/internal/event"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/resolve"
)

// question is all that one resolution depends on.
type question struct {
	project   *manifest.Project
	targets   []resolve.TargetPython
	source    resolve.Source
	keep      *lock.Lock            // what to keep to where it can be kept; nil: nothing
	keepApart map[string]*lock.Lock // the same of targets that have a lock of their own
	alone     bool                  // one lock is made: it is an error that targets need more
	now       time.Time
	trust     *trust
	from      *Imported // learns what became of its versions; nil: nobody asks
}

func (q question) resolve(ctx context.Context, events event.Handler) (*resolution, error) {
	one := func(targets []resolve.TargetPython, keep *lock.Lock) (*lock.Lock, error) {
		in := resolve.Input{Project: q.project, Targets: targets, Index: q.source, Locked: keep,
			AsOf: q.project.AsOf, MinAge: byAddress(q.project), Now: q.now, Events: events, CreatedBy: createdBy}
		if q.from != nil {
			in.Moved = q.from.moved
		}
		return q.trust.resolve(ctx, in)
	}
	if !q.alone {
		return resolveApart(q.targets, q.keep, q.keepApart, one)
	}
	l, err := one(q.targets, q.keep)
	return &resolution{lock: l}, err
}

// lock is the project's of what resolve makes.
func (q question) lock(ctx context.Context, events event.Handler) (*lock.Lock, error) {
	made, err := q.resolve(ctx, events)
	if err != nil {
		return nil, err
	}
	return made.lock, nil
}

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
