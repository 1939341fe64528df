// Package build turns one source tree into one wheel, in the sandbox: it asks the
// project's own build backend by PEP 517, under conditions that are the same
// everywhere, and checks and normalises what comes out. It resolves nothing and
// fetches nothing: sources, a runtime with the build requirements, crates and
// headers are folders that the caller brings.
//
// The hard idea: a build is a function. What could make two builds differ is
// either an input with a digest (and stands in Key), or a condition that is fixed
// (Conditions), or is taken out of the wheel afterwards (package repro). What is
// in none of the three shows when the build is done again under OtherConditions.
package build

import (
	"context"
	"io"
	"os"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/repro"
	"snug/internal/sandbox"
)

// What a build may at most give back. The sandbox bounds the rest.
const (
	maxAnswer   = 1 << 20
	maxMetadata = 16 << 20
	maxWheel    = 2 << 30
	maxOutputs  = 64 // entries in the folder for the wheel that are looked at
)

// Job is one source tree to build. Folders are absolute paths of the host.
type Job struct {
	Name, Version string // expected; the version may be "" where it is not known yet
	Source        string // the unpacked sources; copied, never written to
	Given         bool   // the sources need not be there afterwards: they are moved where that can be done
	Runtime       string // a runtime with the build requirements: its Python is bin/python3
	Headers       string // what Builder.Headers made for Runtime's Python, "" if it has its own

	Backend     string   // [build-system] build-backend, "" is setuptools' legacy one
	BackendPath []string // [build-system] backend-path

	Epoch      time.Time // SOURCE_DATE_EPOCH; no source file is newer
	Recipe     *Recipe   // nil: none
	Toolchain  Toolchain // zero: no compiler is offered
	Crates     string    // folder with vendored crates, "" for none
	Conditions Conditions
	Limits     sandbox.Limits

	Expect repro.Expect // what the wheel must be

	Out  string            // existing folder that the wheel is written to
	Log  io.Writer         // all that the build says; may be nil
	Step func(step string) // told what begins; may be nil
}

// Output is a wheel that was built.
type Output struct {
	Path   string        // in Job.Out
	Name   string        // the wheel's file name
	SHA256 digest.SHA256 // of the file at Path
	Raw    digest.SHA256 // of the wheel as the backend made it
	Report *repro.Report // what was found out about it
	Log    digest.SHA256 // of all that the build said
	Level  sandbox.Level // the sandbox's
	Flags  []string      // the environment the backend ran in, sorted; folders of the host as they are named at hermetic
	Wall   time.Duration // of the backend
	Peak   int64         // bytes of memory
}

// Builder builds in one sandbox. It is safe for concurrent use.
type Builder struct {
	box  *sandbox.Sandbox
	temp string
}

// New makes a Builder that works in rooms below the folder temp.
func New(box *sandbox.Sandbox, temp string) *Builder { return &Builder{box, temp} }

// Requires asks the backend what it needs beyond its static requirements
// (get_requires_for_build_wheel), as requirement texts that nothing has parsed yet.
func (b *Builder) Requires(ctx context.Context, job Job) ([]string, error) {
	r, err := b.enter(ctx, job)
	if err != nil {
		return nil, err
	}
	defer r.leave()
	var said []string
	if err := r.ask(ctx, "requires", &said); err != nil {
		return nil, err
	}
	return said, nil
}

// Metadata returns the METADATA that the backend prepares, or, where it has no
// such hook, that of a wheel that it builds.
func (b *Builder) Metadata(ctx context.Context, job Job) ([]byte, error) {
	r, err := b.enter(ctx, job)
	if err != nil {
		return nil, err
	}
	defer r.leave()
	var name *string
	if err := r.ask(ctx, "metadata", &name); err != nil {
		return nil, err
	}
	if name != nil {
		return r.prepared(*name)
	}
	var wheel string // the answer may be null
	if err := r.ask(ctx, "wheel", &wheel); err != nil {
		return nil, err
	}
	file, err := r.wheel(wheel)
	if err != nil {
		return nil, err
	}
	return metadataOf(file)
}

// Wheel builds the wheel and writes it to Job.Out. Without a toolchain, one from
// which something was left out for want of a compiler is a failure.
func (b *Builder) Wheel(ctx context.Context, job Job) (*Output, error) {
	if info, err := os.Stat(job.Out); err != nil || !info.IsDir() {
		return nil, fault.New(fault.Internal, "", "build %s: no folder for the wheel: %s", job.Name, job.Out)
	}
	r, err := b.enter(ctx, job)
	if err != nil {
		return nil, err
	}
	defer r.leave()
	var name string
	if err := r.ask(ctx, "wheel", &name); err != nil {
		return nil, err
	}
	if job.Toolchain.Name == "" && r.log.wanted {
		return nil, r.failure("wheel", Cause{Kind: causeCompiler, Text: "a part of it that may be left out needs a C compiler, and none is there", Remedy: compilerRemedy})
	}
	raw, err := r.wheel(name)
	if err != nil {
		return nil, err
	}
	out := &Output{Level: r.result.Level, Flags: r.said(), Wall: r.result.Wall, Peak: r.result.Peak}
	if out.Raw, err = digest.OfFile(raw); err != nil {
		return nil, err
	}
	if err := r.finish(ctx, raw, out); err != nil {
		return nil, err
	}
	out.Log = r.log.sum()
	return out, nil
}
