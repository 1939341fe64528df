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
// the interpreter. Facts are kept as Of keeps them. Package.SHA256 is that of the wheel;
// an interpreter has no artifact in the manifest, and none here.
func OfRuntime(ctx context.Context, dir string, m *generation.Manifest, st *store.Store) (*Runtime, error) {
	owned := byOwner(m)
	out := &Runtime{Packages: make([]*Facts, len(m.Packages))}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	g.Go(func() (err error) {
		out.Interpreter, err = ofOwner(ctx, dir, generation.OwnerPython, owned[generation.OwnerPython], st)
		if err == nil && out.Interpreter.Package.Version == "" { // it does not tell, and the manifest does
			own := cpython(m.Python)
			out.Interpreter.Package.Version, out.Interpreter.Package.PURL, out.Interpreter.Package.CPE = own.Version, own.PURL, own.CPE
		}
		return err
	})
	for i, p := range m.Packages {
		g.Go(func() (err error) {
			out.Packages[i], err = ofPackage(ctx, dir, m, p, owned[p.Name], st)
			return err
		})
	}
	return out, g.Wait()
}

// byOwner are the files of each owner that are its own, and no bytecode.
func byOwner(m *generation.Manifest) map[string][]generation.File {
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
	return owned
}

func ofPackage(ctx context.Context, dir string, m *generation.Manifest, p generation.Package, files []generation.File, st *store.Store) (*Facts, error) {
	sum, err := digest.Parse(p.SHA256)
	if err != nil {
		return ofOwner(ctx, dir, p.Name, files, st) // the project itself
	}
	key := wheel.TreeKey(sum, minorOf(m.Python), "")
	facts, err := kept(st, key, func() (*Facts, error) {
		t, ok := st.Tree(key)
		if !ok {
			return nil, errNoTree
		}
		return (&tree{fsys: os.DirFS(t.Dir), files: t.Files}).facts(ctx)
	})
	if errors.Is(err, errNoTree) {
		facts, err = ofOwner(ctx, dir, p.Name, files, st)
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

// ofOwner reads the files that one owner has in the runtime.
func ofOwner(ctx context.Context, dir, owner string, files []generation.File, st *store.Store) (*Facts, error) {
	entries := make([]digest.Entry, len(files))
	for i, f := range files {
		entries[i] = f.Entry()
	}
	facts, err := kept(st, "part-"+digest.Tree(entries).String(), func() (*Facts, error) {
		return (&tree{fsys: os.DirFS(dir), files: files}).facts(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("inventory of %s in %s: %w", owner, dir, err)
	}
	return facts, nil
}
