package resolve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/index"
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
	known := map[string]*dist.Metadata{}
	for _, t := range in.Targets {
		inner := map[string]map[string]lock.Selected{}
		for i, rt := range in.Project.Runtimes {
			c := checker{ctx: ctx, target: t, env: pytag.Environment(t.Target, t.Python), in: in, direct: direct, known: known,
				selected: map[string]lock.Selected{}, files: map[string]*dist.Metadata{}, done: map[[2]string]bool{}}
			err := c.runtime(l, rt, i == 0)
			if err == nil {
				err = c.holds(rt, inner[rt.Contains])
			}
			switch fault.CodeOf(err) {
			case fault.Network, fault.Canceled:
				return err
			}
			if err != nil {
				return fault.New(fault.Internal, "please report this lock: it was not written", "check of %s on %s: %w", rt.Name, t.Target, err)
			}
			inner[rt.Name] = c.selected
		}
	}
	return nil
}

type checker struct {
	ctx      context.Context // of the one call of Check that owns the checker
	target   TargetPython
	env      pep508.Environment
	in       Input
	direct   func(ctx context.Context, name string) ([]byte, error)
	known    map[string]*dist.Metadata // of every file that was read
	selected map[string]lock.Selected
	files    map[string]*dist.Metadata // of the selected files, by package
	done     map[[2]string]bool        // name and extra
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
	tags := pytag.Supported(c.target.Target, c.target.Python)
	selected, err := l.Select(c.env, []string{rt.Name}, nil, tags, c.target.Python)
	if err != nil {
		return err
	}
	if innermost { // it is what an installer takes that is told no group
		usual, err := l.Select(c.env, nil, nil, tags, c.target.Python)
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
			if err := c.meet(q.Requirement, "", "the project"); err != nil {
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

// file holds what is selected to the index and to its own metadata.
func (c *checker) file(s lock.Selected) (*dist.Metadata, error) {
	p := s.Package
	var hashes map[string]string
	key := p.Name
	switch {
	case p.Archive != nil:
		hashes = p.Archive.Hashes
	case s.File != nil:
		hashes = s.File.Hashes
		key = fmt.Sprint(p.Name, s.File.Name, s.File.URL, hashes["sha256"])
	}
	m, err := c.read(s, key)
	if err != nil {
		return nil, err
	}
	v, err := pep440.Parse(p.Version)
	w, err2 := pep440.Parse(m.Version)
	if err != nil || err2 != nil || v.Compare(w) != 0 || pep508.NormalizeName(m.Name) != p.Name {
		return nil, fmt.Errorf("its file is of %s %s", m.Name, m.Version)
	}
	if python, _, err := pep440.ParseSpecifiersLenient(m.RequiresPython); err == nil && !python.Contains(c.target.Python) {
		return nil, fmt.Errorf("its file needs Python %s", m.RequiresPython)
	}
	return m, c.asked(p.Name, v, hashes)
}

// read gives the raw metadata of what is selected, as its own file has it.
func (c *checker) read(s lock.Selected, key string) (*dist.Metadata, error) {
	if m := c.known[key]; m != nil {
		return m, nil
	}
	var data []byte
	var err error
	switch {
	case s.Package.Archive != nil && s.Package.Archive.Hashes["sha256"] != "":
		data, err = c.direct(c.ctx, s.Package.Name)
	case s.File != nil:
		data, err = c.offered(s)
	default:
		return nil, errors.New("it has no wheel with a sha256")
	}
	if err != nil {
		return nil, err
	}
	c.known[key], err = dist.ParseMetadata(data)
	return c.known[key], err
}

// offered finds the file in the listing and reads its metadata.
func (c *checker) offered(s lock.Selected) ([]byte, error) {
	l, err := c.in.Index.Listing(c.ctx, s.Package.Name)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(l.Files, func(f index.File) bool {
		return f.Wheel != nil && f.Name == s.File.Name && f.URL == s.File.URL && f.Hashes["sha256"] == s.File.Hashes["sha256"]
	})
	switch {
	case i < 0 || l.Files[i].Hashes["sha256"] == "" || l.IndexURL != s.Package.Index:
		return nil, fmt.Errorf("%s is not what the index offers", s.File.Name)
	case l.Files[i].Yanked && !slices.ContainsFunc(c.requirements(s.Package.Name), func(q manifest.Requirement) bool {
		return admits(q.Requirement, s.Package.Version) && slices.ContainsFunc(q.Specifiers, func(x pep440.Specifier) bool {
			return x.Op == pep440.Arbitrary || x.Op == pep440.Equal && !x.Wildcard
		})
	}):
		return nil, fmt.Errorf("%s is yanked", s.File.Name)
	}
	return c.in.Index.Metadata(c.ctx, l, l.Files[i])
}

// requirements are those of the project on one name.
func (c *checker) requirements(name string) (out []manifest.Requirement) {
	for _, rt := range c.in.Project.Runtimes {
		for _, q := range rt.Requirements {
			if q.Key() == name {
				out = append(out, q)
			}
		}
	}
	return out
}

// asked holds a package to the project's hashes and constraints.
func (c *checker) asked(name string, v pep440.Version, hashes map[string]string) error {
	var allowed []string
	for _, q := range c.requirements(name) {
		allowed = append(allowed, q.Hashes...)
	}
	if len(allowed) > 0 && !slices.ContainsFunc(allowed, func(h string) bool {
		alg, sum, _ := strings.Cut(h, ":")
		return hashes[alg] == sum
	}) {
		return errors.New("its hash is none of those asked for")
	}
	for _, q := range c.in.Project.Constraints {
		if q.Key() != name {
			continue
		}
		if applies, err := q.Marker.Eval(c.env, pep508.Context{}); err != nil || applies && !q.Specifiers.Contains(v) {
			return fmt.Errorf("the constraint %s does not admit it", q.Requirement)
		}
	}
	return nil
}

// meet holds one requirement, and all that follows from it, to the selection.
func (c *checker) meet(q pep508.Requirement, extra, who string) error {
	applies, err := q.Marker.Eval(c.env, pep508.Context{Extra: extra})
	if err != nil || !applies {
		return err
	}
	if l := c.in.Project.Local; l != nil && q.Key() == pep508.NormalizeName(l.Name) {
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
	for _, text := range c.files[p.Name].RequiresDist {
		q, _, err := pep508.ParseLenient(text)
		if err == nil {
			err = c.meet(q, extra, p.Name+" "+p.Version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func admits(q pep508.Requirement, version string) bool {
	v, err := pep440.Parse(version)
	return err == nil && q.Specifiers.Contains(v)
}
