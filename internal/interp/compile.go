package interp

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

//go:embed compile.py
var compileScript string

// Compile shares the files out to one process a core, largest first. Which
// process compiles a file, and after which others, does not matter to its bytes:
// invalidation is by unchecked hash (PEP 552), names are those of the finished
// runtime, and compile.py undoes what marshal makes of the process's state.
func (p *processes) Compile(ctx context.Context, exe string, jobs []CompileJob) ([]CompileFailure, error) {
	sources, err := listSources(jobs)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var failures []CompileFailure
	g, ctx := errgroup.WithContext(ctx)
	for _, share := range shares(sources, p.n) {
		g.Go(func() error {
			failed, err := p.compileShare(ctx, exe, share)
			mu.Lock()
			defer mu.Unlock()
			failures = append(failures, failed...)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("compile with %s: %w", exe, err)
	}
	slices.SortFunc(failures, func(a, b CompileFailure) int { return cmp.Compare(a.Path, b.Path) })
	return failures, nil
}

type source struct {
	path, name string
	size       int64
}

func listSources(jobs []CompileJob) ([]source, error) {
	var out []source
	for _, job := range jobs {
		err := filepath.WalkDir(job.Dir, func(file string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(file, ".py") {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(job.Dir, file)
			if err != nil {
				return err
			}
			out = append(out, source{file, path.Join(job.Prefix, filepath.ToSlash(rel)), info.Size()})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list the sources: %w", err)
		}
	}
	slices.SortStableFunc(out, func(a, b source) int { return cmp.Compare(b.size, a.size) })
	return out, nil
}

// shares deals the sources out to n processes; fewer for a few files, since
// starting Python costs as much as compiling about ten.
func shares(sources []source, n int) [][]source {
	n = max(1, min(n, len(sources)/10))
	if len(sources) == 0 {
		return nil
	}
	out := make([][]source, n)
	for i, s := range sources {
		out[i%n] = append(out[i%n], s)
	}
	return out
}

func (p *processes) compileShare(ctx context.Context, exe string, share []source) ([]CompileFailure, error) {
	pairs := make([][2]string, len(share))
	for i, s := range share {
		pairs[i] = [2]string{s.path, s.name}
	}
	in, err := json.Marshal(pairs)
	if err != nil {
		return nil, err
	}
	out, err := p.feed(ctx, in, exe, filepath.Dir(exe), "-B", "-s", "-W", "ignore", "-X", "utf8", "-c", compileScript)
	if err != nil {
		return nil, err
	}
	var failures []CompileFailure
	answers := json.NewDecoder(bytes.NewReader(out))
	for range share {
		var said [2]string // name, reason
		if err := answers.Decode(&said); err != nil {
			return nil, fmt.Errorf("its answer: %w", err)
		}
		if said[1] != "" {
			failures = append(failures, CompileFailure{Path: said[0], Reason: said[1]})
		}
	}
	return failures, nil
}
