package engine

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/foreign"
	"snug/internal/index"
	"snug/internal/manifest"
)

// draftFolder drafts the project of the most telling list in root. p is the project
// of the requirements files, nil without any.
func (e *Engine) draftFolder(root string, p *manifest.Project, out *Initialized) (manifest.Draft, error) {
	for _, name := range foreign.Locks(root) {
		out.Locks = append(out.Locks, filepath.Join(root, name))
	}
	for _, name := range foreign.Manifests(root) {
		if p != nil && name != foreign.Pipfile && name != foreign.Uv {
			break // requirements files speak before conda's
		}
		m, err := foreign.Read(filepath.Join(root, name), e.Env)
		if err != nil {
			return manifest.Draft{}, err
		}
		if !m.Rooted {
			continue
		}
		out.From = []string{name}
		out.lockedBy(root, m)
		draft, left, err := e.draftOf(m)
		out.leave(left...)
		return draft, err
	}
	if p == nil {
		return manifest.Draft{}, nil
	}
	return e.filesDraft(p, out)
}

// lockedBy leaves of the locks in root the one that belongs to an import, if
// there is such.
func (i *Initialized) lockedBy(root string, m *foreign.Import) {
	own := m.Path
	switch {
	case m.Format == foreign.Pipfile:
		own = filepath.Join(root, foreign.PipfileLock)
		if !slices.Contains(i.Locks, own) {
			return
		}
	case len(m.Pins) == 0:
		return
	}
	i.Locks = []string{own}
}

// draftOf is the draft of one import with what it does not hold. Of a compiled
// requirements file the sources speak, where they are there.
func (e *Engine) draftOf(m *foreign.Import) (manifest.Draft, []foreign.Left, error) {
	draft, left := m.Draft(), slices.Clone(m.Left)
	var asks []manifest.Requirement
	for _, source := range m.Sources {
		path := filepath.Join(filepath.Dir(m.Path), filepath.FromSlash(source))
		read, err := manifest.ReadRequirements(path, e.Env)
		if fault.CodeOf(err) == fault.NotFound {
			left = append(left, foreign.Left{What: "the bounds in " + source, Why: "the file is not there: its packages are taken without"})
			continue
		}
		if err != nil {
			return draft, left, err
		}
		for _, c := range read.Constraints {
			left = append(left, foreign.Left{What: "the constraint " + c.Requirement.String(), Why: noConstraints})
		}
		asks = append(asks, read.Requirements...)
	}
	bounded := slices.Clone(asks)
	for _, q := range draft.Dependencies {
		if !slices.ContainsFunc(bounded, func(b manifest.Requirement) bool { return b.Key() == q.Key() }) {
			asks = append(asks, q)
		}
	}
	draft.Dependencies = asks
	return draft, left, nil
}

// filesDraft is the draft of a project of requirements files. Of files that
// were compiled only what was asked for is taken.
func (e *Engine) filesDraft(p *manifest.Project, out *Initialized) (manifest.Draft, error) {
	draft := p.Draft()
	compiled := map[string][]manifest.Requirement{}
	var locks []string
	for _, path := range p.Files {
		if filepath.Base(path) == manifest.FileName {
			continue
		}
		m, err := foreign.ReadRequirements(path, e.Env)
		if err != nil {
			return draft, err
		}
		name := manifest.Relative(p.Root, path)
		out.From = append(out.From, name)
		if !m.Compiled {
			continue
		}
		of, left, err := e.draftOf(m)
		if err != nil {
			return draft, err
		}
		out.leave(left...)
		compiled[name] = of.Dependencies
		locks = append(locks, path)
	}
	if len(locks) > 0 {
		out.Locks = locks
	}
	draft.Dependencies = fromCompiled(draft.Dependencies, compiled)
	for name, group := range draft.Groups {
		draft.Groups[name] = fromCompiled(group, compiled)
	}
	out.leaveOf(p, compiled)
	return draft, nil
}

// fromCompiled puts in place of each compiled file's packages what was asked for.
func fromCompiled(asks []manifest.Requirement, compiled map[string][]manifest.Requirement) []manifest.Requirement {
	var out []manifest.Requirement
	done := map[string]bool{}
	for _, q := range asks {
		roots, ok := compiled[q.Origin.File]
		switch {
		case !ok:
			out = append(out, q)
		case !done[q.Origin.File]:
			done[q.Origin.File] = true
			out = append(out, roots...)
		}
	}
	return out
}

// leave lists what is not taken, once.
func (i *Initialized) leave(left ...foreign.Left) {
	for _, l := range left {
		if !slices.Contains(i.Left, l) {
			i.Left = append(i.Left, l)
		}
	}
}

// leaveOf lists what requirements files say and pyproject.toml has no place for.
// Hashes of compiled files are those of locked versions, which Lock compares.
func (i *Initialized) leaveOf(p *manifest.Project, compiled map[string][]manifest.Requirement) {
	for _, note := range p.Notes {
		place, why, _ := strings.Cut(note, ": ")
		i.leave(foreign.Left{What: place, Why: why})
	}
	for _, c := range p.Constraints {
		i.leave(foreign.Left{What: "the constraint " + c.Requirement.String(), Why: noConstraints})
	}
	for _, rt := range p.Runtimes {
		for _, q := range rt.Requirements {
			_, locked := compiled[q.Origin.File]
			if len(q.Hashes) > 0 && !locked {
				i.leave(foreign.Left{What: "the hashes of " + q.Name, Why: "pyproject.toml has no place for them: snug lock --from " + q.Origin.File + " compares them"})
			}
			if q.Path != "" && q.Path != "." {
				i.leave(foreign.Left{What: q.Name, Why: "pyproject.toml has no place for local paths"})
			}
		}
	}
}

// noConstraints is why they are left.
const noConstraints = "constraints are not written into pyproject.toml"

// fit takes out of the draft what pyproject.toml, as it is, has no room for,
// and lists what is written and not used.
func (i *Initialized) fit(draft *manifest.Draft, before []byte) {
	dropDefault(draft)
	if manifest.HasTool(before) {
		for _, x := range append(draft.Indexes, manifest.Index{URL: draft.IndexURL}) {
			if x.URL != "" && !strings.Contains(string(before), x.URL) {
				i.leave(foreign.Left{What: "the index " + x.URL, Why: "[tool.snug] is there already: name it there"})
			}
		}
		for _, name := range append(slices.Clone(draft.Build.FromSource), draft.Build.Never...) {
			if !strings.Contains(string(before), `"`+name+`"`) {
				i.leave(foreign.Left{What: "whether " + name + " is built", Why: "[tool.snug] is there already: say it in [tool.snug.build]"})
			}
		}
		draft.IndexURL, draft.Indexes, draft.Build = "", nil, manifest.BuildSettings{}
	}
}

// dropDefault takes out what is asked anyway: the public index.
func dropDefault(draft *manifest.Draft) {
	if sameIndex(draft.IndexURL, index.DefaultURL()) {
		draft.IndexURL = ""
	}
	draft.Indexes = slices.DeleteFunc(slices.Clone(draft.Indexes), func(x manifest.Index) bool {
		return !x.Explicit && sameIndex(x.URL, index.DefaultURL())
	})
}

// sameIndex compares addresses without logins and closing slashes.
func sameIndex(a, b string) bool {
	u, err := url.Parse(a)
	v, other := url.Parse(b)
	return err == nil && other == nil && u.Host == v.Host && strings.TrimSuffix(u.Path, "/") == strings.TrimSuffix(v.Path, "/")
}
