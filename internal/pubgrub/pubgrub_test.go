package pubgrub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// world is a Problem from a notation: lines "a 3: b 1 2, c *" say that a at
// version 3 needs b at 1 or 2 and c at any; "a 3 !" excludes it. The highest
// number is liked best. "root: …" is what is asked.
type world struct {
	names []string
	vers  [][]int          // per package, liked best first
	deps  map[[2]int][]Dep // package, index
	never map[int][]Exclusion
}

func parse(t testing.TB, text string) *world {
	t.Helper()
	w := &world{names: []string{"root"}, vers: [][]int{{0}}, deps: map[[2]int][]Dep{}, never: map[int][]Exclusion{}}
	type line struct {
		pkg, ver int
		needs    string
	}
	var lines []line
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		head, needs, _ := strings.Cut(strings.TrimSpace(l), ":")
		f := strings.Fields(head)
		pkg, ver := w.pkg(f[0]), 0
		if pkg != Root {
			ver = number(t, f[1])
			w.vers[pkg] = append(w.vers[pkg], ver)
		}
		if len(f) == 3 {
			needs = "!"
		}
		lines = append(lines, line{pkg, ver, needs})
		for n := range strings.SplitSeq(needs, ",") {
			if f := strings.Fields(n); len(f) > 0 && f[0] != "!" {
				w.pkg(f[0])
			}
		}
	}
	for i := range w.vers {
		slices.SortFunc(w.vers[i], func(a, b int) int { return b - a })
	}
	for _, l := range lines {
		v := slices.Index(w.vers[l.pkg], l.ver)
		if l.needs == "!" {
			w.never[l.pkg] = append(w.never[l.pkg], Exclusion{Of(len(w.vers[l.pkg]), v), "never"})
			continue
		}
		for n := range strings.SplitSeq(l.needs, ",") {
			f := strings.Fields(n)
			if len(f) == 0 {
				continue
			}
			on := w.pkg(f[0])
			allowed := NewSet(len(w.vers[on]))
			for i, v := range w.vers[on] {
				if slices.Contains(f[1:], "*") || slices.Contains(f[1:], strconv.Itoa(v)) {
					allowed.Add(i)
				}
			}
			w.deps[[2]int{l.pkg, v}] = append(w.deps[[2]int{l.pkg, v}], Dep{on, allowed})
		}
	}
	return w
}

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) pkg(name string) int {
	if i := slices.Index(w.names, name); i >= 0 {
		return i
	}
	w.names, w.vers = append(w.names, name), append(w.vers, nil)
	return len(w.names) - 1
}

func (w *world) Versions(_ context.Context, pkg int) (int, []Exclusion, error) {
	return len(w.vers[pkg]), w.never[pkg], nil
}

// Same: "a'" shares the version of "a".
func (w *world) Same(pkg int) int {
	if name, ok := strings.CutSuffix(w.names[pkg], "'"); ok {
		return slices.Index(w.names, name)
	}
	return pkg
}

func (w *world) Dependencies(_ context.Context, pkg, v int) ([]Dep, any, error) {
	return w.deps[[2]int{pkg, v}], nil, nil
}

func (w *world) Priority(pkg int, allowed Set) Class {
	switch {
	case pkg == Root:
		return First
	case allowed.Len() == 1:
		return Singleton
	}
	return Normal
}

// solution is "a 1, b 2", sorted; "none" without one.
func (w *world) solution(t testing.TB) string {
	t.Helper()
	got, err := Solve(context.Background(), w)
	var none *NoSolution
	if errors.As(err, &none) {
		return "none"
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.text(got)
}

func (w *world) text(chosen map[int]int) string {
	var out []string
	for pkg, v := range chosen {
		if pkg != Root {
			out = append(out, fmt.Sprintf("%s %d", w.names[pkg], w.vers[pkg][v]))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestSolve(t *testing.T) {
	for _, c := range []struct{ name, world, want string }{
		{"nothing", "root:", ""},
		{"newest", "root: a *\na 1\na 2", "a 2"},
		{"unknown package", "root: a *", "none"},
		{"conflict at once", "root: a 1, a 2\na 1\na 2", "none"},
		{"older for the sake of another", "root: a *, b 1\na 2: b 2\na 1: b 1\nb 1\nb 2", "a 1, b 1"},
		{"cycle", "root: a *\na 1: b *\nb 1: a *", "a 1, b 1"},
		{"self", "root: a *\na 2: a 1\na 1: a 1", "a 1"},
		{"excluded", "root: a *\na 2 !\na 1", "a 1"},
		{"not needed after backtracking", "root: a *\na 2: b *, c *\na 1\nb 1: c 9\nc 1", "a 1"},
		{"transitive", "root: a *, b *\na 2: c 2\na 1: c 1\nb 2: c 1\nb 1: c 2\nc 1\nc 2", "a 2, b 1, c 2"},
		{"deep failure", "root: a *, d 1\na 1: b *\nb 1: c *\nc 1: d 2\nd 1\nd 2", "none"},
	} {
		if got := parse(t, c.world).solution(t); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestManyVersions: one package's hundreds of versions all clash with another
// that was decided first; without learning over runs this takes very long.
func TestManyVersions(t *testing.T) {
	var b strings.Builder
	b.WriteString("root: a *, b *\n")
	for i := range 300 {
		fmt.Fprintf(&b, "a %d: c %d\nb %d: c %d\nc %d\n", i, i, i, i%7, i)
	}
	if got := parse(t, b.String()).solution(t); got != "a 5, b 299, c 5" {
		t.Errorf("got %q", got)
	}
}

// TestAgainstBruteForce compares with trying everything, in random worlds.
func TestAgainstBruteForce(t *testing.T) {
	solved := 0
	for seed := range uint64(6000) {
		text := random(rand.New(rand.NewPCG(seed, 1)))
		w := parse(t, text)
		got := w.solution(t)
		any := w.brute()
		if (got == "none") == any {
			t.Fatalf("seed %d: got %q, but a solution exists: %v\n%s", seed, got, any, text)
		}
		if !any {
			continue
		}
		solved++
		chosen, _ := Solve(context.Background(), w)
		if !w.valid(chosen) || !w.minimal(chosen) {
			t.Fatalf("seed %d: %q is no solution\n%s", seed, got, text)
		}
	}
	if solved < 500 {
		t.Errorf("only %d worlds could be solved", solved)
	}
}

func random(r *rand.Rand) string {
	var b strings.Builder
	needs := func() string {
		var out []string
		for range r.IntN(4) {
			n := string(rune('a' + r.IntN(4)))
			if n < "c" && r.IntN(2) == 0 {
				n += "'"
			}
			for v := range 4 {
				if r.IntN(2) == 0 {
					n += " " + strconv.Itoa(v)
				}
			}
			out = append(out, n)
		}
		return strings.Join(out, ",")
	}
	fmt.Fprintf(&b, "root: a 0 1 2 3, b 1 2 3, %s\n", needs())
	for p := range 4 {
		versions := 1 + r.IntN(4)
		for v := range versions {
			if p < 2 {
				fmt.Fprintf(&b, "%c' %d: %c %d, %s\n", 'a'+p, v, 'a'+p, v, needs())
			}
		}
		for v := range versions {
			if r.IntN(8) == 0 {
				fmt.Fprintf(&b, "%c %d !\n", 'a'+p, v)
				continue
			}
			fmt.Fprintf(&b, "%c %d: %s\n", 'a'+p, v, needs())
		}
	}
	return b.String()
}

// brute tells whether any choice is valid.
func (w *world) brute() bool {
	chosen := map[int]int{Root: 0}
	var try func(pkg int) bool
	try = func(pkg int) bool {
		if pkg == len(w.names) {
			return w.valid(chosen)
		}
		for v := range w.vers[pkg] {
			chosen[pkg] = v
			if try(pkg + 1) {
				return true
			}
		}
		delete(chosen, pkg)
		return try(pkg + 1)
	}
	return try(1)
}

func (w *world) valid(chosen map[int]int) bool {
	for pkg, v := range chosen {
		for _, x := range w.never[pkg] {
			if x.Set.Has(v) {
				return false
			}
		}
		for _, d := range w.deps[[2]int{pkg, v}] {
			if on, ok := chosen[d.Pkg]; !ok || !d.Allowed.Has(on) {
				return false
			}
		}
	}
	return true
}

// minimal: everything chosen is reached from the root.
func (w *world) minimal(chosen map[int]int) bool {
	reached := map[int]bool{}
	var walk func(int)
	walk = func(pkg int) {
		if reached[pkg] {
			return
		}
		reached[pkg] = true
		for _, d := range w.deps[[2]int{pkg, chosen[pkg]}] {
			walk(d.Pkg)
		}
	}
	walk(Root)
	return len(reached) == len(chosen)
}
