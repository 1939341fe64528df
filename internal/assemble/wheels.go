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
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/pep508"
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
	url           string // set when the project asked for a URL (PEP 610)
}

// Prefetch brings into the store what Assemble would fetch, so that a build of
// several runtimes fails before the first is assembled. Bytecode is left to
// Assemble. Errors are those of Assemble.
func Prefetch(ctx context.Context, in Input) error {
	release, err := in.Store.Use()
	if err != nil {
		return err
	}
	defer release()
	_, err = in.wheels(ctx)
	return err
}

// wheels returns the unpacked wheel of every selected package, in the lock's
// order, fetching and unpacking what the store lacks. The largest come first:
// the last one to arrive is then a small one.
func (in *Input) wheels(ctx context.Context) ([]layer, error) {
	sources, err := in.sources()
	if err != nil {
		return nil, err
	}
	order := make([]int, len(sources))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sources[b].file.Size, sources[a].file.Size) })
	layers := make([]layer, len(sources))
	work := &arrival{in: in, unpacking: make(chan struct{}, max(1, in.Jobs))}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxArriving)
	for _, i := range order {
		g.Go(func() error {
			l, err := work.wheel(ctx, sources[i])
			if err != nil {
				return fmt.Errorf("%s %s: %w", sources[i].name, sources[i].version, err)
			}
			layers[i] = l
			return nil
		})
	}
	return layers, g.Wait()
}

// sources are the wheels that the lock selects for this runtime and target.
func (in *Input) sources() ([]source, error) {
	env := pytag.Environment(in.Target, in.Python)
	selected, err := in.Lock.Select(env, []string{in.Runtime}, nil, pytag.Supported(in.Target, in.Python), in.Python)
	if err != nil {
		return nil, err
	}
	var out []source
	for _, s := range selected {
		src := source{name: s.Package.Name, version: s.Package.Version}
		switch {
		case in.isLocal(s.Package):
			continue // installed by addProject
		case s.File != nil:
			src.file = *s.File
		case s.Package.Archive != nil:
			a := s.Package.Archive
			src.file, src.url = lock.File{URL: a.URL, Path: a.Path, Size: a.Size, Hashes: a.Hashes}, a.URL
		}
		if src.file.Name = src.file.FileName(); !strings.HasSuffix(src.file.Name, ".whl") {
			return nil, noWheel(s.Package)
		}
		out = append(out, src)
	}
	return out, nil
}

// isLocal reports whether a locked package is the project itself.
func (in *Input) isLocal(p *lock.Package) bool {
	return in.Project != nil && in.Project.Local != nil && p.Directory != nil &&
		pep508.NormalizeName(in.Project.Local.Name) == p.Name
}

func noWheel(p *lock.Package) error {
	what := "it has only a source distribution"
	switch {
	case p.VCS != nil:
		what = "it comes from version control"
	case p.Directory != nil:
		what = "it is a folder of sources"
	}
	return fault.New(fault.Unsupported, "choose a version that has a wheel, or build one and name its file",
		"%s %s cannot be installed: %s, and snug does not build from source yet", p.Name, p.Version, what)
}

// maxArriving is how many wheels are fetched at a time.
const maxArriving = 50

// arrival is wheels on their way into the store: many are fetched at a time,
// few are unpacked.
type arrival struct {
	in          *Input
	unpacking   chan struct{}
	done, total atomic.Int64 // bytes
}

// wheel returns one unpacked wheel. Its key names everything that the tree's
// bytes depend on.
func (a *arrival) wheel(ctx context.Context, src source) (layer, error) {
	in := a.in
	sum, err := digest.Parse(src.file.Hashes["sha256"])
	if err != nil {
		return layer{}, integrity("snug lock writes one", "the lock has no sha256 of %s", src.file.Name)
	}
	name, err := dist.ParseWheelName(src.file.Name)
	if err != nil {
		return layer{}, err
	}
	key := fmt.Sprintf("whl-%s-%s-%s", sum, in.minor(), wheel.LayoutVersion)
	if src.url != "" {
		key += "-" + digest.Of([]byte(src.url)).String()[:16]
	}
	tree, err := in.Store.AddTree(ctx, key, func(dir string) (store.Plan, error) {
		blob, err := a.blob(ctx, sum, src)
		if err != nil {
			return nil, err
		}
		select {
		case a.unpacking <- struct{}{}:
			defer func() { <-a.unpacking }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		opt := wheel.Options{PythonMinor: in.minor(), URL: src.url, SHA256: sum.String()}
		return unpack(blob, name, opt, dir)
	})
	return layer{name: src.name, version: src.version, sum: sum.String(), tree: tree}, err
}

func unpack(blob string, name dist.WheelName, opt wheel.Options, dir string) (store.Plan, error) {
	f, err := os.Open(blob)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := archive.OpenZip(f, st.Size(), archive.DefaultLimits())
	if err != nil {
		return nil, err
	}
	plan, _, err := wheel.Install(z, name, opt, dir)
	return plan, err
}

// blob returns the wheel's file in the store, fetching it if need be.
func (a *arrival) blob(ctx context.Context, sum digest.SHA256, src source) (string, error) {
	if path, ok := a.in.Store.Blob(sum); ok {
		return path, nil
	}
	a.total.Add(src.file.Size)
	r, err := a.in.open(ctx, src.file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	size := src.file.Size
	if size == 0 {
		size = -1 // the lock may leave it out
	}
	return a.in.Store.PutBlob(ctx, sum, size, &counted{r, a})
}

// progressStep is how many bytes arrive between two words of progress.
const progressStep = 1 << 20

// counted tells of the bytes that are read through it.
type counted struct {
	io.Reader
	a *arrival
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if done := c.a.done.Add(int64(n)); done/progressStep != (done-int64(n))/progressStep {
		c.a.in.progress("fetch", "", done, c.a.total.Load(), "bytes")
	}
	return n, err
}

func (in *Input) open(ctx context.Context, f lock.File) (io.ReadCloser, error) {
	if f.Path == "" {
		return in.Download(ctx, f)
	}
	if in.Project == nil {
		return nil, fault.New(fault.Input, "", "%s lies beside a project, and there is none", f.Path)
	}
	return os.Open(filepath.Join(in.Project.Root, filepath.FromSlash(f.Path)))
}
