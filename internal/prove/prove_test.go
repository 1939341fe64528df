package prove

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
)

// python answers as told and counts the modules that it was asked to import.
type python struct {
	started interp.Started
	broken  map[string]interp.ImportResult
	asked   int
}

func (p *python) Start(context.Context, string) (interp.Started, error) {
	if p.started.Version == "" {
		return p.started, errors.New("no such file")
	}
	return p.started, nil
}

func (p *python) Imports(_ context.Context, _ string, modules []string, _ time.Duration) ([]interp.ImportResult, error) {
	var out []interp.ImportResult
	for _, m := range modules {
		p.asked++
		r, failed := p.broken[m]
		r.Module, r.OK = m, !failed
		out = append(out, r)
	}
	return out, nil
}

func runtime() *generation.Manifest {
	m := &generation.Manifest{Python: "3.14.6", Isolated: true}
	for path, owner := range map[string]string{
		"lib/python3.14/os.py":                                                     generation.OwnerPython,
		"lib/python3.14/site-packages/alpha/__init__.py":                           "alpha",
		"lib/python3.14/site-packages/alpha/sub/__init__.py":                       "alpha",
		"lib/python3.14/site-packages/beta.py":                                     "beta",
		"lib/python3.14/site-packages/fast.cpython-314-x86_64-linux-gnu.so":        "fast",
		"lib/python3.14/site-packages/pure.abi3.so":                                "fast",
		"lib/python3.14/site-packages/my-data/__init__.py":                         "fast",
		"lib/python3.14/site-packages/google/cloud/__init__.py":                    "google",
		"lib/python3.14/site-packages/numpy.libs/libopenblas.so":                   "numpy",
		"lib/python3.14/site-packages/__editable___finder.py":                      "numpy",
		"lib/python3.14/site-packages/alpha-1.0.dist-info/licenses/x/__init__.txt": "alpha",
	} {
		m.Files = append(m.Files, generation.File{Path: path, Mode: "0644", Owner: owner})
	}
	m.Seal()
	return m
}

func TestModules(t *testing.T) {
	got := slices.Sorted(maps.Keys(Modules(runtime())))
	if want := []string{"alpha", "beta", "fast", "pure"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestImportsKeepsTheProof(t *testing.T) {
	py := &python{broken: map[string]interp.ImportResult{"beta": {Reason: "OSError: libGL.so.1"}, "fast": {TimedOut: true}}}
	in := Input{Runner: py, Manifest: runtime(), Cache: t.TempDir()}
	for round, asked := range []int{4, 4 + 2} {
		r, err := Imports(context.Background(), in)
		if err != nil || r.OK() || len(r.Failed) != 2 || r.Failed[0].Package != "beta" || r.Modules != 4 || r.Kept != (round == 1) {
			t.Errorf("round %d: %+v, %v", round, r, err)
		}
		if py.asked != asked {
			t.Errorf("round %d: imported %d modules in all, want %d: what works is kept", round, py.asked, asked)
		}
	}
	// The machine got the library: what failed is tried again, and works.
	delete(py.broken, "beta")
	delete(py.broken, "fast")
	if r, err := Imports(context.Background(), in); err != nil || !r.OK() || len(r.Failed) != 0 || py.asked != 8 {
		t.Errorf("%+v, %v, imported %d", r, err, py.asked)
	}
	if r, err := Imports(context.Background(), in); err != nil || !r.OK() || r.Modules != 4 || py.asked != 8 {
		t.Errorf("%+v, %v, imported %d", r, err, py.asked)
	}
}

func TestStart(t *testing.T) {
	for _, c := range []struct {
		name string
		said interp.Started
		ok   bool
	}{
		{"as built", interp.Started{Version: "3.14.6", Isolated: true}, true},
		{"does not start", interp.Started{}, false},
		{"another Python", interp.Started{Version: "3.14.5", Isolated: true}, false},
		{"not isolated", interp.Started{Version: "3.14.6"}, false},
	} {
		err := Start(context.Background(), &python{started: c.said}, "", runtime())
		if (err == nil) != c.ok || err != nil && fault.CodeOf(err) != fault.Failed {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
