package assemble

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/pytag"
	"snug/internal/store"
	"snug/internal/wheel"
)

// layer is one tree of a runtime and whose it is.
type layer struct {
	name, version string
	sum           string // of the wheel
	tree          *store.Tree
}

// source is a wheel to be had.
type source struct {
	name, version string
	file          lock.File
	pack          *lock.Package            // set where the wheel is to be built
	url           string                   // set when the project asked for a URL (PEP 610)
	beside        map[string]*lock.Package // all that the runtime gets, by name
}

// Prefetch brings into the store what Assemble would fetch, so that a build of
// several runtimes fails before the first is assembled. Bytecode is left to
// Assemble. Errors are those of Assemble.
func Prefetch(ctx context.Context, in Input) error {
	release, err := in.Store.Use(ctx)
	if err != nil {
		return err
	}
	defer release()
	_, err = in.wheels(ctx)
	return err
}

// inFlight is how many wheels are fetched side by side. Unpacking them is work
// for processors: of that there are Jobs.
const inFlight = 50

// largestFirst is the order of fetching, by place: the largest takes longest,
// so it must not come last.
func largestFirst(sources []source) []int {
	order := make([]int, len(sources))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sources[b].file.Size, sources[a].file.Size) })
	return order
}

// core waits for a processor and returns what gives it back.
func (in *Input) core() (release func()) {
	in.cores <- struct{}{}
	return func() { <-in.cores }
}

// spareCore is core for those who do not wait.
func (in *Input) spareCore() (release func(), ok bool) {
	select {
	case in.cores <- struct{}{}:
		return func() { <-in.cores }, true
	default:
		return nil, false
	}
}

// wheels returns the unpacked wheel of every selected package, in the lock's
// order, fetching and unpacking what the store lacks.
func (in *Input) wheels(ctx context.Context) ([]layer, error) {
	sources, err := in.sources()
	if err != nil {
		return nil, err
	}
	layers := make([]layer, len(sources))
	var done atomic.Int64
	in.cores = make(chan struct{}, max(1, in.Jobs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for _, i := range largestFirst(sources) {
		src := sources[i]
		g.Go(func() error {
			l, err := in.wheel(ctx, src)
			if err != nil {
				return src.named(err)
			}
			layers[i] = l
			in.progress("unpack", done.Add(1), int64(len(sources)), "packages")
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return layers, in.portable(layers)
}

// named is an error of this wheel that says so.
func (s source) named(err error) error {
	name := s.name + " " + s.version
	if strings.HasPrefix(err.Error(), name) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// sources are the wheels that the lock selects for this runtime and target.
func (in *Input) sources() ([]source, error) {
	env := pytag.Environment(in.Target, in.Python)
	selected, err := in.Lock.Select(env, []string{in.Runtime}, nil, pytag.Supported(in.Target, in.Python), in.Python)
	if err != nil {
		return nil, err
	}
	var out []source
	beside := byName(selected)
	for _, s := range selected {
		src := source{name: s.Package.Name, version: s.Package.Version, beside: beside}
		switch {
		case in.isLocal(s.Package):
			continue // installed by addProject
		case s.File != nil:
			src.file = *s.File
		case s.Package.Archive != nil:
			src.file, src.url = s.Package.Archive.File(), s.Package.Archive.URL
		}
		if src.file.Name = src.file.FileName(); !strings.HasSuffix(src.file.Name, ".whl") {
			if in.Build == nil {
				return nil, noWheel(s.Package)
			}
			src.pack = s.Package
		}
		out = append(out, src)
	}
	return out, nil
}

// isLocal reports whether a locked package is the project itself.
func (in *Input) isLocal(p *lock.Package) bool {
	return p.Directory != nil && in.isOwn(p.Name)
}

func noWheel(p *lock.Package) error {
	what := "it has only a source distribution"
	switch {
	case p.VCS != nil:
		what = "it comes from version control"
	case p.Directory != nil:
		what = "it is a folder of sources"
	}
	return fault.New(fault.Unsupported, "choose a version that has a wheel", "%s %s cannot be installed: %s, and nothing is built here", p.Name, p.Version, what)
}

// wheel returns one unpacked wheel. Its key names everything that the tree's
// bytes depend on.
func (in *Input) wheel(ctx context.Context, src source) (layer, error) {
	file, err := in.have(ctx, &src)
	if err != nil {
		return layer{}, err
	}
	name, err := dist.ParseWheelName(src.file.Name)
	if err != nil {
		return layer{}, err
	}
	tree, err := in.tree(ctx, wheel.TreeKey(file.sum, in.minor(), src.url), func(dir string) (store.Plan, error) {
		path, err := file.path()
		if err != nil {
			return nil, err
		}
		defer in.core()()
		opt := wheel.Options{PythonMinor: in.minor(), URL: src.url, SHA256: file.sum.String(), Spare: in.spareCore}
		plan, info, err := unpack(path, name, opt, dir)
		if err != nil {
			return nil, err
		}
		in.tolerated(src.file.Name, info.Notes)
		if err := in.confirm(file.sum, dir, plan); err != nil {
			return nil, err
		}
		return plan, in.agrees(src, info.Metadata)
	})
	if err == nil { // the tree may be older than what the index told
		err = in.confirm(file.sum, tree.Dir, tree.Files)
	}
	return layer{name: src.name, version: src.version, sum: file.sum.String(), tree: tree}, err
}

// wheelFile is a wheel that can be had: its sum, and where it lies once it is needed.
type wheelFile struct {
	sum  digest.SHA256
	path func() (string, error)
}

// have is the wheel of a source: the locked one, or the one that its sources
// make, whose name it then has.
func (in *Input) have(ctx context.Context, src *source) (wheelFile, error) {
	if src.pack != nil {
		built, err := in.Build(ctx, src.pack, src.file)
		if err != nil {
			return wheelFile{}, err
		}
		src.file.Name = filepath.Base(built.Path)
		return wheelFile{built.SHA256, func() (string, error) { return built.Path, nil }}, nil
	}
	sum, err := digest.Parse(src.file.Hashes["sha256"])
	if err != nil {
		return wheelFile{}, integrity("snug lock writes one", "the lock has no sha256 of %s", src.file.Name)
	}
	return wheelFile{sum, func() (string, error) { return in.blob(ctx, sum, *src) }}, nil
}

// tree is a tree of the store, whose files are looked at when they are linked.
func (in *Input) tree(ctx context.Context, key string, build store.Builder) (*store.Tree, error) {
	if in.distrust {
		return in.Store.AddTree(ctx, key, build)
	}
	return in.Store.AddUnchecked(ctx, key, build)
}

func unpack(blob string, name dist.WheelName, opt wheel.Options, dir string) (store.Plan, *wheel.Info, error) {
	f, err := os.Open(blob)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	z, err := archive.OpenZip(f, st.Size(), archive.DefaultLimits())
	if err != nil {
		return nil, nil, err
	}
	return wheel.Install(z, name, opt, dir)
}

// tolerated says, when a wheel enters the store, where it departs from the
// standard: one line, however many files that concerns.
func (in *Input) tolerated(file string, notes []string) {
	if in.Events == nil || len(notes) == 0 {
		return
	}
	text := file + ": " + notes[0]
	if more := len(notes) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	in.Events.Handle(event.Event{Stage: "assemble", Kind: event.Note, Subject: in.Runtime, Message: text})
}

// blob returns the wheel's file in the store, fetching it if need be.
func (in *Input) blob(ctx context.Context, sum digest.SHA256, src source) (string, error) {
	if path, ok := in.Store.Blob(sum); ok {
		return path, nil
	}
	r, err := in.open(ctx, src.file)
	if fault.CodeOf(err) == fault.NotFound {
		return "", fault.New(fault.NotFound, "snug lock --upgrade "+src.name+" chooses another file", "it was withdrawn since it was locked: %w", err)
	}
	if err != nil {
		return "", err
	}
	defer r.Close()
	size := src.file.Size
	if size == 0 {
		size = -1 // the lock may leave it out
	}
	return in.Store.PutBlob(ctx, sum, size, r)
}

func (in *Input) open(ctx context.Context, f lock.File) (io.ReadCloser, error) {
	if f.Path == "" {
		return in.Download(ctx, f)
	}
	if in.Project == nil {
		return nil, fault.New(fault.Input, "run snug where the project is", "%s lies beside a project, and there is none", f.Path)
	}
	return os.Open(filepath.Join(in.Project.Root, filepath.FromSlash(f.Path)))
}
