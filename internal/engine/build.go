package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"snug/internal/assemble"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/manifest"
	"snug/internal/prove"
	"snug/internal/pytag"
)

// BuildRequest says which runtimes to build and where.
type BuildRequest struct {
	Lock        LockRequest
	Runtimes    []string // nil: all of the project's
	Loose       bool     // there is no project: nothing but Into is written
	Into        string   // one runtime of real copies in this folder, instead of .snug
	IntoRuntime string   // which one; "" = prod
	Prove       bool     // import every top-level module before switching
	Locked      bool     // the lock must answer what is asked already
	Rebuild     bool     // assemble anew what is built already
}

// Built is what a build made, runtime by runtime, innermost first.
type Built struct {
	Runtimes []BuiltRuntime
}

// BuiltRuntime is one row of the table that build ends with.
type BuiltRuntime struct {
	Name       string        `json:"name"`
	Dir        string        `json:"dir"`
	Generation int           `json:"generation,omitempty"`
	Python     string        `json:"python"`
	Packages   int           `json:"packages"`
	Files      int           `json:"files"`
	Bytes      int64         `json:"bytes"`
	Tree       string        `json:"tree"`
	State      string        `json:"state"` // "built", "unchanged", "switched" to a generation that was there, or "shared" with other projects
	Took       time.Duration `json:"nanoseconds"`
}

// Build makes the wanted runtimes current: it locks where the lock does not
// answer what is asked, fetches what the store lacks, vets that, assembles each runtime
// beside the one in use, proves that it starts, and switches. A runtime that is
// current for this lock already is left as it is; where an older generation was
// made for it, that one becomes current. On an error every runtime in
// use is untouched; those named in the result are done.
func (e *Engine) Build(ctx context.Context, p *manifest.Project, req BuildRequest) (*Built, error) {
	names, err := wantedRuntimes(p, req)
	if err != nil {
		return nil, err
	}
	if err := e.buildsFor(req.Lock.Targets); err != nil {
		return nil, err
	}
	if req.Into != "" { // before any work
		if _, err := replaceable(req.Into); err != nil {
			return nil, err
		}
	}
	locked, err := e.lockForBuild(ctx, p, req)
	if err != nil {
		return nil, err
	}
	plan, err := e.plan(p, locked, names, req)
	if err != nil {
		return nil, err
	}
	if len(plan.shared) > 0 {
		release, err := e.store.Use(ctx) // until the shared runtimes have their user
		if err != nil {
			return nil, err
		}
		defer release()
	}
	if err := e.gather(ctx, plan); err != nil {
		return nil, err
	}
	if err := e.vet(ctx, plan); err != nil {
		return nil, err
	}
	built := &Built{}
	for _, name := range plan.runtimes {
		if row, ok := plan.done[name]; ok {
			if err := plan.switchBack(row); err != nil {
				return built, fmt.Errorf("runtime %s: %w", name, err)
			}
			built.Runtimes = append(built.Runtimes, row)
			continue
		}
		row, err := e.buildOne(ctx, plan, name)
		if err != nil {
			return built, fmt.Errorf("runtime %s: %w", name, err)
		}
		built.Runtimes = append(built.Runtimes, *row)
	}
	return built, plan.refused()
}

func (e *Engine) lockForBuild(ctx context.Context, p *manifest.Project, req BuildRequest) (*Locked, error) {
	if req.Loose { // a runtime without a project carries its lock inside
		req.Lock.DryRun = true
		req.Lock.Output = filepath.Join(req.Into, filepath.FromSlash(generation.LockPath))
	}
	if req.Locked {
		req.Lock.DryRun = true
	}
	req.Lock.by.builds = true
	locked, err := e.Lock(ctx, p, req.Lock)
	if err != nil {
		return nil, err
	}
	if req.Locked && !locked.Fresh {
		return nil, fault.New(fault.Conflict, "snug lock updates it", "%s does not answer what %s asks for", locked.Path, p.Files)
	}
	return locked.ofHost(), nil
}

// made is a runtime that was made and adopted.
type made struct {
	manifest   *generation.Manifest // its files may be left out
	state      string
	dir        string
	generation int
}

// buildOne makes one runtime, and says what its user should know.
func (e *Engine) buildOne(ctx context.Context, plan *plan, name string) (*BuiltRuntime, error) {
	start := e.Now()
	e.say("assemble", event.Started, name, "assembling "+name)
	got, err := e.make(ctx, plan, name, start)
	if err != nil {
		return nil, err
	}
	m := got.manifest
	row := rowOf(name, got.dir, got.generation, m)
	row.State, row.Took = got.state, e.since(start)
	e.Events.Handle(event.Event{Time: e.Now(), Stage: "assemble", Kind: event.Done, Subject: name, Message: "built " + name,
		Data: map[string]any{"generation": got.generation, "tree": m.Tree, "files": row.Files}})
	for _, note := range m.Notes {
		e.say("assemble", event.Note, name, note)
	}
	return &row, nil
}

// make assembles one runtime into a new folder, proves it, signs for it and
// switches.
func (e *Engine) make(ctx context.Context, plan *plan, name string, started time.Time) (*made, error) {
	if s := plan.shared[name]; s != nil {
		return e.share(ctx, plan, name, s, started)
	}
	dest, commit, abandon, err := plan.destination(name)
	if err != nil {
		return nil, err
	}
	defer abandon()
	m, err := e.assemble(ctx, plan.input(name, dest))
	if err != nil {
		return nil, err
	}
	if plan.req.Prove {
		if err := e.mustProve(ctx, dest, m); err != nil {
			return nil, err
		}
	}
	evidence, err := plan.evidence(dest, m, started)
	if err != nil {
		return nil, err
	}
	if plan.req.Into != "" {
		if err := plan.document(ctx, evidence, dest, m); err != nil {
			return nil, err
		}
	}
	n, dir, err := commit(evidence)
	return &made{m, "built", dir, n}, err
}

// assemble fills the folder in.Dest with a whole runtime whose Python starts.
func (e *Engine) assemble(ctx context.Context, in assemble.Input) (*generation.Manifest, error) {
	m, err := assemble.Assemble(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := prove.Start(ctx, e.Runner, in.Dest, m); err != nil {
		return nil, err
	}
	return m, assemble.Finish(in.Dest)
}

// mustProve is the error for a runtime in which some module does not import.
func (e *Engine) mustProve(ctx context.Context, dir string, m *generation.Manifest) error {
	report, err := e.proveDir(ctx, dir, m)
	if err != nil || report.OK() {
		return err
	}
	broken := report.Broken()
	f := broken[0]
	return fault.New(fault.Failed, "the runtime in use is untouched; build without --prove to get it all the same",
		"%d of %d modules do not import, first %s of %s: %s", len(broken), report.Modules, f.Module, f.Package, f.Reason)
}

// buildsFor refuses targets, named for a build, of which none runs here.
func (e *Engine) buildsFor(targets []string) error {
	host, err := e.host()
	if err != nil || len(targets) == 0 {
		return err
	}
	for _, name := range targets {
		t, err := pytag.ParseTarget(name)
		if err != nil {
			return err
		}
		if runsOn(t, host) {
			return nil
		}
	}
	return fault.New(fault.Unsupported, "snug lock --target makes the lock; build on that machine",
		"runtimes are built for the machine that snug runs on (%s), not for %s", host, strings.Join(targets, ", "))
}

// wantedRuntimes are the names to build, innermost first.
func wantedRuntimes(p *manifest.Project, req BuildRequest) ([]string, error) {
	var all []string
	for _, r := range p.Runtimes {
		all = append(all, r.Name)
	}
	ask := req.Runtimes
	if req.Into != "" {
		name := req.IntoRuntime
		if name == "" {
			name = all[0]
		}
		ask = []string{name}
	}
	for _, name := range ask {
		if !slices.Contains(all, name) {
			return nil, fault.New(fault.Usage, fmt.Sprintf("the runtimes are %s; a project's folder is named first: snug build DIR", strings.Join(all, ", ")), "there is no runtime %q", name)
		}
	}
	if req.Into != "" { // before anything is fetched: the folder may hold other things
		if _, err := replaceable(req.Into); err != nil {
			return nil, err
		}
	}
	if len(ask) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(n string) bool { return !slices.Contains(ask, n) }), nil
}

// since is how long ago t was, for the table that build prints.
func (e *Engine) since(t time.Time) time.Duration { return e.Now().Sub(t) }
