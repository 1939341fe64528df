package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// maxMembers bounds the first-party projects of one.
const maxMembers = 1000

// Member is another first-party project that a runtime holds, where the marker
// holds: a member of the workspace, or a folder that is depended on.
type Member struct {
	*Local
	Marker *pep508.Marker
}

// FirstParty are the projects whose own code a runtime holds in that
// environment: the project itself, if it is a package, and its members, by name.
func (p *Project) FirstParty(runtime string, env pep508.Environment) ([]*Local, error) {
	var out []*Local
	if p.Local != nil {
		out = append(out, p.Local)
	}
	for rt, ok := p.Runtime(runtime); ok; rt, ok = p.Runtime(rt.Contains) {
		for _, m := range rt.Members {
			holds, err := m.Marker.Eval(env, pep508.Context{})
			if err != nil {
				return nil, fault.New(fault.Input, markerHint, "%s: %w", m.Name, err)
			}
			if holds && !slices.Contains(out, m.Local) {
				out = append(out, m.Local)
			}
		}
	}
	slices.SortFunc(out, func(a, b *Local) int {
		return strings.Compare(pep508.NormalizeName(a.Name), pep508.NormalizeName(b.Name))
	})
	return out, nil
}

// Own are all first-party projects that some runtime may hold.
func (p *Project) Own() []*Local {
	var out []*Local
	if p.Local != nil {
		out = append(out, p.Local)
	}
	for _, rt := range p.Runtimes {
		for _, m := range rt.Members {
			if !slices.Contains(out, m.Local) {
				out = append(out, m.Local)
			}
		}
	}
	return out
}

// DigestOf is over what a runtime holds of first-party projects; "" for none.
func DigestOf(own []*Local) string {
	if len(own) == 1 {
		return own[0].Digest()
	}
	var b strings.Builder
	for _, l := range own {
		b.WriteString(l.Digest() + " " + l.Dir + "\n")
	}
	if b.Len() == 0 {
		return ""
	}
	return digest.Of([]byte(b.String())).String()
}

// memberAt is the first-party project in the folder that r names; nil where r
// names none (no folder, or one that is built as other sources are), p itself for
// its own folder.
func (p *Project) memberAt(r Requirement) (*Project, error) {
	switch r.Path {
	case "":
		return nil, nil
	case ".":
		return p, nil
	}
	dir := filepath.Join(p.Root, filepath.FromSlash(r.Path))
	info, err := os.Stat(dir)
	if err != nil {
		return nil, inputAt(r.Origin.File, r.Origin.Line, pathHint, "%s: no file or folder %s", r.Name, r.Path)
	}
	if !info.IsDir() {
		return nil, nil
	}
	if m := p.members[r.Path]; m != nil {
		return m, nil
	}
	if r.Editable && !filepath.IsLocal(filepath.FromSlash(r.Path)) {
		return nil, fault.New(fault.Unsupported, "make the folder that holds both the project, such as by [tool.uv.workspace] there, and lock there: snug --project DIR; or leave editable out, and a wheel is built of it",
			"%s: %s lies outside of the project (%s)", r.Origin, r.Name, r.Path)
	}
	if !filepath.IsLocal(filepath.FromSlash(r.Path)) || r.within != "" || !isNamed(dir) {
		return nil, p.buildable(r)
	}
	if len(p.members) >= maxMembers {
		return nil, inputAt(r.Origin.File, r.Origin.Line, "do the projects depend on each other under many names?", "more than %d first-party projects", maxMembers)
	}
	return p.loadMember(dir, r)
}

// isNamed tells whether a folder's pyproject.toml gives a name; one that is broken
// is loadMember's to report.
func isNamed(dir string) bool {
	src, err := readFile(filepath.Join(dir, FileName))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	doc, err := toml.Parse(FileName, src)
	return err != nil || staticName(doc) != ""
}

// buildable refuses of a folder that is no first-party project, and so is built as
// other sources are, what only such a project can be.
func (p *Project) buildable(r Requirement) error {
	if r.virtual {
		return fault.New(fault.Unsupported, staticHint, "%s: what %s depends on cannot be read without building it, and it is asked for without itself", r.Origin, r.Path)
	}
	if r.Editable {
		p.Notes = addNew(p.Notes, []string{fmt.Sprintf("%s: %s (%s) is no first-party project: a wheel is built of it, and it is not editable", r.Origin, r.Name, r.Path)})
	}
	return nil
}

// loadMember reads the project in a folder below p.
func (p *Project) loadMember(dir string, r Requirement) (*Project, error) {
	m := &Project{Root: dir, Name: projectName(filepath.Base(dir)), top: p, env: p.env}
	doc, err := m.readTOML()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Unsupported, staticHint, "%s: %s has no pyproject.toml, and snug runs no setup.py", r.Origin, r.Path)
	}
	if err != nil {
		return nil, err
	}
	if _, err := m.read(doc); err != nil {
		return nil, err
	}
	if m.self == "" {
		return nil, fault.New(fault.Unsupported, staticHint, "%s: the pyproject.toml of %s has no static name", r.Origin, r.Path)
	}
	if m.self != r.Key() {
		return nil, fault.New(fault.Input, "use the name that its pyproject.toml has", "%s: %s is called %s there, not %s", r.Origin, r.Path, m.self, r.Name)
	}
	for _, other := range p.members {
		if other.self == m.self {
			return nil, fault.New(fault.Input, "keep one of them", "%s: two folders hold a project called %s", r.Origin, m.self)
		}
	}
	if m.Local != nil {
		m.Local.Dir = r.Path
		p.Notes = append(p.Notes, m.Local.Notes...)
	}
	if p.members == nil {
		p.members = map[string]*Project{}
	}
	p.members[r.Path] = m
	p.takeMember(m)
	return m, nil
}

// takeMember takes over what a member says that counts for the whole: the
// Pythons it is for, and where its packages come from. Its rules do not.
func (p *Project) takeMember(m *Project) {
	p.Files = addNew(p.Files, m.Files)
	p.RequiresPython = append(slices.Clone(p.RequiresPython), m.RequiresPython...)
	p.Prereleases = addNew(p.Prereleases, m.Prereleases)
	for name, all := range m.sources {
		if len(all) > 1 || all[0].index != "" || all[0].marker != nil {
			p.sourcesFrom(map[string][]source{name: all})
		}
	}
	for _, ix := range m.Indexes {
		if !slices.ContainsFunc(p.Indexes, func(have Index) bool { return have.Name == ix.Name }) {
			ix.Explicit, ix.Last = true, false
			p.Indexes = append(p.Indexes, ix)
		}
	}
	p.Notes = append(p.Notes, m.Notes...)
	if len(m.Constraints)+len(m.Overrides)+len(m.Excludes) > 0 || m.IndexURL != "" || !m.Build.isZero() {
		p.Notes = append(p.Notes, m.label()+": constraints, overrides, excludes, the default index and what is built of a member do not count: say them in the project's own "+FileName)
	}
}

// root is the folder that paths of requirements are relative to.
func (p *Project) root() string {
	if p.top != nil {
		return p.top.Root
	}
	return p.Root
}
