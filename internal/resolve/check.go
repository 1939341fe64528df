package resolve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// Check reads a lock as an installer would and holds it to what was asked and
// to what the index has: for every target and runtime, each selected file is
// one that the index offers for that package and version, and each requirement
// of the project and of every selected package, from the raw METADATA of the
// file itself, is met by what is selected; nothing is selected without need. It
// shares no code with the solver. direct gives the METADATA of what is named by
// URL or path. The error is a fault of code Internal that names the first thing
// that is wrong, or one of the index's.
func Check(ctx context.Context, l *lock.Lock, in Input, direct func(ctx context.Context, name string) ([]byte, error)) error {
	known := &knownMetadata{by: map[string]*fileSays{}}
	known.readAll(ctx, l, in, direct)
	for _, t := range in.Targets {
		tags := pytag.Supported(t.Target, t.Python)
		inner := map[string]map[string]lock.Selected{}
		for i, rt := range in.Project.Runtimes {
			c := checker{ctx: ctx, target: t, tags: tags, env: pytag.Environment(t.Target, t.Python), in: in, direct: direct, known: known,
				selected: map[string]lock.Selected{}, files: map[string]*fileSays{}, done: map[[2]string]bool{}}
			err := c.runtime(l, rt, i == 0)
			if err == nil {
				err = c.holds(rt, inner[rt.Contains])
			}
			if err != nil {
				return foundIn(rt, t, err)
			}
			inner[rt.Name] = c.selected
		}
	}
	return nil
}

// foundIn says where an error was found, unless it is the index's.
func foundIn(rt manifest.Runtime, t TargetPython, err error) error {
	switch fault.CodeOf(err) {
	case fault.Network, fault.Canceled:
		return err
	}
	return fault.New(fault.Internal, "please report this lock: it was not written", "check of %s on %s: %w", rt.Name, t.Target, err)
}

// knownMetadata is that of every file that was read.
type knownMetadata struct {
	mu sync.Mutex
	by map[string]*fileSays
}

// fileSays is the metadata of one file, with its Requires-Dist read until the
// first that cannot be.
type fileSays struct {
	*dist.Metadata
	needs []pep508.Requirement
	err   error
}

func readFile(data []byte) (*fileSays, error) {
	m, err := dist.ParseMetadata(data)
	if err != nil {
		return nil, err
	}
	out := &fileSays{Metadata: m}
	for _, text := range m.RequiresDist {
		q, _, err := pep508.ParseLenient(text)
		if err != nil {
			out.err = err
			break
		}
		out.needs = append(out.needs, q)
	}
	return out, nil
}

// readAll reads the metadata of all wheels at once. What is wrong with one is
// said where it is selected.
func (k *knownMetadata) readAll(ctx context.Context, l *lock.Lock, in Input, direct func(context.Context, string) ([]byte, error)) {
	c := checker{ctx: ctx, in: in, direct: direct, known: k}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range l.Packages {
		p := &l.Packages[i]
		g.Go(func() error {
			for j := range p.Wheels {
				_, _ = c.read(lock.Selected{Package: p, File: &p.Wheels[j]})
			}
			return nil
		})
	}
	_ = g.Wait()
}

type checker struct {
	ctx      context.Context // of the one call of Check that owns the checker
	target   TargetPython
	tags     *pytag.Set
	env      pep508.Environment
	in       Input
	direct   func(ctx context.Context, name string) ([]byte, error)
	known    *knownMetadata
	selected map[string]lock.Selected
	files    map[string]*fileSays // of the selected, by package
	done     map[[2]string]bool   // name and extra
}

// holds: what is in the runtime inside is in this one, the same.
func (c *checker) holds(rt manifest.Runtime, inner map[string]lock.Selected) error {
	for name, p := range inner {
		if c.selected[name] != p {
			return fmt.Errorf("%s is in %s, but not the same in %s", name, rt.Contains, rt.Name)
		}
	}
	return nil
}

func (c *checker) runtime(l *lock.Lock, rt manifest.Runtime, innermost bool) error {
	selected, err := l.Select(c.env, []string{rt.Name}, nil, c.tags, c.target.Python)
	if err != nil {
		return err
	}
	if innermost { // it is what an installer takes that is told no group
		usual, err := l.Select(c.env, nil, nil, c.tags, c.target.Python)
		if err != nil {
			return fmt.Errorf("by default: %w", err)
		}
		if !slices.Equal(usual, selected) {
			return errors.New("the default groups select something else")
		}
	}
	for _, s := range selected {
		c.selected[s.Package.Name] = s
		if c.files[s.Package.Name], err = c.file(s); err != nil {
			return fmt.Errorf("%s %s: %w", s.Package.Name, s.Package.Version, err)
		}
	}
	for name := rt.Name; name != ""; {
		r, _ := c.in.Project.Runtime(name)
		for _, q := range r.Requirements {
			if err := c.answer(q.Requirement, "", "the project"); err != nil {
				return err
			}
		}
		name = r.Contains
	}
	for _, name := range slices.Sorted(maps.Keys(c.selected)) {
		if !c.done[[2]string{name, ""}] {
			return fmt.Errorf("%s is selected, but nothing needs it", name)
		}
	}
	return nil
}

// answer holds the selection to a requirement, or to what the project has in its
// place: nothing for an excluded name, the overrides of an overridden one.
func (c *checker) answer(q pep508.Requirement, extra, who string) error {
	for _, x := range c.in.Project.Excludes {
		if x.Key() == q.Key() {
			return nil
		}
	}
	overridden := false
	for _, o := range c.in.Project.Overrides {
		if o.Key() != q.Key() {
			continue
		}
		overridden = true
		if o.VersionOnly {
			o.Extras = q.Extras
			if applies, err := q.Marker.Eval(c.env, pep508.Context{Extra: extra}); err != nil {
				return err
			} else if !applies {
				continue
			}
		} else if needed, err := c.ofExtra(q.Marker, extra); err != nil || !needed {
			return err
		}
		if err := c.meet(o.Requirement, "", who); err != nil {
			return err
		}
	}
	if overridden {
		return nil
	}
	return c.meet(q, extra, who)
}

// ofExtra tells whether a marker leaves its requirement to that extra, or to
// none: an override keeps this part of it.
func (c *checker) ofExtra(m *pep508.Marker, extra string) (bool, error) {
	if m = m.OfExtra(); m == nil {
		return true, nil
	}
	return m.Eval(c.env, pep508.Context{Extra: extra})
}

// meet holds one requirement, and all that follows from it, to the selection.
func (c *checker) meet(q pep508.Requirement, extra, who string) error {
	applies, err := q.Marker.Eval(c.env, pep508.Context{Extra: extra})
	if err != nil || !applies {
		return err
	}
	for _, l := range c.in.Project.Own() {
		if q.Key() != pep508.NormalizeName(l.Name) {
			continue
		}
		if len(q.Extras) > 0 || !admits(q, l.Version) {
			return fmt.Errorf("%s needs %s, and the project itself is %s", who, q, l.Version)
		}
		return nil
	}
	s, ok := c.selected[q.Key()]
	if !ok {
		return fmt.Errorf("%s needs %s, which is not selected", who, q)
	}
	if !admits(q, s.Package.Version) {
		return fmt.Errorf("%s needs %s, but %s is selected", who, q, s.Package.Version)
	}
	for _, x := range append([]string{""}, q.Extras...) {
		if err := c.follow(s.Package, pep508.NormalizeName(x)); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) follow(p *lock.Package, extra string) error {
	key := [2]string{p.Name, extra}
	if c.done[key] {
		return nil
	}
	c.done[key] = true
	for _, q := range c.files[p.Name].needs {
		if err := c.answer(q, extra, p.Name+" "+p.Version); err != nil {
			return err
		}
	}
	return c.files[p.Name].err
}

func admits(q pep508.Requirement, version string) bool {
	v, err := pep440.Parse(version)
	return err == nil && q.Specifiers.Contains(v)
}
