package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"snug/internal/assemble"
	"snug/internal/attest"
	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/resolve"
	"snug/internal/store"
	"snug/internal/vet"
)

// plan is what one build has to do, worked out before anything is fetched.
type plan struct {
	engine    *Engine
	project   *manifest.Project
	lock      *lock.Lock
	lockBytes []byte
	lockSum   string
	req       BuildRequest
	target    pytag.Target
	python    pep440.Version
	locked    lock.Target
	runtimes  []string                // to end up current, innermost first
	done      map[string]BuiltRuntime // those that are there already
	shared    map[string]*sharing     // those that are made once for all projects
	cannot    []string                // those that a found Python cannot serve

	client  *index.Client
	fetched downloads
	tree    *store.Tree // the interpreter's
	vetted  *vet.Report
	signer  *attest.Signer // of the evidence about what is assembled
	sources *sources       // what is built from
}

func (e *Engine) plan(p *manifest.Project, locked *Locked, names []string, req BuildRequest) (*plan, error) {
	target, python, lt, err := e.targetOf(locked.Lock, locked.Path)
	if err != nil {
		return nil, err
	}
	if p, err = p.For(placesOf([]resolve.TargetPython{{Target: target, Python: python}})); err != nil {
		return nil, err
	}
	pl := &plan{engine: e, project: p, lock: locked.Lock, lockBytes: locked.Lock.Marshal(), req: req,
		target: target, python: python, locked: lt, done: map[string]BuiltRuntime{}, shared: map[string]*sharing{}}
	pl.lockSum = digest.Of(pl.lockBytes).String()
	for _, name := range names {
		if _, ok := locked.Lock.Runtime(name); !ok {
			return nil, fault.New(fault.Input, "restore the file from version control, or remove it and run snug lock", "%s has no runtime %q", locked.Path, name)
		}
		if lt.Interpreter.Source == interp.SourceFound && !pl.editable(name) {
			pl.cannot = append(pl.cannot, name)
			continue
		}
		pl.runtimes = append(pl.runtimes, name)
		if err := pl.noteShared(name); err != nil {
			return nil, err
		}
		if req.Into == "" && !req.Rebuild {
			if err := pl.noteBuilt(name); err != nil {
				return nil, err
			}
		}
	}
	return pl, nil
}

// noteBuilt records a runtime of which a generation was made from this lock: the
// current one, else the newest. One that snug verify found changed does not count,
// nor one without evidence, nor one that is shared where it should not be, or the
// other way round.
func (pl *plan) noteBuilt(name string) error {
	own, err := pl.project.FirstParty(name, pytag.Environment(pl.target, pl.python))
	if err != nil {
		return err
	}
	room := roomOf(pl.project.Root, name)
	gens, err := room.List()
	if err != nil {
		return err
	}
	slices.SortStableFunc(gens, func(a, b generation.Info) int { return currentFirst(a) - currentFirst(b) })
	for _, g := range gens {
		head, err := generation.ReadHead(g.Path)
		if err != nil || generation.Doubted(g.Path) || !generation.Attested(g.Path) || head.Lock != pl.lockSum || head.Target != pl.target.String() || head.Local != manifest.DigestOf(own) {
			continue // damaged, of another lock, or of another project table
		}
		if (pl.shared[name] != nil) != (head.LinkMode == generation.LinkShared) || !head.Usable(g.Path) {
			continue
		}
		row := rowOf(name, g.Path, g.Number, head)
		row.State = "switched"
		if g.Current {
			row.State = "unchanged"
		}
		pl.done[name] = row
		return nil
	}
	return nil
}

func currentFirst(g generation.Info) int {
	if g.Current {
		return 0
	}
	return 1
}

// switchBack points at a generation that was there already, unless it is in use.
func (pl *plan) switchBack(row BuiltRuntime) error {
	if row.State != "switched" {
		return nil
	}
	return roomOf(pl.project.Root, row.Name).Switch(row.Generation)
}

// refused is the error for runtimes that only a found Python could serve.
func (pl *plan) refused() error {
	if len(pl.cannot) == 0 {
		return nil
	}
	return fault.New(fault.Unsupported,
		"ask for a version that `snug python list` shows from another source, or set python-mirror in [tool.snug]",
		"not built: %v; Python %s was only found on this machine (%s) and cannot be moved", pl.cannot, pl.python, pl.locked.Interpreter.ID)
}

// runtime is the lock's entry of a name that plan has seen there.
func (pl *plan) runtime(name string) lock.Runtime {
	r, _ := pl.lock.Runtime(name)
	return r
}

// editable says whether people edit in this runtime: the outermost of several,
// unless it is isolated. Its text files are copies, and Python writes its
// bytecode there itself.
func (pl *plan) editable(name string) bool {
	all := pl.lock.Tool.Runtimes
	contained := slices.ContainsFunc(all, func(r lock.Runtime) bool { return r.Contains == name })
	return pl.req.Into == "" && len(all) > 1 && !contained && !pl.runtime(name).Isolated
}

// fetchAll brings the interpreter and every wheel into the store.
func (e *Engine) fetchAll(ctx context.Context, pl *plan) error {
	e.say("fetch", event.Started, "", "fetching what the store lacks")
	pl.fetched.report = func(done, total int64) { e.progress("fetch", "", done, total, "bytes") }
	var err error
	if pl.signer, err = e.signer(); err != nil {
		return err
	}
	if pl.client, err = e.index(pl.project); err != nil {
		return err
	}
	here := resolve.TargetPython{Target: pl.target, Python: pl.python, Interpreter: pl.locked.Interpreter}
	pl.sources = e.sources(ctx, pl.project, pl.client, []resolve.TargetPython{here})
	if pl.tree, err = e.interpreterTree(ctx, pl.project, pl.target, pl.python, pl.locked.Interpreter); err != nil {
		return err
	}
	// The outermost runtime first: it holds the others' wheels, so that all
	// downloads are under way at once.
	for _, name := range slices.Backward(pl.runtimes) {
		if _, ok := pl.done[name]; ok {
			continue
		}
		if err := assemble.Prefetch(ctx, pl.input(name, "")); err != nil {
			return err
		}
	}
	e.Events.Handle(event.Event{Time: e.Now(), Stage: "fetch", Kind: event.Done, Message: "fetched", Done: pl.fetched.done.Load(), Unit: "bytes"})
	return nil
}

// interpreterTree is the locked interpreter's tree, fetched where the store
// lacks it.
func (e *Engine) interpreterTree(ctx context.Context, p *manifest.Project, t pytag.Target, v pep440.Version, want lock.Interpreter) (*store.Tree, error) {
	i := interp.Interpreter{Version: v, Target: t.String(), Source: want.Source, ID: want.ID, SHA256: want.SHA256}
	sources := e.sourcesFor(ctx, p)
	key, err := interp.Key(sources, i)
	if err != nil {
		return nil, err
	}
	return e.store.AddTree(ctx, key, func(dir string) (store.Plan, error) {
		for _, s := range sources {
			if s.Name() != want.Source {
				continue
			}
			err := s.Fetch(ctx, i, dir, func(done, total int64) { e.progress("interpreter", "Python "+v.String(), done, total, "bytes") })
			if err != nil {
				return nil, fmt.Errorf("fetch Python %s from %s: %w", v, want.Source, err)
			}
			return store.Scan(dir, generation.OwnerPython)
		}
		return nil, fault.New(fault.Unsupported, "snug lock --upgrade chooses an interpreter that can be had", "Python %s: no source %q here", v, want.Source)
	})
}

// input is what assemble needs for one runtime in dest.
func (pl *plan) input(name, dest string) assemble.Input {
	e := pl.engine
	return assemble.Input{
		Project: pl.project, Lock: pl.lock, LockBytes: pl.lockBytes, Runtime: name,
		Isolated: pl.runtime(name).Isolated, Target: pl.target, Python: pl.python,
		Store: e.store, Interpreter: pl.tree, Runner: e.Runner,
		Copy: pl.req.Into != "", Editable: pl.editable(name), Bytecode: !pl.editable(name) && !pl.runtime(name).NoBytecode,
		Dest: dest, Jobs: e.Jobs, Events: paced{e},
		Download: pl.download, Confirm: pl.client.Confirm, Build: pl.build,
	}
}

// build gives the wheel of what is locked as its sources.
func (pl *plan) build(ctx context.Context, p *lock.Package, f lock.File) (assemble.Built, error) {
	return pl.sources.wheelOf(ctx, pl.lock.Tool.Builds, p, f)
}

// download opens a locked file: from the project's folder or from its index.
func (pl *plan) download(ctx context.Context, f lock.File) (io.ReadCloser, error) {
	if f.Path != "" {
		return os.Open(filepath.Join(pl.project.Root, filepath.FromSlash(f.Path)))
	}
	body, err := pl.client.Download(ctx, f.URL, f.Size)
	if err != nil {
		return nil, err
	}
	return pl.fetched.reader(body, f.Size), nil
}

// commit makes a folder that was filled the runtime in use, with its evidence, and
// returns its number and where it lies.
type commit func(generation.Evidence) (int, string, error)

// destination is a fresh folder for a runtime, how to make it the one in use,
// and how to drop what is left of it after an error.
func (pl *plan) destination(name string) (dest string, commit commit, abandon func(), err error) {
	if pl.req.Into != "" {
		return intoFolder(pl.req.Into)
	}
	room := roomOf(pl.project.Root, name)
	dest, err = room.Stage()
	if err != nil {
		return "", nil, nil, err
	}
	commit = func(evidence generation.Evidence) (int, string, error) {
		n, err := room.Adopt(dest, evidence)
		if err != nil {
			return 0, "", err
		}
		return n, room.Path(n), room.Point(n)
	}
	return dest, commit, func() { removeTree(dest) }, nil
}

func rowOf(name, dir string, n int, m *generation.Manifest) BuiltRuntime {
	return BuiltRuntime{Name: name, Dir: dir, Generation: n, Python: m.Python, Packages: len(m.Packages), Files: m.Count, Bytes: m.Bytes, Tree: m.Tree}
}
