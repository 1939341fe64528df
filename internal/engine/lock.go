package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"snug/internal/cooldown"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
	"snug/internal/resolve"
)

// LockName is the lock's file name beside pyproject.toml (PEP 751).
const LockName = "pylock.toml"

// createdBy is how snug's locks are told from those of other tools.
const createdBy = "snug"

// LockRequest says what to lock and how much may move.
type LockRequest struct {
	Upgrade     bool     // choose everything anew
	UpgradeOnly []string // choose these names anew, keep the rest
	Python      string   // overrides the project's
	Targets     []string // override the project's
	Resolution  string   // overrides the project's: "highest", "lowest", "lowest-direct"
	Prereleases bool     // a pre-release is a version like others, whatever the project says
	Output      string   // lock file; "" = LockName in the project's folder
	DryRun      bool     // resolve, write nothing
	Unfiled     bool     // there is no lock file: none is read and none written
	From        []string // files of other tools whose locked versions are kept, the first speaks first

	by asking // of commands of the engine that lock besides
}

// Locked is a lock and what became of its file.
type Locked struct {
	Lock    *lock.Lock
	Path    string
	Changed bool      // the file's bytes were replaced
	Fresh   bool      // it answered what is asked already: nothing was resolved
	Moved   []Change  // packages that differ from the lock that was there before
	Apart   []*Locked // of targets that have a lock of their own
	From    *Imported
}

// Lock returns the project's lock, resolving only where the one on disk does
// not answer what is asked. The file is replaced whole or not at all.
func (e *Engine) Lock(ctx context.Context, p *manifest.Project, req LockRequest) (*Locked, error) {
	if err := e.override(p, req); err != nil {
		return nil, err
	}
	e.sayNotes(p)
	path := req.Output
	if path == "" {
		path = filepath.Join(p.Root, LockName)
	}
	var old *lock.Lock
	var err error
	if !req.Unfiled {
		if !lock.IsFileName(filepath.Base(path)) {
			e.say("lock", event.Note, "", path+": installers take a lock only by the name pylock.toml or pylock.NAME.toml (PEP 751)")
		}
		if old, err = ReadLock(path); err != nil {
			return nil, err
		}
	}
	if req.UpgradeOnly, err = lockedNames(old, req.UpgradeOnly, path); err != nil {
		return nil, err
	}
	from, err := e.readImports(p, req.From)
	if err != nil {
		return nil, err
	}
	asked := p.Digest().String()
	others, err := readApart(old, path)
	if err != nil {
		return nil, err
	}
	if old != nil && from == nil && !req.Upgrade && len(req.UpgradeOnly) == 0 && old.Tool.Asked == asked && allAnswer(old, others, asked) {
		return &Locked{Lock: old, Path: path, Fresh: true, Apart: lockedApart(path, old, others)}, nil
	}
	keep := kept(old, p.Strategy, req)
	switch {
	case from != nil:
		keep = from.over(keep)
	case old == nil && !p.Loose:
		e.offerImport(p)
	}
	if from == nil && keep != nil && old.CreatedBy != createdBy {
		e.say("resolve", event.Note, "", fmt.Sprintf("%s was written by %s: its versions are kept where they fit", path, old.CreatedBy))
	}
	made, err := e.resolve(ctx, question{project: p, keep: keep, keepApart: keptApart(others, p.Strategy, req), alone: req.Unfiled, from: from}, e.asking(p, req))
	if err != nil {
		return nil, err
	}
	for _, l := range append(made.apart, made.lock) {
		l.Tool.Asked = asked
	}
	out := &Locked{Lock: made.lock, Path: path, From: from}
	if old != nil {
		out.Moved = changesOf(versionsIn(old), versionsIn(made.lock))
	}
	if req.DryRun || req.Unfiled {
		for _, l := range made.apart {
			out.Apart = append(out.Apart, &Locked{Lock: l, Path: apartPath(path, l.Tool.Targets[0].Name)})
		}
		return out, nil
	}
	if out.Apart, err = e.writeApart(path, old, made); err != nil {
		return nil, err
	}
	out.Changed, err = lock.Write(path, made.lock)
	return out, err
}

// sayNotes tells what of the project was read and not obeyed.
func (e *Engine) sayNotes(p *manifest.Project) {
	notes := p.Notes
	if p.Local != nil {
		notes = append(slices.Clone(notes), p.Local.Notes...)
	}
	for _, note := range notes {
		e.say("manifest", event.Note, "", note)
	}
}

// override lets flags speak before the project.
func (e *Engine) override(p *manifest.Project, req LockRequest) error {
	if req.Python != "" {
		p.Python = req.Python
	}
	if len(req.Targets) > 0 {
		p.Targets = req.Targets
	}
	if req.Resolution != "" {
		var err error
		if p.Strategy.Resolution, err = manifest.ParseResolution(req.Resolution); err != nil {
			return err
		}
	}
	p.Strategy.Prereleases = p.Strategy.Prereleases || req.Prereleases
	if !e.AsOf.IsZero() || e.AllFiles {
		p.AsOf = e.AsOf
	}
	var err error
	if p.MinAge, err = p.MinAge.Amend(e.MinAge); err != nil {
		return fault.New(fault.Usage, "write --min-age AGE or NAME=AGE", "--min-age: %w", err)
	}
	if len(p.Targets) == 0 {
		host, err := e.host()
		if err != nil {
			return err
		}
		p.Targets = []string{host.String()}
	}
	return nil
}

// ReadLock reads the lock at path; a lock of nil without an error means that
// there is none yet.
func ReadLock(path string) (*lock.Lock, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return lock.Parse(data, path)
}

// lockedNames are the names as the lock spells them. One that is not locked is
// refused: there is nothing to choose anew.
func lockedNames(old *lock.Lock, names []string, path string) ([]string, error) {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = pep508.NormalizeName(name)
		if old != nil && !slices.ContainsFunc(old.Packages, func(p lock.Package) bool { return p.Name == out[i] }) {
			return nil, fault.New(fault.NotFound, "snug list shows what is locked; snug add "+name+" asks for it", "%s does not hold %s", path, name)
		}
	}
	return out, nil
}

// versionsIn are the locked versions by name; a package that has several, on
// several targets, has them side by side.
func versionsIn(l *lock.Lock) map[string]string {
	out := map[string]string{}
	for _, p := range l.Packages {
		switch have := out[p.Name]; {
		case have == "":
			out[p.Name] = p.Version
		case !slices.Contains(strings.Fields(have), p.Version):
			out[p.Name] = have + " " + p.Version
		}
	}
	return out
}

// kept is what of the old lock resolving should keep to if it can; nothing of
// one that was chosen by another strategy.
func kept(old *lock.Lock, now manifest.Strategy, req LockRequest) *lock.Lock {
	if old == nil || req.Upgrade || old.Tool.Resolution != string(now.Resolution) || old.Tool.Prereleases != now.Prereleases {
		return nil
	}
	out := *old
	out.Packages = slices.DeleteFunc(slices.Clone(old.Packages), func(p lock.Package) bool {
		return slices.Contains(req.UpgradeOnly, p.Name)
	})
	return &out
}

// asking is what a fix has to repeat of the command that locks.
func (e *Engine) asking(p *manifest.Project, req LockRequest) asking {
	by := req.by
	by.typed = e.Typed
	if flags, _ := by.typed.split([]string{"--project"}); len(flags) == 0 {
		by.folder = e.Folder
	}
	by.manifest = !p.Loose && req.Python == "" && len(req.Targets) == 0 && req.Output == ""
	return by
}

// resolve chooses interpreters, then packages.
func (e *Engine) resolve(ctx context.Context, q question, by asking) (*resolution, error) {
	start := e.Now()
	q, err := e.complete(ctx, q)
	if err != nil {
		return nil, err
	}
	e.say("resolve", event.Started, "", "resolving")
	made, err := q.resolve(ctx, e.Events)
	if err != nil {
		return nil, e.advise(ctx, q, by, err)
	}
	if q.from != nil {
		if err := q.from.settle(ctx, q.source, append(made.apart, made.lock)...); err != nil {
			return nil, err
		}
	}
	e.Events.Handle(event.Event{Time: e.Now(), Stage: "resolve", Kind: event.Done, Message: "resolved",
		Done: int64(len(made.lock.Packages)), Unit: "packages", Data: map[string]any{"seconds": e.Now().Sub(start).Seconds()}})
	return made, nil
}

// complete adds to a question of a project the interpreters and the index.
func (e *Engine) complete(ctx context.Context, q question) (question, error) {
	var err error
	if q.targets, err = e.interpreters(ctx, q.project); err != nil {
		return q, err
	}
	if q.project, err = q.project.For(placesOf(q.targets)); err != nil {
		return q, err
	}
	client, err := e.index(q.project)
	if err != nil {
		return q, err
	}
	q.source = &countedSource{Source: client, report: func(n int64) { e.progress("resolve", "", n, 0, "projects") }}
	q.trust = &trust{client.TrustCache(ctx)}
	q.now = e.Now()
	return q, nil
}

// interpreters picks one interpreter for every target, the same full version
// where possible.
func (e *Engine) interpreters(ctx context.Context, p *manifest.Project) ([]resolve.TargetPython, error) {
	targets := make([]pytag.Target, len(p.Targets))
	for i, name := range p.Targets {
		t, err := pytag.ParseTarget(name)
		if err != nil {
			return nil, err
		}
		targets[i] = t
	}
	chosen, said, err := interp.Choose(ctx, e.sourcesFor(ctx, p), p.Python, p.RequiresPython, targets)
	if err != nil {
		return nil, err
	}
	for _, line := range said {
		e.say("interpreter", event.Note, "", line)
	}
	out := make([]resolve.TargetPython, len(targets))
	for i, t := range targets {
		py, ok := chosen[t.String()]
		if !ok {
			return nil, fault.New(fault.Internal, "", "no interpreter chosen for %s", t)
		}
		out[i] = resolve.TargetPython{Target: t, Python: py.Version, Interpreter: lock.Interpreter{Source: py.Source, ID: py.ID, SHA256: py.SHA256}}
	}
	return out, nil
}

// placesOf are the targets as a project's markers see them.
func placesOf(targets []resolve.TargetPython) []manifest.Place {
	out := make([]manifest.Place, len(targets))
	for i, t := range targets {
		out[i] = manifest.Place{Name: t.Target.String(), Env: pytag.Environment(t.Target, t.Python)}
	}
	return out
}

// index is the client for this project's indexes.
func (e *Engine) index(p *manifest.Project) (*index.Client, error) {
	cfg, err := e.indexes(p)
	if err != nil {
		return nil, err
	}
	e.noted.Do(func() {
		for _, note := range cfg.Notes {
			e.say("index", event.Note, "", note)
		}
	})
	return index.New(e.fetch, cfg.WithLogins(e.Env), filepath.Join(e.Home, "cache", "index")), nil
}

// indexes are this project's: flags first, then the project, then pip's and
// uv's own configuration.
func (e *Engine) indexes(p *manifest.Project) (index.Config, error) {
	cfg, err := index.ReadConfig(e.Env, e.UserHome, p.Root)
	if err != nil {
		return cfg, err
	}
	if p.IndexURL != "" {
		cfg.IndexURL = p.IndexURL
	}
	if e.IndexURL != "" {
		cfg.IndexURL = e.IndexURL
	}
	if e.IndexURL != "" || p.IndexURL != "" {
		cfg.NoIndex = false // it was said to pip; to snug an index was named
	}
	extra := slices.Clone(e.Extra)
	for _, x := range p.Indexes {
		if x.URL == "" {
			x.URL = index.DefaultURL()
		}
		extra = append(extra, index.Extra{Name: x.Name, URL: x.URL, Explicit: x.Explicit, Last: x.Last})
	}
	cfg.Extra = append(extra, cfg.Extra...)
	cfg.PackageIndex = p.PackageIndex
	cfg.Logins = p.Logins
	cfg.AsOf = p.AsOf
	return cfg, nil
}

// targetOf returns the lock's entry for this machine, matching by what the
// target can run rather than by its exact spelling.
func (e *Engine) targetOf(l *lock.Lock, path string) (pytag.Target, pep440.Version, lock.Target, error) {
	host, err := e.host()
	if err != nil {
		return pytag.Target{}, pep440.Version{}, lock.Target{}, err
	}
	for _, lt := range l.Tool.Targets {
		t, err := pytag.ParseTarget(lt.Name)
		if err != nil {
			return pytag.Target{}, pep440.Version{}, lock.Target{}, err
		}
		if runsOn(t, host) {
			v, err := pep440.Parse(lt.Python)
			return t, v, lt, err
		}
	}
	return pytag.Target{}, pep440.Version{}, lock.Target{}, fault.New(fault.Input,
		"add it: [tool.snug] targets = [..., \""+host.String()+"\"], then snug lock",
		"%s: no target of this lock runs on this machine (%s)", path, host)
}

func runsOn(t, host pytag.Target) bool {
	return t.OS == host.OS && t.Arch == host.Arch && t.Libc == host.Libc
}

// since is how long ago t was, for the table that build prints.
func (e *Engine) since(t time.Time) time.Duration { return e.Now().Sub(t) }

// byAddress is the project's cooldown with its indexes by their addresses, as
// listings and locks name them.
func byAddress(p *manifest.Project) cooldown.Policy {
	out := p.MinAge
	out.Indexes = nil
	for _, x := range p.Indexes {
		if age, ok := p.MinAge.Indexes[x.Name]; ok {
			if out.Indexes == nil {
				out.Indexes = map[string]cooldown.Age{}
			}
			out.Indexes[index.BareURL(x.URL)] = age
		}
	}
	return out
}
