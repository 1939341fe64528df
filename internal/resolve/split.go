package resolve

import (
	"context"
	"errors"
	"maps"
	"slices"

	"snug/internal/pubgrub"
)

// maxRounds bounds how often a conflict may part the targets for more names,
// before they are parted for all.
const maxRounds = 12

// maxAligned bounds the solves that bring versions together again.
const maxAligned = 64

// cut says which targets share the version of a name: those of one part.
type cut struct {
	names map[string][]targets
	rest  []targets // of all other names
}

func (c cut) of(name string) []targets {
	if parts, ok := c.names[name]; ok {
		return parts
	}
	return c.rest
}

// with is the cut with other parts for one name.
func (c cut) with(name string, parts []targets) cut {
	out := cut{maps.Clone(c.names), c.rest}
	out.names[name] = parts
	return out
}

// joint finds versions for all targets that differ only where they must.
type joint struct {
	in      Input
	asked   *roots
	places  []place
	shelf   *shelf
	classes []targets
	keep    []preferences
	solves  int // how many there were
}

// solveAll chooses for all targets together. Where that has no solution, the
// proof says which names the targets cannot share; these alone are parted, and
// what was parted more than needed is brought together again.
func solveAll(ctx context.Context, in Input, asked *roots, places []place, shelf *shelf) (picks, error) {
	j := joint{in: in, asked: asked, places: places, shelf: shelf, classes: classes(places), keep: locked(in.Locked, places)}
	return j.choose(ctx)
}

func (j *joint) choose(ctx context.Context) (picks, error) {
	whole := all(j.places)
	if len(j.classes) == 1 {
		chosen, err := solve(ctx, newProblem(j.shelf, j.asked, j.places, whole, merge(j.keep, whole)))
		return spread(make(picks, len(j.places)), whole, chosen), err
	}
	c := cut{map[string][]targets{}, []targets{whole}}
	for _, name := range differing(j.keep) {
		c.names[name] = j.classes
	}
	for round := 0; ; round++ {
		chosen, torn, err := j.solve(ctx, c, j.keep)
		switch {
		case err != nil:
			return nil, err
		case chosen != nil:
			return j.align(ctx, chosen)
		case len(torn) == 0:
			return j.byClass(ctx)
		}
		for _, name := range torn {
			c.names[name] = j.classes
		}
		if round == maxRounds {
			c.rest = j.classes
		}
	}
}

// solve is one try with a cut. Without an answer torn has the names whose
// version several classes were to share in the proof; when there is none, no
// cut can help.
func (j *joint) solve(ctx context.Context, c cut, keep []preferences) (chosen picks, torn []string, err error) {
	j.solves++
	whole := all(j.places)
	p := newProblem(j.shelf, j.asked, j.places, whole, merge(keep, whole))
	p.cut, p.keep = c, keep
	got, err := pubgrub.Solve(ctx, p)
	var none *pubgrub.NoSolution
	if errors.As(err, &none) {
		return nil, j.torn(p, none), nil
	}
	if err != nil {
		return nil, nil, err
	}
	chosen = make(picks, len(j.places))
	for i := range chosen {
		chosen[i] = map[string]*release{}
	}
	for pkg, version := range got {
		v := p.variables[pkg]
		if pkg == pubgrub.Root || v.extra != "" {
			continue
		}
		for i := range v.on.each {
			chosen[i][v.name] = p.viewOf(v).releases[version]
		}
	}
	return chosen, nil, nil
}

func (j *joint) torn(p *problem, none *pubgrub.NoSolution) []string {
	names := map[string]bool{}
	for _, k := range proof(none.Clause) {
		for _, t := range k.Terms {
			v := p.variables[t.Pkg]
			if t.Pkg != pubgrub.Root && j.several(v.of) && (v.on == 0 || j.several(v.on)) {
				names[v.name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// several tells whether the targets are of more than one class.
func (j *joint) several(on targets) bool {
	return !slices.ContainsFunc(j.classes, func(class targets) bool { return on&^class == 0 })
}

// byClass solves class by class: the one without an answer tells why. There is one
// such, unless extras were lost on the way (lostExtra), which depends on the way.
func (j *joint) byClass(ctx context.Context) (picks, error) {
	out := make(picks, len(j.places))
	for _, class := range j.classes {
		j.solves++
		chosen, err := solve(ctx, newProblem(j.shelf, j.asked, j.places, class, merge(j.keep, class)))
		if err != nil {
			return nil, err
		}
		spread(out, class, chosen)
	}
	return out, nil
}

// align brings together what was parted: for each name with several versions it
// tries to give all targets one, else some of them, each time keeping to the
// other choices, and takes what has fewer versions in all.
func (j *joint) align(ctx context.Context, chosen picks) (picks, error) {
	most := j.solves + maxAligned
	for again := true; again; {
		again = false
		for _, name := range chosen.several() {
			if j.asBefore(name, chosen) {
				continue
			}
			for _, parts := range unions(chosen.parts(name, j.classes)) {
				if j.solves == most {
					return chosen, nil
				}
				c := chosen.cut(j.classes, all(j.places)).with(name, parts)
				better, _, err := j.solve(ctx, c, chosen.preferences(j.keep))
				if err != nil {
					return nil, err
				}
				if better != nil && better.surplus() < chosen.surplus() {
					chosen, again = better, true
					break
				}
			}
		}
	}
	return chosen, nil
}

// asBefore tells whether the targets differ in the name as they did in the old
// lock: then that stays.
func (j *joint) asBefore(name string, chosen picks) bool {
	for i, at := range chosen {
		if want := j.keep[i][name]; at[name] != nil && (len(want) == 0 || !want[0].Equal(at[name].version)) {
			return false
		}
	}
	return true
}

// unions are the ways to make fewer of several parts: one of all, then one of
// each two.
func unions(parts []targets) [][]targets {
	var whole targets
	for _, part := range parts {
		whole |= part
	}
	out := [][]targets{{whole}}
	for i := range parts {
		for k := i + 1; k < len(parts) && len(parts) > 2; k++ {
			two := slices.Delete(slices.Clone(parts), k, k+1)
			two[i] |= parts[k]
			out = append(out, two)
		}
	}
	return out
}

// solve runs the solver for targets that share every version, and reads its
// answer.
func solve(ctx context.Context, p *problem) (map[string]*release, error) {
	got, err := pubgrub.Solve(ctx, p)
	var none *pubgrub.NoSolution
	if errors.As(err, &none) {
		return nil, p.explain(ctx, none)
	}
	if err != nil {
		return nil, err
	}
	out := map[string]*release{}
	for pkg, version := range got {
		if v := p.variables[pkg]; pkg != pubgrub.Root {
			out[v.name] = p.viewOf(v).releases[version]
		}
	}
	return out, nil
}
