package engine

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"snug/internal/event"
	"snug/internal/index"
	"snug/internal/resolve"
)

// every is how often a stage tells how far it is; its end is always told.
const every = 50 * time.Millisecond

// pace holds back progress that comes too often.
type pace struct {
	mu   sync.Mutex
	last map[string]time.Time // by stage
}

func (p *pace) due(stage string, now time.Time, end bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, told := p.last[stage]
	if told && !end && now.Sub(last) < every {
		return false
	}
	if p.last == nil {
		p.last = map[string]time.Time{}
	}
	p.last[stage] = now
	return true
}

// progress reports work done so far; unit is "bytes" or a plural noun. A total
// below 1 is not known.
func (e *Engine) progress(stage, subject string, done, total int64, unit string) {
	now := e.Now()
	if e.pace.due(stage, now, done == total) {
		e.Events.Handle(event.Event{Time: now, Stage: stage, Kind: event.Progress, Subject: subject, Done: done, Total: max(0, total), Unit: unit})
	}
}

// paced hands on what another package says, its progress as seldom as the
// engine's own.
type paced struct{ *Engine }

func (p paced) Handle(ev event.Event) {
	if ev.Kind == event.Progress {
		p.progress(ev.Stage, ev.Subject, ev.Done, ev.Total, ev.Unit)
		return
	}
	p.Events.Handle(ev)
}

// downloads counts the bytes of the files that are fetched. The total grows
// with each that begins.
type downloads struct {
	done, total atomic.Int64
	report      func(done, total int64)
}

func (d *downloads) reader(r io.ReadCloser, size int64) io.ReadCloser {
	d.total.Add(size)
	return &countedReader{r, d}
}

type countedReader struct {
	io.ReadCloser
	all *downloads
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n > 0 {
		r.all.report(r.all.done.Add(int64(n)), r.all.total.Load())
	}
	return n, err
}

// countedSource counts the projects that resolving looks at.
type countedSource struct {
	resolve.Source
	seen   atomic.Int64
	report func(seen int64)
}

func (s *countedSource) Listing(ctx context.Context, name string) (*index.Listing, error) {
	l, err := s.Source.Listing(ctx, name)
	s.report(s.seen.Add(1))
	return l, err
}
