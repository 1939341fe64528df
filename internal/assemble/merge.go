package assemble

import (
	"cmp"
	"container/heap"
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
	*generation.File // the tree's own
	from             *store.Tree
	at               int    // in its Files
	owner, source    string // as the manifest has them
}

// overlay is all trees laid over one another.
type overlay struct {
	items []*item           // sorted by path
	won   map[string]string // path that [tool.snug.overlaps] decided: the package that won
	notes []string
}

// ownRoom is for the files that no tree holds: fewer than these, nearly always.
const ownRoom = 64

func (o *overlay) files() []generation.File {
	out := make([]generation.File, len(o.items), len(o.items)+ownRoom)
	for i, it := range o.items {
		out[i] = *it.File
		out[i].Owner, out[i].Source = it.owner, it.source
	}
	return out
}

// merging is an overlay in the making.
type merging struct {
	in     *Input
	minor  string
	dirs   map[string]string  // folder: an owner of a file below it
	last   string             // folder of the file before
	lost   map[[2]string]bool // owner and path of files that an overlap decided against
	result overlay
}

// merge lays the trees over one another in order. Two owners may bring a file
// if its bytes and mode are equal; otherwise [tool.snug.overlaps] decides, and
// where it does not, that is fault.Conflict.
func (in *Input) merge(layers []layer) (*overlay, error) {
	total := 0
	heads := make(heads, 0, len(layers))
	for i, l := range layers {
		total += len(l.tree.Files)
		if len(l.tree.Files) > 0 {
			heads = append(heads, head{l.tree.Files, i, 0})
		}
	}
	heap.Init(&heads)
	m := &merging{in: in, minor: in.minor(), dirs: map[string]string{}, lost: map[[2]string]bool{}}
	m.result.won, m.result.items = map[string]string{}, make([]*item, 0, total)
	all := make([]item, total) // one allocation instead of one a file
	for ; len(heads) > 0; all = all[1:] {
		f, l, at := heads.next()
		all[0] = item{File: f, from: layers[l].tree, at: at, owner: layers[l].name}
		if err := m.add(&all[0]); err != nil {
			return nil, err
		}
	}
	for _, it := range m.result.items {
		if owner, ok := m.dirs[it.Path]; ok {
			return nil, clash(it.Path, it.owner, owner, "a file in one is a folder in the other")
		}
	}
	m.dropLostBytecode()
	return &m.result, nil
}

// head is what is left of a tree's files, which layer it is, and how many files
// went before.
type head struct {
	files store.Plan
	layer int
	gone  int
}

// heads is a heap of trees by their next path, and by layer where that is equal.
type heads []head

func (h heads) Len() int      { return len(h) }
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h heads) Less(i, j int) bool {
	if c := cmp.Compare(h[i].files[0].Path, h[j].files[0].Path); c != 0 {
		return c < 0
	}
	return h[i].layer < h[j].layer
}
func (h *heads) Push(x any) { *h = append(*h, x.(head)) }
func (h *heads) Pop() any {
	last := len(*h) - 1
	out := (*h)[last]
	*h = (*h)[:last]
	return out
}

// next takes the least path off.
func (h *heads) next() (f *generation.File, layer, at int) {
	top := &(*h)[0]
	f, layer, at = &top.files[0], top.layer, top.gone
	top.gone++
	if top.files = top.files[1:]; len(top.files) == 0 {
		heap.Pop(h)
	} else {
		heap.Fix(h, 0)
	}
	return f, layer, at
}

func (m *merging) add(it *item) error {
	if reserved(it.Path, m.minor) {
		if it.owner == generation.OwnerPython {
			return nil // some interpreters bring an EXTERNALLY-MANAGED of their own
		}
		return fault.New(fault.Conflict, "choose another version of "+it.owner, "%s brings %s, a path that belongs to snug", it.owner, it.Path)
	}
	if n := len(m.result.items); n > 0 && m.result.items[n-1].Path == it.Path {
		return m.resolve(m.result.items[n-1], it)
	}
	m.result.items = append(m.result.items, it)
	dir := folderOf(it.Path)
	if dir == m.last {
		return nil
	}
	m.last = dir
	for ; dir != "."; dir = folderOf(dir) {
		if _, known := m.dirs[dir]; known {
			break
		}
		m.dirs[dir] = it.owner
	}
	return nil
}

// folderOf is path.Dir for a path that is clean already, as all of a plan are.
func folderOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		return name[:i]
	}
	return "."
}

// dropLostBytecode takes out what was compiled from files that did not win.
func (m *merging) dropLostBytecode() {
	if len(m.lost) == 0 {
		return
	}
	m.result.items = slices.DeleteFunc(m.result.items, func(it *item) bool {
		return it.Kind == generation.Bytecode && m.lost[[2]string{it.owner, sourceOf(it.Path)}]
	})
}

// resolve decides between the file that is there and another of that path.
func (m *merging) resolve(there, it *item) error {
	if there.SHA256 == it.SHA256 && there.Mode == it.Mode && there.Link == it.Link {
		if there.owner != it.owner {
			there.source = strings.TrimPrefix(there.source+","+it.owner, ",")
		}
		return nil
	}
	if it.Kind == generation.Bytecode { // it goes with its source, which comes later
		if m.winner(sourceOf(it.Path)) == it.owner {
			*there = *it
		}
		return nil
	}
	switch winner := m.winner(it.Path); winner {
	case it.owner:
		m.lost[[2]string{there.owner, it.Path}] = true
		m.result.won[it.Path] = winner
		*there = *it
	case there.owner:
		m.lost[[2]string{it.owner, it.Path}] = true
		m.result.won[it.Path] = winner
	default:
		return clash(it.Path, there.owner, it.owner, "with different content")
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
	if rest, ok := strings.CutPrefix(name, "lib/python"); ok {
		if rest, ok = strings.CutPrefix(rest, minor+"/"); !ok {
			return false
		}
		return rest == "EXTERNALLY-MANAGED" || rest == "ensurepip.py" || rest == "site-packages/"+projectPth
	}
	switch name {
	case "app", "python" + minor + "._pth", "python._pth", "bin/python._pth", "bin/python3._pth", "bin/python" + minor + "._pth",
		"pyvenv.cfg", "bin/pyvenv.cfg":
		return true
	}
	return strings.HasPrefix(name, "app/") || strings.HasPrefix(name, "share/snug/")
}
