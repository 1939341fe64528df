// Package prove runs an assembled runtime to see that it works: that its Python
// starts, and that every top-level module of its packages can be imported. It
// does not judge what the modules do.
//
// The hard idea: a runtime's tree digest names everything that an import
// depends on, so a proof is made once for a digest and kept.
package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/store"
)

// limit is how long one import may take.
const limit = 60 * time.Second

// batch is how many modules are imported between two words of progress.
const batch = 16

// maxProof bounds a kept proof.
const maxProof = 16 << 20

// Runner starts Python; interp.Runner is one.
type Runner interface {
	Start(ctx context.Context, dir string) (interp.Started, error)
	Imports(ctx context.Context, dir string, modules []string, limit time.Duration) ([]interp.ImportResult, error)
}

// Start runs the runtime at dir once and holds what it says to the manifest.
// One that does not start, or is another Python, is fault.Failed.
func Start(ctx context.Context, r Runner, dir string, m *generation.Manifest) error {
	hint := "the runtime in use is untouched; run snug verify, or build again"
	got, err := r.Start(ctx, dir)
	if err != nil {
		return fault.New(fault.Failed, hint, "the new runtime does not start: %w", err)
	}
	if got.Version != m.Python {
		return fault.New(fault.Failed, hint, "the new runtime says it is Python %s, not %s", got.Version, m.Python)
	}
	if got.Isolated != m.Isolated {
		return fault.New(fault.Failed, hint, "the new runtime is isolated: %t, it should be: %t", got.Isolated, m.Isolated)
	}
	return nil
}

// Input says what to import.
type Input struct {
	Runner   Runner
	Dir      string
	Manifest *generation.Manifest
	Cache    string                  // folder of kept proofs; "" = keep none
	Progress func(done, total int64) // may be nil
}

// Report is a proof: what was imported and what failed.
type Report struct {
	Tree    string    `json:"tree"`
	Modules int       `json:"modules"`
	Failed  []Failure `json:"failed,omitempty"`
	Kept    bool      `json:"-"` // what imports is from an earlier proof of the same tree
}

// Broken are the failures that count: those whose reason is not that something
// is absent which no locked package brings.
func (r *Report) Broken() []Failure {
	return slices.DeleteFunc(slices.Clone(r.Failed), func(f Failure) bool { return f.Absent != "" })
}

// OK reports whether no module is broken.
func (r *Report) OK() bool { return len(r.Broken()) == 0 }

// Failure is a module that cannot be imported.
type Failure struct {
	Package  string `json:"package"`
	Module   string `json:"module"`
	Reason   string `json:"reason"`
	Absent   string `json:"absent,omitempty"` // the top-level module it asked for, which nothing in the runtime brings
	TimedOut bool   `json:"timed-out,omitempty"`
}

// Imports imports every top-level module of the packages, or only those that
// failed in the proof that is kept for this tree: what failed may have been the
// machine's fault (a library of the system that was missing, a busy time), what
// worked depends on the tree alone. An error means that nothing was proved.
func Imports(ctx context.Context, in Input) (*Report, error) {
	owners := Modules(in.Manifest)
	names := slices.Sorted(maps.Keys(owners))
	report := &Report{Tree: in.Manifest.Tree, Modules: len(names)}
	if kept, err := in.read(); err == nil && kept.Modules == len(names) {
		report.Kept = true
		names = kept.names()
	}
	done := 0
	for part := range slices.Chunk(names, batch) {
		results, err := in.Runner.Imports(ctx, in.Dir, part, limit)
		if err != nil {
			return nil, err
		}
		for _, r := range results {
			if !r.OK {
				report.Failed = append(report.Failed, Failure{Package: owners[r.Module], Module: r.Module, Reason: r.Reason,
					Absent: absent(r.Reason, owners), TimedOut: r.TimedOut})
			}
		}
		done += len(part)
		if in.Progress != nil {
			in.Progress(int64(done), int64(len(names)))
		}
	}
	return report, in.write(report)
}

// names are the modules that failed.
func (r *Report) names() []string {
	var out []string
	for _, f := range r.Failed {
		out = append(out, f.Module)
	}
	return out
}

// absent is the module that an import did not find, if no package of the
// runtime has it: an import that the package did not declare as a requirement
// (matplotlib-inline without matplotlib is the usual one).
func absent(reason string, owners map[string]string) string {
	_, rest, ok := strings.Cut(reason, "No module named '")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "'")
	name, _, _ = strings.Cut(name, ".")
	if _, here := owners[name]; here {
		return ""
	}
	return name
}

// Modules are the top-level modules of a runtime's packages, each with the
// package that owns it: folders with an __init__, and modules. Names that
// Python cannot import, private helpers and the standard library are left out.
func Modules(m *generation.Manifest) map[string]string {
	out := map[string]string{}
	for _, f := range m.Files {
		if f.Owner == generation.OwnerPython || f.Kind != "" {
			continue
		}
		_, rel, ok := strings.Cut(f.Path, "/site-packages/")
		if !ok {
			continue
		}
		if name := topLevel(rel); importable(name) {
			out[name] = f.Owner
		}
	}
	return out
}

// topLevel is the module that a file of site-packages makes importable, or "".
func topLevel(rel string) string {
	dir, base, nested := strings.Cut(rel, "/")
	if !nested {
		base = dir
		stem, ext, _ := strings.Cut(base, ".")
		if ext == "py" || strings.HasSuffix(ext, "so") || strings.HasSuffix(ext, "pyd") {
			return stem
		}
		return ""
	}
	if stem, ext, _ := strings.Cut(base, "."); stem == "__init__" && (ext == "py" || strings.HasSuffix(ext, "so")) {
		return dir
	}
	return ""
}

func importable(name string) bool {
	if name == "" || strings.HasPrefix(name, "__") {
		return false
	}
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c > 127
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// path is where the proof of this runtime is kept: by its tree and by what
// makes imports differ besides.
func (in *Input) path() string {
	key := digest.Of(fmt.Appendf(nil, "%s isolated=%t", in.Manifest.Tree, in.Manifest.Isolated))
	return filepath.Join(in.Cache, key.String()+".json")
}

func (in *Input) read() (*Report, error) {
	if in.Cache == "" {
		return nil, os.ErrNotExist
	}
	st, err := os.Stat(in.path())
	if err != nil {
		return nil, err
	}
	if st.Size() > maxProof {
		return nil, errors.New("proof too large")
	}
	data, err := os.ReadFile(in.path())
	if err != nil {
		return nil, err
	}
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

func (in *Input) write(r *Report) error {
	if in.Cache == "" {
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(in.Cache, 0o755); err != nil {
		return err
	}
	return store.WriteFile(in.path(), data, 0o644)
}
