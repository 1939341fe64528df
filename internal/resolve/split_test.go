package resolve

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"snug/internal/event"
	"snug/internal/lock"
)

// onTags are those of releases that only some of the three targets have: l is
// Linux, m macOS, w Windows.
var onTags = map[rune]string{'l': "tag=py3-none-manylinux_2_17_x86_64", 'm': "tag=py3-none-macosx_11_0_arm64", 'w': "tag=py3-none-win_amd64"}

// onMarkers are the markers of the same letters.
var onMarkers = map[string]string{"l": "sys_platform == 'linux'", "m": "sys_platform == 'darwin'", "w": "sys_platform == 'win32'",
	"lm": "sys_platform != 'win32'", "lw": "sys_platform != 'darwin'", "mw": "sys_platform != 'linux'"}

// targeted reads "a 1 @lw: b<2, c@m" lines: which targets have a wheel, and what
// it needs, where.
func targeted(t testing.TB, text string) *shelfText {
	t.Helper()
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		head, needs, _ := strings.Cut(line, ":")
		name, on, limited := strings.Cut(strings.TrimSpace(head), " @")
		fields := []string{name}
		for _, letter := range on {
			fields = append(fields, onTags[letter])
		}
		if limited && on == "" {
			fields = append(fields, "sdist")
		}
		for need := range strings.SplitSeq(needs, ",") {
			if need = strings.TrimSpace(need); need != "" {
				fields = append(fields, onTarget(need))
			}
		}
		lines = append(lines, strings.Join(fields, " | "))
	}
	return world(t, strings.Join(lines, "\n"))
}

// onTarget turns "b<2@w" into "b<2; sys_platform == 'win32'".
func onTarget(need string) string {
	spec, on, limited := strings.Cut(need, "@")
	if !limited {
		return spec
	}
	return spec + "; " + onMarkers[on]
}

func targetedAsks(list string) string {
	var out []string
	for need := range strings.SplitSeq(list, ",") {
		out = append(out, onTarget(strings.TrimSpace(need)))
	}
	return strings.Join(out, " & ")
}

// perTarget is "a 1, b 2" for each target, or one where all are the same.
func perTarget(t testing.TB, l *lock.Lock, in Input) string {
	t.Helper()
	var out []string
	for i := range in.Targets {
		out = append(out, versions(t, l, in, i, "prod"))
	}
	if alike := slices.Compact(slices.Clone(out)); len(alike) == 1 {
		return alike[0]
	}
	return strings.Join(out, " | ")
}

// TestSplit: what targets share and what they do not; want is for Linux, macOS
// and Windows, and once where it is the same.
func TestSplit(t *testing.T) {
	for _, c := range []struct{ name, index, asks, want string }{
		{"an older version for all", "a 2 @l\na 1", "a", "a 1"},
		{"two of three share", "a 3 @l\na 2 @lm\na 1 @w", "a", "a 2 | a 2 | a 1"},
		{"the other two share", "a 3 @l\na 2 @mw", "a", "a 3 | a 2 | a 2"},
		{"the newest that two have", "a 3 @m\na 2 @lw", "a", "a 2 | a 3 | a 2"},
		{"only what clashes is parted", "a 2 @lm\na 1 @w\nb 2\nb 1\nc 2 @l\nc 1", "a, b, c", "a 2, b 2, c 1 | a 2, b 2, c 1 | a 1, b 2, c 1"},
		{"what asks for it on one target", "a 1\na 2", "a>=2@l, a<2@w, a@m", "a 2 | a 2 | a 1"},
		{"on the way down", "a 1: c<2\nb 1: c>=2\nc 1\nc 2", "a@l, b@m, c@w", "a 1, c 1 | b 1, c 2 | c 2"},
		{"a pair that moves together", "a 2 @lm: b>=2\na 1 @w: b<2\nb 1\nb 2", "a, b", "a 2, b 2 | a 2, b 2 | a 1, b 1"},
		{"a user of what is parted is shared", "a 2 @lm\na 1 @w\nu 1: a", "u", "a 2, u 1 | a 2, u 1 | a 1, u 1"},
		{"a user that wants one version gives way where it must", "a 2 @lm\na 1 @w\nu 2: a>=2\nu 1: a", "u", "a 2, u 1 | a 2, u 1 | a 1, u 1"},
		{"extras", "a 2 @lm: b>=2@lm\na 1 @w\nb 1\nb 2", "a, b<2@w", "a 2, b 2 | a 2, b 2 | a 1, b 1"},
		{"each its own", "a 3 @l\na 2 @m\na 1 @w", "a", "a 3 | a 2 | a 1"},
		{"two names by two lines", "a 2 @lm\na 1 @w\nb 2 @lw\nb 1 @m", "a, b", "a 2, b 2 | a 2, b 1 | a 1, b 2"},
		{"not needed on one", "a 2 @l\na 1 @m", "a@lm", "a 2 | a 1 | "},
		{"missing where it is not needed", "a 2 @lm", "a@lm", "a 2 | a 2 | "},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, asks(t, targetedAsks(c.asks)), targeted(t, c.index), three...)
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := perTarget(t, l, in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestSplitIsKept: a lock that differs by target stays as it is when something
// is added, though one version for all could be had by now.
func TestSplitIsKept(t *testing.T) {
	const before = "a 2 @lm\na 1 @w\nb 1"
	in := input(t, asks(t, "a"), targeted(t, before), three...)
	old, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	in = input(t, asks(t, "a & b"), targeted(t, "a 2\na 1 @w\nb 1"), three...)
	in.Locked = old
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := perTarget(t, l, in), "a 2, b 1 | a 2, b 1 | a 1, b 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	in.Locked = nil
	if l, err = Resolve(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if got, want := perTarget(t, l, in), "a 2, b 1"; got != want {
		t.Errorf("anew: got %q, want %q", got, want)
	}
}

// TestSplitsEnd: names that no targets can share cost a bounded number of solves,
// however many they are.
func TestSplitsEnd(t *testing.T) {
	for _, c := range []struct{ names, least, most int }{{5, 11, 11}, {40, 42, 60}, {90, 66, maxRounds + 2 + maxAligned}} {
		var index, ask []string
		for n := range c.names {
			index = append(index, fmt.Sprintf("a%d 2 @lm\na%d 1 @w", n, n))
			ask = append(ask, fmt.Sprintf("a%d", n))
		}
		in := input(t, asks(t, strings.Join(ask, " & ")), targeted(t, strings.Join(index, "\n")), three...)
		in.Events = event.Discard()
		asked, err := readRoots(in.Project)
		if err != nil {
			t.Fatal(err)
		}
		places := newPlaces(in.Targets)
		shelf := newShelf(in, asked, places)
		j := joint{in: in, asked: asked, places: places, shelf: shelf, classes: classes(places), keep: locked(nil, places)}
		chosen, err := j.choose(t.Context())
		shelf.wait()
		if err != nil || chosen.surplus() != c.names || j.solves < c.least || j.solves > c.most {
			t.Errorf("%d names: %d solves, %d versions more than one each, %v", c.names, j.solves, chosen.surplus(), err)
		}
	}
}

// TestSharesWhereItCan: in random small universes the answer for all targets is
// one for each of them (Resolve checks it), exists exactly where each target
// alone has one, and is one for all where trying everything finds such.
func TestSharesWhereItCan(t *testing.T) {
	shared, parted, more := 0, 0, 0
	for seed := range uint64(900) {
		u := randomUniverse(rand.New(rand.NewPCG(seed, 7)))
		in := input(t, asks(t, targetedAsks(u.asks)), targeted(t, u.index()), three...)
		l, err := Resolve(t.Context(), in)
		var conflict *Conflict
		if err != nil && !errors.As(err, &conflict) {
			t.Fatalf("seed %d: %v\n%s", seed, err, u)
		}
		alone := true
		for _, name := range three {
			_, err := Resolve(t.Context(), input(t, in.Project, in.Index, name))
			alone = alone && err == nil
		}
		if alone != (err == nil) {
			t.Fatalf("seed %d: each alone: %v, together: %v\n%s", seed, alone, err, u)
		}
		if err != nil {
			continue
		}
		one := !slices.ContainsFunc(l.Packages, func(p lock.Package) bool {
			return slices.ContainsFunc(l.Packages, func(o lock.Package) bool { return o.Name == p.Name && o.Version != p.Version })
		})
		if could := u.shared(); could != one {
			t.Fatalf("seed %d: shared %v, could be %v: %s\n%s", seed, one, could, perTarget(t, l, in), u)
		}
		if one {
			shared++
			continue
		}
		parted++
		if fewest := u.fewest(); surplus(l) > fewest {
			t.Logf("seed %d: %d versions more than one each, %d would do: %s\n%s", seed, surplus(l), fewest, perTarget(t, l, in), u)
			more++
		}
	}
	if shared < 150 || parted < 50 || more > parted/50 {
		t.Errorf("%d universes with one version for all and %d without, %d of these with more versions than needed", shared, parted, more)
	}
}

// surplus counts the versions beyond the first of each package.
func surplus(l *lock.Lock) int {
	names := map[string]bool{}
	for _, p := range l.Packages {
		names[p.Name] = true
	}
	return len(l.Packages) - len(names)
}

// universe is packages a to d with versions 1 to 3.
type universe struct {
	asks     string
	releases []randomRelease
}

type randomRelease struct {
	name    string
	version int
	on      string
	needs   []randomNeed
}

// randomNeed is one package at some of the versions, on some targets.
type randomNeed struct {
	name     string
	min, max int
	on       string
}

func (n randomNeed) String() string {
	text := n.name // commas part needs here, so a range is two of them
	switch {
	case n.min == n.max:
		text += fmt.Sprintf("==%d", n.min)
	case n.min > 1:
		text += fmt.Sprintf(">=%d", n.min)
	case n.max < 3:
		text += fmt.Sprintf("<=%d", n.max)
	}
	if n.on != "lmw" {
		text += "@" + n.on
	}
	return text
}

func randomUniverse(r *rand.Rand) *universe {
	some := []string{"l", "m", "w", "lm", "lw", "mw"}
	need := func() randomNeed {
		n := randomNeed{name: string(rune('a' + r.IntN(4))), min: 1, max: 3, on: "lmw"}
		switch r.IntN(4) {
		case 0:
			n.min = 2
		case 1:
			n.max = 2
		case 2:
			n.min = 1 + r.IntN(3)
			n.max = n.min
		}
		if r.IntN(3) == 0 {
			n.on = some[r.IntN(len(some))]
		}
		return n
	}
	u := &universe{}
	root := randomRelease{name: "root", version: 1, on: "lmw"}
	for range 2 + r.IntN(2) {
		root.needs = append(root.needs, need())
	}
	u.releases = append(u.releases, root)
	for _, name := range []string{"a", "b", "c", "d"} {
		for v := range 3 {
			x := randomRelease{name: name, version: v + 1, on: "lmw"}
			if r.IntN(2) == 0 {
				x.on = some[r.IntN(len(some))]
			}
			for range r.IntN(3) {
				x.needs = append(x.needs, need())
			}
			u.releases = append(u.releases, x)
		}
	}
	var asks []string
	for _, n := range root.needs {
		asks = append(asks, n.String())
	}
	u.asks = strings.Join(asks, ", ")
	return u
}

func (u *universe) index() string {
	var out []string
	for _, x := range u.releases[1:] {
		out = append(out, x.line())
	}
	return strings.Join(out, "\n")
}

func (x randomRelease) line() string {
	text := fmt.Sprintf("%s %d", x.name, x.version)
	if x.on != "lmw" {
		text += " @" + x.on
	}
	var needs []string
	for _, n := range x.needs {
		needs = append(needs, n.String())
	}
	return text + ": " + strings.Join(needs, ", ")
}

func (u *universe) String() string { return "asks " + u.asks + "\n" + u.index() }

// choice is the version of packages a to d; 0 is none.
type choice [4]int

func (c choice) of(name string) int { return c[name[0]-'a'] }

// choices are all there are.
func choices() []choice {
	var out []choice
	for n := range 256 {
		out = append(out, choice{n % 4, n / 4 % 4, n / 16 % 4, n / 64})
	}
	return out
}

// shared tries every choice of one version or none for each package.
func (u *universe) shared() bool {
	return slices.ContainsFunc(choices(), func(c choice) bool {
		_, l := u.fits(c, "l")
		_, m := u.fits(c, "m")
		_, w := u.fits(c, "w")
		return l && m && w
	})
}

// fewest tries every choice for every target: how many versions beyond the first
// of each package there must be.
func (u *universe) fewest() int {
	var fit [3][]choice
	for i, target := range []string{"l", "m", "w"} {
		for _, c := range choices() {
			if needed, ok := u.fits(c, target); ok && needed == c {
				fit[i] = append(fit[i], c)
			}
		}
	}
	best := 99
	for _, l := range fit[0] {
		for _, m := range fit[1] {
			for _, w := range fit[2] {
				best = min(best, beyond(l, m, w))
			}
		}
	}
	return best
}

func beyond(all ...choice) int {
	n := 0
	for name := range 4 {
		var versions []int
		for _, c := range all {
			if v := c[name]; v > 0 && !slices.Contains(versions, v) {
				versions = append(versions, v)
			}
		}
		n += max(0, len(versions)-1)
	}
	return n
}

// fits tells whether the choice serves a target, and what of it the target
// needs.
func (u *universe) fits(c choice, target string) (needed choice, ok bool) {
	for queue := []randomRelease{u.releases[0]}; len(queue) > 0; queue = queue[1:] {
		x := queue[0]
		if !strings.Contains(x.on, target) {
			return needed, false
		}
		for _, n := range x.needs {
			v := c.of(n.name)
			if !strings.Contains(n.on, target) {
				continue
			}
			if v < n.min || v > n.max {
				return needed, false
			}
			if needed.of(n.name) == 0 {
				needed[n.name[0]-'a'] = v
				queue = append(queue, u.release(n.name, v))
			}
		}
	}
	return needed, true
}

func (u *universe) release(name string, version int) randomRelease {
	i := slices.IndexFunc(u.releases, func(x randomRelease) bool { return x.name == name && x.version == version })
	return u.releases[i]
}
