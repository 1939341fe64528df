package interp

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

//go:embed compile.py
var compileScript string

// Compile shares the files out to one process a core, largest first; calls at
// the same time share the cores. Which
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
	var in bytes.Buffer
	for _, s := range share {
		if err := os.MkdirAll(filepath.Join(filepath.Dir(s.path), "__pycache__"), 0o755); err != nil {
			return nil, err
		}
		in.WriteString(s.path + "\x00" + s.name + "\x00")
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out, err := p.feed(ctx, in.Bytes(), exe, filepath.Dir(exe), "-B", "-s", "-S", "-W", "ignore", "-X", "utf8", "-c", compileScript)
	if err != nil {
		return nil, err
	}
	said := strings.Split(string(out), "\x00")
	if len(said) != 2*len(share)+1 {
		return nil, fmt.Errorf("compiled %d of %d files", len(said)/2, len(share))
	}
	var failures []CompileFailure
	for i, s := range share {
		if reason := said[2*i+1]; reason != "" {
			failures = append(failures, CompileFailure{Path: s.name, Reason: reason})
		}
	}
	return failures, nil
}
