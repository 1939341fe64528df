package engine

import (
	"context"
	"errors"

	"snug/internal/lock"
	"snug/internal/manifest"
)

// maxConflicts bounds the conflicts that are taken out one behind the other.
const maxConflicts = 4

// several looks for one change of several requirements where no single one
// helps: what is in the way is freed of its range, conflict by conflict, until
// there is an answer, which tells the ranges to write.
func (a *adviser) several(ctx context.Context) {
	if len(a.fixes) > 0 || a.edits() {
		return
	}
	free, next := a.question, a.conflict
	var freed []manifest.Requirement
	for range maxConflicts {
		before := len(freed)
		for _, q := range next.Roots {
			if len(q.Specifiers) == 0 || len(q.Hashes) > 0 {
				continue
			}
			bare := q.Requirement
			bare.Specifiers = nil
			free.project, freed = free.project.With(q, &bare), append(freed, q)
		}
		if len(freed) == before {
			return
		}
		l, err := a.answer(ctx, free)
		if err == nil {
			a.rewrite(ctx, freed, l)
			return
		}
		if !errors.As(err, &next) {
			return
		}
	}
}

// rewrite tries the ranges that the versions of a lock ask for, all at once.
func (a *adviser) rewrite(ctx context.Context, freed []manifest.Requirement, l *lock.Lock) {
	var swaps []instead
	for _, q := range freed {
		if other, _, ok := toFit(q, l); ok {
			swaps = append(swaps, instead{Requirement: q, other: other})
		}
	}
	if len(swaps) > 0 {
		a.swapAll(ctx, swaps)
	}
}
