package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/attest"
	"snug/internal/component"
	"snug/internal/cpython"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/lock"
	"snug/internal/sandbox"
	"snug/internal/store"
)

func builder(t *testing.T) *Engine {
	t.Helper()
	home := t.TempDir()
	e, err := New(Options{Home: home, Keys: filepath.Join(home, "keys"), Env: func(string) string { return "" }, Version: "1.2.3",
		Now: func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func sumOf(text string) string { return digest.Of([]byte(text)).String() }

// verified is what this machine signed about what has that digest.
func verified(t *testing.T, e *Engine, sum string) (*attest.Statement, *attest.Provenance) {
	t.Helper()
	bundle, err := e.store.Evidence(digest.Of([]byte(sum)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := e.trusted(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := bundle[0].Verify(keys)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Provenance()
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func TestMadeInterpreter(t *testing.T) {
	e := builder(t)
	built := &cpython.Built{Version: "3.13.5", ID: "minimal", Tree: sumOf("tree"), Tarball: cpython.Tarball{Version: "3.13.5", SHA256: sumOf("tarball")},
		Level: sandbox.Hermetic, Epoch: time.Unix(1767225600, 0), Flags: []string{"-O2"}, Configure: []string{"--prefix=/install"}, Log: sumOf("log"),
		Libraries: []cpython.Library{{Name: "zlib", Version: "1.3", Archives: map[string]string{"libz.a": sumOf("libz")}}},
		Steps:     []cpython.Step{{Name: "make", Took: time.Minute}}}
	if err := e.signInterpreter(built, e.Now()); err != nil {
		t.Fatal(err)
	}
	s, p := verified(t, e, "tree")
	if !s.About(sumOf("tree")) || !p.Has(sumOf("tarball")) || !p.Has(sumOf("libz")) {
		t.Errorf("signed for %s", s.Predicate)
	}
	for _, part := range []string{`"sandbox":"hermetic"`, `"epoch":"2026-01-01T00:00:00Z"`, `"flags":["-O2"]`, `"startedOn":"2026-06-01T11:59:00Z"`, sumOf("log"), `"snug":"1.2.3"`} {
		if !strings.Contains(string(s.Predicate), part) {
			t.Errorf("%s does not say %s", s.Predicate, part)
		}
	}
	built.Tarball.SHA256 = "no digest"
	if err := e.signInterpreter(built, e.Now()); err == nil {
		t.Error("an input without a digest was signed for")
	}
}

// What was locked as sources is accounted for by a trusted statement about what
// came out, and by nothing else.
func TestWantedBySources(t *testing.T) {
	said := func(out string, in ...string) *attest.Statement {
		b := attest.Build{Type: attest.WheelBuild, External: map[string]string{"name": "a"}}
		for _, name := range in {
			b.Inputs = append(b.Inputs, attest.Resource{Name: name, Digest: map[string]string{"sha256": sumOf(name)}})
		}
		s, err := b.Statement(attest.Resource{Name: out, Digest: map[string]string{"sha256": sumOf(out)}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	p := &lock.Package{Name: "a", Version: "1", Sdist: &lock.File{Hashes: map[string]string{"sha256": sumOf("sdist")}}}
	w := wanted{uri: component.PackageURL("a", "1"), sums: sumsOf(p)}
	wheel := attest.Resource{URI: component.PackageURL("a", "1"), Digest: map[string]string{"sha256": sumOf("wheel")}}
	for name, c := range map[string]struct {
		input attest.Resource
		said  []*attest.Statement
		want  bool
	}{
		"built from it":         {wheel, []*attest.Statement{said("other", "sdist"), said("wheel", "flit", "sdist")}, true},
		"nothing is said":       {wheel, nil, false},
		"of something else":     {wheel, []*attest.Statement{said("other", "sdist")}, false},
		"from something else":   {wheel, []*attest.Statement{said("wheel", "flit")}, false},
		"as another package":    {attest.Resource{URI: component.PackageURL("b", "1"), Digest: wheel.Digest}, []*attest.Statement{said("wheel", "sdist")}, false},
		"without a digest":      {attest.Resource{URI: wheel.URI}, []*attest.Statement{said("wheel", "sdist")}, false},
		"one of its own files":  {attest.Resource{URI: wheel.URI, Digest: map[string]string{"sha256": sumOf("sdist")}}, nil, true},
		"its digest by another": {attest.Resource{URI: wheel.URI, Digest: map[string]string{"sha512": sumOf("sdist")}}, nil, false},
	} {
		if got := w.by(c.input, c.said); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
	// Of a folder no digest is locked: a trusted statement about the wheel is all there can be.
	folder := wanted{uri: w.uri, folder: true}
	if folder.by(wheel, nil) || !folder.by(wheel, []*attest.Statement{said("wheel", "tree")}) {
		t.Error("a wheel of a folder")
	}
}

// A wheel that no lock names was built here: nobody having signed for it, no
// runtime is made of it.
func TestInputsWantEvidence(t *testing.T) {
	e := builder(t)
	pl := &plan{engine: e, lock: &lock.Lock{}, tree: &store.Tree{}, locked: lock.Target{Interpreter: lock.Interpreter{Source: "go-embed-python", ID: "v0", SHA256: sumOf("python")}}}
	m := &generation.Manifest{Python: "3.14.6", Packages: []generation.Package{{Name: "own", Version: "1"}, {Name: "a", Version: "1", SHA256: sumOf("wheel")}}}
	if _, _, err := pl.inputs(m); fault.CodeOf(err) != fault.Integrity || fault.HintOf(err) == "" {
		t.Errorf("unsigned: %v", err)
	}
	if err := e.keepSigned("a-1.whl", digest.Of([]byte("wheel")), attest.Build{Type: attest.WheelBuild, External: map[string]string{"name": "a"}}); err != nil {
		t.Fatal(err)
	}
	list, made, err := pl.inputs(m)
	if err != nil || len(list) != 2 || len(made) != 1 || list[1].Annotations["origin"] != originBuilt || list[0].Annotations["origin"] != originFetched {
		t.Errorf("%+v, %d statements, %v", list, len(made), err)
	}
	pl.locked.Interpreter.Source = cpython.SourceName
	if _, _, err := pl.inputs(m); fault.CodeOf(err) != fault.NotFound || fault.HintOf(err) == "" {
		t.Errorf("a Python that nothing is known of: %v", err)
	}
	built := &cpython.Built{Version: "3.14.6", ID: "minimal", Tree: pl.tree.Digest().String(), Tarball: cpython.Tarball{SHA256: sumOf("tarball")}, Log: sumOf("log")}
	if err := e.noteBuilt(t.Context(), built); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(e.Home, "store", "evidence")); err != nil { // it is signed for again
		t.Fatal(err)
	}
	if err := e.keepSigned("a-1.whl", digest.Of([]byte("wheel")), attest.Build{Type: attest.WheelBuild, External: map[string]string{"name": "a"}}); err != nil {
		t.Fatal(err)
	}
	list, made, err = pl.inputs(m)
	if err != nil || list[0].Digest["sha256"] != built.Tree || list[0].Annotations["origin"] != originBuilt || len(made) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAddressHoldsNoSecret(t *testing.T) {
	for text, want := range map[string]string{
		"https://user:secret@index.example/a-1.whl?token=secret#sha256=00": "https://index.example/a-1.whl",
		"": "", ":no address": "",
	} {
		if got := address(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
