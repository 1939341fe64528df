package cli

import (
	"io"
	"slices"
	"sync"

	"snug/internal/event"
	"snug/internal/finding"
	"snug/internal/vet"
)

// gathered is what the events of vetting say in all.
type gathered struct {
	findings  []finding.Finding
	tallies   []vet.Row
	unchecked []vet.Unchecked
}

// gatherer is the handler behind text, SARIF and HTML: they tell of all findings
// at once. Everything else goes on to the handler for people.
type gatherer struct {
	to event.Handler

	mu  sync.Mutex
	all gathered
}

func (g *gatherer) Handle(e event.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch data := e.Data.(type) {
	case vet.Row:
		g.all.tallies = append(g.all.tallies, data)
		return
	case vet.Unchecked:
		g.all.unchecked = append(g.all.unchecked, data)
		return
	}
	if e.Finding == nil {
		g.to.Handle(e)
		return
	}
	g.all.findings = append(g.all.findings, *e.Finding)
}

// form is how findings are shown, where not as JSON lines.
type form func(w io.Writer, g gathered) error

// gather has the findings that follow kept for tell. With --json they are
// events like any other.
func (a *app) gather() {
	if a.json {
		return
	}
	a.gathering = &gatherer{to: a.handler()}
	a.events = a.gathering
}

// tell shows what was gathered.
func (a *app) tell(as form) error {
	if a.gathering == nil {
		return nil
	}
	a.finish()
	a.gathering.mu.Lock()
	all := a.gathering.all
	a.gathering.mu.Unlock()
	all.findings = slices.Clone(all.findings)
	finding.Sort(all.findings)
	return as(a.Stdout, all)
}
