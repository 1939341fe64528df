package assemble

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"snug/internal/digest"
	"snug/internal/generation"
)

// Report is what Verify found. Paths are relative to the runtime and sorted.
type Report struct {
	Runtime       string   `json:"runtime"`
	Tree          string   `json:"tree"`
	Files         int      `json:"files"` // that were hashed
	Changed       []string `json:"changed,omitempty"`
	Missing       []string `json:"missing,omitempty"`
	Added         []string `json:"added,omitempty"`
	AddedBytecode int      `json:"added-bytecode"` // Python's own caches: no change
	Origin        string   `json:"-"`              // the runtime that it shares its folders with
}

// Clean reports whether the runtime is as it was built.
func (r *Report) Clean() bool { return len(r.Changed)+len(r.Missing)+len(r.Added) == 0 }

// Verify hashes everything in the runtime at dir and holds it to its manifest.
// progress is told of files, from several goroutines.
func Verify(dir string, progress func(done, total int64)) (*Report, error) {
	m, err := generation.Read(dir)
	if err != nil {
		return nil, err
	}
	r := &Report{Runtime: m.Runtime, Tree: m.Tree, Files: len(m.Files)}
	if digest.Tree(m.Payload()).String() != m.Tree {
		r.Changed = append(r.Changed, generation.ManifestPath)
	}
	if err := r.hash(dir, m.Files, progress); err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(m.Files)+1)
	known[generation.ManifestPath] = true
	if m.LinkMode == generation.LinkCopy { // delivered: its evidence lies inside
		for _, name := range generation.EvidenceNames() {
			known[path.Join(path.Dir(generation.ManifestPath), name)] = true
		}
	}
	for _, f := range m.Files {
		known[f.Path] = true
	}
	if err := r.findAdded(dir, ".", known); err != nil {
		return nil, err
	}
	if m.LinkMode == generation.LinkShared {
		if err := r.findShared(dir, known); err != nil {
			return nil, err
		}
	}
	slices.Sort(r.Changed)
	slices.Sort(r.Missing)
	slices.Sort(r.Added)
	return r, nil
}

func (r *Report) hash(dir string, files []generation.File, progress func(done, total int64)) error {
	var mu sync.Mutex
	var done atomic.Int64
	var g errgroup.Group
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for run := range slices.Chunk(files, 256) {
		g.Go(func() error {
			for _, f := range run {
				same, err := unchanged(filepath.Join(dir, filepath.FromSlash(f.Path)), f)
				mu.Lock()
				switch {
				case errors.Is(err, fs.ErrNotExist):
					r.Missing = append(r.Missing, f.Path)
				case err != nil || !same:
					r.Changed = append(r.Changed, f.Path)
				}
				mu.Unlock()
			}
			progress(done.Add(int64(len(run))), int64(len(files)))
			return nil
		})
	}
	return g.Wait()
}

func unchanged(path string, f generation.File) (bool, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return false, err
	}
	if f.Link != "" {
		to, err := os.Readlink(path)
		return err == nil && filepath.ToSlash(to) == f.Link, nil
	}
	executable := st.Mode()&0o111 != 0
	if !st.Mode().IsRegular() || st.Size() != f.Size || runtime.GOOS != "windows" && executable != (f.Mode == "0755") {
		return false, nil
	}
	r, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer r.Close()
	sum, _, err := digest.OfReader(r)
	return sum.String() == f.SHA256, err
}

// findAdded looks below dir, which is the runtime's folder base, for files that
// the manifest does not know.
func (r *Report) findAdded(dir, base string, known map[string]bool) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		rel = path.Join(base, filepath.ToSlash(rel))
		switch {
		case known[rel]:
		case strings.HasSuffix(rel, ".pyc") && strings.Contains("/"+rel, "/__pycache__/"):
			r.AddedBytecode++
		default:
			r.Added = append(r.Added, rel)
		}
		return nil
	})
}

// findShared looks for added files in the folders that the runtime at dir only
// links to; findAdded took the links themselves for files.
func (r *Report) findShared(dir string, known map[string]bool) error {
	origin, ok := generation.Origin(dir)
	if !ok {
		return nil // all files are missing, then
	}
	r.Origin = origin
	added := r.Added
	r.Added = nil
	for _, name := range added {
		there := filepath.Join(origin, filepath.FromSlash(name))
		if to, err := os.Readlink(filepath.Join(dir, filepath.FromSlash(name))); err != nil || to != there {
			r.Added = append(r.Added, name)
			continue
		}
		if err := r.findAdded(there, name, known); err != nil {
			return err
		}
	}
	return nil
}
