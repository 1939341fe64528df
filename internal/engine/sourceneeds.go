package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"snug/internal/build"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pytag"
	"snug/internal/resolve"
	"snug/internal/sdist"
)

// What a source is built with is locked as what it runs with is: the static
// build requirements (PEP 518) are resolved, the backend is asked in that
// environment for what it needs besides (PEP 517), and all of it is resolved.

// needs is what one source is built with, and what of that is built first.
type needs struct {
	lock.Build
	deeper []lock.Build
}

// needsIn is what builds say of o.
func needsIn(builds []lock.Build, o origin) (needs, error) {
	i := slices.IndexFunc(builds, func(b lock.Build) bool { return slices.Contains(b.Sdists, o.BuildOf) })
	if i < 0 {
		return needs{}, fault.New(fault.Input, "snug lock --upgrade "+o.Name+" finds it out", "the lock does not say what %s is built with", o)
	}
	return needs{builds[i], builds}, nil
}

// prepare asks the backend for the METADATA of what it would build.
func (s *sources) prepare(ctx context.Context, o origin, src *sdist.Source) ([]byte, error) {
	if s.here == nil {
		host, err := s.host()
		if err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Unsupported, "add this machine to the targets: "+host.String(), "%s: %w", o, errElsewhere)
	}
	n, err := s.needs(ctx, o, src, []resolve.TargetPython{*s.here}, nil)
	if err != nil {
		return nil, err
	}
	with, err := s.equip(ctx, o, src)
	if err != nil {
		return nil, err
	}
	key, err := s.keyAtBest("metadata-", o, src, n, with)
	if err != nil {
		return nil, err
	}
	return s.note(ctx, key, func() (out []byte, err error) {
		err = s.ask(ctx, o, n, with, func(b Builder, job build.Job) (err error) {
			out, err = b.Metadata(ctx, job)
			return err
		})
		return out, err
	})
}

// needs resolves what o is built with on some targets, of which this machine's
// should be one: elsewhere only the static requirements are known. keep are the
// packages to keep to.
func (s *sources) needs(ctx context.Context, o origin, src *sdist.Source, targets []resolve.TargetPython, keep *lock.Lock) (needs, error) {
	recipe, err := s.recipe(o)
	if err != nil {
		return needs{}, err
	}
	requires := slices.Clone(src.Build.Requires)
	if recipe != nil {
		requires = append(requires, recipe.Requires...)
	}
	n, err := s.answer(ctx, o, requires, targets, keep)
	if err != nil || s.here == nil {
		return n, err
	}
	with, err := s.equip(ctx, o, src)
	if err != nil {
		return needs{}, err
	}
	more, err := s.asked(ctx, o, src, n, with)
	if err != nil || len(more) == 0 {
		return n, err
	}
	return s.answer(ctx, o, append(requires, more...), targets, keep)
}

// answer resolves a set of build requirements.
func (s *sources) answer(ctx context.Context, o origin, requires []string, targets []resolve.TargetPython, keep *lock.Lock) (needs, error) {
	inner, err := s.inside(o)
	if err != nil {
		return needs{}, err
	}
	p, err := s.project.ToBuild(lock.BuildRuntime, o.String(), requires)
	if err != nil {
		return needs{}, err
	}
	p.Build.FromSource = nil // tools that have wheels come as wheels: else none could ever be the first
	q := question{project: p, targets: targets, source: s.client, keep: keep, alone: true, now: s.Now(), sources: inner, judge: s.judge}
	l, err := q.lock(ctx, event.Discard())
	if err == nil {
		err = inner.lockBuilds(ctx, l, keep)
	}
	if err != nil {
		return needs{}, fmt.Errorf("what %s is built with: %w", o, err)
	}
	return needs{lock.NewBuild(l, requires, []lock.BuildOf{o.BuildOf}), l.Tool.Builds}, nil
}

// asked is what the backend needs beside what is there (get_requires_for_build_wheel).
func (s *sources) asked(ctx context.Context, o origin, src *sdist.Source, n needs, with equipment) ([]string, error) {
	key, err := s.keyAtBest("asked-", o, src, n, with)
	if err != nil {
		return nil, err
	}
	data, err := s.note(ctx, key, func() ([]byte, error) {
		var said []string
		err := s.ask(ctx, o, n, with, func(b Builder, job build.Job) (err error) {
			said, err = b.Requires(ctx, job)
			return err
		})
		if err != nil {
			return nil, err
		}
		return json.Marshal(said)
	})
	if err != nil {
		return nil, err
	}
	var out []string
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(text string) bool { return slices.Contains(n.Requires, text) }), nil
}

// lockBuilds adds to a lock what its sources are built with, keeping to what old
// says of them. Several are asked at once.
func (s *sources) lockBuilds(ctx context.Context, l, old *lock.Lock) error {
	builtFor, err := s.builtFor(l)
	if err != nil {
		return err
	}
	found := make([]needs, len(l.Packages))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, s.Jobs))
	for i := range l.Packages {
		p := &l.Packages[i]
		if at := builtFor[p]; len(at) > 0 {
			g.Go(func() (err error) {
				found[i], err = s.needsOf(ctx, p, at, old)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, n := range found { // in the order of the packages: the lock does not tell who answered first
		if len(n.Sdists) > 0 {
			l.AddBuilds(append(n.deeper, n.Build)...)
		}
	}
	return nil
}

// needsOf is what a locked package is built with on the targets at.
func (s *sources) needsOf(ctx context.Context, p *lock.Package, at []resolve.TargetPython, old *lock.Lock) (needs, error) {
	o, err := s.originIn(ctx, p, sourceFile(p))
	if err != nil {
		return needs{}, err
	}
	src, err := s.describe(ctx, o)
	if err != nil {
		return needs{}, err
	}
	return s.needs(ctx, o, src, at, keptNeeds(old, o))
}

// sourceFile is the archive of a package that comes as its sources, empty where
// these are a folder.
func sourceFile(p *lock.Package) lock.File {
	switch {
	case p.Sdist != nil:
		return *p.Sdist
	case p.Archive != nil:
		return p.Archive.File()
	}
	return lock.File{}
}

// keptNeeds is what an older lock builds o with, any version of it.
func keptNeeds(old *lock.Lock, o origin) *lock.Lock {
	if old == nil {
		return nil
	}
	for _, b := range old.Tool.Builds {
		if slices.ContainsFunc(b.Sdists, func(of lock.BuildOf) bool { return of.Name == o.Name }) {
			return b.Lock(old)
		}
	}
	return nil
}

// isSource tells whether a locked package may come as its sources: some of those
// have wheels too, for other targets.
func (s *sources) isSource(p *lock.Package) bool {
	switch {
	case p.Archive != nil:
		return !strings.HasSuffix(sourceFile(p).FileName(), ".whl")
	case p.Directory != nil: // first-party code is installed as an editable wheel would be
		return !slices.ContainsFunc(s.project.Own(), func(own *manifest.Local) bool { return own.Name == p.Name })
	}
	return p.Sdist != nil || p.VCS != nil
}

// builtFor are the targets of a lock on which each package that comes as its
// sources is built.
func (s *sources) builtFor(l *lock.Lock) (map[*lock.Package][]resolve.TargetPython, error) {
	out := map[*lock.Package][]resolve.TargetPython{}
	if !slices.ContainsFunc(l.Packages, func(p lock.Package) bool { return s.isSource(&p) }) {
		return out, nil
	}
	for _, t := range s.targets {
		if !slices.ContainsFunc(l.Tool.Targets, func(of lock.Target) bool { return of.Name == t.Target.String() }) {
			continue // it has a lock of its own
		}
		selected, err := l.Select(pytag.Environment(t.Target, t.Python), l.DependencyGroups, nil, pytag.Supported(t.Target, t.Python), t.Python)
		if err != nil {
			return nil, err
		}
		for _, sel := range selected {
			if s.isSource(sel.Package) && sel.File == sel.Package.Sdist {
				out[sel.Package] = append(out[sel.Package], t)
			}
		}
	}
	return out, nil
}
