package engine

import (
	"context"
	"errors"
	"path/filepath"

	"snug/internal/build"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/pep440"
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

// equip finds out what building o takes. Only what has native code is offered a
// compiler: so other wheels do not depend on the machine.
func (s *sources) equip(ctx context.Context, o origin, src *sdist.Source) (equipment, error) {
	recipe, err := s.recipe(o)
	if err != nil {
		return equipment{}, err
	}
	with := equipment{recipe: recipe}
	rust := src.CargoLock != "" || recipe != nil && recipe.Rust
	if !src.Extensions && !rust && (recipe == nil || !recipe.Native) {
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
	return with, nil
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

// headers are those for the Python of a room that has none itself: of a Python of
// the same minor version on this machine. They are made once for an interpreter.
func (s *sources) headers(ctx context.Context, b Builder, with equipment, room string) (string, error) {
	minor := s.minor()
	if with.tools.Name == "" || build.OwnHeaders(room, minor) {
		return "", nil
	}
	key := "headers-" + s.here.Interpreter.SHA256 + "-" + headersAs
	tree, err := s.store.AddTree(ctx, key, func(dir string) (store.Plan, error) {
		from, err := s.headerSource(ctx, minor)
		if err != nil {
			return nil, err
		}
		if err := b.Headers(ctx, room, from, dir); err != nil {
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

func (s *sources) minor() string {
	return (&interp.Interpreter{Version: s.here.Python}).Minor()
}

func (s *sources) headerSource(ctx context.Context, minor string) (build.HeaderSource, error) {
	found, err := interp.List(ctx, interp.NewFound(s.Env), s.here.Target)
	if err != nil {
		return build.HeaderSource{}, err
	}
	if from, ok := build.InstalledHeaders(minor, found); ok {
		return from, nil
	}
	return build.HeaderSource{}, fault.New(fault.Unsupported,
		"install Python "+minor+" with its headers (python"+minor+"-dev), or build the Python too: python = { version = \""+minor+"\", build = \"source\" }",
		"the Python %s that the lock chose has no headers (Python.h), and this machine has no other %s with them", s.here.Python, minor)
}

// zig is the compiler of the package ziglang, from the project's index.
func (s *sources) zig(ctx context.Context) (build.Toolchain, error) {
	return build.Toolchain{}, errors.New("TODO")
}
