// Package generation speaks of runtimes on disk: the manifest that lists every
// file of one, and the room (.snug/NAME) that holds its numbered generations.
// It is not what assembles or verifies them.
//
// The hard idea: a file is payload or control. Payload belongs to the
// interpreter or to a package and makes up the tree digest; control files are
// the few that snug adds and that may depend on where the project lies. So one
// digest holds on every machine and at every path.
package generation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
)

// Schema is the manifest's format that this snug writes and reads.
const Schema = "1"

// ManifestPath and LockPath are where a runtime keeps its manifest and lock.
const (
	ManifestPath = "share/snug/manifest.json"
	LockPath     = "share/snug/pylock.toml"
)

// maxManifest bounds a manifest that is read (about a million files).
const maxManifest = 512 << 20

// Kinds of files; the empty kind is a file as its artifact holds it.
const (
	Bytecode = "bytecode" // compiled by the runtime's own Python
	Control  = "control"  // added by snug, not part of the tree digest
)

// OwnerSnug owns the control files, OwnerPython the interpreter's.
const (
	OwnerSnug   = "snug"
	OwnerPython = "python"
)

// File is one file or symbolic link of a tree or a runtime.
type File struct {
	Path   string `json:"path"`             // relative to the runtime, with slashes
	Mode   string `json:"mode"`             // "0644" or "0755"; what is on disk may lack the write bits
	SHA256 string `json:"sha256"`           // of the content, or of the link's target text
	Size   int64  `json:"size"`             // bytes
	Owner  string `json:"owner"`            // "python", a normalised package name, or "snug"
	Link   string `json:"link,omitempty"`   // target of a symbolic link
	Kind   string `json:"kind,omitempty"`   // "", Bytecode or Control
	Source string `json:"source,omitempty"` // owners of equal files besides Owner, comma-separated
}

// Package is one distribution of a runtime. SHA256 is that of its wheel, empty
// for the local project.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256,omitempty"`
}

// Manifest lists everything of one runtime but the manifest itself.
type Manifest struct {
	Snug     string            `json:"snug"` // Schema
	Runtime  string            `json:"runtime"`
	Target   string            `json:"target"`
	Python   string            `json:"python"`
	Tree     string            `json:"tree"`            // digest of the payload
	Lock     string            `json:"lock"`            // SHA-256 of the lock's bytes
	Local    string            `json:"local,omitempty"` // digest of the project's own METADATA, entry points and import roots
	Isolated bool              `json:"isolated"`
	Editable bool              `json:"editable"`  // text files are copies
	Bytecode bool              `json:"bytecode"`  // carries it; where not, Python writes its own
	LinkMode string            `json:"link-mode"` // LinkHard, LinkCopy or LinkShared
	Count    int               `json:"count"`     // of Files
	Bytes    int64             `json:"bytes"`     // of Files together
	Packages []Package         `json:"packages"`
	Overlaps map[string]string `json:"overlaps,omitempty"` // path: the package that won
	Notes    []string          `json:"notes,omitempty"`
	Files    []File            `json:"files"` // sorted by path
}

// Payload returns the entries that the tree digest covers: all but control
// files.
func (m *Manifest) Payload() []digest.Entry {
	entries := make([]digest.Entry, 0, len(m.Files))
	for _, f := range m.Files {
		if f.Kind == Control {
			continue
		}
		entries = append(entries, f.Entry())
	}
	return entries
}

// Entry is the file as the tree digest sees it. A malformed sum becomes zero,
// which no file has.
func (f File) Entry() digest.Entry {
	mode, err := strconv.ParseUint(f.Mode, 8, 32)
	if err != nil {
		mode = 0
	}
	sum, err := digest.Parse(f.SHA256)
	if err != nil {
		sum = digest.SHA256{}
	}
	return digest.Entry{Mode: fs.FileMode(mode), Sum: sum, Path: f.Path, Link: f.Link}
}

// Seal sorts the files and fills in Snug, Tree, Count and Bytes.
func (m *Manifest) Seal() {
	slices.SortFunc(m.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	m.Snug, m.Count, m.Bytes = Schema, len(m.Files), 0
	for _, f := range m.Files {
		m.Bytes += f.Size
	}
	m.Tree = digest.Tree(m.Payload()).String()
}

// Read returns the manifest of the runtime in dir. A runtime without one is a
// fault.NotFound, one that cannot be read a fault.Integrity.
func Read(dir string) (*Manifest, error) {
	path := filepath.Join(dir, filepath.FromSlash(ManifestPath))
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var m Manifest
	if err := json.NewDecoder(io.LimitReader(f, maxManifest)).Decode(&m); err != nil {
		return nil, damaged(path, err)
	}
	return &m, m.check(path)
}

// ReadHead is Read without the files: the part that a glance needs, in a
// thousandth of the time.
func ReadHead(dir string) (*Manifest, error) {
	path := filepath.Join(dir, filepath.FromSlash(ManifestPath))
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head bytes.Buffer
	lines := bufio.NewScanner(io.LimitReader(f, maxManifest))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && string(lines.Bytes()) != ` "files": [` {
		head.Write(lines.Bytes())
	}
	head.WriteString(` "files": []}`)
	var m Manifest
	if err := errors.Join(lines.Err(), json.Unmarshal(head.Bytes(), &m)); err != nil {
		return nil, damaged(path, err)
	}
	return &m, m.check(path)
}

func open(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "only what snug build made has a manifest", "%s: no runtime there: %w", path, err)
	}
	return f, err
}

func damaged(path string, err error) error {
	return fault.New(fault.Integrity, "remove the runtime and build it again", "%s is damaged: %w", path, err)
}

// check refuses manifests of another schema and paths that leave the runtime.
func (m *Manifest) check(path string) error {
	if m.Snug != Schema {
		return fault.New(fault.Unsupported, "use the snug that built it, or build it again", "%s has schema %q, this snug reads %q", path, m.Snug, Schema)
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return damaged(path, fmt.Errorf("path %q leaves the runtime", f.Path))
		}
	}
	return nil
}
