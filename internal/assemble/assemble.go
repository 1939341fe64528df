// Package assemble turns a lock, a store and an interpreter into a runtime on
// disk, and verifies one that is there. It neither resolves nor switches
// generations: it fills a folder, and the caller gives that its number.
//
// The hard idea: all trees are laid over one another on paper first (layers),
// so that a clash between two wheels is known before a file is written; then
// the runtime is hard links to the store, and only what depends on the place
// (control files) is made anew.
package assemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/store"
)

// Compiler makes bytecode; interp.Runner is one.
type Compiler interface {
	Compile(ctx context.Context, exe string, jobs []interp.CompileJob) ([]interp.CompileFailure, error)
}

// firstPth is the first Python 3 whose getpath reads ._pth on every platform.
const firstPth = 11

// Input is everything that a runtime is made of.
type Input struct {
	Project     *manifest.Project // nil: no project; its Local is installed as an editable wheel would be
	Lock        *lock.Lock
	LockBytes   []byte // kept in share/snug
	Runtime     string // its name, which is its dependency group in the lock
	Isolated    bool   // a ._pth beside the interpreter instead of site
	Target      pytag.Target
	Python      pep440.Version // full
	Store       *store.Store
	Download    func(ctx context.Context, f lock.File) (io.ReadCloser, error)          // called for what the store lacks, the largest first, by many at once
	Confirm     func(sum string, own func() ([]byte, error)) error                     // told of every wheel: does its METADATA say what resolving read? nil: nobody asks
	Build       func(ctx context.Context, p *lock.Package, f lock.File) (Built, error) // makes the wheel of what is locked as sources, many at once; f is empty for folders and repositories; nil: nothing is built
	Interpreter *store.Tree                                                            // in the layout of a runtime
	Runner      Compiler
	Shared      bool   // made once for many projects: it has no app of its own
	At          string // where it is used from; "" is Dest
	Copy        bool   // real copies, first-party files too: what is delivered
	Editable    bool   // text files are copies, since people edit them (dev)
	Bytecode    bool   // carry bytecode; not together with Editable, since it would not follow an edit
	Dest        string // folder to fill: empty or absent, with the depth that the runtime will have
	Jobs        int    // parallel work; below 1 is 1
	Events      event.Handler

	cores    chan struct{} // one place for each of Jobs
	distrust bool          // look at every file of a tree before any is linked
}

// Built is a wheel that was made from sources. It was checked when it was made.
type Built struct {
	Path   string // ends in the wheel's name
	SHA256 digest.SHA256
}

// Assemble fills in.Dest and returns its manifest. Until Finish puts that in its
// place Dest is no runtime. After an error Dest holds leftovers that the caller
// removes. Errors: fault.Integrity
// for hashes and malformed wheels, fault.Conflict for two wheels that own one
// file, fault.Unsupported for packages without a fitting wheel.
func Assemble(ctx context.Context, in Input) (*generation.Manifest, error) {
	if in.Isolated && in.Python.Major() == 3 && in.Python.Minor() < firstPth {
		return nil, fault.New(fault.Unsupported, "choose a newer Python, or set isolated = false for this runtime in [tool.snug.runtimes]",
			"Python %s cannot be isolated: it reads no ._pth file", in.Python)
	}
	release, err := in.Store.Use(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	m, err := in.assemble(ctx)
	if !errors.Is(err, store.ErrChanged) {
		return m, err
	}
	// Somebody wrote to a file of the store. All trees are looked at now, and
	// what is not whole is unpacked again.
	if err := os.RemoveAll(in.Dest); err != nil {
		return nil, err
	}
	in.distrust = true
	return in.assemble(ctx)
}

// assemble works everything out on paper first, then writes it.
func (in *Input) assemble(ctx context.Context) (*generation.Manifest, error) {
	wheels, err := in.wheels(ctx)
	if err != nil {
		return nil, err
	}
	layers := append([]layer{{name: generation.OwnerPython, tree: in.Interpreter}}, wheels...)
	compiled, err := in.compile(ctx, layers)
	if err != nil {
		return nil, err
	}
	merged, err := in.merge(append(layers, compiled...))
	if err != nil {
		return nil, err
	}
	m := in.manifest(wheels)
	m.Files, m.Overlaps, m.Notes = merged.files(), merged.won, merged.notes
	code, err := in.firstParty()
	if err != nil {
		return nil, err
	}
	m.Local = manifest.DigestOf(code)
	own := &ownFiles{manifest: m}
	for _, local := range code {
		if err := in.addProject(own, local); err != nil {
			return nil, err
		}
	}
	if err := in.addControl(own, wheels, code); err != nil {
		return nil, err
	}
	return m, in.writeAll(ctx, merged, own)
}

// writeAll writes the manifest, and gives it to the disk, while links are made:
// the names that follow it there need not be waited for
// (docs/decisions/0005-power-cuts.md).
func (in *Input) writeAll(ctx context.Context, merged *overlay, own *ownFiles) error {
	if err := os.MkdirAll(in.Dest, 0o755); err != nil {
		return err
	}
	var placed atomic.Int64
	how := placing{in.copies, func(n int) {
		in.progress("assemble", placed.Add(int64(n)), int64(len(merged.items)), "files")
	}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		own.manifest.Seal()
		return writeManifest(in.Dest, own.manifest)
	})
	g.Go(func() error {
		if err := materialise(ctx, in.Dest, merged.items, how, "share/snug", in.sitePackages()); err != nil {
			return err
		}
		return own.write(in.Dest)
	})
	return g.Wait()
}

// minor is "3.14".
func (in *Input) minor() string { return fmt.Sprintf("%d.%d", in.Python.Major(), in.Python.Minor()) }

// sitePackages is where packages lie in a runtime.
func (in *Input) sitePackages() string { return "lib/python" + in.minor() + "/site-packages" }

// progress tells of a step; it is called from several goroutines.
func (in *Input) progress(step string, done, total int64, unit string) {
	if in.Events != nil {
		in.Events.Handle(event.Event{Stage: step, Kind: event.Progress, Subject: in.Runtime, Done: done, Total: total, Unit: unit})
	}
}

func (in *Input) manifest(wheels []layer) *generation.Manifest {
	m := &generation.Manifest{
		Runtime:  in.Runtime,
		Target:   in.Target.String(),
		Python:   in.Python.String(),
		Lock:     digest.Of(in.LockBytes).String(),
		Isolated: in.Isolated,
		Editable: in.Editable,
		Bytecode: in.Bytecode,
		LinkMode: generation.LinkHard,
	}
	switch {
	case in.Copy:
		m.LinkMode = generation.LinkCopy
	case in.Shared:
		m.LinkMode = generation.LinkShared
	}
	for _, w := range wheels {
		m.Packages = append(m.Packages, generation.Package{Name: w.name, Version: w.version, SHA256: w.sum})
	}
	return m
}

// stagedManifest is the manifest's name until all else is there.
const stagedManifest = ".manifest.json"

func writeManifest(dest string, m *generation.Manifest) error {
	f, err := os.OpenFile(filepath.Join(dest, stagedManifest), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	return errors.Join(m.Write(f), f.Sync(), f.Close())
}

// Finish puts the manifest of what Assemble filled in its place, the last name
// of a runtime.
func Finish(dest string) error {
	return os.Rename(filepath.Join(dest, stagedManifest), filepath.Join(dest, filepath.FromSlash(generation.ManifestPath)))
}

func integrity(hint, format string, args ...any) error {
	return fault.New(fault.Integrity, hint, format, args...)
}
