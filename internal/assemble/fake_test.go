package assemble

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/event"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/store"
)

// compiler stands for Python: bytecode that depends on the name and the source.
type compiler struct{}

func (compiler) Compile(_ context.Context, _ string, jobs []interp.CompileJob) ([]interp.CompileFailure, error) {
	for _, job := range jobs {
		err := filepath.WalkDir(job.Dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(p) != ".py" {
				return err
			}
			src, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(job.Dir, p)
			if err != nil {
				return err
			}
			cache := filepath.Join(filepath.Dir(p), "__pycache__")
			stem := strings.TrimSuffix(filepath.Base(p), ".py")
			return errors.Join(os.MkdirAll(cache, 0o755),
				os.WriteFile(filepath.Join(cache, stem+".cpython-314.pyc"), fmt.Appendf(nil, "pyc of %s: %s", rel, src), 0o644))
		})
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// wheelOf packs files into a wheel of that name and version.
func wheelOf(t *testing.T, name, version string, files map[string]string) (file string, data []byte) {
	t.Helper()
	info := fmt.Sprintf("%s-%s.dist-info", name, version)
	all := map[string]string{
		info + "/METADATA": fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version),
		info + "/WHEEL":    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
	}
	for n, text := range files {
		all[strings.ReplaceAll(n, "INFO", info)] = text
	}
	entries := []dist.RecordEntry{{Path: info + "/RECORD", Size: -1}}
	var names []string
	for n, text := range all {
		names = append(names, n)
		entries = append(entries, dist.RecordEntry{Path: n, Sum: digest.Of([]byte(text)), Size: int64(len(text))})
	}
	if _, given := all[info+"/RECORD"]; !given {
		all[info+"/RECORD"] = string(dist.FormatRecord(entries))
		names = append(names, info+"/RECORD")
	}
	slices.Sort(names)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, err := w.Create(n)
		if err == nil {
			_, err = f.Write([]byte(all[n]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s-%s-py3-none-any.whl", name, version), b.Bytes()
}

// said collects the notes of a build.
type said struct {
	mu    sync.Mutex
	notes []string
}

func (s *said) Handle(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Kind == event.Note {
		s.notes = append(s.notes, e.Message)
	}
}

// world is a machine: a home, a project, and an index that serves wheels.
type world struct {
	t      *testing.T
	base   string
	store  *store.Store
	wheels map[string][]byte // by URL
	lock   lock.Lock
	local  *manifest.Local

	ensurepip bool // the interpreter brings one
}

func newWorld(t *testing.T, base string) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(base, "home"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, base: base, store: s, wheels: map[string][]byte{}}
	w.lock = lock.Lock{LockVersion: "1.0", CreatedBy: "snug", DependencyGroups: []string{"dev", "prod", "test"}}
	w.local = &manifest.Local{Name: "my-shop", Version: "1.4.0", Metadata: []byte("Metadata-Version: 2.4\nName: my-shop\nVersion: 1.4.0\n"),
		EntryPoints: []dist.EntryPoint{{Group: "console_scripts", Name: "shop", Module: "shop", Attr: "main"}}, Paths: []string{"src"}}
	for name, text := range map[string]string{"src/shop.py": "def main(): pass\n", "manage.py": "", ".git/config": "secret", ".env": "KEY=1", "pylock.toml": "x"} {
		write(t, filepath.Join(w.root(), name), text)
	}
	return w
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) root() string { return filepath.Join(w.base, "project") }

// add puts a wheel into the index and the lock, for the runtimes named.
func (w *world) add(name string, files map[string]string, runtimes ...string) {
	w.t.Helper()
	file, data := wheelOf(w.t, name, "1.0", files)
	url := "https://index.example/" + file
	w.wheels[url] = data
	var marker []string
	for _, r := range runtimes {
		marker = append(marker, fmt.Sprintf("'%s' in dependency_groups", r))
	}
	w.lock.Packages = append(w.lock.Packages, lock.Package{Name: name, Version: "1.0", Marker: strings.Join(marker, " or "),
		Wheels: []lock.File{{Name: file, URL: url, Size: int64(len(data)), Hashes: map[string]string{"sha256": digest.Of(data).String()}}}})
}

// python is a tree in the layout of a runtime.
func (w *world) python() *store.Tree {
	w.t.Helper()
	tree, err := w.store.AddTree(context.Background(), "python-3.14.6-fake", func(dir string) (store.Plan, error) {
		for name, text := range map[string]string{"python3.14": "ELF", "lib/python3.14/os.py": "os", "lib/python3.14/lib-dynload/_x.so": "x", "lib/python3.14/EXTERNALLY-MANAGED": "theirs"} {
			write(w.t, filepath.Join(dir, name), text)
		}
		if w.ensurepip {
			write(w.t, filepath.Join(dir, "lib/python3.14/ensurepip/__init__.py"), "")
		}
		err := errors.Join(os.Chmod(filepath.Join(dir, "python3.14"), 0o755), os.Mkdir(filepath.Join(dir, "bin"), 0o755),
			os.Symlink("../python3.14", filepath.Join(dir, "bin", "python3")))
		if err != nil {
			return nil, err
		}
		return store.Scan(dir, generation.OwnerPython)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return tree
}

func version(t *testing.T, text string) pep440.Version {
	t.Helper()
	v, err := pep440.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (w *world) input(runtime string) Input {
	w.t.Helper()
	target, err := pytag.ParseTarget("linux-x86_64")
	if err != nil {
		w.t.Fatal(err)
	}
	return Input{
		Project: &manifest.Project{Root: w.root(), Local: w.local},
		Lock:    &w.lock, LockBytes: []byte("lock"), Runtime: runtime, Isolated: runtime == "prod", Target: target, Python: version(w.t, "3.14.6"),
		Store: w.store, Interpreter: w.python(), Runner: compiler{}, Bytecode: runtime != "dev", Editable: runtime == "dev",
		Dest: filepath.Join(w.root(), ".snug", runtime, "1"), Jobs: 2,
		Download: func(_ context.Context, f lock.File) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(w.wheels[f.URL])), nil
		},
	}
}

func (w *world) build(in Input) *generation.Manifest {
	w.t.Helper()
	m, err := Assemble(context.Background(), in)
	if err == nil {
		err = Finish(in.Dest)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}
