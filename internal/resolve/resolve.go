// Package resolve chooses one version of every package for every target, and
// writes the choice down as a lock. It asks an index what there is, and Sources
// what building would give; it runs, builds or installs nothing itself.
//
// The hard idea is that targets are explicit. A solver's variable is a
// (name, extra, set of targets): a dependency whose marker holds on some
// targets is a need on those targets only. The union of all runtimes is solved
// once, for all targets together, so that they share versions; where that has no
// solution, the proof tells which names cannot be shared, and only these are
// chosen apart (split.go). Runtimes are cut from the solution by
// reachability, so that a runtime holds what the one inside it holds.
package resolve

import (
	"context"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"time"

	"snug/internal/cooldown"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// MaxTargets bounds the targets of one lock.
const MaxTargets = 64

// Source is where packages come from; *index.Client is one. All methods must
// be safe for concurrent use and answer the same each time.
type Source interface {
	// Listing has the code fault.NotFound for a name that nobody knows.
	Listing(ctx context.Context, name string) (*index.Listing, error)
	Metadata(ctx context.Context, l *index.Listing, f index.File) ([]byte, error)
	Download(ctx context.Context, url string, size int64) (io.ReadCloser, error)
}

// TargetPython is a target with the interpreter that its runtimes get.
type TargetPython struct {
	Target      pytag.Target
	Python      pep440.Version
	Interpreter lock.Interpreter
}

// Input is what a resolution depends on.
type Input struct {
	Project   *manifest.Project
	Targets   []TargetPython // in the order of the project
	Index     Source
	Sources   Sources         // nil: sdists are passed over
	Locked    *lock.Lock      // what to keep to where it can be kept; nil: nothing
	Moved     func([]Move)    // is told which of Locked was not kept; nil: those that were yanked or are too young now are said
	AsOf      time.Time       // said in the lock; the Source applies it
	MinAge    cooldown.Policy // indexes by address, as listings name them
	Judge     Judge           // nil: policy refuses nothing
	Before    *lock.Lock      // what is there now, whose holes a young release may mend; nil: nothing
	Now       time.Time       // what ages are counted from, unless AsOf is before it
	Events    event.Handler   // nil: nobody listens
	CreatedBy string
}

// Resolve returns the lock that answers what the project asks, checked. The
// error is a *Conflict where there is no answer; other faults say what is wrong
// with the input or the index. Tool.Asked is left to the caller.
func Resolve(ctx context.Context, in Input) (*lock.Lock, error) {
	if len(in.Targets) == 0 || len(in.Targets) > MaxTargets {
		return nil, fault.New(fault.Usage, "name them in [tool.snug] targets", "%d targets, not 1 to %d", len(in.Targets), MaxTargets)
	}
	if in.Events == nil {
		in.Events = event.Discard()
	}
	ctx, cancel := context.WithCancel(ctx)
	asked, err := readRoots(in.Project)
	if err != nil {
		cancel()
		return nil, err
	}
	places := newPlaces(in.Targets)
	if err := asked.oneOverride(places); err != nil {
		cancel()
		return nil, err
	}
	shelf := newShelf(in, asked, places)
	defer shelf.wait()
	defer cancel()
	picks, err := solveAll(ctx, in, asked, places, shelf)
	if err != nil {
		return nil, err
	}
	a := &outcome{ctx: ctx, shelf: shelf, picks: picks}
	remarks := slices.Concat(a.heldBack(), a.leftYoung(), a.leftDenied(), a.belowBound(), a.passedOver())
	if in.Moved != nil {
		in.Moved(a.moves())
	} else {
		remarks = append(remarks, a.withdrawn()...)
	}
	for _, text := range remarks {
		in.say("%s", text)
	}
	l, err := write(ctx, in, shelf, picks)
	if err != nil {
		return nil, err
	}
	return l, Check(ctx, l, in, shelf.ofDirect)
}

// place is one target as the rules of dependencies see it.
type place struct {
	name   string
	python pep440.Version
	env    pep508.Environment
	tags   *pytag.Set
}

func newPlaces(targets []TargetPython) []place {
	out := make([]place, len(targets))
	for i, t := range targets {
		out[i] = place{t.Target.String(), t.Python, pytag.Environment(t.Target, t.Python), pytag.Supported(t.Target, t.Python)}
	}
	return out
}

// targets is a set of places, by index.
type targets uint64

func all(places []place) targets { return 1<<len(places) - 1 }

// namesOf are the names of some of the places, in their order.
func namesOf(places []place, on targets) []string {
	var out []string
	for i := range on.each {
		out = append(out, places[i].name)
	}
	return out
}

func (s targets) first() int { return bits.TrailingZeros64(uint64(s)) }
func (s targets) many() bool { return s&(s-1) != 0 }

func (s targets) each(yield func(int) bool) {
	for ; s != 0; s &= s - 1 {
		if !yield(s.first()) {
			return
		}
	}
}

// classes groups the places that no marker can tell apart: these share every
// version.
func classes(places []place) []targets {
	var out []targets
	seen := map[pep508.Environment]int{}
	for i, p := range places {
		at, ok := seen[p.env]
		if !ok {
			at = len(out)
			seen[p.env] = at
			out = append(out, 0)
		}
		out[at] |= 1 << i
	}
	return out
}

// say is a note to whoever listens.
func (in *Input) say(format string, args ...any) {
	in.Events.Handle(event.Event{Stage: "resolve", Kind: event.Note, Message: fmt.Sprintf(format, args...)})
}
