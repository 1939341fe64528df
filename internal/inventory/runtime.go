package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/generation"
	"snug/internal/store"
	"snug/internal/wheel"
)

// Runtime is what is in a runtime.
type Runtime struct {
	Interpreter *Facts
	Packages    []*Facts // in the order of the manifest
}

// Components are all of the runtime: the interpreter and the packages (Owner is ""),
// and what is inside them. Sorted by class, name, owner and version.
func (r *Runtime) Components() []component.Component {
	var all []component.Component
	for _, f := range append([]*Facts{r.Interpreter}, r.Packages...) {
		all = append(append(all, f.Package), f.Components...)
	}
	slices.SortFunc(all, compare)
	return all
}

func compare(a, b component.Component) int {
	order := component.Classes()
	return cmp.Or(cmp.Compare(slices.Index(order, a.Class), slices.Index(order, b.Class)), cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Version, b.Version), cmp.Compare(a.PURL, b.PURL))
}

// errNoTree is that the store has lost a package's tree.
var errNoTree = errors.New("not in the store")

// OfRuntime tells what is in the runtime at dir, whose manifest is m: of each wheel by
// its tree in the store, and by the runtime's own files where the store has none, as of
// the interpreter. Facts are kept as Of keeps them, and asked for by the digests in the
// manifest, which is believed: of a runtime that is not to be trusted, Installed tells
// what its files say. The manifest may be its head alone (generation.ReadHead): its files
// are read where facts are not there yet. Package.SHA256 is that of the wheel; an
// interpreter has no artifact in the manifest, and none here.
func OfRuntime(ctx context.Context, dir string, m *generation.Manifest, st *store.Store) (*Runtime, error) {
	o := &ofRuntime{dir: dir, manifest: m, store: st}
	o.owned = sync.OnceValues(o.byOwner)
	out := &Runtime{Packages: make([]*Facts, len(m.Packages))}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	g.Go(func() (err error) {
		out.Interpreter, err = o.interpreter(ctx)
		return err
	})
	for i, p := range m.Packages {
		g.Go(func() (err error) {
			out.Packages[i], err = o.wheel(ctx, p)
			return err
		})
	}
	return out, g.Wait()
}

// ofRuntime is what the packages of one runtime are looked up by.
type ofRuntime struct {
	dir      string
	manifest *generation.Manifest
	store    *store.Store
	owned    func() (map[string][]generation.File, error)
}

// byOwner are the files of each owner that are its own, and no bytecode.
func (o *ofRuntime) byOwner() (map[string][]generation.File, error) {
	m := o.manifest
	if len(m.Files) == 0 {
		whole, err := generation.Read(o.dir)
		if err != nil {
			return nil, err
		}
		m = whole
	}
	owned := map[string][]generation.File{}
	for _, f := range m.Files {
		if f.Kind != "" {
			continue
		}
		owned[f.Owner] = append(owned[f.Owner], f)
		for owner := range strings.SplitSeq(f.Source, ",") {
			if owner != "" {
				owned[owner] = append(owned[owner], f)
			}
		}
	}
	return owned, nil
}

func (o *ofRuntime) interpreter(ctx context.Context) (*Facts, error) {
	facts, err := o.part(ctx, generation.OwnerPython)
	if err == nil && facts.Package.Version == "" { // it does not tell, and the manifest does
		own := cpython(o.manifest.Python)
		facts.Package.Version, facts.Package.PURL, facts.Package.CPE = own.Version, own.PURL, own.CPE
	}
	return facts, err
}

func (o *ofRuntime) wheel(ctx context.Context, p generation.Package) (*Facts, error) {
	sum, err := digest.Parse(p.SHA256)
	if err != nil {
		return o.part(ctx, p.Name) // the project itself
	}
	key := wheel.TreeKey(sum, minorOf(o.manifest.Python), "")
	facts, err := kept(o.store, key, func() (*Facts, error) {
		t, ok := o.store.Tree(key)
		if !ok {
			return nil, errNoTree
		}
		return (&tree{fsys: os.DirFS(t.Dir), files: t.Files}).facts(ctx)
	})
	if errors.Is(err, errNoTree) {
		facts, err = o.part(ctx, p.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("inventory of %s %s: %w", p.Name, p.Version, err)
	}
	facts.Package.SHA256 = p.SHA256
	return facts, nil
}

func minorOf(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// part reads the files that one owner has in the runtime. Facts are kept by these, so
// that one interpreter is read once for all its runtimes, and by the runtime's digest,
// so that not even the list of files is needed again.
func (o *ofRuntime) part(ctx context.Context, owner string) (*Facts, error) {
	byTree := "of-" + digest.Of([]byte(o.manifest.Tree+" "+o.manifest.Local+" "+owner)).String()
	facts, err := kept(o.store, byTree, func() (*Facts, error) {
		owned, err := o.owned()
		if err != nil {
			return nil, err
		}
		files := owned[owner]
		entries := make([]digest.Entry, len(files))
		for i, f := range files {
			entries[i] = f.Entry()
		}
		return kept(o.store, "part-"+digest.Tree(entries).String(), func() (*Facts, error) {
			return (&tree{fsys: os.DirFS(o.dir), files: files}).facts(ctx)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("inventory of %s in %s: %w", owner, o.dir, err)
	}
	return facts, nil
}
