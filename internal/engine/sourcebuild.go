package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"snug/internal/assemble"
	"snug/internal/build"
	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/lock"
	"snug/internal/repro"
	"snug/internal/sandbox"
	"snug/internal/sdist"
	"snug/internal/store"
)

// hookWords says what is asked of a build backend.
var hookWords = map[string]string{"requires": "what it is built with", "metadata": "what it depends on", "wheel": "its wheel"}

// Names of the files in the tree of a built wheel, beside the wheel.
const (
	factsName = "facts.json"
	logName   = "log.txt"
)

// wheelOf is the wheel of a locked package that comes as its sources: the one
// that the store has of them, or a new one.
func (s *sources) wheelOf(ctx context.Context, builds []lock.Build, p *lock.Package, f lock.File) (assemble.Built, error) {
	o, err := s.originIn(ctx, p, f)
	if err != nil {
		return assemble.Built{}, err
	}
	n, err := needsIn(builds, o)
	if err != nil {
		return assemble.Built{}, err
	}
	w, err := s.wheel(ctx, o, n)
	if err != nil {
		return assemble.Built{}, err
	}
	sum, err := digest.Parse(w.SHA256)
	return assemble.Built{Path: w.path, SHA256: sum}, err
}

// builtWheel is one in the store.
type builtWheel struct {
	facts
	path   string
	cached bool // it was there
}

// wheel builds o, unless the store has the wheel of these very inputs.
func (s *sources) wheel(ctx context.Context, o origin, n needs) (*builtWheel, error) {
	src, err := s.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	with, err := s.equip(ctx, o, src)
	if err != nil {
		return nil, err
	}
	tree, cached, err := s.builtTree(ctx, o, src, n, with)
	if with.tools.Name == "" && build.WantsCompiler(err) {
		if with, err = s.equipAgain(ctx, o, src); err == nil {
			tree, cached, err = s.builtTree(ctx, o, src, n, with)
		}
	}
	if err != nil {
		return nil, err
	}
	w := &builtWheel{cached: cached}
	data, err := os.ReadFile(filepath.Join(tree.Dir, factsName))
	if err == nil {
		err = json.Unmarshal(data, &w.facts)
	}
	if err != nil {
		return nil, err
	}
	w.path = filepath.Join(tree.Dir, w.Wheel)
	return w, s.sign(&w.facts)
}

// builtTree is what the store has of a build, or else a new one.
func (s *sources) builtTree(ctx context.Context, o origin, src *sdist.Source, n needs, with equipment) (tree *store.Tree, cached bool, err error) {
	key, err := s.keyAtBest("built-", o, src, n, with)
	if err != nil {
		return nil, false, err
	}
	cached = true
	tree, err = s.store.AddTree(ctx, key, func(dir string) (store.Plan, error) {
		cached = false
		if _, err := s.build(ctx, o, n, with, build.CanonicalConditions(), dir); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerSnug)
	})
	return tree, cached, err
}

// keyAtBest is the key of what a hermetic sandbox gave, if the store has that, or
// else at the level that this machine gives, which is found out by trying: what
// was made at a weaker level is not taken for it.
func (s *sources) keyAtBest(prefix string, o origin, src *sdist.Source, n needs, with equipment) (string, error) {
	key, err := s.key(o, src, n, with, sandbox.Hermetic)
	if err != nil {
		return "", err
	}
	if _, ok := s.store.Tree(prefix + key); ok {
		return prefix + key, nil
	}
	level, err := s.level()
	if err != nil {
		return "", err
	}
	key, err = s.key(o, src, n, with, level)
	return prefix + key, err
}

// key names all that the wheel of o, and what its sources answer, depends on.
func (s *sources) key(o origin, src *sdist.Source, n needs, with equipment, level sandbox.Level) (string, error) {
	python, err := s.pythonSum()
	if err != nil {
		return "", err
	}
	source, err := digest.Parse(o.id())
	if err != nil {
		return "", err
	}
	in := build.Inputs{Source: source, Interpreter: digest.Of([]byte(s.here.Interpreter.ID + " " + python.String())), Level: level}
	if in.Requires, err = s.sumsOf(n, 0); err != nil {
		return "", err
	}
	return build.Key(s.jobOf(o, src, with), in).String(), nil
}

// sumsOf are the files of the build requirements, and of what those of them are
// built with that come as sources themselves.
func (s *sources) sumsOf(n needs, depth int) ([]digest.SHA256, error) {
	if depth > maxWithin {
		return nil, fault.New(fault.Unsupported, "choose versions that have wheels", "building needs building, more than %d deep", maxWithin)
	}
	files, err := s.filesOf(n)
	if err != nil {
		return nil, err
	}
	var out []digest.SHA256
	for _, f := range files {
		sum, err := digest.Parse(f.Digest["sha256"])
		if err != nil {
			return nil, err
		}
		out = append(out, sum)
		i := slices.IndexFunc(n.deeper, func(b lock.Build) bool {
			return slices.ContainsFunc(b.Sdists, func(of lock.BuildOf) bool { return of.SHA256 == sum.String() })
		})
		if i < 0 {
			continue // a wheel
		}
		more, err := s.sumsOf(needs{n.deeper[i], n.deeper}, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// jobOf is what a builder is told of o but for the folders.
func (s *sources) jobOf(o origin, src *sdist.Source, with equipment) build.Job {
	return build.Job{Name: o.Name, Version: o.Version, Backend: src.Build.Backend, BackendPath: src.Build.BackendPath, Epoch: src.Epoch,
		Recipe: with.recipe, Toolchain: with.tools, Log: io.Discard,
		Expect: repro.Expect{Name: o.Name, Version: o.Version, Python: s.here.Python, Target: s.here.Target},
		Step:   func(step string) { s.say("build", event.Progress, o.String(), cmp.Or(hookWords[step], step)) }}
}

// build builds o into dir: the wheel, the log and the facts.
func (s *sources) build(ctx context.Context, o origin, n needs, with equipment, how build.Conditions, dir string) (*facts, error) {
	began := s.Now()
	s.say("build", event.Started, o.Name, "building "+o.String()+" from source")
	log, err := os.Create(filepath.Join(dir, logName))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	var out *build.Output
	var epoch time.Time
	var headers string
	err = s.job(ctx, o, n, with, func(b Builder, job build.Job) (err error) {
		job.Conditions, job.Out, job.Log, epoch, headers = how, dir, log, job.Epoch, job.Headers
		out, err = b.Wheel(ctx, job)
		return err
	})
	if err != nil {
		return nil, s.failed(err, log)
	}
	f, err := s.factsOf(o, n, with, out)
	if err != nil {
		return nil, err
	}
	if headers != "" {
		if err := s.addHeaders(f); err != nil {
			return nil, err
		}
	}
	f.Epoch, f.Started, f.Finished = epoch, began, s.Now()
	data, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, factsName), data, 0o644); err != nil {
		return nil, err
	}
	s.Events.Handle(event.Event{Time: s.Now(), Stage: "build", Kind: event.Note, Subject: o.Name,
		Message: fmt.Sprintf("built %s (%s sandbox, %.1f s)", out.Name, out.Level, f.took().Seconds()),
		Data:    map[string]any{"version": o.Version, "wheel": out.Name, "sha256": out.SHA256.String(), "sandbox": out.Level}})
	return f, nil
}

// job is what a builder is told of o, for as long as do runs: the unpacked
// sources, and a runtime with what they are built with.
func (s *sources) job(ctx context.Context, o origin, n needs, with equipment, do func(Builder, build.Job) error) error {
	b, err := s.builder()
	if err != nil {
		return err
	}
	runtime, leave, err := s.buildRuntime(ctx, o, n)
	if err != nil {
		return err
	}
	defer leave()
	headers, err := s.headers(ctx, b, with, runtime)
	if err != nil {
		return fmt.Errorf("%s has native code: %w", o, err)
	}
	crates, err := s.vendored(ctx, with.crates)
	if err != nil {
		return err
	}
	return s.open(ctx, o, func(dir string, src *sdist.Source) error {
		release, err := s.place(ctx)
		if err != nil {
			return err
		}
		defer release()
		job := s.jobOf(o, src, with)
		job.Source, job.Given, job.Runtime, job.Headers, job.Crates, job.Expect.Native = dir, true, runtime, headers, crates, s.native(ctx, o)
		return do(b, job)
	})
}

// buildRuntime is a runtime that holds what o is built with, made once in the store. It
// is not started: what build requirements do at the start of Python (.pth files)
// is for the sandbox.
func (s *sources) buildRuntime(ctx context.Context, o origin, n needs) (dir string, leave func(), err error) {
	inner, err := s.inside(o)
	if err != nil {
		return "", nil, err
	}
	python, err := s.interpreter()
	if err != nil {
		return "", nil, err
	}
	l := n.Lock(&lock.Lock{LockVersion: lock.Version, CreatedBy: createdBy})
	l.Tool.Runtimes[0].Roots = nil // the same packages make the same room, whoever asked for them
	in := assemble.Input{Lock: l, LockBytes: l.Marshal(), Runtime: lock.BuildRuntime, Target: s.here.Target, Python: s.here.Python,
		Store: s.store, Interpreter: python, Runner: s.Runner, Bytecode: true, Shared: true, Jobs: s.Jobs, Events: paced{s.Engine},
		Download: s.download, Confirm: s.client.Confirm,
		Build: func(ctx context.Context, p *lock.Package, f lock.File) (assemble.Built, error) {
			return inner.wheelOf(ctx, n.deeper, p, f)
		}}
	key, err := assemble.SharedKey(in)
	if err != nil {
		return "", nil, err
	}
	sum, err := s.pythonSum()
	if err != nil {
		return "", nil, err
	}
	leave, err = s.store.Use(ctx)
	if err != nil {
		return "", nil, err
	}
	made := &sharing{key: key + "-" + sum.String()[:16], unsigned: true}
	err = s.makeShared(ctx, made, false, func(dest string) (*generation.Manifest, generation.Evidence, error) {
		in.Dest, in.At = dest, dest
		m, err := assemble.Assemble(ctx, in)
		if err != nil {
			return nil, nil, err
		}
		return m, nil, assemble.Finish(dest)
	})
	if err != nil {
		leave()
		return "", nil, fmt.Errorf("what %s is built with: %w", o, err)
	}
	s.store.TouchShared(made.key)
	return made.from, leave, nil
}

// native tells whether o's publisher has wheels of it for platforms only: then one
// without native code would be another thing under the same name.
func (s *sources) native(ctx context.Context, o origin) bool {
	l, err := s.client.Listing(ctx, o.Name)
	if err != nil {
		if fault.CodeOf(err) != fault.NotFound { // what no index has has no other wheels
			s.say("build", event.Note, o.Name, fmt.Sprintf("not checked whether %s should have native code, as its publisher's wheels do: %v", o, err))
		}
		return false
	}
	wheels, platforms := 0, 0
	for i := range l.Releases {
		r := &l.Releases[i]
		if r.Version.String() != o.Version {
			continue
		}
		files, err := r.Files()
		if err != nil {
			return false
		}
		for _, f := range files {
			if f.Wheel != nil {
				wheels++
				if f.Wheel.Tags[0].Platform != "any" {
					platforms++
				}
			}
		}
	}
	return wheels > 0 && wheels == platforms
}

// ask runs a hook that answers a question. Its log is kept if that fails.
func (s *sources) ask(ctx context.Context, o origin, n needs, with equipment, hook func(Builder, build.Job) error) error {
	dir, remove, err := s.folder("log-")
	if err != nil {
		return err
	}
	defer remove()
	log, err := os.Create(filepath.Join(dir, logName))
	if err != nil {
		return err
	}
	defer log.Close()
	err = s.job(ctx, o, n, with, func(b Builder, job build.Job) error {
		job.Log = log
		return hook(b, job)
	})
	return s.failed(err, log)
}

// failed keeps the log of a failed build, and says where.
func (s *sources) failed(err error, log *os.File) error {
	var f *build.Failure
	if !errors.As(err, &f) {
		return err
	}
	dir := filepath.Join(s.Home, "logs")
	kept := filepath.Join(dir, f.Log.String()+".txt")
	if failed := os.MkdirAll(dir, 0o755); failed != nil {
		return errors.Join(err, failed)
	}
	if failed := os.Rename(log.Name(), kept); failed != nil {
		return errors.Join(err, failed)
	}
	s.Events.Handle(event.Event{Time: s.Now(), Stage: "build", Kind: event.Note, Subject: f.Name, Message: s.lastWords(f, kept),
		Data: map[string]any{"version": f.Version, "step": f.Step, "cause": f.Cause.Kind, "missing": f.Cause.Name, "tail": f.Tail, "log": kept}})
	if s.trying { // it is said of a version that it cannot be used
		return fault.New(fault.CodeOf(err), fault.HintOf(err), "it cannot be built: %s", f.Cause.Text)
	}
	return fault.New(fault.CodeOf(err), cmp.Or(fault.HintOf(err), "read why")+"; the log: "+kept, "%w", err)
}

// lastWords are the end of a failed build's log. While versions are tried, one of
// which may do, only its place is told.
func (s *sources) lastWords(f *build.Failure, kept string) string {
	if s.trying {
		return f.Error() + " (the log: " + kept + ")"
	}
	lines := append([]string{"the last lines of the build of " + strings.TrimSpace(f.Name+" "+f.Version) + ":"}, f.Tail...)
	return strings.Join(lines, "\n  ")
}
