package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep508"
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
	FromSource  []string // built from source besides those of the project, as manifest.BuildNames reads them
	Prereleases bool     // a pre-release is a version like others, whatever the project says
	Output      string   // lock file; "" = LockName in the project's folder
	DryRun      bool     // resolve, write nothing
	NoFile      bool     // there is no lock file: none is read and none written
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
	path := cmp.Or(req.Output, filepath.Join(p.Root, LockName))
	old, err := e.lockBefore(path, req)
	if err != nil {
		return nil, err
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
		if err := e.sayDenied(ctx, p, together(old, slices.Collect(maps.Values(others))), req); err != nil {
			return nil, err
		}
		return &Locked{Lock: old, Path: path, Fresh: true, Apart: lockedApart(path, old, others)}, nil
	}
	keep := kept(old, p.Strategy, req)
	switch {
	case from != nil:
		keep = from.over(keep)
	case old == nil && !p.Loose:
		e.offerImport(p)
	case keep != nil && old.CreatedBy != createdBy:
		e.say("resolve", event.Note, "", fmt.Sprintf("%s was written by %s: its versions are kept where they fit", path, old.CreatedBy))
	}
	q := question{project: p, keep: keep, keepApart: keptApart(others, p.Strategy, req), alone: req.NoFile, imported: from}
	if old != nil {
		q.before = together(old, slices.Collect(maps.Values(others)))
	}
	made, err := e.resolve(ctx, q, e.asking(p, req))
	if err != nil {
		return nil, err
	}
	for _, l := range append(made.apart, made.lock) {
		l.Tool.Asked = asked
	}
	if err := e.settleIdentities(ctx, p, locksBefore(old, others), append(made.apart, made.lock)); err != nil {
		return nil, err
	}
	e.sayUnused(made.lock, req.FromSource)
	out := &Locked{Lock: made.lock, Path: path, From: from}
	if old != nil {
		out.Moved = changesOf(versionsIn(old), versionsIn(made.lock))
	}
	return out, e.writeLocked(out, old, made, req)
}

// sayUnused tells which of the names to be built from source no package has.
func (e *Engine) sayUnused(l *lock.Lock, fromSource []string) {
	versions := versionsIn(l)
	for _, name := range fromSource {
		name = pep508.NormalizeName(name)
		if _, ok := versions[name]; !ok && name != manifest.AllPackages && name != "" {
			e.say("lock", event.Note, name, "--from-source "+name+": the lock has no such package")
		}
	}
}

// lockBefore is the lock at path, as far as the request reads it; nil without one.
func (e *Engine) lockBefore(path string, req LockRequest) (*lock.Lock, error) {
	if req.NoFile {
		return nil, nil
	}
	if !lock.IsFileName(filepath.Base(path)) {
		e.say("lock", event.Note, "", path+": installers take a lock only by the name pylock.toml or pylock.NAME.toml (PEP 751)")
	}
	return ReadLock(path)
}

// writeLocked writes what was made, where the request asks for that, and notes in
// out what became of the files.
func (e *Engine) writeLocked(out *Locked, old *lock.Lock, made *resolution, req LockRequest) (err error) {
	if req.DryRun || req.NoFile {
		for _, l := range made.apart {
			out.Apart = append(out.Apart, &Locked{Lock: l, Path: apartPath(out.Path, l.Tool.Targets[0].Name)})
		}
		return nil
	}
	if out.Apart, err = e.writeApart(out.Path, old, made); err != nil {
		return err
	}
	out.Changed, err = lock.Write(out.Path, made.lock)
	return err
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
	flagged, err := manifest.BuildNames(req.FromSource)
	if err != nil {
		return fault.New(fault.Usage, "write --from-source NAME,NAME or --from-source :all:", "--from-source: %w", err)
	}
	p.Build.Never = slices.DeleteFunc(slices.Clone(p.Build.Never), func(name string) bool { return slices.Contains(flagged, name) })
	if p.Build.FromSource, err = manifest.BuildNames(append(flagged, p.Build.FromSource...)); err != nil {
		return err
	}
	if !e.AsOf.IsZero() || e.AllFiles {
		p.AsOf = e.AsOf
	}
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
	by.manifest = !p.Loose && req.Python == "" && len(req.Targets) == 0 && req.Output == "" && req.Resolution == "" && !req.Prereleases && len(req.FromSource) == 0
	return by
}
