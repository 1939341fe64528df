package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/resolve"
)

// Bounds of the search for fixes.
const (
	maxFixes   = 3
	maxGiven   = 3               // packages whose versions are told
	adviceTime = 5 * time.Second // for all of them
	tryTime    = 2 * time.Second // for one resolution
)

// change is a fix that is not known to work.
type change struct {
	resolve.Fix
	question
	about []string // packages that the fix is about, besides those of the conflict
}

// adviser looks for fixes of one conflict.
type adviser struct {
	*Engine
	question
	asking
	conflict *resolve.Conflict
	fixes    []resolve.Fix // never nil: it is part of the JSON
}

// advise adds to the error of a resolution what would help: changes that are
// resolved, before they are told, with what the index said already.
func (e *Engine) advise(ctx context.Context, q question, by asking, err error) error {
	var c *resolve.Conflict
	if !errors.As(err, &c) || by.removes {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adviceTime)
	defer cancel()
	a := &adviser{Engine: e, question: q, asking: by, conflict: c, fixes: []resolve.Fix{}}
	for _, look := range a.kinds() {
		if len(a.fixes) < maxFixes && ctx.Err() == nil {
			look(ctx)
		}
	}
	c.Fixes = a.fixes
	return fault.New(fault.Conflict, hintOf(c, fault.HintOf(err)), "%w", err)
}

// kinds are the searches, in the order in which fixes are told.
func (a *adviser) kinds() []func(context.Context) {
	return []func(context.Context){a.raised, a.requirements, a.pins, a.constraints, a.overridden, a.younger, a.waived, a.pythons, a.fewerTargets, a.later, a.several, a.overrides, a.removals}
}

// hintOf is the fixes as text, or what else there is to say.
func hintOf(c *resolve.Conflict, otherwise string) string {
	lines := FixLines(c)
	switch {
	case len(c.Fixes) == 0 && len(c.Facts) > 0 && slices.Contains([]resolve.Kind{resolve.Missing, resolve.Hash}, c.Facts[0].Kind):
		return otherwise // no other range would help
	case len(c.Fixes) == 0:
		return lines[0] + "; " + otherwise
	}
	if c.Fixes[0].Kind == resolve.FixRemove {
		lines = append(lines, otherwise)
	}
	return strings.Join(lines, "\n")
}

// FixLines is the fixes of a conflict as text, or that there is none.
func FixLines(c *resolve.Conflict) []string {
	if len(c.Fixes) == 0 {
		return []string{"no change that was tried helps"}
	}
	var lines []string
	width := 0
	for _, f := range c.Fixes {
		width = max(width, len([]rune(f.String())))
	}
	for _, f := range c.Fixes {
		line := fmt.Sprintf("  %-*s", width, f)
		if len(f.Gives) > 0 {
			line += "   # " + strings.Join(f.Gives, ", ")
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	lines = slices.Insert(lines, 0, "each of these was tried and helps:")
	if len(c.Fixes) == 1 {
		lines[0] = "this was tried and helps:"
	}
	return lines
}

// try resolves a change, and keeps it as a fix if there is an answer.
func (a *adviser) try(ctx context.Context, c change) bool {
	l, err := a.answer(ctx, c.question)
	return err == nil && a.fix(c, l)
}

// fix keeps a change of which l is the answer, if it is not told already.
func (a *adviser) fix(c change, l *lock.Lock) bool {
	if slices.ContainsFunc(a.fixes, func(f resolve.Fix) bool { return f.Command == c.Command && f.Edit == c.Edit }) {
		return false
	}
	c.Gives = gives(l, append(a.conflict.Names(), c.about...))
	a.fixes = append(a.fixes, c.Fix)
	return true
}

func (a *adviser) answer(ctx context.Context, q question) (*lock.Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	return q.lock(ctx, event.Discard())
}

// gives is what the lock has of a few packages, each once.
func gives(l *lock.Lock, names []string) []string {
	versions := versionsIn(l)
	var out []string
	for _, name := range names {
		text := name + " " + versions[name]
		if versions[name] != "" && len(out) < maxGiven && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// has tells whether the conflict has a fact of one of the kinds.
func (a *adviser) has(kinds ...resolve.Kind) bool {
	return slices.ContainsFunc(a.conflict.Facts, func(f resolve.Fact) bool { return slices.Contains(kinds, f.Kind) })
}

// maxLoosened bounds the fixes that are another requirement, maxRoots the
// requirements that are tried.
const (
	maxLoosened = 2
	maxRoots    = 6
)

// requirements tries each of the project's own with another range, those first
// that get newer versions so.
func (a *adviser) requirements(ctx context.Context) {
	var newer, older []change
	for _, q := range a.conflict.Roots[:min(len(a.conflict.Roots), maxRoots)] {
		if c, up, ok := a.loosen(ctx, q); ok && up {
			newer = append(newer, c)
		} else if ok {
			older = append(older, c)
		}
	}
	for _, c := range append(newer, older...) {
		if len(a.fixes) < maxLoosened {
			a.try(ctx, c)
		}
	}
}

// loosen finds a range for one requirement by resolving without any; up tells
// whether it goes to newer versions. One with hashes is left alone, since it
// would lose them, and so is that of why-not, which asks for just that.
func (a *adviser) loosen(ctx context.Context, q manifest.Requirement) (c change, up, ok bool) {
	if len(q.Specifiers) == 0 || q.Origin.File == "" || len(q.Hashes) > 0 {
		return c, false, false
	}
	free := q.Requirement
	free.Specifiers = nil
	l, err := a.answer(ctx, a.with(q, free))
	if err != nil {
		return c, false, false
	}
	other, up, ok := toFit(q, l)
	if !ok {
		return c, false, false
	}
	c, ok = a.replace(resolve.FixRequirement, q, other)
	return c, up, ok
}

// toFit is a requirement for the version that a lock has, which up tells to be
// newer than what q asks for; not ok where that fits as it is, or where there are
// several.
func toFit(q manifest.Requirement, l *lock.Lock) (other pep508.Requirement, up, ok bool) {
	found := lockedOf(l, q.Key())
	if len(found) != 1 || q.Specifiers.Contains(found[0]) {
		return other, false, false
	}
	spec, err := loosened(q.Specifiers, found[0])
	other = q.Requirement
	other.Specifiers = spec
	up = slices.ContainsFunc(q.Specifiers, func(s pep440.Specifier) bool { return !s.Contains(found[0]) && s.Version.Compare(found[0]) < 0 })
	return other, up, err == nil
}

// lockedOf are the versions that a lock has of a name.
func lockedOf(l *lock.Lock, name string) []pep440.Version {
	var out []pep440.Version
	for _, p := range l.Packages {
		if v, err := pep440.Parse(p.Version); p.Name == name && err == nil {
			out = append(out, v)
		}
	}
	return out
}

// changed is the question of a project that is changed by edit.
func (a *adviser) changed(edit func(*manifest.Project)) question {
	p := *a.project
	edit(&p)
	out := a.question
	out.project = &p
	return out
}

func (a *adviser) with(q manifest.Requirement, other pep508.Requirement) question {
	out := a.question
	out.project = a.project.With(q, &other)
	return out
}

// pins tries a yanked version, by name.
func (a *adviser) pins(ctx context.Context) {
	for _, f := range a.conflict.Facts {
		if f.Kind != resolve.Yanked {
			continue
		}
		pin, err := pep508.Parse(f.Name + "==" + f.Versions[0])
		if err != nil {
			continue // it was printed by Version.String
		}
		root := slices.IndexFunc(a.conflict.Roots, func(q manifest.Requirement) bool { return q.Key() == f.Name })
		c, ok := change{}, false
		if root >= 0 {
			q := a.conflict.Roots[root]
			if len(q.Hashes) > 0 {
				continue // it would lose them
			}
			pin.Name, pin.Extras, pin.Marker = q.Name, q.Extras, q.Marker
			c, ok = a.replace(resolve.FixPin, q, pin)
		} else {
			c, ok = a.also(pin)
		}
		if ok && a.try(ctx, c) {
			return
		}
	}
}

// overrides tries what the project asks of the package in which the chain ends,
// against what others need of it, if nothing else helps. No command writes it.
func (a *adviser) overrides(ctx context.Context) {
	if len(a.fixes) > 0 || !a.has(resolve.Range) || a.project.Loose {
		return
	}
	for _, q := range asksOf(a.project, a.conflict.Package) {
		if len(q.Specifiers) == 0 || q.Origin.File == "" {
			continue
		}
		rule := q
		rule.Marker, rule.Extras = nil, nil
		c := change{question: a.changed(func(p *manifest.Project) { p.Overrides = append(slices.Clone(p.Overrides), rule) })}
		c.Kind, c.Edit = resolve.FixOverride, fmt.Sprintf("add %q to overrides in [tool.snug], against what others need of it", rule.Requirement)
		if a.try(ctx, c) {
			return
		}
	}
}

// removals tries without each of the project's own, if nothing else helps.
func (a *adviser) removals(ctx context.Context) {
	if len(a.fixes) > 0 || !a.manifest {
		return
	}
	for _, q := range a.conflict.Roots {
		if len(a.fixes) == maxFixes || q.Origin.File == "" || a.adds(q) >= 0 || !a.asksElse(q.Key()) {
			continue
		}
		c := change{Fix: resolve.Fix{Kind: resolve.FixRemove}, question: a.question}
		if _, ok := a.project.RuntimeOf(q); ok && !a.byHand {
			c.Command, c.project = append(typed{"remove", q.Key()}, a.settings()...).String(), a.project.Without(q.Key())
			if len(a.added) > 0 {
				c.Command += " && " + a.typed.and("").String()
			}
		} else {
			c.Edit, c.project = fmt.Sprintf("remove %s (%s)", q.Requirement, q.Origin), a.project.With(q, nil)
		}
		a.try(ctx, c)
	}
}

// asksElse tells whether the project asks for anything but that name.
func (a *adviser) asksElse(key string) bool {
	return slices.ContainsFunc(a.project.Without(key).Runtimes, func(rt manifest.Runtime) bool { return len(rt.Requirements) > 0 })
}
