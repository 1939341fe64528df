package pubgrub

import "slices"

// resolve turns a violated clause into one that is violated by decisions of an
// earlier level, goes back to that level, and returns it. The error is
// *NoSolution when no decision is to blame.
func (s *solver) resolve(c *Clause) (*Clause, error) {
	for {
		if len(c.Terms) == 0 || len(c.Terms) == 1 && c.Terms[0].Pkg == Root {
			return nil, &NoSolution{c}
		}
		term, at, before := s.satisfier(c)
		a := s.trail[at]
		if a.level == 0 {
			return nil, &NoSolution{s.unwind(c)}
		}
		if a.cause == nil || before < a.level {
			s.blame(c.Terms[term].Pkg, c.packages()...)
			s.back(min(before, a.level-1))
			return c, nil
		}
		c = s.merge(c, a.cause, a.pkg)
	}
}

// unwind resolves a clause that is violated before any decision down to the
// root, so that the proof is whole.
func (s *solver) unwind(c *Clause) *Clause {
	for len(c.Terms) > 0 {
		_, at, _ := s.satisfier(c)
		if s.trail[at].cause == nil {
			return c
		}
		c = s.merge(c, s.trail[at].cause, s.trail[at].pkg)
	}
	return c
}

// satisfier finds the assignment with which c became violated: the term and
// the place on the trail, and the level at which everything but that
// assignment was there already.
func (s *solver) satisfier(c *Clause) (term, at, before int) {
	at = -1
	for i, t := range c.Terms {
		j := s.firstWithin(t.Pkg, t.Set)
		if j > at {
			if at >= 0 {
				before = max(before, s.trail[at].level)
			}
			term, at = i, j
		} else if j >= 0 {
			before = max(before, s.trail[j].level)
		}
	}
	if at < 0 {
		panic("snug: internal error: a violated clause without an assignment")
	}
	a := s.trail[at]
	if a.cause != nil {
		t := c.Terms[term]
		own := a.cause.Terms[a.cause.index(a.pkg)].Set.Not(s.pkgs[a.pkg].n)
		for j := a.prev; j >= 0; j = s.trail[j].prev {
			earlier := s.trail[j]
			if earlier.prev >= 0 && own.And(s.trail[earlier.prev].now).within(t.Set) {
				continue
			}
			if earlier.prev < 0 && own.within(t.Set) {
				break
			}
			before = max(before, earlier.level)
			break
		}
	}
	return term, at, before
}

// firstWithin is the first assignment after which pkg is surely in set.
func (s *solver) firstWithin(pkg int, set Set) int {
	found := -1
	for i := s.pkgs[pkg].last; i >= 0 && s.trail[i].now.within(set); i = s.trail[i].prev {
		found = i
	}
	return found
}

// merge is the rule of resolution on pkg: what follows from both clauses.
func (s *solver) merge(a, b *Clause, pkg int) *Clause {
	out := &Clause{Left: a, Right: b}
	for _, t := range a.Terms {
		u := b.index(t.Pkg)
		switch {
		case u < 0:
			out.Terms = append(out.Terms, t)
		case t.Pkg == pkg:
			if both := t.Set.Or(b.Terms[u].Set); !both.Equal(s.pkgs[pkg].all) {
				out.Terms = append(out.Terms, Term{pkg, both})
			}
		default:
			out.Terms = append(out.Terms, Term{t.Pkg, t.Set.And(b.Terms[u].Set)})
		}
	}
	for _, t := range b.Terms {
		if a.index(t.Pkg) < 0 {
			out.Terms = append(out.Terms, t)
		}
	}
	slices.SortFunc(out.Terms, func(x, y Term) int { return x.Pkg - y.Pkg })
	return out
}

// back forgets everything above level.
func (s *solver) back(level int) {
	for len(s.trail) > 0 && s.trail[len(s.trail)-1].level > level {
		a := s.trail[len(s.trail)-1]
		s.trail = s.trail[:len(s.trail)-1]
		s.pkgs[a.pkg].last = a.prev
		if a.cause == nil {
			s.pkgs[a.pkg].decided = false
		}
	}
	s.level = level
}

func (c *Clause) packages() []int {
	out := make([]int, len(c.Terms))
	for i, t := range c.Terms {
		out[i] = t.Pkg
	}
	return out
}

// blame counts a conflict: earlier choices for the culprits left nothing for
// affected. A name that is affected often is decided early; one that is often
// to blame is decided after that, and where it is decided already, again.
func (s *solver) blame(affected int, culprits ...int) {
	hurt, counts := s.pkgs[affected].history, false
	for _, pkg := range culprits {
		h := s.pkgs[pkg].history
		if pkg == Root || h == hurt {
			continue
		}
		counts = true
		if h.culprit++; h.culprit == conflictThreshold && h.shift == 0 {
			h.shift = Late
			s.tooSoon = append(s.tooSoon, pkg)
		}
	}
	if !counts {
		return
	}
	if hurt.affected++; hurt.affected == conflictThreshold {
		hurt.shift = Early
	}
}
