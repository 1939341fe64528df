package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/fault"
	"snug/internal/foreign"
	"snug/internal/inventory"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/rootfs"
	"snug/internal/supplychain"
	"snug/internal/vet"
)

const auditHint = "snug audit takes pylock.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock, requirements files, environment.yml, a project's or an environment's folder, an image as docker save writes it, or an SBOM in JSON"

// place is a path as a user typed it, and where it starts.
type place struct{ dir, name string }

// path is where it is.
func (p place) path() string {
	if filepath.IsAbs(p.name) {
		return p.name
	}
	return filepath.Join(p.dir, p.name)
}

// in is a file of the folder.
func (p place) in(file string) place { return place{p.dir, filepath.Join(p.name, file)} }

// subjects reads what lies at a place; a folder of a project may hold several.
func (e *Engine) subjects(ctx context.Context, at place) ([]*audited, error) {
	info, err := os.Stat(at.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Input, "the path starts from the folder that snug is run in", "there is no %s", at.name)
	}
	if err != nil {
		return nil, fault.New(fault.Input, "name a file or folder that this user may read", "%w", err)
	}
	if info.IsDir() {
		return e.auditFolder(ctx, at)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Input, auditHint, "%s is neither a file nor a folder", at.name)
	}
	s, err := e.auditFile(ctx, at)
	if err != nil {
		return nil, err
	}
	return []*audited{s}, nil
}

// auditFile reads one file: by its name where that tells the format, else by how it
// begins.
func (e *Engine) auditFile(ctx context.Context, at place) (*audited, error) {
	head, err := headOf(at.path())
	switch {
	case err != nil:
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	case len(head) == 0:
		return nil, fault.New(fault.Input, auditHint, "%s is empty", at.name)
	case foreign.Knows(at.name):
		return e.imported(at)
	case isBill(head):
		return e.billFile(at)
	case isArchive(head):
		return e.image(ctx, at)
	}
	return nil, fault.New(fault.Usage, auditHint, "%s: not a format that snug audits", at.name)
}

// imported reads a lock or a list. What its project asks for stands in the
// pyproject.toml beside it, where the file itself does not tell.
func (e *Engine) imported(at place) (*audited, error) {
	m, err := foreign.Read(at.path(), e.Env)
	if err != nil {
		return nil, err
	}
	var roots []string
	var note string
	if !m.Rooted {
		p, err := manifest.Load(filepath.Dir(at.path()), e.Env)
		switch {
		case err == nil:
			roots = namesAsked(p)
		case fault.CodeOf(err) != fault.NotFound:
			note = "where packages come from is told by the lock alone: " + err.Error()
		}
	}
	s := ofImport(at.name, m, roots)
	if note != "" {
		s.notes = append(s.notes, note)
	}
	return s, nil
}

// namesAsked are the names that a project asks for, production's first.
func namesAsked(p *manifest.Project) []string {
	var out []string
	for _, rt := range p.Runtimes {
		for _, q := range rt.Requirements {
			if !slices.Contains(out, q.Key()) {
				out = append(out, q.Key())
			}
		}
	}
	return out
}

const headSize = 4 << 10

func headOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, headSize))
}

// isArchive knows a tar, plain (its magic stands at 257) or packed.
func isArchive(head []byte) bool {
	for _, magic := range []string{"\x1f\x8b", "\x28\xb5\x2f\xfd", "BZh"} {
		if strings.HasPrefix(string(head), magic) {
			return true
		}
	}
	return len(head) > 262 && string(head[257:262]) == "ustar"
}

func (e *Engine) billFile(at place) (*audited, error) {
	f, err := os.Open(at.path())
	if err != nil {
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBill+1))
	if err != nil {
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	}
	if len(data) > maxBill {
		return nil, fault.New(fault.Input, "name a part of it", "%s: more than %d MB", at.name, maxBill>>20)
	}
	return ofBill(at.name, data)
}

// image reads the Python of a container image.
func (e *Engine) image(ctx context.Context, at place) (*audited, error) {
	dir, err := os.MkdirTemp(e.Home, "audit-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	img, err := rootfs.Read(ctx, at.path(), dir, ofPython)
	if err != nil {
		return nil, err
	}
	s, err := installed(ctx, at.name, img.FS)
	if err == nil && img.Name != "" {
		s.notes = append(s.notes, fmt.Sprintf("%s is %s; layers: %d", at.name, img.Name, img.Layers))
	}
	return s, err
}

// ofPython tells the files of an image that inventory looks at: packages wherever
// they are installed, and what tells of an interpreter. Bytecode beside its
// source says nothing that the source does not.
func ofPython(name string) bool {
	if strings.Contains(name, "/__pycache__/") {
		return false
	}
	if strings.Contains(name, "/site-packages/") || strings.Contains(name, "/dist-packages/") {
		return true
	}
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	python := strings.HasPrefix(path.Base(dir), "python3.")
	switch {
	case base == "os.py", base == "patchlevel.h", strings.HasSuffix(base, ".pth"):
		return python
	case strings.HasPrefix(base, "sitecustomize"), strings.HasPrefix(base, "usercustomize"):
		return python
	case strings.HasSuffix(base, ".so") && path.Base(dir) == "lib-dynload":
		return true
	}
	return strings.HasPrefix(base, "libpython3") || strings.HasPrefix(base, "python3.") && path.Base(dir) == "bin"
}

// auditFolder is the environment that a folder is or holds, else the locks and lists of
// a project.
func (e *Engine) auditFolder(ctx context.Context, at place) ([]*audited, error) {
	if current := at.in("current"); !isEnvironment(at.path()) && isEnvironment(current.path()) {
		at = current // .snug/NAME: the generation in use
	}
	if dir := at.path(); isEnvironment(dir) {
		s, err := installed(ctx, at.name, os.DirFS(dir))
		if err != nil {
			return nil, err
		}
		return []*audited{s}, nil
	}
	var out []*audited
	var locked bool
	for _, file := range auditable(at.path()) {
		s, err := e.imported(at.in(file))
		if err != nil {
			return nil, err
		}
		if locked && s.pins() == 0 {
			out[0].notes = append(out[0].notes, s.name+" pins nothing: what is beside it is audited")
			continue
		}
		locked = locked || s.pins() > 0
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Input, auditHint, "%s: neither a lock, a list of requirements nor an environment is in it", at.name)
	}
	return out, nil
}

// isEnvironment tells a virtual environment, a runtime, or a folder of installed
// packages.
func isEnvironment(dir string) bool {
	for _, pattern := range []string{"*.dist-info", "pyvenv.cfg", "lib/python3.*/site-packages", "lib/python3.*/os.py", "Lib/site-packages", "share/snug/manifest.json"} {
		if found, err := filepath.Glob(filepath.Join(escaped(dir), filepath.FromSlash(pattern))); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// escaped is a path in which Glob sees no pattern.
func escaped(dir string) string {
	if filepath.Separator == '\\' {
		return dir // there Glob has no escape
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// auditable are the files of a project that say versions: locks first, then lists.
func auditable(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // what cannot be read has nothing in it, which is an error of its own
	}
	var locks, lists []string
	for _, d := range entries {
		name := d.Name()
		switch {
		case d.IsDir():
		case lock.IsFileName(name), slices.Contains([]string{foreign.Uv, foreign.Poetry, foreign.Pdm, foreign.PipfileLock}, name):
			locks = append(locks, name)
		case strings.Contains(name, "requirements") && filepath.Ext(name) == ".txt", name == foreign.Conda, name == "environment.yaml", name == foreign.Pipfile:
			lists = append(lists, name)
		}
	}
	return append(locks, lists...)
}

// installed is what lies below the root of fsys.
func installed(ctx context.Context, name string, fsys fs.FS) (*audited, error) {
	found, err := inventory.Installed(ctx, fsys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &audited{name: name, loose: map[string]loose{}}
	for _, f := range found {
		if f.Package.Class == "" {
			for _, sign := range supplychain.OfInstalled(f) {
				sign.File = firstPath(name, f.Package)
				s.strays = append(s.strays, sign)
			}
			continue
		}
		s.facts = append(s.facts, f)
		for _, c := range append([]component.Component{f.Package}, f.Components...) {
			s.items = append(s.items, vet.Item{Component: c, File: firstPath(name, c), License: licenseInside(f, c)})
		}
		s.items[len(s.items)-1-len(f.Components)].Unread = f.Notes
	}
	if len(s.items) == 0 {
		return nil, fault.New(fault.Input, auditHint, "%s: no Python package and no interpreter is in it", name)
	}
	return s, nil
}

func firstPath(name string, c component.Component) string {
	if len(c.Paths) == 0 {
		return ""
	}
	return filepath.ToSlash(name) + "/" + c.Paths[0]
}

// licenseInside is the licence of a package by its files; what it carries has none
// of its own here.
func licenseInside(f *inventory.Facts, c component.Component) *vet.License {
	if c.Class != component.Package || c.Owner != "" {
		return nil
	}
	return &vet.License{Declared: readDeclared(f), Texts: f.Licenses}
}
