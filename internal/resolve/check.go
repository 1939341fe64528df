package resolve

import (
	"fmt"
	"slices"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// Check reads a lock as an installer would and holds it to what was asked: for
// every target and runtime, each requirement of the project and of every
// selected package, from its raw METADATA, is met by what is selected, and
// nothing is selected without need. It shares no code with the solver. The
// error is a fault of code Internal that names the first thing that is wrong.
func Check(l *lock.Lock, in Input, metadata func(name, version string) ([]byte, error)) error {
	for _, t := range in.Targets {
		inner := map[string]map[string]*lock.Package{}
		for _, rt := range in.Project.Runtimes {
			c := checker{target: t, env: pytag.Environment(t.Target, t.Python), project: in.Project, metadata: metadata,
				selected: map[string]*lock.Package{}, done: map[[2]string]bool{}}
			if err := c.runtime(l, rt); err != nil {
				return fault.New(fault.Internal, "please report this lock: it was not written", "check of %s on %s: %w", rt.Name, t.Target, err)
			}
			for name, p := range inner[rt.Contains] {
				if c.selected[name] != p {
					return fault.New(fault.Internal, "please report this lock: it was not written", "%s is in %s, but not the same in %s", name, rt.Contains, rt.Name)
				}
			}
			inner[rt.Name] = c.selected
		}
	}
	return nil
}

type checker struct {
	target   TargetPython
	env      pep508.Environment
	project  *manifest.Project
	metadata func(name, version string) ([]byte, error)
	selected map[string]*lock.Package
	done     map[[2]string]bool // name and extra
}

func (c *checker) runtime(l *lock.Lock, rt manifest.Runtime) error {
	selected, err := l.Select(c.env, []string{rt.Name}, nil, pytag.Supported(c.target.Target, c.target.Python), c.target.Python)
	if err != nil {
		return err
	}
	for _, s := range selected {
		c.selected[s.Package.Name] = s.Package
		if s.File != nil && s.File.Hashes["sha256"] == "" {
			return fmt.Errorf("%s has no sha256", s.Package.Name)
		}
	}
	for name := rt.Name; name != ""; {
		r, _ := c.project.Runtime(name)
		for _, q := range r.Requirements {
			if err := c.meet(q.Requirement, "", "the project"); err != nil {
				return err
			}
		}
		name = r.Contains
	}
	for name := range c.selected {
		if !c.done[[2]string{name, ""}] {
			return fmt.Errorf("%s is selected, but nothing needs it", name)
		}
	}
	return c.constraints()
}

func (c *checker) constraints() error {
	for _, q := range c.project.Constraints {
		if p := c.selected[q.Key()]; p != nil {
			if applies, err := q.Marker.Eval(c.env, pep508.Context{}); err != nil || applies && !admits(q.Requirement, p.Version) {
				return fmt.Errorf("the constraint %s does not admit %s", q.Requirement, p.Version)
			}
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
	if c.project.Local != nil && q.Key() == pep508.NormalizeName(c.project.Local.Name) {
		return c.local(q)
	}
	p := c.selected[q.Key()]
	if p == nil {
		return fmt.Errorf("%s needs %s, which is not selected", who, q)
	}
	if q.URL == "" && p.Archive == nil && !admits(q, p.Version) {
		return fmt.Errorf("%s needs %s, but %s is selected", who, q, p.Version)
	}
	for _, x := range append([]string{""}, q.Extras...) {
		if err := c.follow(p, pep508.NormalizeName(x)); err != nil {
			return err
		}
	}
	return nil
}

// local follows the project's own extras.
func (c *checker) local(q pep508.Requirement) error {
	for name, asks := range c.project.Local.Extras {
		key := [2]string{"(project)", name}
		same := func(x string) bool { return pep508.NormalizeName(x) == pep508.NormalizeName(name) }
		if !slices.ContainsFunc(q.Extras, same) || c.done[key] {
			continue
		}
		c.done[key] = true
		for _, a := range asks {
			if err := c.meet(a.Requirement, "", "the project's extra "+name); err != nil {
				return err
			}
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
	data, err := c.metadata(p.Name, p.Version)
	if err != nil {
		return err
	}
	m, err := dist.ParseMetadata(data)
	if err != nil {
		return err
	}
	for _, text := range m.RequiresDist {
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
