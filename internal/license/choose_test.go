package license

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func parse(t *testing.T, text string) Expression {
	t.Helper()
	if text == "" {
		return Expression{}
	}
	e, err := ParseExpression(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func classRank(id, exception string, _ bool) int { return ClassWith(id, exception).Rank() }

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		text, taken string
		class       Class
		decisive    string
	}{
		{"MIT", "MIT", Permissive, "MIT"},
		{"GPL-3.0-only OR MIT", "MIT", Permissive, "MIT"},
		{"MIT OR Apache-2.0", "MIT", Permissive, "MIT"},
		{"MIT AND GPL-3.0-only", "MIT AND GPL-3.0-only", StrongCopyleft, "GPL-3.0-only"},
		{"MIT AND (GPL-3.0-only OR MPL-2.0)", "MIT AND MPL-2.0", WeakCopyleft, "MPL-2.0"},
		{"GPL-3.0-only OR MIT AND AGPL-3.0-only", "GPL-3.0-only", StrongCopyleft, "GPL-3.0-only"},
		{"(GPL-3.0-only OR MIT) AND AGPL-3.0-only", "MIT AND AGPL-3.0-only", Network, "AGPL-3.0-only"},
		{"(MIT OR (GPL-2.0-only AND (LGPL-2.1-only OR BUSL-1.1)))", "MIT", Permissive, "MIT"},
		{"AGPL-3.0-only OR (GPL-2.0-only AND (LGPL-2.1-only OR BUSL-1.1))", "(GPL-2.0-only AND LGPL-2.1-only)", StrongCopyleft, "GPL-2.0-only"},
		{"LicenseRef-Acme OR GPL-3.0-only", "GPL-3.0-only", StrongCopyleft, "GPL-3.0-only"},
		{"LicenseRef-Acme", "LicenseRef-Acme", Unknown, "LicenseRef-Acme"},
		{"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", WeakCopyleft, "GPL-2.0-only WITH Classpath-exception-2.0"},
		{"apache-2.0 with llvm-exception or mit", "Apache-2.0 WITH LLVM-exception", Permissive, "Apache-2.0 WITH LLVM-exception"},
		{"gpl-2.0+ and lgpl-2.1+", "GPL-2.0+ AND LGPL-2.1+", StrongCopyleft, "GPL-2.0+"},
		{"GPL-2.0-only AND GPL-3.0-only", "GPL-2.0-only AND GPL-3.0-only", StrongCopyleft, "GPL-2.0-only GPL-3.0-only"},
	} {
		got := parse(t, c.text).Choose(classRank)
		var decisive []string
		for _, e := range got.Decisive {
			decisive = append(decisive, bare(e.String()))
		}
		if strings.Trim(got.Expression.String(), "()") != strings.Trim(c.taken, "()") || Classes()[got.Rank] != c.class || strings.Join(decisive, " ") != c.decisive {
			t.Errorf("%s: %s, %s, %q", c.text, got.Expression, Classes()[got.Rank], decisive)
		}
	}
}

func TestChoicesAreRecorded(t *testing.T) {
	got := parse(t, "(GPL-3.0-only OR (MIT OR ISC)) AND (Zlib OR AGPL-3.0-only)").Choose(classRank)
	want := []Choice{{"MIT", []string{"GPL-3.0-only"}}, {"MIT", []string{"ISC"}}, {"Zlib", []string{"AGPL-3.0-only"}}}
	if !slices.EqualFunc(got.Choices, want, func(a, b Choice) bool { return a.Taken == b.Taken && slices.Equal(a.Left, b.Left) }) {
		t.Errorf("%+v", got.Choices)
	}
}

// random is an expression of the ids, of bounded depth.
func random(r *rand.Rand, ids []string, depth int) string {
	if depth == 0 || r.IntN(3) == 0 {
		return ids[r.IntN(len(ids))]
	}
	var parts []string
	for range 2 + r.IntN(2) {
		parts = append(parts, random(r, ids, depth-1))
	}
	text := strings.Join(parts, []string{" AND ", " OR "}[r.IntN(2)])
	if r.IntN(2) == 0 {
		text = "(" + text + ")"
	}
	return text
}

// A judge that is milder about some licences never makes the whole harder, what is chosen is an expression
// by itself that has no OR, and is judged as the whole was.
func TestChooseIsMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 4))
	ids := []string{"MIT", "Apache-2.0 WITH LLVM-exception", "GPL-2.0+", "LicenseRef-x", "MPL-2.0", "AGPL-3.0-only"}
	for range 3000 {
		text := random(r, ids, 4)
		e := parse(t, text)
		ranks, milder := map[string]int{}, map[string]int{}
		for _, id := range ids {
			name, _, _ := strings.Cut(strings.TrimSuffix(id, "+"), " ")
			ranks[name] = r.IntN(4)
			milder[name] = r.IntN(ranks[name] + 1)
		}
		judge := func(m map[string]int) func(string, string, bool) int {
			return func(id, _ string, _ bool) int { return m[id] }
		}
		got, mild := e.Choose(judge(ranks)), e.Choose(judge(milder))
		if mild.Rank > got.Rank {
			t.Fatalf("%s: %d by %v, %d by %v", text, got.Rank, ranks, mild.Rank, milder)
		}
		again := parse(t, got.Expression.String())
		if again.String() != got.Expression.String() || strings.Contains(again.String(), " OR ") || again.Choose(judge(ranks)).Rank != got.Rank {
			t.Fatalf("%s: chosen %s", text, got.Expression)
		}
		if want := brute(e, judge(ranks)); want != got.Rank {
			t.Fatalf("%s: rank %d, by truth table %d", text, got.Rank, want)
		}
	}
}

// brute is the lowest rank up to which the accepted licences make the expression true.
func brute(e Expression, judge func(id, exception string, plus bool) int) int {
	var holds func(e Expression, limit int) bool
	holds = func(e Expression, limit int) bool {
		switch e.Op {
		case Or:
			return slices.ContainsFunc(e.Operands, func(o Expression) bool { return holds(o, limit) })
		case And:
			return !slices.ContainsFunc(e.Operands, func(o Expression) bool { return !holds(o, limit) })
		}
		return judge(e.License, e.Exception, e.Plus) <= limit
	}
	for limit := range 10 {
		if holds(e, limit) {
			return limit
		}
	}
	return -1
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		accepted, e  string
		covers, same bool
	}{
		{"MIT", "mit", true, true}, {"MIT", "ISC", false, false},
		{"GPL-2.0-only", "GPL-2.0", true, true}, {"GPL-2.0+", "GPL-2.0-or-later", true, true},
		{"GPL-3.0-only", "GPL-2.0-or-later", true, false}, {"GPL-3.0-only", "GPL-2.0-only", false, false},
		{"GPL-2.0-only", "GPL-2.0-or-later", true, false}, {"GPL-2.0-only", "GPL-3.0-or-later", false, false},
		{"GPL-2.0-or-later", "GPL-3.0-only", true, false}, {"GPL-3.0-or-later", "GPL-2.0-only", false, false},
		{"Apache-2.0", "Apache-1.1+", true, false}, {"Apache-2.0", "Apache-2.0+", true, false}, {"Apache-2.0", "Apache-1.1", false, false},
		{"Apache-2.0", "Apache-2.0 WITH LLVM-exception", true, false}, {"Apache-2.0 WITH LLVM-exception", "Apache-2.0", false, false},
		{"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", true, true},
		{"LGPL-3.0-only", "GPL-3.0-only", false, false}, {"LicenseRef-a-1.0", "LicenseRef-a-2.0", false, false},
		{"MIT", "MIT OR ISC", false, false},
	} {
		a, e := parse(t, c.accepted), parse(t, c.e)
		if got := Covers(a, e); got != c.covers {
			t.Errorf("%s covers %s: %v", a, e, got)
		}
		if got := Same(a, e); got != c.same {
			t.Errorf("%s is %s: %v", a, e, got)
		}
	}
}

// Every identifier on the list has a class. A newer list makes this fail, so that someone looks.
func TestEveryLicenseHasAClass(t *testing.T) {
	count := map[Class]int{}
	for _, id := range licenses {
		count[ClassOf(id)]++
	}
	want := map[Class]int{Permissive: 440, WeakCopyleft: 114, StrongCopyleft: 68, Network: 25, Proprietary: 50, Unknown: 2}
	for _, c := range Classes() {
		if count[c] != want[c] {
			t.Errorf("%s: %d of list %s, want %d", c, count[c], ListVersion, want[c])
		}
	}
	for _, row := range families {
		for _, name := range strings.Fields(row.names) {
			prefix, family := strings.CutSuffix(strings.ToLower(name), "*")
			if !slices.ContainsFunc(licenses[:], func(id string) bool {
				id = strings.ToLower(id)
				return id == prefix || family && strings.HasPrefix(id, prefix)
			}) {
				t.Errorf("%s is on no list", name)
			}
		}
	}
	for _, name := range strings.Fields(lenient) {
		if _, ok := lookup(exceptions[:], name); !ok {
			t.Errorf("the exception %s is on no list", name)
		}
	}
}

func TestClassOf(t *testing.T) {
	for id, want := range map[string]Class{
		"mit": Permissive, "BSD-3-Clause": Permissive, "PSF-2.0": Permissive, "CC0-1.0": Permissive, "Unlicense": Permissive, "LicenseRef-Public-Domain": Permissive, "LicenseRef-BSD": Permissive,
		"MPL-2.0": WeakCopyleft, "LGPL-2.1-or-later": WeakCopyleft, "EPL-2.0": WeakCopyleft, "GPL-2.0-with-classpath-exception": WeakCopyleft,
		"GPL-3.0": StrongCopyleft, "GPL-2.0+": StrongCopyleft, "CC-BY-SA-4.0": StrongCopyleft, "GFDL-1.3-only": StrongCopyleft,
		"AGPL-3.0-or-later": Network, "SSPL-1.0": Network, "EUPL-1.2": Network, "OSL-3.0": Network,
		"BUSL-1.1": Proprietary, "CC-BY-NC-4.0": Proprietary, "Elastic-2.0": Proprietary, "LicenseRef-NVIDIA-Proprietary": Proprietary, "BSD-3-Clause-No-Military-License": Proprietary,
		"LicenseRef-Acme": Unknown, "nonsense": Unknown, "": Unknown, "any-OSI": Unknown,
	} {
		if got := ClassOf(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	for _, c := range []struct {
		id, exception string
		want          Class
	}{
		{"GPL-3.0-only", "GCC-exception-3.1", WeakCopyleft}, {"GPL-2.0-only", "GPL-CC-1.0", StrongCopyleft}, {"Apache-2.0", "LLVM-exception", Permissive},
		{"AGPL-3.0-only", "Classpath-exception-2.0", Network}, {"MIT", "no-exception", Unknown}, {"LGPL-3.0-only", "LGPL-3.0-linking-exception", WeakCopyleft},
	} {
		if got := ClassWith(c.id, c.exception); got != c.want {
			t.Errorf("%s WITH %s: %s, want %s", c.id, c.exception, got, c.want)
		}
	}
}

// No exception makes a licence harder.
func TestExceptionsOnlyGive(t *testing.T) {
	for _, id := range licenses {
		for _, x := range exceptions {
			if with, without := ClassWith(id, x), ClassOf(id); with.Rank() > without.Rank() || with == Permissive && without != Permissive {
				t.Fatalf("%s is %s, WITH %s %s", id, without, x, with)
			}
		}
	}
}

func FuzzChoose(f *testing.F) {
	for _, s := range []string{"MIT", "(MIT OR ISC) AND (GPL-2.0+ WITH Classpath-exception-2.0 OR LicenseRef-x)", "((((MIT))))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseExpression(s)
		if err != nil {
			return
		}
		c := e.Choose(classRank)
		again, err := ParseExpression(c.Expression.String())
		if err != nil || again.Choose(classRank).Rank != c.Rank || brute(e, classRank) != c.Rank || Classes()[c.Rank] != e.Class() {
			t.Errorf("%q: chosen %q, %d, %v", s, c.Expression, c.Rank, err)
		}
		if joined := Join(And, e, c.Expression); brute(joined, classRank) != c.Rank {
			t.Errorf("%q: joined %q", s, joined)
		}
	})
}
