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
	"sync"

	"snug/internal/build"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pytag"
	"snug/internal/resolve"
	"snug/internal/sandbox"
	"snug/internal/sdist"
	"snug/internal/store"
)

// sources knows what the packages are that come as sources, and makes their
// wheels, for one project and the Python that it has on this machine. It is safe
// for concurrent use.
type sources struct {
	*Engine
	project *manifest.Project
	client  *index.Client
	targets []resolve.TargetPython
	here    *resolve.TargetPython // that of the targets that runs on this machine; nil: none
	within  []string              // packages for whose building these sources are asked, outermost first
	trying  bool                  // they are asked about versions of which another may do
	buildTools
}

// Builder makes wheels of sources; *build.Builder is one.
type Builder interface {
	Requires(ctx context.Context, job build.Job) ([]string, error)
	Metadata(ctx context.Context, job build.Job) ([]byte, error)
	Wheel(ctx context.Context, job build.Job) (*build.Output, error)
	Headers(ctx context.Context, runtime string, s build.HeaderSource, dir string) error
}

// buildTools are what all builds of a project share, each found out when it is first asked for.
type buildTools struct {
	judge       *judge // of what packages are built with
	sandbox     func() (*sandbox.Sandbox, error)
	builder     func() (Builder, error)
	interpreter func() (*store.Tree, error)
	recipes     func() (build.Recipes, error)
	compiler    func() (build.Toolchain, error)
	rust        func() (*build.Rust, error)
	tags        func() *pytag.Set
	running     chan struct{} // a place for each build that runs
}

// maxWithin bounds how deep building may need building.
const maxWithin = 8

func (e *Engine) sources(ctx context.Context, p *manifest.Project, client *index.Client, targets []resolve.TargetPython) *sources {
	s := &sources{Engine: e, project: p, client: client, targets: targets}
	host, err := e.host()
	if i := slices.IndexFunc(targets, func(t resolve.TargetPython) bool { return err == nil && runsOn(t.Target, host) }); i >= 0 {
		s.here = &targets[i]
	}
	s.buildTools = buildTools{
		sandbox: sync.OnceValues(func() (*sandbox.Sandbox, error) { return e.openSandbox(ctx, p) }),
		interpreter: sync.OnceValues(func() (*store.Tree, error) {
			return e.interpreterTree(ctx, p, s.here.Target, s.here.Python, s.here.Interpreter)
		}),
		recipes: sync.OnceValues(func() (build.Recipes, error) { return build.ReadRecipes(filepath.Join(p.Root, "recipes")) }),
		running: make(chan struct{}, max(1, e.Jobs)),
	}
	s.tags = sync.OnceValue(func() *pytag.Set { return pytag.Supported(s.here.Target, s.here.Python) })
	s.builder = sync.OnceValues(func() (Builder, error) { return s.newBuilder() })
	s.compiler = sync.OnceValues(func() (build.Toolchain, error) { return s.findCompiler(ctx) })
	s.rust = sync.OnceValues(func() (*build.Rust, error) { return s.findRust(ctx) })
	return s
}

// leastLevel is the weakest level of sandbox that builds of a project may run at.
func (e *Engine) leastLevel(p *manifest.Project) (sandbox.Level, error) {
	asked := e.Sandbox
	if asked == "" && p != nil {
		asked = p.Sandbox
	}
	return sandbox.ParseLevel(cmp.Or(asked, string(sandbox.None)))
}

// openSandbox is the best that this machine gives, or an error if that is less
// than what is asked for.
func (e *Engine) openSandbox(ctx context.Context, p *manifest.Project) (*sandbox.Sandbox, error) {
	least, err := e.leastLevel(p)
	if err != nil {
		return nil, err
	}
	temp, err := e.temp()
	if err != nil {
		return nil, err
	}
	box, err := sandbox.Open(ctx, sandbox.Options{Least: least, Temp: temp})
	if err != nil {
		return nil, &resolve.OwnError{Err: err}
	}
	return box, nil
}

// level is the one that builds run at.
func (s *sources) level() (sandbox.Level, error) {
	if s.Builder != nil {
		return sandbox.Hermetic, nil // as a fake says
	}
	box, err := s.sandbox()
	if err != nil {
		return "", err
	}
	return box.Level(), nil
}

// temp is where builds have their folders: on the disk of the store, which has room.
func (e *Engine) temp() (string, error) {
	dir := filepath.Join(e.Home, "tmp")
	return dir, os.MkdirAll(dir, 0o755)
}

func (s *sources) newBuilder() (Builder, error) {
	if s.Builder != nil {
		return s.Builder, nil
	}
	box, err := s.sandbox()
	if err != nil {
		return nil, err
	}
	temp, err := s.temp()
	return build.New(box, temp), err
}

// origin is one source: an archive, or a folder.
type origin struct {
	lock.BuildOf
	sum  digest.SHA256 // of the archive, or of all that is in the folder
	file lock.File     // the archive
	dir  string        // the folder; "": it is an archive

	within string // where in it the package lies, with slashes; "": at its top
	commit string // that the folder was fetched as; "": it was not
}

func originOf(name, version string, f lock.File) (origin, error) {
	sum, err := digest.Parse(f.Hashes["sha256"])
	if err != nil {
		return origin{}, fault.New(fault.Integrity, "snug lock --upgrade "+name+" writes one", "there is no sha256 of %s", f.FileName())
	}
	return origin{BuildOf: lock.BuildOf{Name: name, Version: version, SHA256: sum.String()}, sum: sum, file: f}, nil
}

// id names the source among all.
func (o origin) id() string {
	if o.within == "" {
		return o.sum.String()
	}
	return digest.Of([]byte(o.sum.String() + " " + o.within)).String()
}

func (o origin) String() string { return strings.TrimSpace(o.Name + " " + o.Version) }

// Builds tells whether packages can be built for a target here.
func (s *sources) Builds(t resolve.TargetPython) bool {
	return s.here != nil && s.here.Target == t.Target && s.here.Python.Compare(t.Python) == 0
}

// Metadata is the METADATA of the wheel that an sdist makes.
func (s *sources) Metadata(ctx context.Context, l *index.Listing, f index.File) ([]byte, error) {
	o, err := originOf(l.Name, f.Version.String(), lockFile(f))
	if err != nil {
		return nil, err
	}
	src, err := s.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	if src.Metadata != nil {
		return src.Metadata, nil
	}
	trying := *s
	trying.trying = true
	return trying.prepare(ctx, o, src)
}

// describe is what an sdist says of itself. It is read once, ever.
func (s *sources) describe(ctx context.Context, o origin) (*sdist.Source, error) {
	data, err := s.note(ctx, "sdist-"+o.id()+"-"+describedAs, func() ([]byte, error) {
		src, err := s.readSource(ctx, o)
		if err != nil {
			return nil, err
		}
		return json.Marshal(src)
	})
	if err != nil {
		return nil, err
	}
	src := &sdist.Source{}
	return src, json.Unmarshal(data, src)
}

// readSource reads an archive as it lies in the store where that tells, and a
// folder, or what links make of an archive, laid out.
func (s *sources) readSource(ctx context.Context, o origin) (*sdist.Source, error) {
	if o.dir == "" {
		if src, ok, err := s.peek(ctx, o); ok || err != nil {
			return src, err
		}
	}
	var said *sdist.Source
	err := s.open(ctx, o, func(_ string, src *sdist.Source) error {
		said = src
		return nil
	})
	return said, err
}

func (s *sources) peek(ctx context.Context, o origin) (*sdist.Source, bool, error) {
	f, size, err := s.openBlob(ctx, o)
	if err != nil {
		return nil, false, err
	}
	defer f.Close() // only read from
	src, ok, err := sdist.Peek(f, size, o.file.FileName(), o.within)
	if err != nil {
		err = fmt.Errorf("%s: %w", o, err)
	}
	return src, ok, err
}

// describedAs changes whenever describe would say something else of the same file.
const describedAs = "3"

// note keeps what was found out in the store.
func (s *sources) note(ctx context.Context, key string, find func() ([]byte, error)) ([]byte, error) {
	tree, err := s.store.AddTree(ctx, key, func(dir string) (store.Plan, error) {
		data, err := find()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, "note"), data, 0o644); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerSnug)
	})
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(tree.Dir, "note"))
}

// open lays a source out in a folder of its own, hands that to use, and removes it.
func (s *sources) open(ctx context.Context, o origin, use func(dir string, src *sdist.Source) error) error {
	dir, remove, err := s.folder("source-")
	if err != nil {
		return err
	}
	defer remove()
	if err := s.layOut(ctx, o, dir); err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	top, err := below(dir, o.within)
	if err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	src, err := sdist.Read(top)
	if err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	return use(top, src)
}

// below is the folder within a source; no link leads out of that.
func below(dir, within string) (string, error) {
	if within == "" {
		return dir, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	inner, err := root.OpenRoot(filepath.FromSlash(within))
	if err != nil {
		return "", fault.New(fault.Input, "subdirectory names a folder of the source", "subdirectory %q: %w", within, err)
	}
	defer inner.Close()
	return filepath.EvalSymlinks(filepath.Join(dir, filepath.FromSlash(within)))
}

func (s *sources) layOut(ctx context.Context, o origin, dir string) error {
	if o.dir != "" {
		sum, err := sdist.Copy(o.dir, dir)
		if err == nil && sum != o.sum {
			return fault.New(fault.Conflict, "try again", "%s changed meanwhile", o.dir)
		}
		return err
	}
	f, size, err := s.openBlob(ctx, o)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	return sdist.Unpack(f, size, o.file.FileName(), dir)
}

// openBlob opens the sdist's file in the store.
func (s *sources) openBlob(ctx context.Context, o origin) (*os.File, int64, error) {
	blob, err := s.blob(ctx, o)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(blob)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// folder is an empty one for a while.
func (e *Engine) folder(prefix string) (dir string, remove func(), err error) {
	temp, err := e.temp()
	if err != nil {
		return "", nil, err
	}
	dir, err = os.MkdirTemp(temp, prefix)
	return dir, func() { removeTree(dir) }, err
}

// blob is the sdist's file in the store, fetched if need be.
func (s *sources) blob(ctx context.Context, o origin) (string, error) {
	if path, ok := s.store.Blob(o.sum); ok {
		return path, nil
	}
	body, err := s.download(ctx, o.file)
	if err != nil {
		return "", err
	}
	defer body.Close() // only read from
	return s.store.PutBlob(ctx, o.sum, cmp.Or(o.file.Size, -1), body)
}

func (s *sources) download(ctx context.Context, f lock.File) (io.ReadCloser, error) {
	if f.Path != "" {
		return os.Open(filepath.Join(s.project.Root, filepath.FromSlash(f.Path)))
	}
	return s.client.Download(ctx, f.URL, f.Size)
}

// inside are the sources as the building of o asks for them.
func (s *sources) inside(o origin) (*sources, error) {
	chain := strings.Join(append(slices.Clone(s.within), o.Name), " needs ")
	switch {
	case slices.Contains(s.within, o.Name):
		return nil, fault.New(fault.Unsupported, "choose a version of one of them that has a wheel", "to build %s it would have to be there already: %s", o.Name, chain)
	case len(s.within) == maxWithin:
		return nil, fault.New(fault.Unsupported, "choose versions that have wheels", "building needs building, %d deep: %s", maxWithin, chain)
	}
	out := *s
	out.within = append(slices.Clone(s.within), o.Name)
	return &out, nil
}

// place waits until one more build may run.
func (s *sources) place(ctx context.Context) (release func(), err error) {
	select {
	case s.running <- struct{}{}:
		return func() { <-s.running }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// errElsewhere is why nothing is known of a source.
var errElsewhere = errors.New("only a build tells what it depends on, and none of the targets runs on this machine")
