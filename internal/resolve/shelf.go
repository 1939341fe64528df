package resolve

import (
	"context"
	"fmt"
	"sync"

	"snug/internal/fault"
	"snug/internal/index"
)

// shelf holds what the index said, for the whole resolution: what was seen
// once does not change. It is safe for concurrent use.
type shelf struct {
	in     Input
	asked  *roots
	places []place
	keep   preferences // for guessing ahead
	builds targets     // that are built for here

	mu       sync.Mutex
	projects map[string]*project
	crawled  map[string]bool
	passed   map[*release]string // whose sdist was of no use, with the reason
	refused  map[*release]string // that policy refused to the solver, with the reason
	ahead    sync.WaitGroup
}

func newShelf(in Input, asked *roots, places []place) *shelf {
	s := &shelf{in: in, asked: asked, places: places, keep: merge(locked(in.Locked, places), all(places)), projects: map[string]*project{}, crawled: map[string]bool{}, passed: map[*release]string{}, refused: map[*release]string{}}
	for i, t := range in.Targets {
		if in.Sources != nil && in.Sources.Builds(t) {
			s.builds |= 1 << i
		}
	}
	return s
}

// project is everything that there is of one name.
type project struct {
	once     sync.Once
	name     string
	listing  *index.Listing
	releases []*release // stable ones first, newest first
	missing  string     // why there is none at all
	direct   *direct    // set when the project names a URL or file for it
	err      error
}

// project returns the named project, asking the index the first time. The
// error ends the resolution; a name that nobody knows is no error.
func (s *shelf) project(ctx context.Context, name string) (*project, error) {
	s.mu.Lock()
	p := s.projects[name]
	if p == nil {
		p = &project{name: name}
		s.projects[name] = p
	}
	s.mu.Unlock()
	p.once.Do(func() { p.err = s.load(ctx, p) })
	return p, p.err
}

func (s *shelf) load(ctx context.Context, p *project) error {
	if n := s.asked.names[p.name]; n != nil && n.direct != nil {
		return s.loadDirect(ctx, p, *n.direct)
	}
	l, err := s.in.Index.Listing(ctx, p.name)
	if fault.CodeOf(err) == fault.NotFound {
		p.missing = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	p.listing = l
	if len(l.Releases) == 0 {
		p.missing = emptyReason(l)
	}
	return s.releases(p, l)
}

func emptyReason(l *index.Listing) string {
	switch {
	case l.Status != "" && l.Status != "active":
		return fmt.Sprintf("%s is %s on the index %s", l.Name, l.Status, l.StatusReason)
	case l.Later+l.Undated > 0:
		return fmt.Sprintf("%s has no file from before the as-of date (%d are later, %d have no date)", l.Name, l.Later, l.Undated)
	}
	return l.Name + " has no usable file on the index"
}
