package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pytag"
	"snug/internal/resolve"
)

// maxPythons bounds the other minors that are tried.
const maxPythons = 6

// pythons tries other minors, the newest first, where the one asked for is what
// refuses a version.
func (a *adviser) pythons(ctx context.Context) {
	if !a.has(resolve.Python, resolve.Wheel) || a.edits() {
		return
	}
	targets := make([]pytag.Target, len(a.targets))
	for i, t := range a.targets {
		targets[i] = t.Target
	}
	others, err := interp.Alternatives(ctx, a.sourcesFor(ctx, a.project), a.project.RequiresPython, targets)
	if err != nil {
		return // then none is known
	}
	for _, chosen := range others[:min(len(others), maxPythons)] {
		minor := chosen[targets[0].String()].Minor()
		if a.targets[0].Python.String() == chosen[targets[0].String()].Version.String() {
			continue
		}
		c := change{question: a.changed(func(p *manifest.Project) { p.Python = minor })}
		c.Kind, c.Command, c.targets = resolve.FixPython, a.typed.with("--python", minor).String(), withPythons(targets, chosen)
		if a.try(ctx, c) {
			return
		}
	}
}

// fewerTargets tries without one target, then without all that the conflict is on.
func (a *adviser) fewerTargets(ctx context.Context) {
	if len(a.targets) < 2 || a.edits() {
		return
	}
	for _, without := range a.leavable() {
		left := slices.DeleteFunc(slices.Clone(a.targets), func(t resolve.TargetPython) bool { return slices.Contains(without, t.Target.String()) })
		var names []string
		for _, t := range left {
			names = append(names, t.Target.String())
		}
		if len(names) == 0 || a.builds && a.buildsFor(names) != nil {
			continue
		}
		c := change{question: a.changed(func(p *manifest.Project) { p.Targets = names })}
		c.targets = left
		c.Kind, c.Command = resolve.FixTargets, a.typed.with("--target", names...).String()+a.apart(ctx, without)
		if a.try(ctx, c) {
			return
		}
	}
}

// apart is the rest of a command that locks the target by itself which no marker
// tells from the others; "" where that is not what was left out, or does not work.
func (a *adviser) apart(ctx context.Context, without []string) string {
	name := a.conflict.Apart
	if len(without) != 1 || without[0] != name || a.builds || len(a.typed) == 0 {
		return ""
	}
	q := a.changed(func(p *manifest.Project) { p.Targets = without })
	q.keep = nil
	q.targets = slices.DeleteFunc(slices.Clone(a.targets), func(t resolve.TargetPython) bool { return t.Target.String() != name })
	if _, err := a.answer(ctx, q); err != nil {
		return ""
	}
	return " && " + a.typed.with("--target", name).with("-o", "pylock."+strings.ReplaceAll(name, ".", "_")+".toml").String()
}

// leavable are the targets that may be left out: one of the conflict's, first the
// one that could have a lock of its own, or all of them.
func (a *adviser) leavable() [][]string {
	var out [][]string
	for _, name := range a.conflict.Targets {
		if name == a.conflict.Apart {
			out = slices.Insert(out, 0, []string{name})
			continue
		}
		out = append(out, []string{name})
	}
	return append(out, a.conflict.Targets)
}

// later tries a later as-of date: the first day that has what the newest answer
// has of the package where the chain ends, else none.
func (a *adviser) later(ctx context.Context) {
	if !a.has(resolve.Hidden) || a.project.AsOf.IsZero() || a.byHand {
		return
	}
	now, err := a.asOf(time.Time{})
	if err != nil {
		return // the engine has said so when it made its own
	}
	l, err := a.answer(ctx, now)
	if err != nil {
		return
	}
	if day := dayAfter(l, a.conflict.Package); !day.IsZero() {
		text := day.Format(time.DateOnly)
		if q, err := a.asOf(day); err == nil && a.try(ctx, change{Fix: resolve.Fix{Kind: resolve.FixAsOf, Command: a.typed.with("--as-of", text).String()}, question: q}) {
			return
		}
	}
	a.try(ctx, change{Fix: resolve.Fix{Kind: resolve.FixAsOf, Command: a.typed.with("--as-of", "now").String()}, question: now})
}

// asOf is the same question at another date.
func (a *adviser) asOf(t time.Time) (question, error) {
	q := a.changed(func(p *manifest.Project) { p.AsOf = t })
	source, err := a.index(q.project)
	q.source = source
	return q, err
}

// dayAfter is the first midnight after all files of a locked package were there.
func dayAfter(l *lock.Lock, name string) time.Time {
	var last time.Time
	for _, p := range l.Packages {
		for _, f := range p.Wheels {
			if p.Name == name && f.UploadTime.After(last) {
				last = f.UploadTime
			}
		}
	}
	if last.IsZero() {
		return last
	}
	return last.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
}

// edits tells whether the command is one that has no flags for what is asked.
func (a *adviser) edits() bool { return len(a.added) > 0 || a.byHand }
