package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/resolve"
)

// Answer says why a lock does not have what a requirement asks for.
type Answer struct {
	Requirement string            `json:"requirement"` // as it was understood
	State       AnswerState       `json:"state"`
	Locked      []string          `json:"locked"`             // versions that the lock has now
	Why         string            `json:"why,omitempty"`      // what holds these, where one thing does
	Command     string            `json:"command,omitempty"`  // of Possible: what does it
	Moved       []Change          `json:"moved,omitempty"`    // of Possible: what changes in the lock
	Notes       []string          `json:"notes,omitempty"`    // of Possible: what to know of the version
	Conflict    *resolve.Conflict `json:"conflict,omitempty"` // of Impossible
}

// AnswerState is one of three.
type AnswerState string

// The states of an Answer.
const (
	Satisfied  AnswerState = "satisfied"  // the lock has it
	Possible   AnswerState = "possible"   // it could have it
	Impossible AnswerState = "impossible" // nothing fits together with it
)

// WhyNot tells why the project's lock does not have what text asks for, by
// resolving with it; nothing is written. A bare name that is locked asks for a
// newer version. The error is a *resolve.Conflict where the project itself has no
// answer.
func (e *Engine) WhyNot(ctx context.Context, p *manifest.Project, text string) (*Answer, error) {
	asks, err := pep508.Parse(text)
	if err != nil || asks.URL != "" || asks.Marker != nil {
		return nil, fault.New(fault.Usage, "write it as 'django>=5' or django==5.2", "%q is not a name with versions", text)
	}
	path := filepath.Join(p.Root, LockName)
	old, err := ReadLock(path)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, fault.New(fault.NotFound, "snug lock makes it", "there is no %s", path)
	}
	if err := e.override(p, LockRequest{}); err != nil {
		return nil, err
	}
	w := &whyNot{Engine: e, old: old, asks: asks}
	if w.satisfied() {
		return &w.answer, nil
	}
	others, err := readApart(old, path)
	if err != nil {
		return nil, err
	}
	if w.question, err = e.complete(ctx, question{project: p, keep: old, keepApart: others}); err != nil {
		return nil, err
	}
	return w.find(ctx)
}

// whyNot is one search for an answer.
type whyNot struct {
	*Engine
	question
	old    *lock.Lock
	asks   pep508.Requirement
	newer  bool // a bare name was asked for
	answer Answer
}

// satisfied looks at the lock alone, and makes of a bare name what is newer.
func (w *whyNot) satisfied() bool {
	have := lockedOf(w.old, w.asks.Key())
	w.answer.Locked = []string{}
	for _, v := range have {
		w.answer.Locked = append(w.answer.Locked, v.String())
	}
	if len(have) > 0 && len(w.asks.Specifiers) == 0 && len(w.asks.Extras) == 0 {
		newest := slices.MaxFunc(have, pep440.Version.Compare)
		w.asks.Specifiers, w.newer = pep440.Specifiers{{Op: pep440.Greater, Raw: newest.Public().String(), Version: newest.Public()}}, true
	}
	w.answer.Requirement = w.asks.String()
	if !w.holds(have) || len(w.asks.Extras) > 0 {
		return false
	}
	w.answer.State = Satisfied
	return true
}

// holds tells whether there are versions, all as asked.
func (w *whyNot) holds(have []pep440.Version) bool {
	return len(have) > 0 && !slices.ContainsFunc(have, func(v pep440.Version) bool { return !w.asks.Specifiers.Contains(v) })
}

// find resolves: as the project asks, then with the requirement too.
func (w *whyNot) find(ctx context.Context) (*Answer, error) {
	freed := w.question
	freed.keep = kept(w.old, w.project.Strategy, LockRequest{UpgradeOnly: []string{w.asks.Key()}})
	l, err := freed.lock(ctx, event.Discard())
	if err != nil {
		return nil, w.advise(ctx, freed, w.asking(w.project, LockRequest{}), err)
	}
	if w.holds(lockedOf(l, w.asks.Key())) && len(w.asks.Extras) == 0 && len(w.answer.Locked) > 0 {
		w.answer.Why = "the lock keeps it"
		return w.possible(l, append(typed{"lock", "--upgrade", w.asks.Key()}, w.asking(w.project, LockRequest{}).settings()...)), nil
	}
	by, with := w.with(w.asks)
	l, err = with.lock(ctx, event.Discard())
	if err == nil {
		w.answer.Why = w.held(l)
		if w.newer {
			l, by = w.asWritten(ctx, l, by)
		}
		return w.possible(l, by.typed), nil
	}
	err = w.advise(ctx, with, by, err)
	if !errors.As(err, &w.answer.Conflict) {
		return nil, err
	}
	w.answer.State = Impossible
	return &w.answer, nil
}

func (w *whyNot) possible(l *lock.Lock, line typed) *Answer {
	w.answer.State = Possible
	w.answer.Moved = changesOf(versionsIn(w.old), versionsIn(l))
	w.answer.Command = line.String()
	for _, p := range l.Packages {
		if p.Name == w.asks.Key() {
			w.answer.Notes = append(w.answer.Notes, p.Notes...)
		}
	}
	return &w.answer
}

// with is the question with a requirement in it, as `snug add` would put it
// there: in the place of the project's own, with its extras and its marker.
func (w *whyNot) with(asks pep508.Requirement) (asking, question) {
	by := w.asking(w.project, LockRequest{})
	by.runtime = w.holder()
	out := w.question
	if roots := asksOf(w.project, w.asks.Key()); len(roots) > 0 {
		if runtime, ok := w.project.RuntimeOf(roots[0]); ok {
			by.runtime = runtime
			out.project = w.project.With(roots[0], nil)
			asks.Extras = append(slices.Clone(asks.Extras), roots[0].Extras...)
			asks.Marker = roots[0].Marker
		}
	}
	out.project = out.project.Also(by.runtime, manifest.Requirement{Requirement: asks})
	by.added = []string{asks.String()}
	by.typed, by.folder = by.addition(w.project, by.added, by.runtime), ""
	return by, out
}

// asWritten is the same answer by the project's own requirement, loosened, if
// there is one and that gives a newer version too.
func (w *whyNot) asWritten(ctx context.Context, l *lock.Lock, by asking) (*lock.Lock, asking) {
	roots, found := asksOf(w.project, w.asks.Key()), lockedOf(l, w.asks.Key())
	if len(roots) == 0 || len(found) == 0 {
		return l, by
	}
	written := w.asks
	var err error
	if written.Specifiers, err = loosened(roots[0].Specifiers, found[0]); err != nil {
		return l, by // the version has nothing that a specifier could name
	}
	loose, with := w.with(written)
	better, err := with.lock(ctx, event.Discard())
	if err != nil || !w.holds(lockedOf(better, w.asks.Key())) {
		return l, by
	}
	return better, loose
}

// holder is the innermost runtime that has the package, else the innermost.
func (w *whyNot) holder() string {
	for _, rt := range w.project.Runtimes {
		listed, err := List(w.old, []string{rt.Name})
		if err == nil && slices.ContainsFunc(listed, func(l Listed) bool { return l.Name == w.asks.Key() }) {
			return rt.Name
		}
	}
	return w.project.Runtimes[0].Name
}

// held is what keeps the lock from what is possible, where it is one thing.
func (w *whyNot) held(l *lock.Lock) string {
	if len(w.answer.Locked) == 0 {
		return "nothing asks for it"
	}
	for _, q := range asksOf(w.project, w.asks.Key()) {
		if slices.ContainsFunc(lockedOf(l, q.Key()), func(v pep440.Version) bool { return !q.Specifiers.Contains(v) }) {
			return fmt.Sprintf("the project asks for %s (%s)", q.Requirement, q.Origin)
		}
	}
	return ""
}
