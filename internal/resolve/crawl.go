package resolve

import (
	"context"
	"slices"

	"snug/internal/manifest"
	"snug/internal/pep508"
)

// maxAhead bounds the projects that are asked for before they are needed.
const maxAhead = 5_000

// crawl asks, ahead of the solver, for what it will most likely want: the
// listing of every dependency, the metadata of the best release in it, and so
// on down. What goes wrong is kept where the solver will find it.
func (s *shelf) crawl(ctx context.Context, needs []need, at variable) {
	for _, n := range needs {
		if n.byExtra == (at.extra != "") && n.URL == "" && s.somewhere(n.Marker, at.extra) {
			s.guess(ctx, n.Requirement)
		}
	}
}

func (s *shelf) crawlRoots(ctx context.Context, asks []manifest.Requirement) {
	for _, q := range asks {
		if s.somewhere(q.Marker, "") {
			s.guess(ctx, q.Requirement)
		}
	}
}

// somewhere: a marker that cannot be decided is the solver's to report.
func (s *shelf) somewhere(m *pep508.Marker, extra string) bool {
	return m == nil || slices.ContainsFunc(s.places, func(p place) bool {
		ok, err := m.Eval(p.env, pep508.Context{Extra: extra})
		return ok && err == nil
	})
}

// guess follows one requirement, once.
func (s *shelf) guess(ctx context.Context, q pep508.Requirement) {
	q.Marker = nil
	key := q.String()
	s.mu.Lock()
	known := s.crawled[key] || len(s.crawled) >= maxAhead
	s.crawled[key] = true
	s.mu.Unlock()
	if known || ctx.Err() != nil {
		return
	}
	s.ahead.Go(func() {
		p, err := s.project(ctx, q.Key())
		if err != nil {
			return // kept in the project
		}
		for _, r := range s.keep.first(p.name, s.order(p, s.asked.names[p.name] != nil)) {
			if q.Specifiers.Contains(r.version) && r.somewhere() && s.denial(r) == "" {
				s.follow(ctx, r, q.Extras)
				return
			}
		}
	})
}

// follow reads all that the release's wheels say, and guesses on from there.
func (s *shelf) follow(ctx context.Context, r *release, extras []string) {
	for t := range r.on(all(s.places)) {
		s.ahead.Go(func() {
			if s.read(ctx, r, t) != nil {
				return // kept in the telling
			}
			for _, extra := range append([]string{""}, extras...) {
				s.crawl(ctx, t.needs, variable{name: r.of.name, extra: pep508.NormalizeName(extra)})
			}
		})
	}
}

// lookAhead asks for the metadata of further versions once several of one name
// have been tried, more each time.
func (p *problem) lookAhead(ctx context.Context, v *view, version int) {
	p.tried[v.name]++
	n := p.tried[v.name]
	if n != 5 && n != 10 && n%20 != 0 {
		return
	}
	for _, r := range v.releases[version+1 : min(version+1+min(n, 50), len(v.releases))] {
		if p.shelf.denial(r) != "" {
			continue
		}
		for t := range r.on(p.on) {
			if t.file == nil || t.isSdist() {
				continue // to build what is hardly ever needed is too much
			}
			p.shelf.ahead.Go(func() { _, _ = p.shelf.metadata(ctx, r.of, *t.file) }) // the index keeps it, and its error
		}
	}
}

// wait returns when everything that was asked ahead has ended.
func (s *shelf) wait() { s.ahead.Wait() }
