package assemble

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"snug/internal/digest"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/store"
)

// bytecodeVersion changes whenever the same sources would be compiled
// otherwise; it is part of a tree's key.
const bytecodeVersion = "1"

// compile returns a bytecode tree for every layer that has modules; none where
// the runtime leaves bytecode to Python. Each is made once for a tree and an
// interpreter.
func (in *Input) compile(ctx context.Context, layers []layer) ([]layer, error) {
	if !in.Bytecode {
		return nil, nil
	}
	out := make([]layer, len(layers))
	var done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, in.Jobs))
	for i, l := range layers {
		g.Go(func() error {
			tree, err := in.bytecode(ctx, l.tree)
			if err != nil {
				return fmt.Errorf("compile %s: %w", l.name, err)
			}
			out[i] = layer{name: l.name, version: l.version, tree: tree}
			in.progress("compile", done.Add(1), int64(len(layers)), "packages")
			return nil
		})
	}
	return out, g.Wait()
}

func (in *Input) bytecode(ctx context.Context, src *store.Tree) (*store.Tree, error) {
	id := digest.Of([]byte(in.Interpreter.Key + " " + src.Key)).String()
	return in.tree(ctx, "pyc-"+id+"-"+bytecodeVersion, func(dir string) (store.Plan, error) {
		modules := in.modules(src)
		if len(modules) == 0 {
			return nil, nil
		}
		// The sources are linked here for the time of compiling: no path of
		// the store gets into the bytecode, and nothing is written beside them.
		if err := materialise(ctx, dir, modules, placing{}); err != nil {
			return nil, err
		}
		// What does not compile (templates, sources of other Pythons) has no
		// bytecode, as with every installer.
		if _, err := in.Runner.Compile(ctx, interp.Executable(in.Interpreter.Dir), []interp.CompileJob{{Dir: dir}}); err != nil {
			return nil, err
		}
		for _, f := range modules {
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
				return nil, err
			}
		}
		return scanBytecode(dir)
	})
}

func scanBytecode(dir string) (store.Plan, error) {
	plan, err := store.Scan(dir, "")
	for i := range plan {
		plan[i].Kind, plan[i].Mode = generation.Bytecode, "0644"
	}
	return plan, err
}

// modules are the tree's files that Python may import.
func (in *Input) modules(t *store.Tree) (out []*item) {
	for i, f := range t.Files {
		if strings.HasSuffix(f.Path, ".py") && f.Link == "" && strings.HasPrefix(f.Path, "lib/python"+in.minor()+"/") {
			out = append(out, &item{File: &t.Files[i], from: t, at: i, owner: f.Owner})
		}
	}
	return out
}

// sourceOf is the module that a/__pycache__/b.cpython-314.pyc was compiled from.
func sourceOf(pyc string) string {
	stem, _, _ := strings.Cut(path.Base(pyc), ".cpython-")
	return path.Join(path.Dir(path.Dir(pyc)), stem+".py")
}
