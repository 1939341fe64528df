package interp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

const (
	maxFound = 32              // executables asked
	askLimit = 5 * time.Second // for one of them
)

// Found is the source "found": CPythons installed on this machine, on PATH and
// by pyenv. What it fetches is bound to the machine, as a virtual environment
// is, and good for dev runtimes only.
type Found struct {
	env func(string) string
}

// NewFound looks on the PATH and below the PYENV_ROOT (or HOME) of env.
func NewFound(env func(string) string) *Found { return &Found{env: env} }

// Name is SourceFound.
func (f *Found) Name() string { return SourceFound }

const askScript = `import json, platform, sys
print(json.dumps({"version": platform.python_version(), "executable": sys.executable,
    "implementation": sys.implementation.name, "base": sys.prefix == sys.base_prefix}))`

type answer struct {
	Version        string `json:"version"`
	Executable     string `json:"executable"`
	Implementation string `json:"implementation"`
	Base           bool   `json:"base"` // not itself a virtual environment
}

// List starts each executable that it finds once and asks it.
func (f *Found) List(ctx context.Context, target pytag.Target) ([]Interpreter, error) {
	host, err := pytag.Host()
	if err != nil || host.OS != target.OS || host.Arch != target.Arch || host.Libc != target.Libc {
		return nil, nil // another machine's Python cannot be found here
	}
	var out []Interpreter
	seen := map[string]bool{}
	for _, exe := range f.candidates() {
		a, err := f.ask(ctx, exe)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil || a.Implementation != "cpython" || !a.Base || seen[a.Executable] {
			continue // not a Python that could be used
		}
		seen[a.Executable] = true
		v, err := pep440.Parse(a.Version)
		if err != nil {
			continue // a development build
		}
		sum, err := digest.OfFile(a.Executable)
		if err != nil {
			continue
		}
		out = append(out, Interpreter{Version: v, Target: target.String(), Source: SourceFound, ID: a.Executable, SHA256: sum.String()})
	}
	return out, nil
}

var pythonName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^python3(\.[0-9]{1,2})?(\.exe)?$|^python\.exe$`) })

// candidates are the distinct executables, in the order of PATH.
func (f *Found) candidates() []string {
	dirs := filepath.SplitList(f.env("PATH"))
	root := f.env("PYENV_ROOT")
	if root == "" && f.env("HOME") != "" {
		root = filepath.Join(f.env("HOME"), ".pyenv")
	}
	if root != "" {
		more, _ := filepath.Glob(filepath.Join(root, "versions", "*", "bin")) // only a malformed pattern is an error
		dirs = append(dirs, more...)
	}
	var out []string
	for _, dir := range dirs {
		if !filepath.IsAbs(dir) || filepath.Base(dir) == "shims" {
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // PATH often names folders that are not there
		}
		for _, e := range entries {
			if !pythonName().MatchString(e.Name()) {
				continue
			}
			real, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name()))
			if err == nil && !slices.Contains(out, real) && len(out) < maxFound {
				out = append(out, real)
			}
		}
	}
	return out
}

func (f *Found) ask(ctx context.Context, exe string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	p := newProcesses(f.env, 1)
	out, err := p.python(ctx, exe, filepath.Dir(exe), "-I", "-c", askScript)
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = json.Unmarshal(out, &a)
	return a, err
}

// Fetch makes dir a virtual environment of the found interpreter: links to it
// and a pyvenv.cfg.
func (f *Found) Fetch(ctx context.Context, i Interpreter, dir string, progress func(done, total int64)) error {
	sum, err := digest.OfFile(i.ID)
	if err != nil {
		return fault.New(fault.NotFound, "lock again, so that another is chosen", "the Python found before: %w", err)
	}
	if err := expect(i, i.SHA256, sum); err != nil {
		return err
	}
	site := filepath.Join(dir, "lib", "python"+i.Minor(), "site-packages")
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "bin"), 0o755), os.MkdirAll(site, 0o755)); err != nil {
		return err
	}
	cfg := fmt.Sprintf("home = %s\ninclude-system-site-packages = false\nversion = %s\n", filepath.Dir(i.ID), i.Version)
	if err := os.WriteFile(filepath.Join(dir, "pyvenv.cfg"), []byte(cfg), 0o644); err != nil {
		return err
	}
	err = os.Symlink(i.ID, filepath.Join(dir, "python"+i.Minor()))
	for _, name := range []string{"python", "python3", "python" + i.Minor()} {
		err = errors.Join(err, os.Symlink("../python"+i.Minor(), filepath.Join(dir, "bin", name)))
	}
	return err
}
