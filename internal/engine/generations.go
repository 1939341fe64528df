package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"snug/internal/assemble"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/prove"
)

// Generation is one row of a runtime's history.
type Generation struct {
	Number   int       `json:"generation"`
	Current  bool      `json:"current,omitempty"`
	Made     time.Time `json:"made"`
	Python   string    `json:"python"`
	Packages int       `json:"packages"`
	Tree     string    `json:"tree"`
}

// History lists the generations of a runtime, the newest first.
func (e *Engine) History(root, name string) ([]Generation, error) {
	infos, err := roomOf(root, name).List()
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		return nil, notBuilt(name)
	}
	out := make([]Generation, len(infos))
	for i, info := range infos {
		head, err := generation.ReadHead(info.Path)
		if err != nil {
			return nil, err
		}
		out[i] = Generation{Number: info.Number, Current: info.Current, Made: info.Built.UTC(),
			Python: head.Python, Packages: len(head.Packages), Tree: head.Tree}
	}
	return out, nil
}

func notBuilt(name string) error {
	return fault.New(fault.NotFound, fmt.Sprintf("snug build %s makes it", name), "runtime %s is not built", name)
}

// Rollback switches to generation to, or, when to is 0, to the newest one older
// than the current, and returns its number. It is one rename.
func (e *Engine) Rollback(root, name string, to int) (int, error) {
	room := roomOf(root, name)
	gens, err := e.History(root, name)
	if err != nil {
		return 0, err
	}
	current, _ := room.Current()
	for _, g := range gens {
		if g.Number == to || (to == 0 && g.Number < current) {
			return g.Number, room.Switch(g.Number)
		}
	}
	what := "no generation to go back to"
	if to != 0 {
		what = fmt.Sprintf("no generation %d", to)
	}
	return 0, fault.New(fault.NotFound, "snug history "+name+" lists the generations", "%s has %s", name, what)
}

// Verify hashes every file of a runtime again. One that was changed is not
// current for the next build, which makes a new one.
func (e *Engine) Verify(root, name string) (*assemble.Report, error) {
	dir, err := runtimeDir(root, name)
	if err != nil {
		return nil, err
	}
	report, err := assemble.Verify(dir, func(done, total int64) { e.progress("verify", name, done, total, "files") })
	if err != nil {
		return nil, err
	}
	// A mark that cannot be written (a project that may only be read) is no
	// reason to withhold the report.
	_ = generation.Doubt(dir, !report.Clean())
	if report.Origin != "" {
		_ = generation.Doubt(report.Origin, !report.Clean())
	}
	return report, nil
}

// Prove imports every top-level module of a runtime's packages, each in a child
// process with a time limit, and keeps the result by the tree's digest.
func (e *Engine) Prove(ctx context.Context, root, name string) (*prove.Report, error) {
	dir, err := runtimeDir(root, name)
	if err != nil {
		return nil, err
	}
	m, err := generation.Read(dir)
	if err != nil {
		return nil, err
	}
	return e.proveDir(ctx, dir, m)
}

func (e *Engine) proveDir(ctx context.Context, dir string, m *generation.Manifest) (*prove.Report, error) {
	return prove.Imports(ctx, prove.Input{
		Runner: e.Runner, Dir: dir, Manifest: m,
		Cache:    filepath.Join(e.Home, "cache", "proofs"),
		Progress: func(done, total int64) { e.progress("prove", m.Runtime, done, total, "modules") },
	})
}

// Collected is what GC removed.
type Collected struct {
	Generations int   `json:"generations"`
	Entries     int   `json:"entries"` // of the store
	Bytes       int64 `json:"bytes"`
}

// GC removes generations beyond the newest keep of each runtime, never the
// current one, then what no built runtime of a known project uses from the
// store.
func (e *Engine) GC(ctx context.Context, root string, keep int) (*Collected, error) {
	if keep < 1 {
		return nil, fault.New(fault.Usage, "--keep 1 keeps the current generation only", "--keep %d", keep)
	}
	out := &Collected{}
	names, err := os.ReadDir(filepath.Join(root, ".snug"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for i, n := range names {
		e.progress("gc", n.Name(), int64(i), int64(len(names)), "runtimes")
		if !n.IsDir() {
			continue
		}
		removed, err := roomOf(root, n.Name()).Prune(keep)
		if err != nil {
			return out, err
		}
		out.Generations += removed
	}
	left, err := e.removeLeftovers()
	if err != nil {
		return out, err
	}
	entries, bytes, err := e.store.GC(ctx)
	out.Entries, out.Bytes = entries+left, bytes
	return out, err
}
