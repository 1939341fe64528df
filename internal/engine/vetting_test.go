package engine

import (
	"context"
	"strings"
	"testing"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/interp"
	"snug/internal/inventory"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/store"
)

// What is inside an interpreter is looked at for whichever of the targets the store has
// it, and where it has none that is said.
func TestInterpretersOfSeveralTargets(t *testing.T) {
	target := func(name, sum string) *lock.Target {
		return &lock.Target{Name: name, Python: "3.14.1", Interpreter: lock.Interpreter{Source: "elsewhere", SHA256: sum}}
	}
	mac, linux := target("macos-arm64-14.0", "aa"), target("linux-x86_64", "bb")
	h := &holdings{interpreters: []*lock.Target{mac, linux}, targets: 2}
	v := &vetting{engine: &Engine{Options: Options{Sources: []interp.Source{}}}, project: &manifest.Project{}, facts: map[string]*inventory.Facts{}}
	told := func() string {
		var out []string
		for _, i := range v.ofInterpreters(context.Background(), h) {
			text := strings.TrimSpace(i.Name + " " + i.Version + " " + strings.Join(i.Targets, ","))
			if i.Unseen != "" {
				text += " unseen"
			}
			out = append(out, text)
		}
		return strings.Join(out, "; ")
	}
	if got := told(); got != "cpython 3.14.1 unseen" {
		t.Error(got)
	}
	openssl := component.Component{Class: component.Library, Name: "openssl", Version: "3.0.7", Owner: "cpython"}
	key, _ := v.interpreterKey(context.Background(), linux)
	v.facts[key] = &inventory.Facts{Components: []component.Component{openssl}}
	if got := told(); got != "cpython 3.14.1; openssl 3.0.7 linux-x86_64" {
		t.Error(got)
	}
	key, _ = v.interpreterKey(context.Background(), mac)
	v.facts[key] = &inventory.Facts{Components: []component.Component{openssl}}
	if got := told(); got != "cpython 3.14.1; openssl 3.0.7" {
		t.Error(got)
	}
}

// A package that has a wheel of its own on each target is looked at on each.
func TestFilesOfSeveralTargets(t *testing.T) {
	facts := func(lib, note string) *inventory.Facts {
		return &inventory.Facts{Package: component.Component{Class: component.Package, Name: "Lib", Version: "1"}, Notes: []string{note}, Hooks: []string{"sitecustomize.py"},
			Components: []component.Component{{Class: component.Library, Name: lib, Version: "1", Owner: "lib"}}}
	}
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v := &vetting{engine: &Engine{store: st}, facts: map[string]*inventory.Facts{"one": facts("zlib", "a"), "two": facts("expat", "b")}}
	p := &held{pkg: &lock.Package{Name: "lib", Version: "1.0"}, trees: []string{"one", "two", "three"}}
	h := &holdings{packages: []*held{p}}
	items, err := v.ofPackage(context.Background(), h, p)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range items {
		names = append(names, i.Name)
	}
	if got := strings.Join(names, " ") + ": " + strings.Join(items[0].Unread, " "); got != "lib zlib expat: a b" {
		t.Error(got)
	}
	v.held = map[string]*holdings{"prod": h, "dev": h}
	v.signs([]string{"prod", "dev"})
	if len(v.input.Signs) != 2 || v.input.Signs[0].Package != "lib" || v.input.Signs[0].Version != "1.0" {
		t.Errorf("signs are not the lock's package's: %+v", v.input.Signs)
	}
	if len(v.input.Unasked) != 1 || !strings.Contains(v.input.Unasked[0], "other targets of 1 packages") {
		t.Errorf("%q", v.input.Unasked)
	}
}

// Overlays ask what a package is installed from, and are told only where it is one thing.
func TestArtifact(t *testing.T) {
	wheel := lock.File{Name: "lib-1.0-py3-none-any.whl"}
	made := lock.File{Hashes: map[string]string{"sha256": digest.Of(nil).String()}}
	for _, c := range []struct {
		p    held
		want string
	}{
		{held{wheels: []lock.File{wheel}}, "wheel"}, {held{built: true, wheels: []lock.File{made}}, "sdist"}, {held{built: true, wheels: []lock.File{wheel, made}}, ""},
	} {
		if got := c.p.artifact(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}
