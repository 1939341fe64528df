package cpython

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/generation"
	"snug/internal/store"
)

// Headers returns a folder of the store with Python.h and all it includes, for
// interpreters that came without: "3.13.5" takes those of that release, else those of
// the newest release of the same minor whose sources can be had, since extensions are
// built for a minor. pyconfig.h is made by configure on this machine, in the sandbox;
// that takes a C compiler and make, half a minute once for each release, and none of
// the libraries that a whole build links. The folder is read-only, and as long-lived
// as any tree of the store: hold store.Use while it is in use. Safe for concurrent use.
func (s *Source) Headers(ctx context.Context, version string, progress func(done, total int64)) (dir string, err error) {
	list, err := Catalogue()
	if err != nil {
		return "", err
	}
	minor, err := minorNumber(version)
	if err != nil {
		return "", err
	}
	var last error
	down := false // no use in asking the network again
	for _, t := range s.headersFrom(list, version) {
		if down && !s.here(t) {
			continue
		}
		dir, err := s.headersOf(ctx, t, minor, progress)
		if fault.CodeOf(err) != fault.Network {
			return dir, err
		}
		last, down = err, down || !absentFile(err)
	}
	if last == nil {
		_, last = find(list, strings.Join(strings.Split(version, ".")[:2], "."))
	}
	return "", last
}

// absentFile tells a tarball that its place does not have from all other failures.
func absentFile(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fetch.ErrNotFound) || errors.Is(err, fetch.ErrOffline)
}

// headersFrom are the releases whose headers would do, the best first: the very
// release, then those whose sources are here already, then the newest.
func (s *Source) headersFrom(list []Tarball, version string) []Tarball {
	minor := strings.Join(strings.Split(version, ".")[:2], ".") + "."
	var out []Tarball
	for _, t := range slices.Backward(list) {
		if strings.HasPrefix(t.Version, minor) {
			out = append(out, t)
		}
	}
	rank := func(t Tarball) int {
		switch {
		case t.Version == version:
			return 0
		case s.here(t):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b Tarball) int { return rank(a) - rank(b) })
	return out
}

// here tells whether the tarball is in the store.
func (s *Source) here(t Tarball) bool {
	sum, err := digest.Parse(t.SHA256)
	if err != nil {
		return false
	}
	_, ok := s.opt.Store.Blob(sum)
	return ok
}

func (s *Source) headersOf(ctx context.Context, t Tarball, minor int, progress func(done, total int64)) (string, error) {
	key := "headers-" + t.Version + "-" + t.SHA256 + "-" + RecipeDigest().String()[:12]
	tree, err := s.opt.Store.AddTree(ctx, key, func(dir string) (store.Plan, error) {
		r, err := NewRequest(t, Minimal, "")
		if err != nil {
			return nil, err
		}
		r.Progress = progress
		if err := s.makeHeaders(ctx, r, minor, dir); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerPython)
	})
	if err != nil {
		return "", err
	}
	return tree.Dir, nil
}

// makeHeaders runs configure and puts the headers into dir.
func (s *Source) makeHeaders(ctx context.Context, r Request, minor int, dir string) error {
	b := &build{Source: s, Request: r, version: r.Tarball.Version}
	var err error
	if b.host, err = s.survey(nil); err != nil {
		return err
	}
	done, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer done()
	b.recipe = recipe{choice: r.choice, minor: minor, source: b.sandbox.Path(b.source), compiler: b.host.compiler, epoch: b.built.Epoch}
	args := append([]string{"/bin/sh", "./configure", "-q"}, b.recipe.arguments()...)
	if err := b.run(ctx, "configure", args...); err != nil {
		return b.explain(err)
	}
	return b.copyHeaders(dir)
}

func (b *build) copyHeaders(dir string) error {
	root, err := os.OpenRoot(b.source.Host)
	if err != nil {
		return err
	}
	defer root.Close()
	config, err := root.ReadFile("pyconfig.h")
	if err != nil {
		return fault.New(fault.Failed, "take a release that snug knows", "configure wrote no pyconfig.h: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pyconfig.h"), config, 0o644); err != nil {
		return err
	}
	headers, err := root.OpenRoot("Include")
	if err != nil {
		return err
	}
	defer headers.Close()
	return os.CopyFS(dir, headers.FS())
}
