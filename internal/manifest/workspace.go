package manifest

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// maxAbove bounds the folders above a project that are looked into.
const maxAbove = 32

// readWorkspace finds the members of the uv workspace that the project is the
// root of, or lies in: names to folders relative to the root. A project that
// lies in one takes over what the workspace says of versions and sources.
func (p *Project) readWorkspace(t toml.Table) (map[string]string, error) {
	if p.top != nil {
		return p.top.workspace, nil
	}
	ws, ok, err := t.Table("workspace")
	if err != nil {
		return nil, err
	}
	if ok {
		p.workspace, err = p.readMembers(p.Root, ws)
	}
	return p.workspace, err
}

// readMembers finds the projects that the globs of a [tool.uv.workspace] in dir
// name.
func (p *Project) readMembers(dir string, ws toml.Table) (map[string]string, error) {
	if err := ws.Only("members", "exclude"); err != nil {
		return nil, err
	}
	globs, err := ws.Texts("members")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	exclude, err := ws.Texts("exclude")
	if err != nil {
		return nil, err
	}
	if name, err := memberName(dir, dir, nil); err != nil {
		return nil, err
	} else if name != "" {
		out[name] = p.below(dir)
	}
	for _, glob := range globs {
		if strings.Contains(glob, "**") {
			return nil, ws.Bad("members", "name each level: packages/*, packages/*/*", "members: %q: ** is not followed", glob)
		}
		if !filepath.IsLocal(filepath.FromSlash(strings.TrimPrefix(glob, "./"))) {
			return nil, ws.Bad("members", "members lie below the workspace", "members: %q leaves the workspace", glob)
		}
		found, err := filepath.Glob(filepath.Join(escaped(dir), filepath.FromSlash(glob)))
		if err != nil {
			return nil, ws.Bad("members", "such as packages/*", "members: %q is no glob", glob)
		}
		for _, at := range found {
			name, err := memberName(dir, at, exclude)
			if err != nil {
				return nil, err
			}
			if name == "" {
				continue
			}
			if out[name] = p.below(at); len(out) > maxMembers {
				return nil, ws.Bad("members", "exclude folders that are no members", "members: %q: more than %d projects", glob, maxMembers)
			}
		}
	}
	return out, nil
}

// escaped is a folder as a glob that means it alone.
func escaped(dir string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(dir)
}

// memberName is the name of the project in a folder; "" where there is none, or
// where it is excluded.
func memberName(root, dir string, exclude []string) (string, error) {
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return "", err
	}
	for _, glob := range exclude {
		if ok, err := path.Match(strings.TrimPrefix(glob, "./"), filepath.ToSlash(rel)); ok && err == nil {
			return "", nil
		}
	}
	src, err := readFile(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	doc, err := toml.Parse(filepath.ToSlash(filepath.Join(rel, FileName)), src)
	if err != nil {
		return "", err
	}
	return pep508.NormalizeName(staticName(doc)), nil
}

// sourcesFrom takes over the sources of packages for which the project has none.
func (p *Project) sourcesFrom(more map[string][]source) {
	if p.sources == nil {
		p.sources = map[string][]source{}
	}
	for name, all := range more {
		if p.sources[name] == nil {
			p.sources[name] = all
		}
	}
}

// inherit reads the uv workspace above that the project is a member of, if there
// is one: its rules and sources count here too.
func (p *Project) inherit() error {
	dir := filepath.Dir(p.Root)
	for range maxAbove {
		if _, err := os.Stat(filepath.Join(dir, FileName)); err == nil {
			if found, err := p.inheritFrom(dir); found || err != nil {
				return err
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return nil
}

func (p *Project) inheritFrom(dir string) (found bool, err error) {
	src, err := readFile(filepath.Join(dir, FileName))
	if err != nil {
		return false, err
	}
	doc, err := toml.Parse(filepath.Join(dir, FileName), src)
	if err != nil {
		return false, err
	}
	tool, _, err := doc.Top().Table("tool")
	if err != nil {
		return false, err
	}
	uv, _, err := tool.Table("uv")
	if err != nil {
		return false, err
	}
	ws, ok, err := uv.Table("workspace")
	if err != nil || !ok {
		return false, err
	}
	members, err := p.readMembers(dir, ws)
	if err != nil {
		return false, err
	}
	if !slices.Contains(slices.Collect(maps.Values(members)), ".") {
		return false, nil
	}
	p.workspace = members
	above := &Project{Root: dir, workspace: members, top: p}
	if err := above.readRules(uv, ruleKeys{"constraint-dependencies", "override-dependencies", "exclude-dependencies"}); err != nil {
		return false, err
	}
	if err := above.readUvSources(uv); err != nil {
		return false, err
	}
	p.Constraints = append(p.Constraints, above.Constraints...)
	p.Overrides = append(p.Overrides, above.Overrides...)
	p.Excludes = append(p.Excludes, above.Excludes...)
	p.inherited = above.sources
	return true, nil
}
