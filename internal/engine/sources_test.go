package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/attest"
	"snug/internal/build"
	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/resolve"
	"snug/internal/sdist"
	"snug/internal/store"
)

// writeTree writes files below a new folder.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// What a package is built with is assembled once: the second build finds it, though
// nothing is signed about it. A user's shared runtime is found only with its provenance.
func TestBuildRuntimeIsMadeOnce(t *testing.T) {
	for unsigned, want := range map[bool]int{true: 1, false: 2} {
		e := builder(t)
		made := 0
		for range 2 {
			s := &sharing{key: "shared-" + sumOf("it"), unsigned: unsigned}
			err := e.makeShared(context.Background(), s, false, func(dest string) (*generation.Manifest, generation.Evidence, error) {
				made++
				m := &generation.Manifest{Snug: generation.Schema, Runtime: "build"}
				path := filepath.Join(dest, filepath.FromSlash(generation.ManifestPath))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					return nil, nil, err
				}
				f, err := os.Create(path)
				if err != nil {
					return nil, nil, err
				}
				defer f.Close()
				return m, nil, m.Write(f)
			})
			if err != nil || s.from == "" {
				t.Fatal(s.from, err)
			}
		}
		if made != want {
			t.Errorf("unsigned %t: made %d times, want %d", unsigned, made, want)
		}
	}
}

// A Cargo.lock that pins nothing that could be fetched is the end of the build, before
// any compiler runs.
func TestBadCargoLock(t *testing.T) {
	e := builder(t)
	s := &sources{Engine: e, project: &manifest.Project{}}
	s.recipes = func() (build.Recipes, error) { return build.Recipes{}, nil }
	s.compiler = func() (build.Toolchain, error) { return build.Toolchain{Name: build.ToolchainHost}, nil }
	s.rust = func() (*build.Rust, error) { return &build.Rust{}, nil }
	dir := writeTree(t, map[string]string{
		"pyproject.toml": "[build-system]\nrequires = ['maturin']\nbuild-backend = 'maturin'\n[project]\nname = 'a'\nversion = '1'\n",
		"Cargo.toml":     "[package]\nname = 'a'\n",
		"Cargo.lock":     "[[package]]\nname = 'b'\nversion = '1.0.0'\nsource = 'git+https://index.example/b'\n"})
	o, err := s.summed(origin{dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	src, err := s.describe(context.Background(), o)
	if err != nil || src.CargoLock == "" {
		t.Fatalf("%+v %v", src, err)
	}
	if _, err := s.equip(context.Background(), o, src); fault.CodeOf(err) != fault.Unsupported {
		t.Errorf("%v", err)
	}
	// One without a Cargo.lock is offered Rust all the same.
	if with, err := s.equip(context.Background(), o, &sdist.Source{Build: src.Build}); err != nil || with.tools.Rust == nil {
		t.Errorf("%+v %v", with, err)
	}
}

// The folder within a source that holds the package is in it, also by way of links.
func TestBelow(t *testing.T) {
	dir := writeTree(t, map[string]string{"a/b/setup.py": "", "setup.py": ""})
	for link, target := range map[string]string{"in": "a/b", "up": "..", "root": "/"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	for within, want := range map[string]string{"": dir, "a/b": filepath.Join(real, "a", "b"), "in": filepath.Join(real, "a", "b")} {
		if got, err := below(dir, within); err != nil || got != want {
			t.Errorf("%q: %s %v", within, got, err)
		}
	}
	for _, within := range []string{"..", "up", "root", "a/../..", "/", "absent", "setup.py"} {
		if got, err := below(dir, within); fault.CodeOf(err) != fault.Input {
			t.Errorf("%q: %s %v", within, got, err)
		}
	}
}

// What a commit of a repository was is told by its own name too.
func TestCommitIsAnInput(t *testing.T) {
	s := sources313(t)
	inputs, err := s.inputsOf(origin{sum: digest.Of([]byte("tree")), commit: strings.Repeat("a", 40)}, needs{}, equipment{})
	if err != nil || inputs[0].Digest["gitCommit"] != strings.Repeat("a", 40) || inputs[0].Digest["sha256"] != sumOf("tree") {
		t.Errorf("%+v %v", inputs, err)
	}
}

// sources313 are those for Python 3.13.1 on Linux.
func sources313(t *testing.T) *sources {
	t.Helper()
	python, err := pep440.Parse("3.13.1")
	if err != nil {
		t.Fatal(err)
	}
	target, err := pytag.Host()
	if err != nil {
		t.Skip(err)
	}
	here := resolve.TargetPython{Target: target, Python: python, Interpreter: lock.Interpreter{SHA256: sumOf("python")}}
	return builder(t).sources(t.Context(), &manifest.Project{}, nil, []resolve.TargetPython{here})
}

// The headers that a build had are among the inputs that are signed for.
func TestHeadersAreAnInput(t *testing.T) {
	s := sources313(t)
	f := &facts{Name: "a"}
	if err := s.addHeaders(f); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("of none: %v", err)
	}
	tree, err := s.store.AddTree(context.Background(), s.headersKey(), func(dir string) (store.Plan, error) {
		if err := os.WriteFile(filepath.Join(dir, "Python.h"), []byte("x"), 0o644); err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerPython)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.addHeaders(f); err != nil || f.Inputs[0].Digest["sha256"] != tree.Digest().String() || f.Inputs[0].URI != "pkg:generic/cpython-headers@3.13" {
		t.Errorf("%+v %v", f.Inputs, err)
	}
}

// Two sources may come to the same wheel: what is signed about it names both.
func TestOneWheelOfTwoSources(t *testing.T) {
	s := sources313(t)
	log := sumOf("log")
	f := func(source string) *facts {
		return &facts{Name: "a", Version: "1", Wheel: "a-1-py3-none-any.whl", SHA256: sumOf("wheel"), Log: log, Raw: log,
			Inputs: []attest.Resource{{URI: component.PackageURL("a", "1"), Digest: map[string]string{"sha256": sumOf(source)}}}}
	}
	for _, source := range []string{"folder", "commit", "folder"} {
		if err := s.sign(f(source)); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := s.store.Evidence(digest.Of([]byte("wheel")))
	if err != nil || len(kept) != 2 {
		t.Fatalf("%d statements, %v", len(kept), err)
	}
	var said []*attest.Statement
	for _, e := range kept {
		claim, err := e.Claim()
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, claim)
	}
	wheel := attest.Resource{URI: component.PackageURL("a", "1"), Digest: map[string]string{"sha256": sumOf("wheel")}}
	for source, want := range map[string]bool{"folder": true, "commit": true, "other": false} {
		if got := (wanted{uri: wheel.URI, sums: []string{sumOf(source)}}).by(wheel, said); got != want {
			t.Errorf("%s: %t", source, got)
		}
	}
}
