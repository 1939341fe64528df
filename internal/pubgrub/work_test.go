package pubgrub

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestWork bounds what hard shapes cost, counted and not timed: each is one that
// real packages have, and that trying in order makes long.
func TestWork(t *testing.T) {
	for _, c := range []struct {
		name, world      string
		want             string // part of the answer
		loads, conflicts int
	}{
		{"one that all versions of another clash with", against(2000), "a 4, b 1999, c 4", 4010, 10},
		{"singleton ranges down a long line", singletons(1500), "boto 750, core 750", 1600, 800},
		{"a user whose old versions have no bound", decade(300), "numba 300, numpy 50", 20, 10},
		{"the same, no old version helps", strings.ReplaceAll(decade(300), "llvm 1\n", ""), "numba 300, numpy 50", 20, 10},
		{"wide extras", wide(400), "x399 3", 450, 10},
		{"a long chain that ends in a clash", chain(300), "none", 1000, 330},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := parse(t, c.world)
			s, err := start(context.Background(), w)
			if err != nil {
				t.Fatal(err)
			}
			chosen, err := s.run()
			var none *NoSolution
			got := "none"
			if err == nil {
				got = w.text(chosen)
			} else if !errors.As(err, &none) {
				t.Fatal(err)
			}
			t.Logf("%d loads, %d conflicts", s.loads, s.conflicts)
			if !strings.Contains(got, c.want) || s.loads > c.loads || s.conflicts > c.conflicts {
				t.Errorf("%d loads, %d conflicts; want %q in %.200q", s.loads, s.conflicts, c.want, got)
			}
		})
	}
}

// TestStepsEnd: neither decisions nor conflicts go on once nobody waits.
func TestStepsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Solve(ctx, parse(t, against(50))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// against: every version of b wants another of c than every new one of a.
func against(n int) string {
	var b strings.Builder
	b.WriteString("root: a *, b *\n")
	for i := range n {
		fmt.Fprintf(&b, "a %d: c %d\nb %d: c %d\nc %d\n", i, i, i, i%7, i)
	}
	return b.String()
}

// singletons: every version of boto wants one of core; the newer half of core
// wants another url than is asked for.
func singletons(n int) string {
	var b strings.Builder
	b.WriteString("root: boto *, url 1\nurl 1\nurl 2\n")
	for i := range n {
		fmt.Fprintf(&b, "boto %d: core %d\ncore %d: url %d\n", i+1, i+1, i+1, 1+(2*i+1)/n)
	}
	return b.String()
}

// decade: numpy is chosen first; numba's versions bound it from above, those of
// long ago do not, but want an llvm that is there or not.
func decade(n int) string {
	var b strings.Builder
	b.WriteString("root: numpy *, numba *\nllvm 1\n")
	for i := range 100 {
		fmt.Fprintf(&b, "numpy %d\n", i+1)
	}
	for i := range n {
		if i < n/2 {
			fmt.Fprintf(&b, "numba %d: llvm 1\n", i+1)
			continue
		}
		fmt.Fprintf(&b, "numba %d: numpy", i+1)
		for v := range 50 {
			fmt.Fprintf(&b, " %d", v+1)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// wide: one package brings many, half of which bring one that all bound.
func wide(n int) string {
	var b, all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, ", x%d *", i)
		for v := range 4 {
			fmt.Fprintf(&b, "x%d %d", i, v)
			if i%2 == 0 {
				fmt.Fprintf(&b, ": common %d %d", v, v+1)
			}
			b.WriteString("\n")
		}
	}
	return "root: air *\nair 1: " + strings.TrimPrefix(all.String(), ", ") + "\n" + b.String() + "common 0\ncommon 1\ncommon 2\ncommon 3\ncommon 4\n"
}

// chain: a needs b, b needs c, and so on; the last wants another start.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("root: x0 *, end 1\nend 1\nend 2\n")
	for i := range n {
		for v := range 3 {
			fmt.Fprintf(&b, "x%d %d: x%d *\n", i, v, i+1)
		}
	}
	fmt.Fprintf(&b, "x%d 1: end 2\n", n)
	return b.String()
}
