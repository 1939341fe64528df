package interp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// listLimit bounds the wait for one source: one that cannot be reached must
// not hold up those that can.
const listLimit = 20 * time.Second

// Choose picks one interpreter for every target, keyed by the target's text.
//
// Asked is "" (the newest stable minor inside requires that every target can
// have), a version ("3.14" means its newest patch) or a specifier set. A full
// version that all targets can have is preferred to newer ones that differ;
// among equals the earlier source wins; one that cannot be moved is taken only
// where no other fits. Said holds, in order, what a person should know: which
// source was chosen, which could not be asked, and why.
//
// Errors: fault.Usage if asked is not a version, fault.NotFound (or Network, if
// sources could not be asked) when a target has none.
func Choose(ctx context.Context, sources []Source, asked string, requires pep440.Specifiers, targets []pytag.Target) (map[string]Interpreter, []string, error) {
	want, err := parseWish(asked, requires)
	if err != nil {
		return nil, nil, err
	}
	// A Python that was found is taken only where no other fits, and asking means
	// to start every one of them.
	movable := slices.IndexFunc(sources, func(s Source) bool { return s.Name() == SourceFound })
	if movable < 0 {
		movable = len(sources)
	}
	offers, failed, err := listAll(ctx, sources[:movable], targets)
	if err == nil && len(pick(offers, want, targets)) < len(targets) {
		offers, failed, err = listAll(ctx, sources, targets)
	}
	if err != nil {
		return nil, nil, err
	}
	var said []string
	for i, err := range failed {
		if err != nil {
			said = append(said, fmt.Sprintf("%s: not used: %v", sources[i].Name(), err))
		}
	}
	chosen := pick(offers, want, targets)
	for _, t := range targets {
		if _, ok := chosen[t.String()]; !ok {
			return nil, said, noneFor(t, want, offers, errors.Join(failed...))
		}
	}
	return chosen, append(said, describe(chosen, targets)...), nil
}

// wish is what the user and the project allow.
type wish struct {
	text     string
	prefix   string // "3.14" or "3.14.6"; "" is any
	allowed  []pep440.Specifiers
	explicit bool // a pre-release may be meant
}

func parseWish(asked string, requires pep440.Specifiers) (wish, error) {
	w := wish{text: asked, allowed: []pep440.Specifiers{requires}}
	if asked == "" {
		w.text = requires.String()
		return w, nil
	}
	if v, err := pep440.Parse(asked); err == nil {
		w.prefix, w.explicit = v.String(), v.IsPrerelease()
		return w, nil
	}
	s, err := pep440.ParseSpecifiers(asked)
	if err != nil {
		return w, fault.New(fault.Usage, `write it as "3.14", "3.14.6" or ">=3.12"`, "python %q is not a version", asked)
	}
	w.allowed = append(w.allowed, s)
	return w, nil
}

func (w wish) fits(v pep440.Version) bool {
	if v.IsPrerelease() && !w.explicit {
		return false
	}
	if w.prefix != "" && v.String() != w.prefix && !strings.HasPrefix(v.String(), w.prefix+".") {
		return false
	}
	for _, s := range w.allowed {
		if len(s) > 0 && !s.Contains(v) {
			return false
		}
	}
	return true
}

// offer is an interpreter with its place in the order of sources.
type offer struct {
	Interpreter
	rank int
}

// listAll asks every source for every target at the same time. The errors are
// one a source, nil where all went well.
func listAll(ctx context.Context, sources []Source, targets []pytag.Target) (map[string][]offer, []error, error) {
	lists := make([][]Interpreter, len(sources))
	failed := make([]error, len(sources))
	var g errgroup.Group
	for i, s := range sources {
		g.Go(func() error {
			lists[i], failed[i] = List(ctx, s, targets...)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	offers := map[string][]offer{}
	for i, list := range lists {
		for _, found := range list {
			offers[found.Target] = append(offers[found.Target], offer{found, i})
		}
	}
	return offers, failed, nil
}

// List asks one source for every target, for a bounded time.
func List(ctx context.Context, s Source, targets ...pytag.Target) ([]Interpreter, error) {
	ctx, cancel := context.WithTimeout(ctx, listLimit)
	defer cancel()
	var out []Interpreter
	for _, t := range targets {
		found, err := s.List(ctx, t)
		if err != nil {
			return out, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// pick goes from the best to the least good kind of answer: one movable full
// version for all, one movable minor for all, and then each target for itself.
func pick(offers map[string][]offer, want wish, targets []pytag.Target) map[string]Interpreter {
	best := func(t pytag.Target, ok func(offer) bool) (offer, bool) {
		var found []offer
		for _, o := range offers[t.String()] {
			if want.fits(o.Version) && ok(o) {
				found = append(found, o)
			}
		}
		if len(found) == 0 {
			return offer{}, false
		}
		return slices.MaxFunc(found, better), true
	}
	forAll := func(ok func(offer) bool) map[string]Interpreter {
		out := map[string]Interpreter{}
		for _, t := range targets {
			o, found := best(t, ok)
			if !found {
				return nil
			}
			out[t.String()] = o.Interpreter
		}
		return out
	}
	for _, minor := range minors(offers, want) {
		for _, v := range patches(offers, want, minor) {
			if all := forAll(func(o offer) bool { return o.Movable && o.Version.Compare(v) == 0 }); all != nil {
				return all
			}
		}
		if all := forAll(func(o offer) bool { return o.Movable && o.Minor() == minor }); all != nil {
			return all
		}
	}
	out := map[string]Interpreter{}
	for _, t := range targets {
		if o, ok := best(t, func(o offer) bool { return o.Movable }); ok {
			out[t.String()] = o.Interpreter
		} else if o, ok := best(t, func(offer) bool { return true }); ok {
			out[t.String()] = o.Interpreter
		}
	}
	return out
}

// better orders by version, then by source, the earlier one being better.
func better(a, b offer) int {
	if c := a.Version.Compare(b.Version); c != 0 {
		return c
	}
	return b.rank - a.rank
}

// patches returns the full versions that fit, newest first; of one minor if
// that is given.
func patches(offers map[string][]offer, want wish, minor string) []pep440.Version {
	var out []pep440.Version
	for _, list := range offers {
		for _, o := range list {
			if want.fits(o.Version) && (minor == "" || o.Minor() == minor) {
				out = append(out, o.Version)
			}
		}
	}
	slices.SortFunc(out, func(a, b pep440.Version) int { return b.Compare(a) })
	return slices.CompactFunc(out, func(a, b pep440.Version) bool { return a.Compare(b) == 0 })
}

// minors returns the minors that fit, newest first.
func minors(offers map[string][]offer, want wish) []string {
	var out []string
	for _, v := range patches(offers, want, "") {
		out = append(out, minorOf(v))
	}
	return slices.Compact(out)
}

func noneFor(t pytag.Target, want wish, offers map[string][]offer, failed error) error {
	have := minors(map[string][]offer{"": offers[t.String()]}, wish{explicit: true})
	hint := "`snug python list` shows what can be had"
	if len(have) > 0 {
		hint = "there is " + strings.Join(have, ", ") + " for it; " + hint
	}
	asked := want.text
	if asked == "" {
		asked = "any version"
	}
	if failed != nil {
		return fault.New(fault.Network, hint, "no Python (%s) for %s: %w", asked, t, failed)
	}
	return fault.New(fault.NotFound, hint, "no Python (%s) for %s", asked, t)
}

// describe says each choice once, naming the targets that share it.
func describe(chosen map[string]Interpreter, targets []pytag.Target) []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range targets {
		c := chosen[t.String()]
		key := c.Version.String() + " from " + c.Source + " (" + c.ID + ")"
		if seen[key] {
			continue
		}
		seen[key] = true
		line := "Python " + key
		if !c.Movable {
			line += ": on this machine only, for dev runtimes"
		}
		out = append(out, line)
	}
	return out
}
