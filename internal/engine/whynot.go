package engine

import (
	"context"
	"errors"
	"maps"
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
	Command     string            `json:"command,omitempty"`  // of Possible: what does it, after Edit if there is one
	Edit        string            `json:"edit,omitempty"`     // of Possible: what to write where no command does it
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
	others, err := readApart(old, path)
	if err != nil {
		return nil, err
	}
	w := &whyNot{Engine: e, old: old, have: together(old, slices.Collect(maps.Values(others))), asks: asks}
	if w.satisfied() {
		return &w.answer, nil
	}
	if w.question, err = e.complete(ctx, question{project: p, keep: old, keepApart: others, before: w.have}); err != nil {
		return nil, err
	}
	defer w.judge.close()
	return w.find(ctx)
}

// together is a lock to look at that has besides what others have.
func together(l *lock.Lock, others []*lock.Lock) *lock.Lock {
	out := *l
	out.Packages = slices.Clone(l.Packages)
	for _, o := range others {
		for _, p := range o.Packages {
			if !slices.ContainsFunc(out.Packages, func(q lock.Package) bool { return q.Name == p.Name && q.Version == p.Version }) {
				out.Packages = append(out.Packages, p)
			}
		}
	}
	return &out
}

// allOf resolves for all targets, those too that get a lock of their own.
func allOf(ctx context.Context, q question) (*lock.Lock, error) {
	made, err := q.resolve(ctx, event.Discard())
	if err != nil {
		return nil, err
	}
	return together(made.lock, made.apart), nil
}

// whyNot is one search for an answer.
type whyNot struct {
	*Engine
	question
	old    *lock.Lock
	have   *lock.Lock // old with what targets have that have a lock of their own
	asks   pep508.Requirement
	newer  bool // a bare name was asked for
	answer Answer
}

// satisfied looks at the lock alone, and makes of a bare name what is newer.
func (w *whyNot) satisfied() bool {
	have := lockedOf(w.have, w.asks.Key())
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
	only := LockRequest{UpgradeOnly: []string{w.asks.Key()}}
	freed.keep, freed.keepApart = kept(w.old, w.project.Strategy, only), keptApart(w.keepApart, w.project.Strategy, only)
	l, err := allOf(ctx, freed)
	if err != nil {
		return nil, w.advise(ctx, freed, w.asking(w.project, LockRequest{}), err)
	}
	if w.holds(lockedOf(l, w.asks.Key())) && len(w.asks.Extras) == 0 && len(w.answer.Locked) > 0 {
		w.answer.Why = "the lock keeps it"
		return w.possible(l, append(typed{"lock", "--upgrade", w.asks.Key()}, w.asking(w.project, LockRequest{}).settings()...), ""), nil
	}
	if rules := w.lifted(); rules != nil {
		return w.findWithout(ctx, rules)
	}
	by, err := w.with(w.question, w.asks)
	if err != nil {
		return nil, err
	}
	l, err = allOf(ctx, by.question)
	if err == nil {
		w.answer.Why = w.held(l)
		if w.newer {
			l, by = w.asWritten(ctx, l, by)
		}
		return w.possible(l, by.typed, by.edit), nil
	}
	by.byHand = by.edit != ""
	return w.impossible(w.advise(ctx, by.question, by.asking, err), by.edit)
}

// impossible is the answer where there is a conflict, whose fixes come after an
// edit if there is one.
func (w *whyNot) impossible(err error, edit string) (*Answer, error) {
	if !errors.As(err, &w.answer.Conflict) {
		return nil, err
	}
	for i := range w.answer.Conflict.Fixes {
		if f := &w.answer.Conflict.Fixes[i]; edit != "" {
			f.Edit = edit + "; " + f.Edit
		}
	}
	w.answer.State = Impossible
	return &w.answer, nil
}

// possible is the answer where l is what comes of a command, if it is one, and
// an edit.
func (w *whyNot) possible(l *lock.Lock, line typed, edit string) *Answer {
	w.answer.State = Possible
	w.answer.Moved = changesOf(versionsIn(w.have), versionsIn(l))
	if w.answer.Edit = edit; len(line) > 0 {
		w.answer.Command = line.String()
	}
	for _, p := range l.Packages {
		if p.Name == w.asks.Key() {
			w.answer.Notes = append(w.answer.Notes, p.Notes...)
		}
	}
	return &w.answer
}
