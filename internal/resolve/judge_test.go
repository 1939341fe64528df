package resolve

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/cooldown"
	"snug/internal/dist"
	"snug/internal/event"
	"snug/internal/lock"
	"snug/internal/pep440"
)

// rules are a Judge from a notation, one a line:
//
//	HOLE a <1.5       releases of a with the hole, which is denied
//	MINDED a <1.5 ?   the same, which only warns
//	licence a GPL     releases of a with that License are denied
type rules string

func (r rules) each(name string, yield func(id string, what string, warns bool)) {
	for line := range strings.SplitSeq(string(r), "\n") {
		if f := strings.Fields(line); len(f) >= 3 && f[1] == name {
			yield(f[0], f[2], len(f) > 3)
		}
	}
}

func (r rules) Release(name string, v pep440.Version) (why string) {
	r.each(name, func(id, in string, warns bool) {
		if s, err := pep440.ParseSpecifiers(in); id != "licence" && err == nil && s.Contains(v) && !warns {
			why = id + " (high), by the rule of the test"
		}
	})
	return why
}

func (r rules) Metadata(name string, _ pep440.Version, m *dist.Metadata) (why string) {
	r.each(name, func(id, licence string, _ bool) {
		if id == "licence" && m.License == licence {
			why = "licence " + licence
		}
	})
	return why
}

func (r rules) Holes(name string, v pep440.Version) (out []string) {
	r.each(name, func(id, in string, _ bool) {
		if s, err := pep440.ParseSpecifiers(in); id != "licence" && err == nil && s.Contains(v) {
			out = append(out, id)
		}
	})
	slices.Sort(out)
	return out
}

// judged resolves under rules and tells what was chosen and what was said.
func judged(t *testing.T, in Input) (l *lock.Lock, chosen, said string) {
	t.Helper()
	var notes []string
	in.Events = hearing(func(text string) { notes = append(notes, text) })
	l, err := Resolve(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return l, versions(t, l, in, 0, "prod"), strings.Join(notes, "|")
}

type hearing func(text string)

func (h hearing) Handle(e event.Event) { h(e.Message) }

// What policy denies is not chosen, nothing of it is fetched, and that is said.
func TestDeniedIsNotChosen(t *testing.T) {
	w := world(t, "a 3\na 2\na 1\nb 1")
	in := input(t, asks(t, "a & b"), w, "linux-x86_64")
	in.Judge = rules("X-1 a >=2")
	_, chosen, said := judged(t, in)
	if chosen != "a 1, b 1" || said != "a 3 is denied: X-1 (high), by the rule of the test (one other version is denied, too); 1 taken" {
		t.Errorf("%s: %s", chosen, said)
	}
	if slices.ContainsFunc(w.read, func(url string) bool { return strings.Contains(url, "a-3") || strings.Contains(url, "a-2") }) {
		t.Errorf("read: %q", w.read)
	}
}

// A locked version that is denied is not kept, and why is said.
func TestDeniedIsNotKept(t *testing.T) {
	in := input(t, asks(t, "a"), world(t, "a 3\na 2\na 1"), "linux-x86_64")
	in.Locked, _, _ = judged(t, input(t, asks(t, "a==2"), world(t, "a 2"), "linux-x86_64"))
	in.Judge = rules("X-1 a ==2")
	_, chosen, said := judged(t, in)
	if chosen != "a 3" || said != "a 2 was locked and is denied: X-1 (high), by the rule of the test; 3 takes its place" {
		t.Errorf("%s: %s", chosen, said)
	}
	var moved []Move
	in.Moved = func(m []Move) { moved = m }
	judged(t, in)
	if len(moved) != 1 || moved[0].Why != "denied: X-1 (high), by the rule of the test" {
		t.Errorf("%+v", moved)
	}
}

// Policy reads what a file says of itself, too.
func TestDeniedByMetadata(t *testing.T) {
	w := world(t, "a 2\na 1")
	for url, data := range w.metadata {
		if strings.Contains(url, "a-2") {
			w.metadata[url] = []byte(strings.Replace(string(data), "Version: 2\n", "Version: 2\nLicense: GPL\n", 1))
		}
	}
	in := input(t, asks(t, "a"), w, "linux-x86_64")
	in.Judge = rules("licence a GPL")
	if _, chosen, said := judged(t, in); chosen != "a 1" || said != "a 2 is denied: licence GPL; 1 taken" {
		t.Errorf("%s: %s", chosen, said)
	}
	in.Project = asks(t, "a>=2")
	if got := conflictOf(t, in).Facts; len(got) != 2 || got[0].String() != "a 2 is denied: licence GPL" || got[0].Kind != Policy {
		t.Errorf("%v", got)
	}
}

// TestStoryOfPolicy: a conflict says what policy denies, many versions in one line.
func TestStoryOfPolicy(t *testing.T) {
	for _, c := range []struct{ name, index, asks, rules, want string }{
		{"a pin", "a 2\na 1", "a==1", "X-1 a <2",
			"a==1 cannot be had|the project asks for a==1|a 1 is denied: X-1 (high), by the rule of the test|the newest version of a that can be had here is 2"},
		{"a bound in the way", "a 1 | b<2\nb 2\nb 1", "a", "X-1 b <2",
			"a cannot be had|the project asks for a|a 1 needs b<2|b 1 is denied: X-1 (high), by the rule of the test|the newest version of b that can be had here is 2"},
		{"many", many("a", 1, 30, "b") + "b 1", "a", "X-1 a <25\nX-2 a >=25",
			"a cannot be had|the project asks for a|a 1 … 30 (30 versions) are denied: X-2 (high), by the rule of the test; the others for the like"},
		{"what is refused for more than one thing", "a 2 | python>=3.15\na 1", "a", "X-1 a <3",
			"a cannot be had|the project asks for a|a 2 cannot be used: needs Python >=3.15, not 3.14.0|a 1 is denied: X-1 (high), by the rule of the test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, asks(t, c.asks), world(t, c.index), "linux-x86_64")
			in.Judge = rules(c.rules)
			got := strings.NewReplacer(" (pyproject.toml: [project])", "", " on linux-x86_64 with Python 3.14.0:", "", "\n  ", "|").Replace(conflictOf(t, in).Error())
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// The check of a finished lock knows the judge by itself.
func TestCheckHoldsToPolicy(t *testing.T) {
	in := input(t, asks(t, "a"), world(t, "a 1"), "linux-x86_64")
	l, _, _ := judged(t, in)
	in.Judge = rules("X-1 a <2")
	if err := Check(context.Background(), l, in, nil); err == nil || !strings.Contains(err.Error(), "a 1: policy denies it: X-1 (high), by the rule of the test") {
		t.Errorf("got %v", err)
	}
}

// TestMends: within the cooldown a release is taken where it alone closes a hole of
// what is locked, and it stays when it is locked itself. Releases are days old as
// written; what is at least 7 days old may be had anyway.
func TestMends(t *testing.T) {
	for _, c := range []struct{ name, index, locked, keep, rules, want, note string }{
		{"it closes a denied hole", "a 2 1d\na 1 90d", "1", "1", "X-1 a <2", "a 2", "X-1"},
		{"the lock is let go", "a 2 1d\na 1 90d", "1", "", "X-1 a <2 ?", "a 2", "X-1"},
		{"a hole that only warns moves nothing that is kept", "a 2 1d\na 1 90d", "1", "1", "X-1 a <2 ?", "a 1", ""},
		{"an older release closes it", "a 3 1d\na 2 9d\na 1 90d", "1", "", "X-1 a <2", "a 2", ""},
		{"the lowest of the young ones", "a 3 1d\na 2 2d\na 1 90d", "1", "", "X-1 a <2 ?", "a 2", "X-1"},
		{"each hole has its own", "a 3 1d\na 2 2d\na 1 90d", "1", "", "X-1 a <2\nX-2 a <3 ?", "a 3", "X-2"},
		{"it closes nothing", "a 2 1d\na 1 90d", "1", "", "X-1 a <3 ?", "a 1", ""},
		{"going back would open it again", "a 2 2d\na 1 90d", "2", "2", "X-1 a <2 ?", "a 2", "X-1"},
		{"it was locked for nothing", "a 2 2d\na 1 90d", "2", "2", "", "a 1", ""},
		{"a pre-release mends nothing", "a 2a1 1d\na 1 90d", "1", "", "X-1 a <2a1 ?", "a 1", ""},
		{"what was yanked is no older one", "a 3 1d\na 2 9d yanked\na 1 90d", "1", "", "X-1 a <2", "a 3", "X-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := agedInput(t, c.index)
			in.Judge, in.MinAge = rules(c.rules), cooldown.Policy{Default: cooldown.Age(7 * 24 * time.Hour)}
			before := &lock.Lock{Packages: []lock.Package{{Name: "a", Version: c.locked, Index: "https://index.example/simple/"}}}
			in.Before = before
			if c.keep != "" {
				in.Locked = before
			}
			l, chosen, _ := judged(t, in)
			if notes := strings.Join(l.Packages[0].Notes, "|"); chosen != c.want || c.note == "" && notes != "" || c.note != "" && notes != "younger than min-age, and taken because it mends "+c.note {
				t.Errorf("%s: %q", chosen, notes)
			}
		})
	}
}

// agedInput asks for a in an index of "a VERSION DAYSd [yanked]" lines.
func agedInput(t *testing.T, index string) Input {
	t.Helper()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var text []string
	ages := map[string]time.Duration{}
	for line := range strings.SplitSeq(index, "\n") {
		f := strings.Fields(line)
		age, err := cooldown.ParseAge(f[2])
		if err != nil {
			t.Fatal(err)
		}
		ages[f[1]] = time.Duration(age)
		text = append(text, strings.Join(append([]string{f[0] + " " + f[1]}, f[3:]...), " | "))
	}
	w := world(t, strings.Join(text, "\n"))
	for i := range w.listings["a"].Files {
		f := &w.listings["a"].Files[i]
		f.Upload = now.Add(-ages[f.Version.String()])
	}
	in := input(t, asks(t, "a"), w, "linux-x86_64")
	in.Now = now
	return in
}
