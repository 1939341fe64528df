package pubgrub

import (
	"slices"
)

// share joins pkg to the one whose version it shares, if any, and adds what it
// can never be.
func (s *solver) share(pkg int, never []Exclusion) error {
	if same := s.problem.Same(pkg); same != pkg {
		if err := s.see(same); err != nil {
			return err
		}
		base := &s.pkgs[same]
		base.sharers = append(base.sharers, pkg)
		s.pkgs[pkg].tied, s.pkgs[pkg].history = NewSet(base.n), base.history
		if base.decided {
			s.tie(pkg, same, s.now(same).First())
		}
	} else {
		s.pkgs[pkg].history = &history{}
	}
	for _, x := range never {
		s.add(&Clause{Terms: []Term{{pkg, x.Set}}, Excluded: x.Reason})
	}
	return nil
}

// tie rules out every other version of what shares pkg's, at once; else each
// would have to be tried and rejected on its own.
func (s *solver) tie(sharer, pkg, version int) {
	if s.pkgs[sharer].tied.Has(version) {
		return
	}
	s.pkgs[sharer].tied.Add(version)
	only := Of(s.pkgs[pkg].n, version)
	others := only.Not(s.pkgs[pkg].n)
	others[0] &^= 1 // to be absent is no other version
	c := &Clause{Terms: []Term{{pkg, only}, {sharer, others}}, Needed: &Need{sharer, pkg}}
	slices.SortFunc(c.Terms, func(a, b Term) int { return a.Pkg - b.Pkg })
	s.add(c)
}
