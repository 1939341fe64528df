package pubgrub

import (
	"context"
	"errors"
	"slices"
)

// state is what the solver knows of one package.
type state struct {
	seen    bool
	order   int // when it was first seen
	n       int
	all     Set // every value
	last    int // index of its latest assignment, -1 for none
	decided bool
	clauses []*Clause
	loaded  Set   // versions whose dependencies are clauses
	sharers []int // packages whose version is always this one's
	tied    Set   // versions of the package that this one shares, for which it has its clause
	history *history
}

// history counts the conflicts of one name.
type history struct {
	affected, culprit int
	shift             Class // Early or Late once there were too many, else 0
}

// assignment narrows one package to the values in now.
type assignment struct {
	pkg   int
	now   Set // all earlier assignments of pkg included
	prev  int // the earlier assignment of pkg, -1 for none
	level int
	cause *Clause // nil for a decision
}

type solver struct {
	ctx     context.Context // of the one call of Solve that owns the solver
	problem Problem
	pkgs    []state
	seen    int
	trail   []assignment
	level   int
	needs   map[Need][]*Clause // dependency clauses, to merge equal ones
	queue   []int              // packages whose clauses must be looked at
	tooSoon []int              // packages that were decided too soon, to be decided again

	loads, conflicts int // how many there were
}

// run is the main loop: propagate, then decide, until nothing is open.
func (s *solver) run() (map[int]int, error) {
	s.queue = append(s.queue, Root)
	for {
		if err := s.propagate(); err != nil {
			return nil, err
		}
		if s.again() {
			continue
		}
		pkg := s.next()
		if pkg < 0 {
			return s.solution(), nil
		}
		if err := s.step(); err != nil {
			return nil, err
		}
		if err := s.decide(pkg); err != nil {
			return nil, err
		}
	}
}

// step ends what takes too long, or is not wanted any more. Decisions that are
// taken again after a conflict read nothing and are not counted: there are at
// most as many as packages.
func (s *solver) step() error {
	if s.loads+s.conflicts > MaxSteps {
		return errors.New("pubgrub: too many steps")
	}
	return s.ctx.Err()
}

// again takes back the decisions on what was decided too soon, so that the new
// order counts; everything learned stays. It reports whether there were any.
func (s *solver) again() bool {
	level := s.level
	for _, pkg := range s.tooSoon {
		if s.pkgs[pkg].decided {
			level = min(level, s.trail[s.pkgs[pkg].last].level-1)
		}
	}
	s.tooSoon = s.tooSoon[:0]
	if level == s.level {
		return false
	}
	s.back(level)
	for pkg := range s.pkgs {
		s.queue = append(s.queue, pkg)
	}
	return true
}

func (s *solver) solution() map[int]int {
	out := map[int]int{}
	for pkg := range s.pkgs {
		if s.pkgs[pkg].decided {
			out[pkg] = s.now(pkg).First()
		}
	}
	return out
}

// see makes pkg known, with the versions that can never be chosen.
func (s *solver) see(pkg int) error {
	for len(s.pkgs) <= pkg {
		s.pkgs = append(s.pkgs, state{last: -1})
	}
	if s.pkgs[pkg].seen {
		return nil
	}
	n, never, err := s.problem.Versions(s.ctx, pkg)
	if err != nil {
		return err
	}
	st := &s.pkgs[pkg]
	st.seen, st.order, st.n = true, s.seen, n
	s.seen++
	st.all, st.loaded = NewSet(n).Not(n), NewSet(n)
	return s.share(pkg, never)
}

// add makes a clause count.
func (s *solver) add(c *Clause) {
	for _, t := range c.Terms {
		s.pkgs[t.Pkg].clauses = append(s.pkgs[t.Pkg].clauses, c)
		s.queue = append(s.queue, t.Pkg)
	}
}

// now is what pkg can still be.
func (s *solver) now(pkg int) Set {
	if i := s.pkgs[pkg].last; i >= 0 {
		return s.trail[i].now
	}
	return s.pkgs[pkg].all
}

func (s *solver) assign(pkg int, now Set, cause *Clause) {
	s.trail = append(s.trail, assignment{pkg: pkg, now: now, prev: s.pkgs[pkg].last, level: s.level, cause: cause})
	s.pkgs[pkg].last = len(s.trail) - 1
	s.queue = append(s.queue, pkg)
}

// propagate derives everything that follows from the clauses of the queued
// packages; a violated clause makes it learn and jump back.
func (s *solver) propagate() error {
	for len(s.queue) > 0 {
		pkg := s.queue[len(s.queue)-1]
		s.queue = s.queue[:len(s.queue)-1]
		clauses := s.pkgs[pkg].clauses
		for i := len(clauses) - 1; i >= 0; i-- {
			open, violated := s.look(clauses[i])
			if violated {
				s.conflicts++
				if err := s.step(); err != nil {
					return err
				}
				learned, err := s.resolve(clauses[i])
				if err != nil {
					return err
				}
				s.queue = s.queue[:0]
				s.add(learned)
				break
			}
			if open != nil {
				s.assign(open.Pkg, s.now(open.Pkg).And(open.Set.Not(s.pkgs[open.Pkg].n)), clauses[i])
			}
		}
	}
	return nil
}

// look finds the one term of c that does not hold yet; nil when several are
// open or one cannot hold any more.
func (s *solver) look(c *Clause) (open *Term, violated bool) {
	for i := range c.Terms {
		t := &c.Terms[i]
		now := s.now(t.Pkg)
		if now.within(t.Set) {
			continue
		}
		if open != nil || now.disjoint(t.Set) {
			return nil, false
		}
		open = t
	}
	return open, open == nil
}

// next is the needed package to decide now, -1 when all are decided.
func (s *solver) next() int {
	best, bestClass := -1, Class(0)
	for pkg := range s.pkgs {
		st := &s.pkgs[pkg]
		if !st.seen || st.decided || st.last < 0 || s.now(pkg).Absent() {
			continue
		}
		class := s.problem.Priority(pkg, s.now(pkg))
		if class == Normal && st.history.shift != 0 {
			class = st.history.shift
		}
		if best < 0 || class < bestClass || class == bestClass && st.order < s.pkgs[best].order {
			best, bestClass = pkg, class
		}
	}
	return best
}

// decide takes the best version of pkg, unless its dependencies already clash;
// then the clauses speak and the next propagation narrows pkg.
func (s *solver) decide(pkg int) error {
	version := s.now(pkg).First()
	clash, err := s.load(pkg, version)
	if err != nil {
		return err
	}
	s.queue = append(s.queue, pkg)
	if clash {
		return nil
	}
	s.level++
	s.pkgs[pkg].decided = true
	s.assign(pkg, Of(s.pkgs[pkg].n, version), nil)
	for _, sharer := range s.pkgs[pkg].sharers {
		s.tie(sharer, pkg, version)
	}
	return nil
}

// load turns the dependencies of a version into clauses and tells whether one
// of them would be violated at once.
func (s *solver) load(pkg, version int) (clash bool, err error) {
	n := s.pkgs[pkg].n
	if s.pkgs[pkg].loaded.Has(version) {
		return false, nil
	}
	s.loads++
	deps, reason, err := s.problem.Dependencies(s.ctx, pkg, version)
	if err != nil {
		return false, err
	}
	s.pkgs[pkg].loaded.Add(version)
	if reason != nil {
		s.add(&Clause{Terms: []Term{{pkg, Of(n, version)}}, Excluded: reason})
		return true, nil
	}
	for _, d := range deps {
		if err := s.see(d.Pkg); err != nil {
			return false, err
		}
		forbidden := d.Allowed.Not(s.pkgs[d.Pkg].n)
		s.need(pkg, version, d.Pkg, forbidden)
		if !clash && s.now(d.Pkg).within(forbidden) {
			clash = true
			s.blame(pkg, d.Pkg)
		}
	}
	return clash, nil
}

// need adds "pkg at version and on in forbidden must not be", as part of an
// equal clause of another version where there is one.
func (s *solver) need(pkg, version, on int, forbidden Set) {
	of := Of(s.pkgs[pkg].n, version)
	if on == pkg {
		if !of.disjoint(forbidden) {
			s.add(&Clause{Terms: []Term{{pkg, of.And(forbidden)}}, Needed: &Need{pkg, on}})
		}
		return
	}
	key := Need{pkg, on}
	for _, c := range s.needs[key] {
		i, j := c.index(pkg), c.index(on)
		if len(c.Terms) == 1 && forbidden.Equal(s.pkgs[on].all) || j >= 0 && c.Terms[j].Set.Equal(forbidden) {
			c.Terms[i].Set = c.Terms[i].Set.Or(of)
			return
		}
	}
	c := &Clause{Terms: []Term{{pkg, of}}, Needed: &key}
	if !forbidden.Equal(s.pkgs[on].all) { // it is when on has no version at all
		c.Terms = append(c.Terms, Term{on, forbidden})
	}
	slices.SortFunc(c.Terms, func(a, b Term) int { return a.Pkg - b.Pkg })
	s.needs[key] = append(s.needs[key], c)
	s.add(c)
}

// index is the place of pkg's term in c, -1 when it has none.
func (c *Clause) index(pkg int) int {
	return slices.IndexFunc(c.Terms, func(t Term) bool { return t.Pkg == pkg })
}
