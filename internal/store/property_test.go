package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
)

// model is a store that is used in any order, by processes one after another,
// while somebody edits, kills and collects.
type model struct {
	t       *testing.T
	rand    *rand.Rand
	home    string
	clock   time.Duration // ahead of now
	store   *Store
	runtime map[string]bool // linked files that nobody edited since
}

func (m *model) key() string            { return fmt.Sprintf("tree-%07d", m.rand.IntN(4)) }
func (m *model) linked(k string) string { return filepath.Join(m.home, "runtime-"+k) }
func (m *model) file(k string) string   { return filepath.Join(m.store.treePath(k), "files", "a.py") }

// reopen is another process, perhaps days later.
func (m *model) reopen() {
	s, err := Open(m.home)
	if err != nil {
		m.t.Fatal(err)
	}
	m.clock += time.Duration(m.rand.IntN(5)) * 24 * time.Hour
	s.now = func() time.Time { return time.Now().Add(m.clock) }
	m.store = s
}

// build gets a tree and links its file, whatever happened before: the bytes are
// always those of the key.
func (m *model) build() {
	k := m.key()
	tree, err := m.store.AddTree(context.Background(), k, oneFile(k))
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.Remove(m.linked(k)); err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	if err := os.Link(filepath.Join(tree.Dir, "a.py"), m.linked(k)); err != nil {
		m.t.Fatal(err)
	}
	m.runtime[k] = true
}

// edit writes through the store's file, as root may, and as its hard link shares;
// only a later process is held to seeing it.
func (m *model) edit() {
	k := m.key()
	if os.Chmod(m.file(k), 0o644) != nil {
		return // not there
	}
	if err := os.WriteFile(m.file(k), []byte("edited"+strings.Repeat("!", m.rand.IntN(9))), 0o644); err != nil {
		m.t.Fatal(err)
	}
	delete(m.runtime, k)
	m.reopen()
}

// kill leaves what a process that was killed while it built leaves.
func (m *model) kill() {
	k := m.key()
	half := m.store.treePath(k)
	if _, err := os.Lstat(half); err == nil {
		half = filepath.Join(m.store.trees(), tempPrefix+k)
	}
	if err := os.MkdirAll(filepath.Join(half, "files", "half"), 0o755); err != nil {
		m.t.Fatal(err)
	}
	m.reopen()
}

func (m *model) remove() {
	k := m.key()
	_ = os.Remove(m.linked(k)) // often it is not there
	delete(m.runtime, k)
}

func (m *model) collect() {
	if _, _, err := m.store.GC(context.Background()); err != nil {
		m.t.Fatal(err)
	}
}

// hold checks that every runtime has its bytes and that no tree that can be had
// unchecked is anything but whole or known as damaged.
func (m *model) hold() {
	for k := range m.runtime {
		if data, err := os.ReadFile(m.linked(k)); err != nil || string(data) != k {
			m.t.Fatalf("runtime %s holds %q, %v", k, data, err)
		}
	}
	for i := range 4 {
		k := fmt.Sprintf("tree-%07d", i)
		tree, ok := m.store.Tree(k)
		if !ok {
			continue
		}
		data, err := os.ReadFile(m.file(k))
		if whole := err == nil && string(data) == k; whole != (tree.Check() == nil) {
			m.t.Fatalf("%s holds %q, %v; its check says %v (%s)", k, data, err, tree.Check(), fault.CodeOf(tree.Check()))
		}
	}
}

func TestAnyOrderOfUse(t *testing.T) {
	for seed := range uint64(12) {
		m := &model{t: t, rand: rand.New(rand.NewPCG(seed, 1)), home: t.TempDir(), runtime: map[string]bool{}}
		m.reopen()
		steps := []func(){m.build, m.build, m.build, m.reopen, m.edit, m.kill, m.remove, m.collect}
		for range 60 {
			steps[m.rand.IntN(len(steps))]()
			m.hold()
		}
	}
}
