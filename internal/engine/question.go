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
}

func (q question) resolve(ctx context.Context, events event.Handler) (*resolution, error) {
	one := func(targets []resolve.TargetPython, keep *lock.Lock) (*lock.Lock, error) {
		return resolve.Resolve(ctx, resolve.Input{Project: q.project, Targets: targets, Index: q.source, Locked: keep,
			AsOf: q.project.AsOf, MinAge: byAddress(q.project), Now: q.now, Events: events, CreatedBy: createdBy})
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
