package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"snug/internal/build"
	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/repro"
	"snug/internal/resolve"
)

// RebuildRequest says what to build from source, and what to hold it to.
type RebuildRequest struct {
	Name    string
	Version string // "": the locked one, else the newest
	Check   bool   // build it again under other conditions
}

// Rebuilt is a wheel that was built, and how it compares.
type Rebuilt struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Source    string            `json:"source"` // file name
	Wheel     string            `json:"wheel"`
	Path      string            `json:"path"`
	SHA256    string            `json:"sha256"`
	Sandbox   string            `json:"sandbox"`
	Cached    bool              `json:"cached"` // the store had it
	Took      time.Duration     `json:"nanoseconds"`
	Report    *repro.Report     `json:"report"`
	Again     *repro.Difference `json:"again,omitempty"`     // from the build under other conditions; nil: none was asked for
	Published *repro.Difference `json:"published,omitempty"` // from the publisher's wheel; nil: there is none for this machine
}

// Reproducible tells whether the second build gave the same bytes.
func (r *Rebuilt) Reproducible() bool { return r.Again != nil && r.Again.Verdict == repro.Equal }

// Rebuild builds one release of a package from its sdist, for the Python that the
// project has on this machine, and compares the wheel with the publisher's and,
// where that is asked, with a second build under other conditions. A build that
// is not reproducible is a result, not an error.
//
// Where nothing says which Python, and the newest has no headers here, it is the
// newest that has them.
func (e *Engine) Rebuild(ctx context.Context, p *manifest.Project, req RebuildRequest) (*Rebuilt, error) {
	out, err := e.rebuild(ctx, p, req)
	for tried := map[string]bool{}; errors.Is(err, errNoHeaders) && p.Python == ""; {
		older, ok, failed := e.olderPython(ctx, p, tried)
		if failed != nil || !ok {
			return nil, err
		}
		e.say("build", event.Note, "", fmt.Sprintf("the newest Python has no headers (Python.h) here: building for %s", older))
		other := *p
		other.Python = older
		if out, failed = e.rebuild(ctx, &other, req); !errors.Is(failed, errNoHeaders) {
			return out, failed
		}
	}
	return out, err
}

// olderPython is the newest minor version of Python that can be had for the
// project and was not tried, the newest of all left out; tried learns it.
func (e *Engine) olderPython(ctx context.Context, p *manifest.Project, tried map[string]bool) (minor string, ok bool, err error) {
	all, err := e.Pythons(ctx, p, "")
	if err != nil {
		return "", false, err
	}
	all = slices.DeleteFunc(all, func(i interp.Interpreter) bool {
		return !p.RequiresPython.Contains(i.Version) || i.Version.IsPrerelease()
	})
	slices.SortFunc(all, func(a, b interp.Interpreter) int { return b.Version.Compare(a.Version) })
	for _, i := range all {
		if minor := i.Minor(); minor != all[0].Minor() && !tried[minor] {
			tried[minor] = true
			return minor, true, nil
		}
	}
	return "", false, nil
}

func (e *Engine) rebuild(ctx context.Context, p *manifest.Project, req RebuildRequest) (*Rebuilt, error) {
	s, l, err := e.sourcesHere(ctx, p)
	if err != nil {
		return nil, err
	}
	if l != nil {
		p.Python = s.here.Python.String() // as locked: no other
	}
	r, o, err := s.release(ctx, l, req)
	if err != nil {
		return nil, err
	}
	n, err := s.needsOfRelease(ctx, l, o)
	if err != nil {
		return nil, err
	}
	w, err := s.wheel(ctx, o, n)
	if err != nil {
		return nil, err
	}
	out := &Rebuilt{Name: o.Name, Version: o.Version, Source: o.file.FileName(), Wheel: w.Wheel, Path: w.path, SHA256: w.SHA256,
		Sandbox: w.Sandbox, Cached: w.cached, Took: w.took(), Report: w.Report}
	if req.Check {
		if out.Again, err = s.again(ctx, o, n, w); err != nil {
			return nil, err
		}
	}
	out.Published, err = s.published(ctx, r, w)
	return out, err
}

// sourcesHere are those of the project for this machine: with the interpreter of
// its lock, if that has one for it, else with the one that locking would choose.
func (e *Engine) sourcesHere(ctx context.Context, p *manifest.Project) (*sources, *lock.Lock, error) {
	host, err := e.host()
	if err != nil {
		return nil, nil, err
	}
	p.Targets = []string{host.String()}
	l, err := ReadHostLock(filepath.Join(p.Root, LockName))
	if err != nil {
		return nil, nil, err
	}
	if l != nil && !servesHost(l) {
		l = nil
	}
	here, err := e.pythonHere(ctx, p, l)
	if err != nil {
		return nil, nil, err
	}
	client, err := e.index(p)
	if err != nil {
		return nil, nil, err
	}
	return e.sources(ctx, p, client, here), l, nil
}

// pythonHere is the interpreter that a lock has for this machine, or without a
// lock the one that locking would choose.
func (e *Engine) pythonHere(ctx context.Context, p *manifest.Project, l *lock.Lock) ([]resolve.TargetPython, error) {
	if l == nil {
		return e.interpreters(ctx, p)
	}
	target, python, lt, err := e.targetOf(l, LockName)
	return []resolve.TargetPython{{Target: target, Python: python, Interpreter: lt.Interpreter}}, err
}

// release finds the release that is asked for, and its sdist.
func (s *sources) release(ctx context.Context, l *lock.Lock, req RebuildRequest) (*index.Release, origin, error) {
	listing, err := s.client.Listing(ctx, req.Name)
	if err != nil {
		return nil, origin{}, err
	}
	version := req.Version
	if version == "" && l != nil {
		version = versionsIn(l)[req.Name]
	}
	for i := range listing.Releases {
		r := &listing.Releases[i]
		if version != "" && !sameVersion(r.Version, version) || version == "" && r.Version.IsPrerelease() {
			continue
		}
		files, err := r.Files()
		if err != nil {
			return nil, origin{}, err
		}
		for _, f := range files {
			if f.Wheel == nil {
				o, err := originOf(req.Name, r.Version.String(), lockFile(f))
				return r, o, err
			}
		}
		if version != "" {
			return nil, origin{}, fault.New(fault.NotFound, "name another version: snug rebuild "+req.Name+"==VERSION", "%s %s has no sdist", req.Name, version)
		}
	}
	if version == "" {
		return nil, origin{}, fault.New(fault.NotFound, "there is nothing to build it from", "%s has no release with an sdist", req.Name)
	}
	return nil, origin{}, fault.New(fault.NotFound, "snug why-not "+req.Name+"=="+version+" names those that there are", "there is no %s %s", req.Name, version)
}

func sameVersion(v pep440.Version, text string) bool {
	other, err := pep440.Parse(text)
	return err == nil && v.Compare(other) == 0
}

func lockFile(f index.File) lock.File {
	return lock.File{Name: f.Name, URL: f.URL, Size: f.Size, Hashes: f.Hashes.Map()}
}

// needsOfRelease is what the lock builds o with, or else what resolving finds.
func (s *sources) needsOfRelease(ctx context.Context, l *lock.Lock, o origin) (needs, error) {
	if l != nil {
		if n, err := needsIn(l.Tool.Builds, o); err == nil {
			return n, nil
		}
	}
	src, err := s.describe(ctx, o)
	if err != nil {
		return needs{}, err
	}
	return s.needs(ctx, o, src, s.targets, nil)
}

// again builds o under other conditions, and compares.
func (s *sources) again(ctx context.Context, o origin, n needs, w *builtWheel) (*repro.Difference, error) {
	dir, remove, err := s.folder("again-")
	if err != nil {
		return nil, err
	}
	defer remove()
	src, err := s.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	with, err := s.equip(ctx, o, src)
	if err != nil {
		return nil, err
	}
	s.say("build", event.Note, o.Name, "building once more under other conditions: clock, host name, umask, folder, parallelism")
	f, err := s.build(ctx, o, n, with, build.OtherConditions(), dir)
	if err != nil {
		return nil, fmt.Errorf("under other conditions: %w", err)
	}
	return repro.Compare(w.path, filepath.Join(dir, f.Wheel))
}

// published compares with the wheel that an installer would take here; nil: there
// is none.
func (s *sources) published(ctx context.Context, r *index.Release, w *builtWheel) (*repro.Difference, error) {
	files, err := r.Files()
	if err != nil {
		return nil, err
	}
	var best *index.File
	bestRank := 0
	for i, f := range files {
		if f.Wheel == nil {
			continue
		}
		if rank, ok := s.tags().Rank(f.Wheel.Tags); ok && (best == nil || rank < bestRank) {
			best, bestRank = &files[i], rank
		}
	}
	if best == nil {
		return nil, nil
	}
	sum, err := digest.Parse(best.Hashes.Sum("sha256"))
	if err != nil {
		return nil, fault.New(fault.Integrity, "use another index", "the index gives no sha256 of %s", best.Name)
	}
	o := origin{sum: sum, file: lockFile(*best)}
	blob, err := s.blob(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", best.Name, err)
	}
	dir, remove, err := s.folder("published-")
	if err != nil {
		return nil, err
	}
	defer remove()
	theirs := filepath.Join(dir, best.Name) // a blob has no name
	if err := os.Symlink(blob, theirs); err != nil {
		return nil, err
	}
	return repro.Compare(w.path, theirs)
}
