package resolve

import (
	"context"
	"errors"
	"slices"
	"time"

	"snug/internal/manifest"
	"snug/internal/pubgrub"
)

// Bounds of the search for the requirements that are enough for a conflict.
const (
	maxNarrowing = 24 // requirements that are left out in turn
	narrowTime   = 2 * time.Second
)

// narrowed leaves out one of the project's requirements after the other, and
// keeps what has no answer without it: a smaller proof, and a shorter story.
func (p *problem) narrowed(ctx context.Context, none *pubgrub.NoSolution) (*problem, *pubgrub.NoSolution) {
	ctx, cancel := context.WithTimeout(ctx, narrowTime)
	defer cancel()
	roots := p.rootsOf(none.Clause)
	for i := min(len(roots), maxNarrowing) - 1; i >= 0 && len(roots) > 1; i-- {
		fewer := p.with(slices.Delete(slices.Clone(roots), i, i+1))
		_, err := pubgrub.Solve(ctx, fewer)
		var still *pubgrub.NoSolution
		if !errors.As(err, &still) {
			continue // it takes part, or nobody can tell
		}
		p, none = fewer, still
		roots = p.rootsOf(none.Clause)
		i = min(i, len(roots))
	}
	return p, none
}

// with is the same problem for fewer requirements, on the same shelf. What the
// lock holds counts no more: it only says what to try first.
func (p *problem) with(roots []manifest.Requirement) *problem {
	asked := *p.asked
	asked.all = roots
	return newProblem(p.shelf, &asked, p.places, p.on, nil)
}

// rootsOf are the project's requirements that a proof leans on, in the order of
// the project.
func (p *problem) rootsOf(last *pubgrub.Clause) []manifest.Requirement {
	used := map[int]bool{}
	for _, k := range proof(last) {
		if k.Needed == nil || k.Needed.Of != pubgrub.Root {
			continue
		}
		for _, s := range p.said[*k.Needed] {
			used[s.root] = true
		}
	}
	var out []manifest.Requirement
	for i, q := range p.asked.all {
		if used[i] {
			out = append(out, q)
		}
	}
	return out
}
