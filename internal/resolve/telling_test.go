package resolve

import (
	"slices"
	"strings"
	"testing"

	"snug/internal/event"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
)

const (
	onLinux   = "tag=cp314-cp314-manylinux_2_17_x86_64"
	onMac     = "tag=cp314-cp314-macosx_11_0_arm64"
	onWindows = "tag=cp314-cp314-win_amd64"
)

var three = []string{"linux-x86_64", "macos-arm64", "windows-x86_64"}

// TestWheelsThatDiffer: each target gets what the metadata of its own wheel
// asks for.
func TestWheelsThatDiffer(t *testing.T) {
	for _, c := range []struct{ name, index, want string }{
		{"dependencies", "a 1 | " + onLinux + " | gpu\na 1 | " + onMac + "\na 1 | " + onWindows + " | dll>=1\ngpu 1\ndll 1",
			"a 1, gpu 1; a 1; a 1, dll 1"},
		{"a common one is shared", "a 1 | " + onLinux + " | b\na 1 | " + onMac + " | b\na 1 | " + onWindows + " | b\nb 1", "a 1, b 1; a 1, b 1; a 1, b 1"},
		{"limits hold where they are said", "a 1 | " + onLinux + " | b<2\na 1 | " + onMac + " | b\na 1 | " + onWindows + " | b\nb 1\nb 2", "a 1, b 1; a 1, b 1; a 1, b 1"},
		{"python", "a 2 | " + onLinux + " | says=>=3.15\na 2 | " + onMac + "\na 2 | " + onWindows + "\na 1", "a 1; a 1; a 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, asks(t, "a"), world(t, c.index), three...)
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range three {
				got = append(got, versions(t, l, in, i, "prod"))
			}
			if text := strings.Join(got, "; "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

// TestSameMetadataIsReadOnce: what the index announces as equal is not fetched
// for each target.
func TestSameMetadataIsReadOnce(t *testing.T) {
	w := world(t, "a 1 | "+onLinux+"\na 1 | "+onMac+"\na 1 | "+onWindows)
	for i := range w.listings["a"].Files {
		w.listings["a"].Files[i].MetadataHash = "same"
	}
	in := input(t, asks(t, "a"), w, three...)
	places := newPlaces(in.Targets)
	asked, err := readRoots(in.Project)
	if err != nil {
		t.Fatal(err)
	}
	in.Events = event.Discard()
	if _, err := solveAll(t.Context(), in, asked, places, newShelf(in, asked, places)); err != nil {
		t.Fatal(err)
	}
	if slices.Sort(w.read); len(slices.Compact(w.read)) != 1 {
		t.Errorf("read %q", w.read)
	}
}

type heard struct{ notes []string }

func (h *heard) Handle(e event.Event) { h.notes = append(h.notes, e.Message) }

// TestSaid: what a user should know is said, and kept in the lock where it is
// about a package of it.
func TestSaid(t *testing.T) {
	for _, c := range []struct{ name, index, asks, want string }{
		{"unknown extra", "a 1 | b; extra == 'x'\nb 1", "a[x,none]", `a 1 has no extra "none": nothing comes with it`},
		{"unknown extra of a package", "a 1 | b[none]\nb 1", "a", `b 1 has no extra "none": nothing comes with it`},
		{"mended dependency", "a 1 | b>=1.9.*\nb 2", "a", `a 1: dropped .* after an ordering operator in ">=1.9.*"`},
		{"mended python", "a 1 | python>=3.8,!=3.0*", "a", `a 1: inserted a missing dot before * in ">=3.8,!=3.0*"`},
		{"unreadable python", "a 1 | python>=x", "a", `a 1: Requires-Python ">=x" cannot be read and was not applied`},
		{"a marker that nobody can decide", "a 1 | b; platform_release >= '20'", "a", "a 1: " + guessed},
		{"yanked", "a 1 | yanked", "a==1", "a 1: yanked, and asked for by =="},
		{"archived", "a 1 | archived", "a", "a 1: the project is archived on the index"},
		{"nothing", "a 1 | b\nb 1", "a", ""},
		{"newer only for others", "a 1\na 2 | tag=cp314-cp314-win_amd64", "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, strings.ReplaceAll(c.index, " | archived", ""))
			if strings.Contains(c.index, "archived") {
				w.listings["a"].Status = "archived"
			}
			h := &heard{}
			in := input(t, asks(t, c.asks), w, "linux-x86_64")
			in.Events = h
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.notes, "\n"); got != c.want {
				t.Errorf("said %q, want %q", got, c.want)
			}
			if _, note, ok := strings.Cut(c.want, ": "); ok && strings.HasPrefix(c.want, "a 1:") && !slices.Equal(l.Packages[0].Notes, []string{note}) {
				t.Errorf("noted %q", l.Packages[0].Notes)
			}
		})
	}
}

// TestSaidOfTargets: a target that holds the others back is named.
func TestSaidOfTargets(t *testing.T) {
	const some = "a 3 | " + onLinux + "\na 2 | " + onLinux + "\na 1"
	for _, c := range []struct{ name, index, asks, locked, want string }{
		{"held back", some, "a", "", "a 3 is not taken: no wheel for macos-arm64 and Python 3.14.0; all targets have 1"},
		{"asked for so", some, "a<2", "", ""},
		{"something else holds it back", some + "\na 4\nb 1 | a<4", "a & b", "", ""},
		{"locked so", some, "a", "1", ""},
		{"needed by another", some + "\nb 1 | a", "b", "", "a 3 is not taken: no wheel for macos-arm64 and Python 3.14.0; all targets have 1"},
		{"another wants it so", some + "\nb 1 | a<3", "b", "", ""},
		{"yanked since", "a 1 | yanked\na 2", "a", "1", "a 1 was locked and has been yanked; 2 takes its place"},
		{"gone since", "a 2", "a", "1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &heard{}
			in := input(t, asks(t, c.asks), world(t, c.index), three...)
			in.Events = h
			if c.locked != "" {
				in.Locked = &lock.Lock{Packages: []lock.Package{{Name: "a", Version: c.locked}}}
			}
			if _, err := Resolve(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.notes, "\n"); got != c.want {
				t.Errorf("said %q, want %q", got, c.want)
			}
		})
	}
}

// TestProjectItself: a package may need the project that is being made.
func TestProjectItself(t *testing.T) {
	for _, c := range []struct{ index, want, refused string }{
		{"plugin 1 | shop>=1\nshop 9 | evil\nevil 1", "plugin 1", ""},
		{"plugin 2 | shop>=2\nplugin 1 | shop\nshop 9", "plugin 1", ""},
		{"plugin 1 | shop>=2\nshop 9", "", "the project itself is shop 1.4.0"},
		{"plugin 1 | shop[x]", "", "an extra of the project itself"},
	} {
		p := asks(t, "plugin")
		p.Local = &manifest.Local{Name: "Shop", Version: "1.4.0"}
		in := input(t, p, world(t, c.index), "linux-x86_64")
		l, err := Resolve(t.Context(), in)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: got %v", c.index, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := versions(t, l, in, 0, "prod"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.index, got, c.want)
		}
	}
}

// TestKeepsToTheLock: what is locked stays, on each target, unless something
// else forces it away.
func TestKeepsToTheLock(t *testing.T) {
	const split = "a 2 | " + onLinux + "\na 1 | " + onWindows + "\nb 1"
	for _, c := range []struct{ name, before, after, asks, now, drop, want string }{
		{"nothing asked anew", "a 1\nb 1", "a 1\na 2\nb 1\nb 2", "a & b", "a & b", "", "a 1, b 1; a 1, b 1"},
		{"one more", "a 1", "a 1\na 2\nc 1 | a\nc 2 | a", "a", "a & c", "", "a 1, c 2; a 1, c 2"},
		{"one more that forces", "a 1", "a 1\na 2\na 3\nc 1 | a==2", "a", "a & c", "", "a 2, c 1; a 2, c 1"},
		{"one is upgraded", "a 1 | b\nb 1", "a 1 | b\na 2 | b\nb 1\nb 2", "a", "a", "a", "a 2, b 1; a 2, b 1"},
		{"the upgrade forces", "a 1 | b\nb 1\nc 1", "a 1 | b\na 2 | b>=2\nb 1\nb 2\nb 3\nc 1\nc 2", "a & c", "a & c", "a", "a 2, b 3, c 1; a 2, b 3, c 1"},
		{"each target its own", split, split + "\na 3 | " + onLinux + "\na 3 | " + onWindows + "\nb 2", "a & b", "a & b", "", "a 2, b 1; a 1, b 1"},
		{"each target its own, lower where it was lower", "a 2 | " + onLinux + "\na 1 | " + onWindows, "a 2\na 1", "a", "a", "", "a 2; a 1"},
		{"gone from the index", "a 1\nb 1", "a 2\nb 1\nb 2", "a & b", "a & b", "", "a 2, b 1; a 2, b 1"},
		{"yanked since", "a 1", "a 1 | yanked\na 2\na 3", "a", "a", "", "a 3; a 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			targets := []string{"linux-x86_64", "windows-x86_64"}
			old, err := Resolve(t.Context(), input(t, asks(t, c.asks), world(t, c.before), targets...))
			if err != nil {
				t.Fatal(err)
			}
			old.Packages = slices.DeleteFunc(old.Packages, func(p lock.Package) bool { return p.Name == c.drop })
			in := input(t, asks(t, c.now), world(t, c.after), targets...)
			in.Locked = old
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := versions(t, l, in, 0, "prod") + "; " + versions(t, l, in, 1, "prod"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestNewTargetTakesWhatIsLocked: a target that the lock does not know yet
// begins with the versions of the others.
func TestNewTargetTakesWhatIsLocked(t *testing.T) {
	old, err := Resolve(t.Context(), input(t, asks(t, "a"), world(t, "a 1"), "linux-x86_64"))
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, asks(t, "a"), world(t, "a 1\na 2"), "linux-x86_64", "macos-arm64")
	in.Locked = old
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got := versions(t, l, in, 1, "prod"); got != "a 1" {
		t.Errorf("got %q", got)
	}
}

var _ Source = (*index.Client)(nil)
