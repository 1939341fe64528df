package resolve

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"snug/internal/manifest"
)

// conflictOf resolves what must have no answer.
func conflictOf(t *testing.T, in Input) *Conflict {
	t.Helper()
	_, err := Resolve(t.Context(), in)
	var c *Conflict
	if !errors.As(err, &c) {
		t.Fatalf("got %v, not a conflict", err)
	}
	return c
}

// TestStory: the chain goes from what is asked to the clash, and what does not
// take part is not in it.
func TestStory(t *testing.T) {
	for _, c := range []struct{ name, index, asks, want string }{
		{"only what is to blame", "a 1 | x<2\na 2 | x<2\nb 1 | x>=2\nc 1 | d\nd 1\nx 1\nx 2", "c & a & d & b & x",
			"a and b cannot be had together|the project asks for a|a 1 and 2 need x<2|the project asks for b|b 1 needs x>=2|no version of x is both <2 and >=2; the newest of 2 is 2"},
		{"the newest first, and on from there", "a 3 | b>=2\na 2 | gone\na 1 | python>=3.15\nb 1", "a",
			"a cannot be had|the project asks for a|a 3 needs b>=2|a 2 needs gone|no version of b is >=2; there is only 1|a 1 cannot be used: needs Python >=3.15, not 3.14.0|gone is not on the index"},
		{"what few versions need is left out", "a 1 | b==1\n" + many("a", 2, 30, "b<1") + "b 1 | sdist\nb 2", "a",
			"a cannot be had|the project asks for a|a 2 … 30 (29 versions) need b<1|no version of b is <1; the newest of 2 is 2"},
		{"two needs of one version", "a 1 | x<2 | b\nb 1 | x>=2\nx 1\nx 2", "a",
			"a cannot be had|the project asks for a|a 1 needs b|a 1 needs x<2|b 1 needs x>=2|no version of x is both <2 and >=2; the newest of 2 is 2"},
		{"a need that decides alone", "a 2 | x<2 | b\na 1 | x<2\nb 1 | c<1\nc 1\nx 1\nx 2", "a & x>1",
			"a and x>1 cannot be had together|the project asks for a|a 1 and 2 need x<2|the project asks for x>1|no version of x is both <2 and >1; the newest of 2 is 2"},
		{"three needs, and the rest in one", "a 5 | b>1\na 4 | c>1\na 3 | d>1\na 2 | e>1\na 1 | f>1\nb 1\nc 1\nd 1\ne 1\nf 1", "a",
			"a cannot be had|the project asks for a|a 5 needs b>1|a 4 needs c>1|a 3 needs d>1|a 1 and 2 need what does not fit either|no version of b is >1; there is only 1|no version of c is >1; there is only 1|no version of d is >1; there is only 1"},
		{"an extra that needs its own package", "a 1 | a[y]; extra == 'x' | b>1; extra == 'y'\nb 1", "a[x]",
			"a[x] cannot be had|the project asks for a[x]|a[x] 1 needs a[y]|a[y] 1 needs b>1|no version of b is >1; there is only 1"},
		{"a circle", "a 2 | b==2\na 1 | b==1\nb 2 | a==1\nb 1 | a==2", "a",
			"a cannot be had|the project asks for a|a 2 needs b==2|a 1 needs b==1|b 2 needs a==1|b 1 needs a==2"},
		{"the newest that could be had", "a 4 | yanked\na 3 | python>=3.15\na 2 | tag=cp314-cp314-win_amd64\na 1", "a>1",
			"a>1 cannot be had|the project asks for a>1|a 4 cannot be used: yanked|a 3 cannot be used: needs Python >=3.15, not 3.14.0|a 2 cannot be used: no wheel for linux-x86_64 and Python 3.14.0; its wheels are for win_amd64|the newest version of a that can be had here is 1"},
		{"the newest is refused too", "a 2 | yanked\na 1", "a>5",
			"a>5 cannot be had|the project asks for a>5|no version of a is >5; the newest of 2 is 2, which cannot be used either: yanked"},
		{"three limits", "a 1 | x<3\nb 1 | x>1\nx 1\nx 2\nx 3", "a & b & x!=2",
			"a, b and x!=2 cannot be had together|the project asks for a|a 1 needs x<3|the project asks for b|b 1 needs x>1|the project asks for x!=2|no version of x is in all of <3  >1  !=2; the newest of 3 is 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := conflictOf(t, input(t, asks(t, c.asks), world(t, c.index), "linux-x86_64")).Error()
			got = strings.NewReplacer(" (pyproject.toml: [project])", "", " on linux-x86_64 with Python 3.14.0:", "", "\n  ", "|").Replace(got)
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func many(name string, from, to int, needs string) string {
	var b strings.Builder
	for v := from; v <= to; v++ {
		fmt.Fprintf(&b, "%s %d | %s\n", name, v, needs)
	}
	return b.String()
}

// TestStoryOfTargets: what is needed on some targets only is said of these.
func TestStoryOfTargets(t *testing.T) {
	w := world(t, "a 1 | w>1; sys_platform != 'darwin'\nw 1")
	p := asks(t, "a")
	c := conflictOf(t, input(t, p, w, "linux-x86_64", "linux-x86_64-musl"))
	if want := "a cannot be had on linux-x86_64 and linux-x86_64-musl with Python 3.14.0:"; !strings.HasPrefix(c.Error(), want) {
		t.Errorf("got %s", c)
	}
	c = conflictOf(t, input(t, p, world(t, "a 1 | w>1; sys_platform == 'win32'\nw 1"), "linux-x86_64", "windows-x86_64"))
	if want := "a cannot be had on windows-x86_64 with Python 3.14.0:"; !strings.HasPrefix(c.Error(), want) {
		t.Errorf("got %s", c)
	}
}

// TestLongStory: a chain that is too long loses its middle, never its ends, and
// the facts.
func TestLongStory(t *testing.T) {
	var index strings.Builder
	for i := range 30 {
		fmt.Fprintf(&index, "p%d 1 | p%d\n", i, i+1)
	}
	index.WriteString("p30 1 | yanked\np30 2 | sdist")
	text := conflictOf(t, input(t, asks(t, "p0"), world(t, index.String()), "linux-x86_64")).Error()
	lines := strings.Split(text, "\n")
	if len(lines) != maxLines || lines[1] != "  the project asks for p0 (pyproject.toml: [project])" || lines[2] != "  p0 1 needs p1" ||
		!strings.Contains(text, "\n  … 23 steps …\n") || !strings.Contains(text, "\n  p29 1 needs p30\n  p30 2 cannot be used: it has only an sdist") || !strings.HasSuffix(text, "\n  p30 1 cannot be used: yanked") {
		t.Errorf("%d lines:\n%s", len(lines), text)
	}
}

// TestManyRoots: the headline names a few requirements.
func TestManyRoots(t *testing.T) {
	w := world(t, "a 1 | x!=1\nb 1 | x!=2\nc 1 | x!=3\nd 1 | x!=4\nx 1\nx 2\nx 3\nx 4")
	c := conflictOf(t, input(t, asks(t, "a & b & c & d & x"), w, "linux-x86_64"))
	if !strings.HasPrefix(c.Error(), "4 requirements cannot be had together on") || len(c.Roots) != 4 || c.Package != "x" {
		t.Errorf("%v, %s", c.Roots, c)
	}
	if names := strings.Join(c.Names(), " "); names != "a b c d x" {
		t.Errorf("names %s", names)
	}
}

// TestReasonsFromOutside: what an index says is one line of bounded length.
func TestReasonsFromOutside(t *testing.T) {
	if got := tidy("yanked: a\n\tb\x1b[31m\u202e" + strings.Repeat("x", 500)); len([]rune(got)) != maxReason+1 || strings.ContainsAny(got, "\n\t\x1b\u202e") || !strings.HasPrefix(got, "yanked: a b [31m x") {
		t.Errorf("got %q", got)
	}
}

// TestNewestOfConstraint: a constraint is told with its place.
func TestNewestOfConstraint(t *testing.T) {
	in := input(t, asks(t, "a"), world(t, "a 1 | b>1\nb 1\nb 2"), "linux-x86_64")
	q := asking(t, "b<2")
	q.Origin = manifest.Origin{File: "constraints.txt", Line: 7}
	in.Project.Constraints = []manifest.Requirement{q}
	c := conflictOf(t, in)
	if c.Facts[0].Kind != Constraint || c.Facts[0].String() != "b 2 cannot be used: the constraint b<2 (constraints.txt:7)" {
		t.Errorf("%+v", c.Facts)
	}
}

// TestDecided: of several needs of one version that which the project's own
// requirements rule out is enough.
func TestDecided(t *testing.T) {
	in := input(t, asks(t, "a & x>1"), world(t, "a 1\nx 1\nx 2\nb 1"), "linux-x86_64")
	asked, err := readRoots(in.Project)
	if err != nil {
		t.Fatal(err)
	}
	places := newPlaces(in.Targets)
	p := newProblem(newShelf(in, asked, places), asked, places, all(places), nil)
	link := func(needs string, versions ...string) Link {
		q := asking(t, needs)
		if _, err := p.view(t.Context(), q.Key(), p.on); err != nil {
			t.Fatal(err)
		}
		return Link{Of: "a", Needs: needs, Versions: versions, on: q.Key(), spec: q.Specifiers}
	}
	w := teller{problem: p}
	got := w.decided([]Link{link("b", "3", "2", "1"), link("x<2", "3", "2"), link("x>1", "1")})
	if text := fmt.Sprint(got); text != "[a 1 needs b a 2 and 3 need x<2 a 1 needs x>1]" {
		t.Errorf("got %s", text)
	}
}
