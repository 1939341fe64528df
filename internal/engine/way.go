package engine

import (
	"context"
	"fmt"
	"slices"

	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// way is a question with what is asked in it, and how the project comes to ask
// it: by a command, or by an edit where no command writes.
type way struct {
	asking
	question
	edit string
}

// with is the way by which `snug add` puts a requirement into the place of the
// project's own, with its extras and its marker; by hand where that stands in a
// table or file that snug does not edit.
func (w *whyNot) with(q question, asks pep508.Requirement) (way, error) {
	out := way{asking: w.asking(w.project, LockRequest{}), question: q}
	out.runtime = w.holder()
	if roots := asksOf(w.project, w.asks.Key()); len(roots) > 0 {
		own := roots[0]
		asks.Extras = append(slices.Clone(asks.Extras), own.Extras...)
		asks.Marker = own.Marker
		out.project = q.project.With(own, nil)
		if runtime, ok := w.project.RuntimeOf(own); ok {
			out.runtime = runtime
		} else {
			out.runtime, out.edit = w.asker(own.Key()), edited(own, asks)
		}
	}
	out.project = out.project.Also(out.runtime, manifest.Requirement{Requirement: asks})
	if out.edit != "" {
		out.typed = nil
		return out, nil
	}
	if _, err := manifest.Add(w.project, out.runtime, []string{asks.String()}); err != nil {
		if fault.CodeOf(err) != fault.Unsupported {
			return out, err
		}
		out.edit, out.typed = fmt.Sprintf("ask for %s in %s", asks, out.runtime), nil
		return out, nil
	}
	out.added = []string{asks.String()}
	out.typed, out.folder = out.addition(w.project, out.added, out.runtime), ""
	return out, nil
}

// asWritten is the same answer by the project's own requirement, loosened, if
// there is one and that gives a newer version too.
func (w *whyNot) asWritten(ctx context.Context, l *lock.Lock, by way) (*lock.Lock, way) {
	roots, found := asksOf(w.project, w.asks.Key()), lockedOf(l, w.asks.Key())
	if len(roots) == 0 || len(found) == 0 {
		return l, by
	}
	written := w.asks
	var err error
	if written.Specifiers, err = loosened(roots[0].Specifiers, found[0]); err != nil {
		return l, by // the version has nothing that a specifier could name
	}
	loose, err := w.with(w.question, written)
	if err != nil {
		return l, by
	}
	better, err := allOf(ctx, loose.question)
	if err != nil || !w.holds(lockedOf(better, w.asks.Key())) {
		return l, by
	}
	return better, loose
}

// asker is the innermost runtime that asks for the package itself.
func (w *whyNot) asker(key string) string {
	for _, rt := range w.project.Runtimes {
		if slices.ContainsFunc(rt.Requirements, func(q manifest.Requirement) bool { return q.Key() == key }) {
			return rt.Name
		}
	}
	return w.project.Runtimes[0].Name
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
