// Package pubgrub chooses one version for every package that is needed, or
// proves that there is no choice and keeps the proof (the PubGrub algorithm:
// conflict-driven clause learning with clauses that stay readable).
//
// It is pure: it knows packages and versions as small numbers, and nothing of
// Python, networks or text. Version 0 of a package is the best liked one.
//
// The one hard idea: "not chosen" is a value like a version. The domain of a
// package is {absent, 0, 1, …, n-1}, every clause is a list of (package, set of
// values) terms that must not all hold, and so unit propagation, learning and
// backjumping are plain set algebra with no case for positive and negative.
package pubgrub

import (
	"context"
	"fmt"
)

// Root is the package that stands for what is asked; it has one version.
const Root = 0

// MaxSteps bounds the versions whose dependencies one solve asks for and its
// conflicts, together.
const MaxSteps = 200_000

// conflictThreshold is how many conflicts may leave a name without a version
// before it is decided early, and how many a name may cause before it is decided
// after those (as uv does).
const conflictThreshold = 5

// Problem tells the solver what there is. Answers must not change during a
// solve. Errors end the solve and are returned as they are.
type Problem interface {
	// Versions is how many versions pkg has, and which of them can never be
	// chosen, with the reasons. It is asked once, when pkg is first seen.
	Versions(ctx context.Context, pkg int) (n int, never []Exclusion, err error)
	// Dependencies is what the version needs. Each Dep's Allowed has the
	// length for that package. A nil error with a reason excludes the version.
	Dependencies(ctx context.Context, pkg, version int) (deps []Dep, reason any, err error)
	// Priority orders decisions: the lowest class first, then by first sight.
	// allowed is what is still possible.
	Priority(pkg int, allowed Set) Class
	// Same is the package whose version pkg always shares when both are chosen
	// (Dependencies must say so too), pkg itself when there is none. Conflicts
	// are counted for all that share a version together.
	Same(pkg int) int
}

// Class is the urgency of a decision, the lowest first.
type Class int

// The classes that Problem.Priority chooses from; the solver itself moves names
// with many conflicts from Normal to Early and Late. Late still comes before
// what was in no conflict: better to clash soon than after unrelated choices.
const (
	First Class = iota
	Direct
	Singleton
	Early
	Late
	Normal
)

// Dep is one need: Pkg must be one of Allowed.
type Dep struct {
	Pkg     int
	Allowed Set
}

// Exclusion says why the versions of a set can never be chosen.
type Exclusion struct {
	Set    Set
	Reason any
}

// Term is one part of a clause: the package's value is in the set.
type Term struct {
	Pkg int
	Set Set
}

// Clause is a list of terms, sorted by package, that must not all hold. Exactly
// one of these says why: it is Needed (Terms[i].Pkg == Needed.Of depends on
// Needed.On), Excluded, asked (neither), or derived from Left and Right.
type Clause struct {
	Terms       []Term
	Needed      *Need
	Excluded    any
	Left, Right *Clause
}

// Need names the two ends of a dependency clause.
type Need struct{ Of, On int }

// NoSolution is the proof that nothing satisfies the root: Clause is the last
// one derived.
type NoSolution struct{ Clause *Clause }

func (e *NoSolution) Error() string { return "the requirements cannot be satisfied together" }

// Solve returns the chosen version of every needed package, Root included. The
// error is a *NoSolution, one of the Problem's own, or ctx's.
func Solve(ctx context.Context, p Problem) (map[int]int, error) {
	s, err := start(ctx, p)
	if err != nil {
		return nil, err
	}
	return s.run()
}

// start is a solver that knows the root.
func start(ctx context.Context, p Problem) (*solver, error) {
	s := &solver{ctx: ctx, problem: p, needs: map[Need][]*Clause{}}
	if err := s.see(Root); err != nil {
		return nil, err
	}
	if s.pkgs[Root].n != 1 {
		return nil, fmt.Errorf("pubgrub: the root has %d versions, not 1", s.pkgs[Root].n)
	}
	absent := NewSet(1)
	absent[0] = 1
	s.add(&Clause{Terms: []Term{{Root, absent}}})
	return s, nil
}
