package engine

import (
	"context"
	"errors"
	"path/filepath"

	"snug/internal/attest"
	"snug/internal/build"
	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/resolve"
	"snug/internal/sdist"
	"snug/internal/store"
)

// equipment is what a source is built with beside its requirements.
type equipment struct {
	tools  build.Toolchain // zero: it needs no compiler
	recipe *build.Recipe   // nil: none
	crates []build.Crate   // that its Cargo.lock pins
}

func (e equipment) recipeDigest() string {
	if e.recipe == nil {
		return ""
	}
	return e.recipe.Digest.String()
}

// equip finds out what building o takes. Only what has native code, or failed for
// want of a compiler, is offered one: so other wheels do not depend on the machine.
func (s *sources) equip(ctx context.Context, o origin, src *sdist.Source) (equipment, error) {
	recipe, err := s.recipe(o)
	if err != nil {
		return equipment{}, err
	}
	with := equipment{recipe: recipe}
	rust := src.CargoLock != "" || build.NeedsRust(src.Build.Requires, recipe)
	_, failed := s.store.Tree(wantsCompiler(o))
	if !src.Extensions && !rust && !failed && (recipe == nil || !recipe.Native) {
		return with, nil
	}
	if with.tools, err = s.compiler(); err != nil {
		return with, err
	}
	if rust {
		if with.tools.Rust, err = s.rust(); err != nil {
			return with, err
		}
		with.crates, err = s.cratesOf(ctx, o, src)
	}
	return with, err
}

// wantsCompiler is the key of the note that o, which showed no native code, could
// not be built without a compiler.
func wantsCompiler(o origin) string { return "compiler-" + o.id() }

// equipAgain is what building o takes after it failed for want of a compiler.
func (s *sources) equipAgain(ctx context.Context, o origin, src *sdist.Source) (equipment, error) {
	s.say("build", event.Note, o.Name, "building once more with a compiler, since "+o.String()+" asks for one")
	if _, err := s.note(ctx, wantsCompiler(o), func() ([]byte, error) { return nil, nil }); err != nil {
		return equipment{}, err
	}
	return s.equip(ctx, o, src)
}

// recipe is what is known of building o beyond what it says itself; nil: nothing.
func (s *sources) recipe(o origin) (*build.Recipe, error) {
	all, err := s.recipes()
	if err != nil || o.Version == "" { // what has no version yet has no recipe
		return nil, err
	}
	v, err := pep440.Parse(o.Version)
	if err != nil {
		return nil, err
	}
	r, ok := all.For(o.Name, v)
	if !ok {
		return nil, nil
	}
	if why := r.Excludes(v); why != "" {
		return nil, fault.New(fault.Unsupported, "choose another version of "+o.Name, "%s cannot be built: %s", o, why)
	}
	return r, nil
}

// findCompiler is the toolchain that the project asks for.
func (s *sources) findCompiler(ctx context.Context) (build.Toolchain, error) {
	box, err := s.sandbox()
	if err != nil {
		return build.Toolchain{}, err
	}
	if s.project.Build.Toolchain == build.ToolchainZig {
		return s.zig(ctx)
	}
	return build.HostToolchain(ctx, box, filepath.Join(s.Home, "cache", "toolchain.json"))
}

func (s *sources) findRust(ctx context.Context) (*build.Rust, error) {
	box, err := s.sandbox()
	if err != nil {
		return nil, err
	}
	return build.RustToolchain(ctx, box, s.Env)
}

// headers are those for the Python of a runtime that has none itself: of a Python of
// the same minor version on this machine. They are made once for an interpreter.
func (s *sources) headers(ctx context.Context, b Builder, with equipment, runtime string) (string, error) {
	minor := s.minor()
	if with.tools.Name == "" || build.OwnHeaders(runtime, minor) {
		return "", nil
	}
	tree, err := s.store.AddTree(ctx, s.headersKey(), func(dir string) (store.Plan, error) {
		from, err := s.headerSource(ctx, minor)
		if err != nil {
			return nil, err
		}
		if err := b.Headers(ctx, runtime, from, dir); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerPython)
	})
	if err != nil {
		return "", err
	}
	return tree.Dir, nil
}

const headersAs = "1"

func (s *sources) headersKey() string {
	return "headers-" + s.here.Interpreter.SHA256 + "-" + headersAs
}

// addHeaders adds the headers that a build had to its inputs.
func (s *sources) addHeaders(f *facts) error {
	tree, ok := s.store.Tree(s.headersKey())
	if !ok {
		return fault.New(fault.Integrity, "build again", "the headers that %s was built with are gone from the store", f.Name)
	}
	f.Inputs = append(f.Inputs, attest.Resource{URI: component.GenericURL("cpython-headers", s.minor()), Digest: attest.SHA256(tree.Digest())})
	return nil
}

var errNoHeaders = errors.New("has no headers (Python.h)")

func (s *sources) minor() string {
	return (&interp.Interpreter{Version: s.here.Python}).Minor()
}

// headerSource is where headers for a minor version of Python are taken from: one
// that is installed here, or CPython's own sources.
func (s *sources) headerSource(ctx context.Context, minor string) (build.HeaderSource, error) {
	found, err := interp.List(ctx, interp.NewFound(s.Env), s.here.Target)
	if err != nil {
		return build.HeaderSource{}, err
	}
	if from, ok := build.InstalledHeaders(minor, found); ok {
		return from, nil
	}
	dir, err := s.cpython(s.project, "", "").Headers(ctx, s.here.Python.String(), nil)
	if err != nil {
		return build.HeaderSource{}, fault.New(fault.CodeOf(err),
			"install Python "+minor+" with its headers (python"+minor+"-dev), or name CPython's sources: --python-sources URL-OR-FOLDER",
			"Python %s %w, this machine has no other %s with them, and of CPython's sources: %w", s.here.Python, errNoHeaders, minor, err)
	}
	return build.HeaderSource{Include: dir, Pyconfig: filepath.Join(dir, "pyconfig.h")}, nil
}

// zig is the compiler of the package ziglang, as a wheel from the project's index.
func (s *sources) zig(ctx context.Context) (build.Toolchain, error) {
	o := origin{BuildOf: lock.BuildOf{Name: "ziglang"}}
	n, err := s.answer(ctx, o, []string{"ziglang==" + build.ZigVersion}, []resolve.TargetPython{*s.here}, nil)
	if err != nil {
		return build.Toolchain{}, err
	}
	files, err := s.filesOf(n)
	if err != nil {
		return build.Toolchain{}, err
	}
	sum, err := digest.Parse(files[0].Digest["sha256"])
	if err != nil {
		return build.Toolchain{}, err
	}
	runtime, leave, err := s.buildRuntime(ctx, o, n)
	if err != nil {
		return build.Toolchain{}, err
	}
	defer leave() // it was touched: the collector leaves it for days
	folder := filepath.Join(runtime, "lib", "python"+s.minor(), "site-packages", "ziglang")
	return build.ZigToolchain(folder, build.ZigVersion, sum, s.project.Build.Glibc)
}
