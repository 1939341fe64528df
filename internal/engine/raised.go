package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"snug/internal/approvals"
	"snug/internal/finding"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/resolve"
)

// Bounds of the search for versions that policy lets through.
const (
	maxRaised  = 5  // of one requirement, that are tried
	maxRounds  = 12 // of conflicts, one behind the other
	maxLookups = 50 // versions of one package that are judged
)

// raised tries, in the place of what the project asks for and policy denies, the
// nearest newer versions that it lets through: for all pins that it denies at once,
// then conflict by conflict.
func (a *adviser) raised(ctx context.Context) {
	if a.judge == nil || !a.has(resolve.Policy) {
		return
	}
	r := raising{adviser: a, tried: map[string]int{}}
	r.pins(ctx)
	next, changed := a.conflict, len(r.swaps) > 0
	for range maxRounds {
		if !changed && !r.against(ctx, next) {
			return
		}
		changed = false
		_, err := a.answer(ctx, r.raisedQuestion())
		if err == nil {
			a.swap(ctx, r.swaps)
			return
		}
		if !errors.As(err, &next) {
			return
		}
	}
}

// raising is one such search.
type raising struct {
	*adviser
	swaps []instead
	tried map[string]int // versions of each requirement
}

// instead is another requirement in the place of one of the project's.
type instead struct {
	manifest.Requirement
	other pep508.Requirement
	from  pep440.Version
}

func (r *raising) raisedQuestion() question {
	out := r.question
	for _, s := range r.swaps {
		out.project = out.project.With(s.Requirement, &s.other)
	}
	return out
}

// pins raises what asks for one version that policy denies.
func (r *raising) pins(ctx context.Context) {
	for _, rt := range r.project.Runtimes {
		for _, q := range rt.Requirements {
			if v, ok := exact(q.Specifiers); ok && r.judge.Release(q.Key(), v) != "" {
				r.raise(ctx, q, v)
			}
		}
	}
}

// exact is the version that specifiers ask for, if they ask for one.
func exact(s pep440.Specifiers) (pep440.Version, bool) {
	if len(s) != 1 || s[0].Op != pep440.Equal || s[0].Wildcard {
		return pep440.Version{}, false
	}
	return s[0].Version, true
}

// against raises what is in the way in a conflict: what asks for denied versions, else
// pins that need such, and what was raised before, to the next version.
func (r *raising) against(ctx context.Context, c *resolve.Conflict) (changed bool) {
	for _, f := range c.Facts {
		if f.Kind != resolve.Policy {
			continue
		}
		v, err := pep440.Parse(f.Versions[0])
		for _, q := range asksOf(r.project, f.Name) {
			if err == nil && !r.raisedAlready(q) {
				changed = r.raise(ctx, q, v) || changed
			}
		}
	}
	if changed {
		return true
	}
	for _, q := range c.Roots {
		v, ok := exact(q.Specifiers) // of what needs a version that is denied
		if i := slices.IndexFunc(r.swaps, func(s instead) bool { return s.Key() == q.Key() }); i >= 0 {
			q, v, ok = r.swaps[i].Requirement, r.swaps[i].from, true
		}
		changed = ok && r.raise(ctx, q, v) || changed
	}
	return changed
}

func (r *raising) raisedAlready(q manifest.Requirement) bool {
	return slices.ContainsFunc(r.swaps, func(s instead) bool { return s.is(q) })
}

func (s *instead) is(q manifest.Requirement) bool {
	return s.Origin == q.Origin && s.String() == q.String()
}

// raise puts the next version that policy lets through into a requirement, and tells
// whether there is one.
func (r *raising) raise(ctx context.Context, q manifest.Requirement, from pep440.Version) bool {
	if len(q.Specifiers) == 0 || q.Origin.File == "" || len(q.Hashes) > 0 {
		return false // one with hashes would lose them
	}
	key := q.Origin.String() + " " + q.String()
	found := r.passing(ctx, q.Key(), from)
	n := r.tried[key]
	if n >= len(found) || q.Specifiers.Contains(found[n]) {
		return false
	}
	r.tried[key]++
	spec, err := loosened(q.Specifiers, found[n])
	if err != nil {
		return false // the version has nothing that a specifier could name
	}
	s := instead{Requirement: q, other: q.Requirement, from: from}
	s.other.Specifiers = spec
	if i := slices.IndexFunc(r.swaps, func(o instead) bool { return o.is(q) }); i >= 0 {
		r.swaps[i] = s
		return true
	}
	r.swaps = append(r.swaps, s)
	return true
}

// passing are the nearest versions of a package above one that policy lets through.
func (a *adviser) passing(ctx context.Context, name string, above pep440.Version) []pep440.Version {
	l, err := a.source.Listing(ctx, name)
	if err != nil {
		return nil // it was listed before; another try is no better
	}
	var newer, out []pep440.Version
	for i := range l.Releases {
		if v := l.Releases[i].Version; v.Compare(above) > 0 && (!v.IsPrerelease() || above.IsPrerelease()) {
			newer = append(newer, v)
		}
	}
	slices.SortFunc(newer, pep440.Version.Compare)
	for _, v := range newer[:min(len(newer), maxLookups)] {
		if a.judge.Release(name, v) == "" && len(out) < maxRaised {
			out = append(out, v)
		}
	}
	return out
}

// swap tries other requirements in the place of some, as one command where one writes
// all of them.
func (a *adviser) swap(ctx context.Context, swaps []instead) {
	if len(swaps) == 1 {
		if c, ok := a.replace(resolve.FixRequirement, swaps[0].Requirement, swaps[0].other); ok {
			a.try(ctx, c)
		}
		return
	}
	if !a.edits() {
		a.swapAll(ctx, swaps)
	}
}

func (a *adviser) swapAll(ctx context.Context, swaps []instead) {
	c := change{Fix: resolve.Fix{Kind: resolve.FixRequirement}, question: a.question}
	var reqs, edits, runtimes []string
	for _, s := range swaps {
		if runtime, _ := a.project.RuntimeOf(s.Requirement); !slices.Contains(runtimes, runtime) { // "" is where no command writes
			runtimes = append(runtimes, runtime)
		}
		c.project, c.about = c.project.With(s.Requirement, &s.other), append(c.about, s.Key())
		reqs, edits = append(reqs, s.other.String()), append(edits, edited(s.Requirement, s.other))
	}
	c.Edit = strings.Join(edits, "; ")
	if a.manifest && len(runtimes) == 1 && runtimes[0] != "" {
		c = a.adding(c, reqs, runtimes[0])
	}
	a.try(ctx, c)
}

// waiveTime is how long a waiver holds that is told as a way out: time to plan another.
const waiveTime = 30 * 24 * time.Hour

// maxWaived bounds the findings that are told to be lived with; where there is another
// way out, one is enough.
const maxWaived = 3

// waived lets findings be, conflict by conflict, of each package those of the version
// that has the fewest and mildest, until there is an answer.
func (a *adviser) waived(ctx context.Context) {
	if a.judge == nil || a.byHand || a.project.Loose {
		return
	}
	next := a.conflict
	c := change{question: a.question}
	var waivers []approvals.Waiver
	for range maxConflicts {
		before := len(waivers)
		for _, f := range next.Facts {
			if f.Kind == resolve.Policy && !slices.Contains(c.about, f.Name) {
				waivers, c.about = append(waivers, a.waivers(f)...), append(c.about, f.Name)
			}
		}
		if len(waivers) == before || len(waivers) > maxWaived || len(waivers) > 1 && len(a.fixes) > 0 {
			return
		}
		c.question.judge = a.judge.with(waivers)
		l, err := a.answer(ctx, c.question)
		if err == nil {
			c.Fix = resolve.Fix{Kind: resolve.FixWaive, Command: a.waiving(waivers)}
			a.fix(c, l)
			return
		}
		if !errors.As(err, &next) {
			return
		}
	}
}

// waivers are for the cheapest of the versions that a fact is about.
func (a *adviser) waivers(f resolve.Fact) []approvals.Waiver {
	var least []finding.Finding
	var of string
	for _, text := range f.Versions[:min(len(f.Versions), maxLookups)] {
		v, err := pep440.Parse(text)
		if err != nil {
			continue // it was printed by Version.String
		}
		all := a.judge.grounds(f.Name, v)
		if slices.ContainsFunc(all, func(f finding.Finding) bool { return f.Class == finding.Malware }) {
			continue // nobody is told to run it
		}
		if len(all) > 0 && (least == nil || cheapest(all, least) < 0) {
			least, of = all, text
		}
	}
	var out []approvals.Waiver
	for _, found := range least {
		out = append(out, approvals.Waiver{ID: found.ID, Package: f.Name, Version: of, Date: approvals.Day(a.now), Until: approvals.Day(a.now.Add(waiveTime))})
	}
	return out
}

// waiving is the command that writes the waivers and asks again.
func (a *adviser) waiving(all []approvals.Waiver) string {
	var out []string
	for _, w := range all {
		line := typed{"waive", w.ID, "--package", w.Package + "==" + w.Version, "--until", w.Until, "--reason", "TEXT"}
		out = append(out, append(line, a.settings()...).String())
	}
	return strings.Join(out, " && ") + " && " + a.typed.and("").String()
}
