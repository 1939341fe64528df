package engine

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/dist"
	"snug/internal/finding"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// remedies say what mends findings about one lock, by what the project asks, what
// the lock holds, and what the locked files say that they need, as far as that was
// read once. Nothing is asked and nothing resolved: a command that is told may
// still meet a conflict, which then tells its own way out.
type remedies struct {
	asking
	project *manifest.Project // nil: there is a lock and no project
	lock    *lock.Lock
	kept    func(sha256 string) ([]byte, bool)
	needs   map[string][]pep508.Requirement // of locked packages, by "NAME VERSION"
}

// remedies are those for a lock of a project; p is nil for a lock alone.
func (e *Engine) remedies(p *manifest.Project, l *lock.Lock) *remedies {
	cache := index.New(e.fetch, index.Config{}, filepath.Join(e.Home, "cache", "index"))
	r := &remedies{project: p, lock: l, kept: cache.Kept, needs: map[string][]pep508.Requirement{}}
	if p != nil {
		r.asking = e.asking(p, LockRequest{})
	}
	return r
}

// of is a command to type, else what to do; "" where only a person can tell.
func (r *remedies) of(f finding.Finding) string {
	switch {
	case f.Class == finding.Malware:
		return r.rid(cmp.Or(f.Owner, f.Package))
	case f.Class == finding.Breach:
		return fmt.Sprintf("do without %s, or snug waive %s --package %s --until DATE --reason TEXT", f.Package, f.ID, f.Package)
	case f.Class != finding.Vulnerability:
		return ""
	case f.Component == component.Interpreter || f.Owner == "cpython":
		return r.ofPython(f)
	case f.Owner != "":
		return r.upgrade(f.Owner) + ", once a release of " + f.Owner + " carries another " + f.Package
	case len(f.Fixed) == 0:
		return fmt.Sprintf("no release mends it: do without %s, or snug waive %s --package %s --until DATE --reason TEXT", f.Package, f.ID, f.Package)
	}
	return r.ofPackage(f.Package, f.Fixed)
}

// ofPackage is the way to the nearest fixed version that nothing is in the way of,
// else to the nearest.
func (r *remedies) ofPackage(name string, fixed []string) string {
	var nearest string
	for _, text := range fixed {
		v, err := pep440.Parse(text)
		if err != nil {
			continue // an advisory may name what is no version
		}
		way := r.way(name, v)
		if way == "" {
			return r.upgrade(name)
		}
		nearest = cmp.Or(nearest, way)
	}
	return nearest
}

// way is what has to change so that a version can be locked, "" where nothing has to.
func (r *remedies) way(name string, v pep440.Version) string {
	for _, q := range r.asked(name) {
		if !q.Specifiers.Contains(v) {
			return r.ask(q, v)
		}
	}
	if r.project != nil {
		for _, q := range slices.Concat(r.project.Constraints, r.project.Overrides) {
			if q.Key() == name && !q.Specifiers.Contains(v) {
				return fmt.Sprintf("admit %s %s in %s (%s)", name, v, q.Requirement, q.Origin)
			}
		}
	}
	return r.parents(name, v)
}

// asked are the project's own requirements on a name, or those that the lock has
// of it.
func (r *remedies) asked(name string) []manifest.Requirement {
	if r.project != nil {
		return asksOf(r.project, name)
	}
	var out []manifest.Requirement
	for _, rt := range r.lock.Tool.Runtimes {
		for _, text := range rt.Roots {
			if q, err := pep508.Parse(text); err == nil && q.Key() == name {
				out = append(out, manifest.Requirement{Requirement: q})
			}
		}
	}
	return out
}

// ask is the command that lets a requirement of the project admit a version, in
// the way in which it was written; an edit where no command does it.
func (r *remedies) ask(q manifest.Requirement, v pep440.Version) string {
	other := q.Requirement
	spec, err := loosened(q.Specifiers, v)
	if err != nil || q.URL != "" || q.Path != "" {
		return fmt.Sprintf("ask for %s %s in the place of %s (%s)", q.Key(), v, q.Requirement, q.Origin)
	}
	if other.Specifiers = spec; r.project == nil {
		return fmt.Sprintf("ask for %s in the place of %s", other, q.Requirement)
	}
	runtime, ok := r.project.RuntimeOf(q)
	if !ok || len(q.Hashes) > 0 {
		return edited(q, other)
	}
	return r.addition(r.project, []string{other.String()}, runtime).String()
}

// parents are the locked packages that do not admit a version of another, "" if
// there are none.
func (r *remedies) parents(name string, v pep440.Version) string {
	var capped, names []string
	for i := range r.lock.Packages {
		p := &r.lock.Packages[i]
		if !slices.ContainsFunc(p.Dependencies, func(d lock.Dependency) bool { return d.Name == name }) {
			continue
		}
		for _, q := range r.needsOf(p) {
			if q.Key() == name && !q.Specifiers.Contains(v) && !slices.Contains(names, p.Name) {
				capped, names = append(capped, fmt.Sprintf("%s %s needs %s", p.Name, p.Version, q)), append(names, p.Name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.Join(capped, ", ") + r.raise(names, name)
}

// raise is the rest of the sentence that names who is in the way: a command that
// lets newer ones in, where the project admits any.
func (r *remedies) raise(parents []string, name string) string {
	for _, parent := range parents {
		for _, q := range r.asked(parent) {
			if pinned(q.Specifiers) {
				text := q.Requirement.String()
				if r.project != nil {
					text += " (" + q.Origin.String() + ")"
				}
				return ": ask for a newer " + parent + " than " + text
			}
		}
	}
	return ": " + r.upgrade(append(parents, name)...)
}

// pinned tells whether specifiers admit one version and no newer one.
func pinned(s pep440.Specifiers) bool {
	return slices.ContainsFunc(s, func(c pep440.Specifier) bool {
		return c.Op == pep440.Arbitrary || c.Op == pep440.Equal && !c.Wildcard
	})
}

// maxNeeds bounds what is read of one file.
const maxNeeds = 2000

// needsOf is what the locked files of a package need, if that is kept here.
func (r *remedies) needsOf(p *lock.Package) []pep508.Requirement {
	key := p.Name + " " + p.Version
	if out, ok := r.needs[key]; ok {
		return out
	}
	var out []pep508.Requirement
	for _, w := range p.Wheels {
		text, ok := r.kept(w.Hashes["sha256"])
		if !ok {
			continue
		}
		m, err := dist.ParseMetadata(text)
		if err != nil {
			continue // it was read before it was kept: the cache is damaged, and says nothing
		}
		for _, line := range m.RequiresDist[:min(len(m.RequiresDist), maxNeeds)] {
			if q, _, err := pep508.ParseLenient(line); err == nil && r.applies(q.Marker, m.ProvidesExtra) {
				q.Marker = nil
				out = append(out, q)
			}
		}
		break
	}
	r.needs[key] = out
	return out
}

// applies tells whether a marker holds on some target of the lock, with some extra
// or none.
func (r *remedies) applies(m *pep508.Marker, extras []string) bool {
	return m == nil || slices.ContainsFunc(r.lock.Tool.Targets, func(lt lock.Target) bool {
		env, _, _, err := contextOf(lt)
		return err == nil && slices.ContainsFunc(append([]string{""}, extras...), func(extra string) bool {
			ok, err := m.Eval(env, pep508.Context{Extra: pep508.NormalizeName(extra)})
			return ok && err == nil
		})
	})
}

// upgrade is the command that chooses packages anew.
func (r *remedies) upgrade(names ...string) string {
	return append(append(typed{"lock", "--upgrade"}, names...), r.settings()...).String()
}

// ofPython is what brings another interpreter.
func (r *remedies) ofPython(f finding.Finding) string {
	if r.project != nil && strings.Count(r.project.Python, ".") == 2 {
		return fmt.Sprintf("ask for a newer patch than python = %q", r.project.Python)
	}
	text := append(typed{"lock", "--upgrade"}, r.settings()...).String() + " takes the newest patch of Python"
	if f.Component != component.Interpreter {
		text += ", which may carry another " + f.Package
	}
	return text
}

// rid is how to be without a package.
func (r *remedies) rid(name string) string {
	if len(r.asked(name)) > 0 {
		return append(typed{"remove", name}, r.settings()...).String()
	}
	var parents []string
	for _, p := range r.lock.Packages {
		if slices.ContainsFunc(p.Dependencies, func(d lock.Dependency) bool { return d.Name == name }) {
			parents = append(parents, p.Name)
		}
	}
	return fmt.Sprintf("do not run it; %s, or do without %s", r.upgrade(name), strings.Join(parents, ", "))
}
