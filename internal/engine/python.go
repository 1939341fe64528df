package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"snug/internal/cpython"
	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/sandbox"
	"snug/internal/store"
)

// cpython is CPython built from source; p is as for Pythons.
func (e *Engine) cpython(p *manifest.Project, profile, optimize string) *cpython.Source {
	mirror := e.Tarballs
	if p != nil {
		mirror = cmp.Or(mirror, placeOf(p, p.PythonSources))
	}
	return cpython.NewSource(cpython.Options{
		Client: e.fetch, Store: e.store, Temp: filepath.Join(e.Home, "tmp"), Mirror: mirror, Jobs: e.Jobs,
		Profile: profile, Optimize: optimize,
		Sandbox: func(ctx context.Context) (*sandbox.Sandbox, error) { return e.openSandbox(ctx, p) },
		Step: func(step string) {
			e.say("python", event.Started, step, "building Python: "+step)
			e.progress("python", step, 0, 0, "") // nothing of it is counted
		},
		Made: e.noteBuilt,
	})
}

// buildsPythonFor refuses targets that no Python is built for here.
func (e *Engine) buildsPythonFor(targets []pytag.Target) error {
	host, err := e.host()
	if err != nil {
		return err
	}
	for _, t := range targets {
		if !runsOn(t, host) || host.OS != "linux" {
			return fault.New(fault.Unsupported, "leave build = \"source\" out of python in [tool.snug], or this target out of targets",
				"a Python is built from source on Linux for the machine itself (this is %s), not for %s", host, t)
		}
	}
	return nil
}

// PythonRequest says which Python to build.
type PythonRequest struct {
	Version  string // "3.13" is the newest that the catalogue has; with Tarball the full version
	Profile  string // "" is minimal
	Optimize string // "" or "pgo"
	Tarball  string // file or address in place of the catalogue's; needs SHA256
	SHA256   string
	Into     string // folder that gets a copy, ""  for none
	Check    bool   // build again under other conditions and compare
}

// PythonBuilt is a Python that was built.
type PythonBuilt struct {
	cpython.Built
	Dir   string `json:"dir"`             // where it lies: in the store, or Into
	State string `json:"state"`           // "built", or "kept": the store had it
	Again string `json:"again,omitempty"` // with Check: the digest of the second tree

	Differences []cpython.Difference `json:"differences,omitempty"`
}

// BuildPython builds CPython from source into the store, where that has not got it;
// p is as for Pythons. Two builds that differ are no error: Differences tells.
func (e *Engine) BuildPython(ctx context.Context, p *manifest.Project, req PythonRequest) (*PythonBuilt, error) {
	if req.Into != "" {
		if err := emptyFolder(req.Into); err != nil {
			return nil, err
		}
	}
	s := e.cpython(p, req.Profile, req.Optimize)
	r, i, err := e.pythonRequest(s, req)
	if err != nil {
		return nil, err
	}
	key, err := s.Key(i)
	if err != nil {
		return nil, err
	}
	out := &PythonBuilt{State: "kept"}
	tree, err := e.store.AddTree(ctx, key, func(dir string) (store.Plan, error) {
		built, err := s.Build(ctx, r, dir)
		if err != nil {
			return nil, err
		}
		out.State = "built"
		if err := e.noteBuilt(ctx, built); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerPython)
	})
	if err != nil {
		return nil, err
	}
	out.Dir = tree.Dir
	if err := e.readBuilt(tree, &out.Built); err != nil {
		return nil, err
	}
	if req.Check {
		if err := e.buildAgain(ctx, s, r, out); err != nil {
			return nil, err
		}
	}
	if req.Into != "" {
		out.Dir = req.Into
		return out, copyTree(tree, req.Into)
	}
	return out, nil
}

// pythonRequest is what is to be built, and the interpreter that it will be.
func (e *Engine) pythonRequest(s *cpython.Source, req PythonRequest) (r cpython.Request, i interp.Interpreter, err error) {
	host, err := e.host()
	if err != nil {
		return r, i, err
	}
	tarball := cpython.Tarball{Version: req.Version, SHA256: req.SHA256}
	switch {
	case host.OS != "linux":
		return r, i, fault.New(fault.Unsupported, "snug python install takes one that others built", "CPython is built on Linux only, not for %s", host)
	case req.Tarball == "" && req.SHA256 != "":
		return r, i, fault.New(fault.Usage, "--tarball FILE names it", "--sha256 is the digest of a tarball of one's own")
	case req.Tarball == "":
		if tarball, err = cpython.Find(req.Version); err != nil {
			return r, i, err
		}
	default:
		if err := ownTarball(req); err != nil {
			return r, i, err
		}
	}
	if r, err = cpython.NewRequest(tarball, req.Profile, req.Optimize); err != nil {
		return r, i, err
	}
	if req.Tarball != "" {
		r.Places = []string{req.Tarball}
	}
	r.Progress = func(done, total int64) { e.progress("python", "Python "+tarball.Version, done, total, "bytes") }
	v, err := pep440.Parse(tarball.Version)
	return r, interp.Interpreter{Version: v, Target: host.String(), Source: s.Name(), ID: r.ID(), SHA256: tarball.SHA256, Movable: true}, err
}

// ownTarball checks what was said of a tarball of the user's.
func ownTarball(req PythonRequest) error {
	if _, err := digest.Parse(req.SHA256); err != nil {
		return fault.New(fault.Usage, "sha256sum prints it; --sha256 HEX takes it", "--tarball %s: %w", req.Tarball, err)
	}
	if !cpython.IsRelease(req.Version) {
		return fault.New(fault.Usage, "name the version that it holds: snug python build 3.13.5 --tarball …", "--tarball %s: %q is no full version", req.Tarball, req.Version)
	}
	return nil
}

// buildAgain builds under other conditions and compares.
func (e *Engine) buildAgain(ctx context.Context, s *cpython.Source, r cpython.Request, out *PythonBuilt) error {
	dir, remove, err := e.folder("python-")
	if err != nil {
		return err
	}
	defer remove()
	r.Conditions = s.Others()
	again, err := s.Build(ctx, r, dir)
	if err != nil {
		return err
	}
	out.Again = again.Tree
	out.Differences, err = cpython.Differences(out.Dir, dir)
	return err
}

// emptyFolder refuses a folder that holds anything.
func emptyFolder(dir string) error {
	found, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(found) > 0:
		return fault.New(fault.Usage, "name a new folder, or an empty one", "%s is not empty", dir)
	}
	return nil
}

// copyTree copies a tree of the store to a folder of the user's.
func copyTree(tree *store.Tree, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(tree.Dir)); err != nil {
		return fmt.Errorf("copy Python to %s: %w", dir, err)
	}
	return nil
}

// builtPath is where what is known of a built interpreter is kept, by the digest of
// its tree.
func (e *Engine) builtPath(tree string) string {
	return filepath.Join(e.Home, "built", tree+".json")
}

// noteBuilt keeps what is known of an interpreter that was built, and signs for it.
func (e *Engine) noteBuilt(_ context.Context, b *cpython.Built) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(e.builtPath(b.Tree)), 0o755); err != nil {
		return err
	}
	if err := store.WriteFile(e.builtPath(b.Tree), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return e.signInterpreter(b, e.Now())
}

// readBuilt reads what noteBuilt kept.
func (e *Engine) readBuilt(tree *store.Tree, b *cpython.Built) error {
	b.Measure(tree.Files)
	text, err := os.ReadFile(e.builtPath(b.Tree))
	if err != nil {
		return fault.New(fault.NotFound, "snug gc removes what is not in use; it is built again after that", "what is known of the Python in %s: %w", tree.Dir, err)
	}
	return json.Unmarshal(text, b)
}
