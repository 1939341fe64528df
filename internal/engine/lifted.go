package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"snug/internal/cooldown"
	"snug/internal/manifest"
	"snug/internal/pep508"
	"snug/internal/resolve"
)

// constraints tries without each that refuses versions.
func (a *adviser) constraints(ctx context.Context) {
	a.lift(ctx, resolve.FixConstraint, "constraint", a.project.Constraints, func(p *manifest.Project) *[]manifest.Requirement { return &p.Constraints }, func(key string) bool {
		return slices.ContainsFunc(a.conflict.Facts, func(f resolve.Fact) bool { return f.Kind == resolve.Constraint && f.Name == key })
	})
}

// overridden tries without each override of a name in the chain.
func (a *adviser) overridden(ctx context.Context) {
	a.lift(ctx, resolve.FixNoOverride, "override", a.project.Overrides, func(p *manifest.Project) *[]manifest.Requirement { return &p.Overrides }, func(key string) bool {
		return slices.ContainsFunc(a.conflict.Chain, func(l resolve.Link) bool {
			q, err := pep508.Parse(l.Needs)
			return err == nil && q.Key() == key
		})
	})
}

// lift tries without each rule of a kind that is concerned. No command edits
// them.
func (a *adviser) lift(ctx context.Context, kind resolve.FixKind, word string, rules []manifest.Requirement, of func(*manifest.Project) *[]manifest.Requirement, concerned func(key string) bool) {
	for i, q := range rules {
		if !concerned(q.Key()) {
			continue
		}
		c := change{question: a.changed(func(p *manifest.Project) { *of(p) = slices.Delete(slices.Clone(rules), i, i+1) })}
		c.Kind, c.Edit = kind, fmt.Sprintf("remove the %s %s (%s)", word, q.Requirement, q.Origin)
		if a.try(ctx, c) {
			return
		}
	}
}

// younger lifts the cooldown of the packages that it keeps out, conflict by
// conflict, until there is an answer; all of it where it keeps out too many.
func (a *adviser) younger(ctx context.Context) {
	if !a.has(resolve.Young) || a.byHand || a.lifting(ctx) {
		return
	}
	c := change{question: a.changed(func(p *manifest.Project) { p.MinAge = cooldown.Policy{} })}
	c.Kind, c.Command = resolve.FixMinAge, a.typed.with("--min-age", "0").String()
	a.try(ctx, c)
}

func (a *adviser) lifting(ctx context.Context) (found bool) {
	next := a.conflict
	var names, exceptions []string
	for range maxConflicts {
		before := len(names)
		for _, f := range next.Facts {
			if f.Kind == resolve.Young && !slices.Contains(names, f.Name) {
				names, exceptions = append(names, f.Name), append(exceptions, f.Name+"=0")
			}
		}
		if len(names) == before {
			return false
		}
		age, err := a.project.MinAge.Amend(exceptions)
		if err != nil {
			return false // a package of the index has no such name
		}
		q := a.changed(func(p *manifest.Project) { p.MinAge = age })
		l, err := a.answer(ctx, q)
		if err == nil {
			return a.fix(change{Fix: resolve.Fix{Kind: resolve.FixMinAge, Command: a.typed.and("--min-age", exceptions...).String()}, question: q, about: names}, l)
		}
		if !errors.As(err, &next) {
			return false
		}
	}
	return false
}
