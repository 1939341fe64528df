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
	before    *lock.Lock // what was locked before, whose holes may be mended by what is young; nil: nothing
	trust     *trust
	judge     *judge    // nil: policy refuses nothing
	sources   *sources  // what builds packages; nil: nothing is built
	imported  *Imported // learns what became of its versions; nil: nobody asks
}

// once resolves, and keeps nothing that policy denies.
func (q question) once(ctx context.Context, events event.Handler) (*resolution, error) {
	one := func(targets []resolve.TargetPython, keep *lock.Lock) (*lock.Lock, error) {
		in := resolve.Input{Project: q.project, Targets: targets, Index: q.source, Locked: keep,
			Before: q.before, AsOf: q.project.AsOf, MinAge: byAddress(q.project), Now: q.now, Events: events, CreatedBy: createdBy}
		if q.judge != nil {
			in.Judge = q.judge
		}
		if q.sources != nil {
			in.Sources = q.sources
		}
		if q.imported != nil {
			in.Moved = q.imported.noteMoves
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

// resolve chooses interpreters, then packages.
func (e *Engine) resolve(ctx context.Context, q question, by asking) (*resolution, error) {
	start := e.Now()
	q, err := e.complete(ctx, q)
	if err != nil {
		return nil, err
	}
	defer q.judge.close()
	e.say("resolve", event.Started, "", "resolving")
	made, err := q.resolve(ctx, e.Events)
	q.judge.sayTrouble(e)
	if err != nil {
		return nil, e.advise(ctx, q, by, err)
	}
	for _, l := range append(made.apart, made.lock) {
		if err := q.sources.lockBuilds(ctx, l, q.keep); err != nil {
			return nil, err
		}
	}
	if q.imported != nil {
		if err := q.imported.settle(ctx, q.source, append(made.apart, made.lock)...); err != nil {
			return nil, err
		}
	}
	e.Events.Handle(event.Event{Time: e.Now(), Stage: "resolve", Kind: event.Done, Message: "resolved",
		Done: int64(len(made.lock.Packages)), Unit: "packages", Data: map[string]any{"seconds": e.Now().Sub(start).Seconds()}})
	return made, nil
}

// complete adds to a question of a project the interpreters, the index and the judge,
// which the caller closes.
func (e *Engine) complete(ctx context.Context, q question) (question, error) {
	var err error
	if q.targets, err = e.interpreters(ctx, q.project); err != nil {
		return q, err
	}
	if q.project, err = q.project.For(placesOf(q.targets)); err != nil {
		return q, err
	}
	client, err := e.index(q.project)
	if err != nil {
		return q, err
	}
	q.source = &countedSource{Source: client, report: func(n int64) { e.progress("resolve", "", n, 0, "projects") }}
	q.trust = &trust{client.TrustCache(ctx)}
	q.sources = e.sources(ctx, q.project, client, q.targets)
	q.now = e.Now()
	q.judge, err = e.judgeOf(ctx, q.project)
	q.sources.judge = q.judge.building()
	return q, err
}
