// Package sdist unpacks source distributions and reads what they say without
// running anything: name, version, what building needs, and the metadata that
// resolving reads, where it is written down. It builds nothing, and asks no index.
//
// The one hard idea is which written metadata can be believed. A PKG-INFO is what
// some build said, and another build may say something else. Believed are fields
// that the sdist promises not to change (PEP 643), else those that stand in
// [project] and are not dynamic (PEP 621), else those of a setup.cfg that no
// setup.py can overrule. All others are known only to a build: Metadata is nil.
package sdist

import (
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

// Limits of what is read.
const (
	maxText  = 8 << 20 // bytes of pyproject.toml, setup.py or setup.cfg
	maxFiles = 200_000 // in a source tree
	maxList  = 10_000  // build requirements, or dependencies
)

// Limits are what a source distribution may unpack to.
func Limits() archive.Limits {
	return archive.Limits{Files: maxFiles, Entry: 2 << 30, Total: 4 << 30, Ratio: 200}
}

// Source is what an unpacked source tree says.
type Source struct {
	Name, Version string // "" where only a build can tell
	Metadata      []byte // METADATA with all that resolving reads; nil: only a build can tell
	Build         BuildSystem
	Epoch         time.Time // the newest change of a file, from 1980 to 2107: what zip files can hold
	Extensions    bool      // it has native sources, and its build speaks of extension modules
	CargoLock     string    // the Cargo.lock nearest to the top, relative, with slashes; "": none, or the build is none of Rust
}

// BuildSystem is [build-system] (PEP 518, PEP 517).
type BuildSystem struct {
	Requires    []string // PEP 508
	Backend     string   // "module" or "module:object"
	BackendPath []string // folders of the tree, relative, with slashes
}

// Legacy is the build system of what names none (PEP 517, "Source trees").
func Legacy() BuildSystem {
	return BuildSystem{Requires: []string{"setuptools>=40.8.0"}, Backend: legacyBackend}
}

const legacyBackend = "setuptools.build_meta:__legacy__"

// Read reads the source tree in dir. Links that lead out of it are not followed.
// Errors are fault.Input with the file's name: they are about the tree.
func Read(dir string) (*Source, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	t := &tree{read: func(name string) ([]byte, error) { return readTop(root, name) }}
	if err := t.walk(root.FS()); err != nil {
		return nil, err
	}
	return t.source()
}

// tree is a source tree in reading.
type tree struct {
	read   func(name string) ([]byte, error) // a file at the top; no such file is nil
	newest time.Time
	native bool   // there is a file of native source
	cargo  string // the Cargo.lock nearest to the top
	files  int
}

// aside are folders that are not part of what is built.
var aside = []string{".git", ".hg", ".svn", ".snug", ".tox", ".nox", ".venv", "node_modules", "__pycache__"}

// unbuilt are folders whose native sources are no sign of extension modules.
var unbuilt = []string{"test", "tests", "testing", "test cases", "doc", "docs", "example", "examples", "benchmark", "benchmarks"}

// walk looks at every file once.
func (t *tree) walk(files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(aside, d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return t.note(name, info.ModTime())
	})
}

// note takes a file into account.
func (t *tree) note(name string, changed time.Time) error {
	if t.files++; t.files > maxFiles {
		return fault.New(fault.Input, "name the folder of one package", "more than %d files in the source tree", maxFiles)
	}
	if changed.After(t.newest) {
		t.newest = changed
	}
	t.sign(name)
	return nil
}

// sign notes what the name of a file tells.
func (t *tree) sign(name string) {
	if slices.ContainsFunc(strings.Split(path.Dir(name), "/"), func(folder string) bool { return slices.Contains(unbuilt, strings.ToLower(folder)) }) {
		return
	}
	switch path.Ext(name) {
	case ".c", ".cc", ".cpp", ".cxx", ".pyx", ".pxd", ".rs", ".f", ".f90", ".m", ".go":
		t.native = true
	}
	if path.Base(name) == "Cargo.lock" && (t.cargo == "" || strings.Count(name, "/") < strings.Count(t.cargo, "/")) {
		t.cargo = name
	}
}

// epoch is the newest change within what zip files can hold.
func (t *tree) epoch() time.Time {
	first, last := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)
	switch at := t.newest.UTC().Truncate(time.Second); {
	case at.Before(first):
		return first
	case at.After(last):
		return last
	default:
		return at
	}
}

func readTop(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Input, hintTree, "%s: %w", name, err)
	}
	defer f.Close() // only read from
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fault.New(fault.Input, hintTree, "%s is no regular file", name)
	}
	return readText(f, name)
}

func readText(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxText {
		return nil, fault.New(fault.Input, hintTree, "%s: more than %d bytes", name, maxText)
	}
	return data, nil
}

const hintTree = "its maintainers may have made a better release: take another version"
