package assemble

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/pep508"
	"snug/internal/store"
)

// item is one file of the runtime and the tree that it comes from.
type item struct {
	generation.File
	from *store.Tree
}

// overlay is all trees laid over one another.
type overlay struct {
	items []*item           // sorted by path
	won   map[string]string // path that [tool.snug.overlaps] decided: the package that won
	notes []string
}

func (o *overlay) files() []generation.File {
	out := make([]generation.File, len(o.items))
	for i, it := range o.items {
		out[i] = it.File
	}
	return out
}

// merging is an overlay in the making.
type merging struct {
	in     *Input
	at     map[string]*item
	dirs   map[string]string  // folder: an owner of a file below it
	lost   map[[2]string]bool // owner and path of files that an overlap decided against
	result overlay
}

// merge lays the trees over one another in order. Two owners may bring a file
// if its bytes and mode are equal; otherwise [tool.snug.overlaps] decides, and
// where it does not, that is fault.Conflict.
func (in *Input) merge(layers []layer) (*overlay, error) {
	total := 0
	for _, l := range layers {
		total += len(l.tree.Files)
	}
	m := &merging{in: in, at: make(map[string]*item, total), dirs: map[string]string{}, lost: map[[2]string]bool{}}
	m.result.won, m.result.items = map[string]string{}, make([]*item, 0, total)
	all := make([]item, total) // one allocation instead of one a file
	for _, l := range layers {
		for _, f := range l.tree.Files {
			all[0] = item{f, l.tree}
			all[0].Owner = l.name
			if err := m.add(&all[0]); err != nil {
				return nil, err
			}
			all = all[1:]
		}
	}
	for _, it := range m.result.items {
		if owner, ok := m.dirs[it.Path]; ok {
			return nil, clash(it.Path, it.Owner, owner, "a file in one is a folder in the other")
		}
	}
	slices.SortFunc(m.result.items, func(a, b *item) int { return cmp.Compare(a.Path, b.Path) })
	return &m.result, nil
}

func (m *merging) add(it *item) error {
	if reserved(it.Path, m.in.minor()) {
		if it.Owner == generation.OwnerPython {
			return nil // some interpreters bring an EXTERNALLY-MANAGED of their own
		}
		return fault.New(fault.Conflict, "choose another version of "+it.Owner, "%s brings %s, a path that belongs to snug", it.Owner, it.Path)
	}
	if len(m.lost) > 0 && it.Kind == generation.Bytecode && m.lost[[2]string{it.Owner, sourceOf(it.Path)}] {
		return nil
	}
	there, taken := m.at[it.Path]
	if !taken {
		m.at[it.Path] = it
		m.result.items = append(m.result.items, it)
		m.enter(it)
		return nil
	}
	return m.resolve(there, it)
}

// enter notes the folders above a file.
func (m *merging) enter(it *item) {
	for dir := path.Dir(it.Path); dir != "."; dir = path.Dir(dir) {
		if _, known := m.dirs[dir]; known {
			return
		}
		m.dirs[dir] = it.Owner
	}
}

// resolve decides between the file that is there and another of that path.
func (m *merging) resolve(there, it *item) error {
	if there.SHA256 == it.SHA256 && there.Mode == it.Mode && there.Link == it.Link {
		if there.Owner != it.Owner {
			there.Source = strings.TrimPrefix(there.Source+","+it.Owner, ",")
		}
		return nil
	}
	switch winner := m.winner(it.Path); winner {
	case it.Owner:
		m.lost[[2]string{there.Owner, it.Path}] = true
		m.result.won[it.Path] = winner
		*there = *it
	case there.Owner:
		m.lost[[2]string{it.Owner, it.Path}] = true
		m.result.won[it.Path] = winner
	default:
		return clash(it.Path, there.Owner, it.Owner, "with different content")
	}
	return nil
}

// winner is the package that [tool.snug.overlaps] names for a path. The
// longest pattern counts; patterns are relative to site-packages or to the
// runtime.
func (m *merging) winner(name string) string {
	best, owner := "", ""
	short := strings.TrimPrefix(name, m.in.sitePackages()+"/")
	for pattern, o := range m.in.Lock.Tool.Overlaps {
		longer := len(pattern) > len(best) || len(pattern) == len(best) && pattern > best
		if longer && (globMatch(pattern, short) || globMatch(pattern, name)) {
			best, owner = pattern, pep508.NormalizeName(o)
		}
	}
	return owner
}

// globMatch is path.Match with "**" for any number of folders.
func globMatch(pattern, name string) bool {
	head, rest, more := strings.Cut(pattern, "/")
	if head == "**" {
		if !more {
			return true
		}
		for {
			if globMatch(rest, name) {
				return true
			}
			var ok bool
			if _, name, ok = strings.Cut(name, "/"); !ok {
				return false
			}
		}
	}
	first, tail, deeper := strings.Cut(name, "/")
	if ok, err := path.Match(head, first); err != nil || !ok || more != deeper {
		return false
	}
	return !more || globMatch(rest, tail)
}

func clash(name, a, b, how string) error {
	short := name
	if _, rest, ok := strings.Cut(name, "/site-packages/"); ok {
		short = rest
	}
	top, _, nested := strings.Cut(short, "/")
	pattern := top
	if nested {
		pattern += "/**"
	}
	hint := fmt.Sprintf("say which one counts, in pyproject.toml: [tool.snug.overlaps] %q = %q (or %q); or leave one of them out", pattern, a, b)
	return fault.New(fault.Conflict, hint, "%s and %s both own %s, %s", a, b, short, how)
}

// reserved are the paths of control files, which no package may bring.
func reserved(name, minor string) bool {
	switch name {
	case "app", "python" + minor + "._pth", "python._pth", "bin/python._pth", "bin/python3._pth", "bin/python" + minor + "._pth",
		"lib/python" + minor + "/EXTERNALLY-MANAGED", "lib/python" + minor + "/ensurepip.py",
		"lib/python" + minor + "/site-packages/" + projectPth, "pyvenv.cfg", "bin/pyvenv.cfg":
		return true
	}
	return strings.HasPrefix(name, "app/") || strings.HasPrefix(name, "share/snug/")
}
