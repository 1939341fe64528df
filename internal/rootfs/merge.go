package rootfs

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
)

// What layers write to hide what is below them (OCI image specification, "Whiteouts").
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// merge gathers the files of all layers.
type merge struct {
	ctx  context.Context
	dir  string
	want func(string) bool

	layer   int
	same    map[string]kept             // of this layer, for its hard links
	links   map[int]map[string][]string // by layer: what is wanted, by the file that it is a hard link to and that is not
	linked  int
	spooled int
	bytes   int64

	kept   map[string]kept
	hidden map[string]int // path -> the highest layer that has a whiteout for it
	opaque map[string]int // folder -> the highest layer that hides what is in it
	solid  map[string]int // path -> the highest layer in which it is no folder
}

// kept is a file of the image, and where its bytes are.
type kept struct {
	layer int
	size  int64
	mode  fs.FileMode
	at    string
}

// entry takes one entry of the layer that is read.
func (m *merge) entry(e archive.TarEntry, body io.Reader) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	dir, base := path.Split(e.Name)
	dir = strings.TrimSuffix(dir, "/")
	switch {
	case base == opaque:
		m.opaque[dir] = max(m.opaque[dir], m.layer+1)
		return m.bounded(len(m.opaque))
	case strings.HasPrefix(base, whiteout):
		name := path.Join(dir, strings.TrimPrefix(base, whiteout))
		m.hidden[name] = max(m.hidden[name], m.layer+1)
		return m.bounded(len(m.hidden))
	case e.Dir:
		return nil
	case e.Link != "":
		m.solid[e.Name] = max(m.solid[e.Name], m.layer+1)
		return m.bounded(len(m.solid))
	}
	return m.file(e, body)
}

func (m *merge) file(e archive.TarEntry, body io.Reader) error {
	if e.Hard != "" {
		return m.link(e)
	}
	if !m.want(e.Name) {
		return nil
	}
	if m.bytes += e.Size; m.bytes > maxSpooled {
		return tooMuch()
	}
	k := kept{layer: m.layer, size: e.Size, mode: e.Mode, at: m.spool()}
	if err := spool(k.at, body); err != nil {
		return err
	}
	m.same[e.Name] = k
	m.keep(e.Name, k)
	return m.bounded(len(m.kept))
}

// link takes a hard link. What it stands for may be a file that nobody wants by its own
// name, such as one in an installer's cache: that is looked for when all layers were read.
func (m *merge) link(e archive.TarEntry) error {
	if !m.want(e.Name) {
		return nil
	}
	if k, ok := m.same[e.Hard]; ok {
		m.keep(e.Name, k)
		return m.bounded(len(m.kept))
	}
	if m.links[m.layer] == nil {
		m.links[m.layer] = map[string][]string{}
	}
	m.links[m.layer][e.Hard] = append(m.links[m.layer][e.Hard], e.Name)
	m.linked++
	return m.bounded(m.linked)
}

// resolve goes through the layers again for what hard links stand for.
func (m *merge) resolve(file string, layers []string) error {
	if len(m.links) == 0 {
		return nil
	}
	err := m.read(file, layers, func(e archive.TarEntry, body io.Reader) error {
		names := m.links[m.layer][e.Name]
		if len(names) == 0 || e.Dir || e.Link != "" || e.Hard != "" {
			return m.ctx.Err()
		}
		if m.bytes += e.Size; m.bytes > maxSpooled {
			return tooMuch()
		}
		k := kept{layer: m.layer, size: e.Size, mode: e.Mode, at: m.spool()}
		if err := spool(k.at, body); err != nil {
			return err
		}
		delete(m.links[m.layer], e.Name)
		for _, name := range names {
			m.keep(name, k)
		}
		return m.bounded(len(m.kept))
	})
	if err != nil {
		return err
	}
	var dangling []string
	for layer, links := range m.links {
		for to, names := range links {
			dangling = append(dangling, fmt.Sprintf("layer %d: %.200q is a hard link to %.200q, which is no file of the layer", layer+1, names[0], to))
		}
	}
	if len(dangling) > 0 {
		return fault.New(fault.Input, hint, "%s", slices.Min(dangling))
	}
	return nil
}

func tooMuch() error {
	return fault.New(fault.Input, "name the folder of the environment in it instead", "more than %d GB of Python", maxSpooled>>30)
}

func spool(to string, body io.Reader) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, body); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// keep notes the file, unless a higher layer has it already. Of a name that is
// twice in one layer the last counts, as where it is unpacked.
func (m *merge) keep(name string, k kept) {
	m.solid[name] = max(m.solid[name], k.layer+1)
	if before, ok := m.kept[name]; !ok || before.layer <= k.layer {
		m.kept[name] = k
	}
}

func (m *merge) bounded(n int) error {
	if n > maxKept {
		return fault.New(fault.Input, "name the folder of the environment in it instead", "more than %d files of Python, or marks of removed ones", maxKept)
	}
	return nil
}

// visible tells whether no higher layer hides the file.
func (m *merge) visible(name string, k kept) bool {
	over := k.layer + 1
	if m.hidden[name] > over || m.solid[name] > over {
		return false
	}
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if dir == "." {
			return m.opaque[""] <= over
		}
		if m.hidden[dir] > over || m.opaque[dir] > over || m.solid[dir] > over {
			return false
		}
	}
}

// tree is the file system of what is visible.
func (m *merge) tree() fs.FS {
	t := tree{"": &node{name: ".", dir: true}}
	for name, k := range m.kept {
		if m.visible(name, k) {
			t.add(name, k)
		}
	}
	for _, n := range t {
		slices.SortFunc(n.children, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	}
	return t
}

// tree is a file system in memory, of nodes by path; "" is the root.
type tree map[string]*node

type node struct {
	name     string
	dir      bool
	kept     kept
	children []*node
}

// add puts a file into the tree. What is a folder too, in another layer, is that.
func (t tree) add(name string, k kept) {
	if t[name] != nil {
		return
	}
	n := &node{name: path.Base(name), kept: k}
	t[name] = n
	for child := n; ; {
		dir := path.Dir(name)
		if dir == "." {
			dir = ""
		}
		parent, ok := t[dir]
		if !ok {
			parent = &node{name: path.Base(dir), dir: true}
			t[dir] = parent
		}
		parent.dir = true
		parent.children = append(parent.children, child)
		if ok {
			return
		}
		name, child = dir, parent
	}
}

// Open gives a file or a folder (fs.FS).
func (t tree) Open(name string) (fs.File, error) {
	key := name
	if name == "." {
		key = ""
	}
	n, ok := t[key]
	if !ok || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if n.dir {
		return &folder{node: n}, nil
	}
	f, err := os.Open(n.kept.at)
	if err != nil {
		return nil, err
	}
	return &file{f, n}, nil
}

// file is the spooled bytes under the image's name.
type file struct {
	*os.File
	node *node
}

func (f *file) Stat() (fs.FileInfo, error) { return f.node, nil }

// folder lists its nodes.
type folder struct {
	node *node
	read int
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *folder) Close() error               { return nil }
func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.node.name, Err: fs.ErrInvalid}
}

func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := f.node.children[f.read:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && len(rest) > n {
		rest = rest[:n]
	}
	f.read += len(rest)
	out := make([]fs.DirEntry, len(rest))
	for i, c := range rest {
		out[i] = fs.FileInfoToDirEntry(c)
	}
	return out, nil
}

// A node is its own fs.FileInfo. It has no time: an image says any.
func (n *node) Name() string       { return n.name }
func (n *node) Size() int64        { return n.kept.size }
func (n *node) ModTime() time.Time { return time.Time{} }
func (n *node) IsDir() bool        { return n.dir }
func (n *node) Sys() any           { return nil }
func (n *node) Mode() fs.FileMode {
	if n.dir {
		return fs.ModeDir | 0o755
	}
	return n.kept.mode
}
