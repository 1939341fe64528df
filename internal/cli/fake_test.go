package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/build"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/index/indextest"
	"snug/internal/interp"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/repro"
	"snug/internal/sandbox"
)

// fakeSource offers interpreters that are a few text files: everything but
// their running is real.
type fakeSource struct {
	versions []string
	found    bool // as a Python found on the machine
}

func (s fakeSource) Name() string {
	if s.found {
		return interp.SourceFound
	}
	return interp.SourceModule
}

func (s fakeSource) List(_ context.Context, t pytag.Target) ([]interp.Interpreter, error) {
	var out []interp.Interpreter
	for _, text := range s.versions {
		v, err := pep440.Parse(text)
		if err != nil {
			return nil, err
		}
		out = append(out, interp.Interpreter{Version: v, Target: t.String(), Source: s.Name(), ID: "fake-" + text,
			SHA256: digest.Of([]byte(text + t.String())).String(), Movable: !s.found})
	}
	return out, nil
}

func (s fakeSource) Fetch(_ context.Context, i interp.Interpreter, dir string, _ func(done, total int64)) error {
	minor := i.Minor()
	files := map[string]string{
		"python" + minor:                      "#!/bin/sh\necho fake python " + i.Version.String() + "\n",
		"lib/python" + minor + "/os.py":       "name = 'posix'\n",
		"lib/python" + minor + "/json/x.py":   "x = 1\n",
		"lib/python" + minor + "/LICENSE.txt": "PSF\n",

		"include/python" + minor + "/patchlevel.h": "#define PY_VERSION \"" + i.Version.String() + "\"\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(name, "python") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return err
		}
	}
	for _, d := range []string{"bin", "lib/python" + minor + "/site-packages"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(d)), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"python", "python3", "python" + minor} {
		if err := os.Symlink("../python"+minor, filepath.Join(dir, "bin", name)); err != nil {
			return err
		}
	}
	return nil
}

// fakeRunner stands for the processes: bytecode is the source's digest, an
// import works unless the module's file says `raise`.
type fakeRunner struct{ starts bool }

func (r fakeRunner) Compile(_ context.Context, _ string, jobs []interp.CompileJob) ([]interp.CompileFailure, error) {
	for _, j := range jobs {
		err := filepath.WalkDir(j.Dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".py" {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			cache := filepath.Join(filepath.Dir(path), "__pycache__")
			if err := os.MkdirAll(cache, 0o755); err != nil {
				return err
			}
			name := strings.TrimSuffix(filepath.Base(path), ".py") + ".cpython-314.pyc"
			return os.WriteFile(filepath.Join(cache, name), []byte(digest.Of(src).String()), 0o644)
		})
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (r fakeRunner) Start(_ context.Context, dir string) (interp.Started, error) {
	if !r.starts {
		return interp.Started{}, fmt.Errorf("start %s: exec format error", filepath.Base(dir))
	}
	exes, err := filepath.Glob(filepath.Join(dir, "python3.*"))
	if err != nil {
		return interp.Started{}, err
	}
	out := interp.Started{Prefix: dir}
	for _, exe := range exes {
		if strings.HasSuffix(exe, "._pth") {
			out.Isolated = true
			continue
		}
		text, err := os.ReadFile(exe)
		if err != nil {
			return out, err
		}
		_, version, _ := strings.Cut(string(text), "fake python ")
		out.Version = strings.TrimSpace(version)
	}
	return out, nil
}

func (r fakeRunner) Imports(_ context.Context, dir string, modules []string, _ time.Duration) ([]interp.ImportResult, error) {
	var out []interp.ImportResult
	for _, m := range modules {
		res := interp.ImportResult{Module: m, OK: true}
		init := filepath.Join(dir, "lib", "python3.14", "site-packages", m, "__init__.py")
		if src, err := os.ReadFile(init); err == nil && bytes.Contains(src, []byte("raise")) {
			res.OK, res.Reason = false, "ImportError: "+m
		}
		out = append(out, res)
	}
	return out, nil
}

// Exec prints what it would have run, and ends with the code that `exit N` asks for.
func (r fakeRunner) Exec(_ context.Context, c interp.Command) (int, error) {
	if c.Argv[0] == "exit" && len(c.Argv) == 2 {
		var code int
		_, err := fmt.Sscan(c.Argv[1], &code)
		return code, err
	}
	_, err := fmt.Fprintln(c.Stdout, "ran", strings.Join(c.Argv, " "), "in", filepath.Base(filepath.Dir(c.Path)))
	return 0, err
}

// fakeBuilder stands for builds in a sandbox: sources of the fake index bring what
// their build backend would say, and the files of the wheel that it would make.
type fakeBuilder struct{}

func (fakeBuilder) Requires(_ context.Context, job build.Job) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(job.Source, indextest.SdistAsks))
	return strings.Fields(string(text)), err
}

func (fakeBuilder) Metadata(_ context.Context, job build.Job) ([]byte, error) {
	if err := fails(job); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(job.Source, indextest.SdistMetadata))
}

func (fakeBuilder) Wheel(_ context.Context, job build.Job) (*build.Output, error) {
	if err := fails(job); err != nil {
		return nil, err
	}
	folder := filepath.Join(job.Source, indextest.SdistWheel)
	other := filepath.Join(job.Source, indextest.SdistAgain)
	if info, err := os.Stat(other); err == nil && info.IsDir() && job.Conditions.Hostname == build.OtherConditions().Hostname {
		folder = other
	}
	made, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(folder, made[0].Name()))
	if err != nil {
		return nil, err
	}
	out := &build.Output{Name: made[0].Name(), Path: filepath.Join(job.Out, made[0].Name()), SHA256: digest.Of(data), Raw: digest.Of(data),
		Level: sandbox.Hermetic, Report: &repro.Report{Name: made[0].Name()}}
	return out, os.WriteFile(out.Path, data, 0o644)
}

func (fakeBuilder) Headers(context.Context, string, build.HeaderSource, string) error {
	return errors.New("nothing of the fake index has native code")
}

// fails is the failure that the sources ask for.
func fails(job build.Job) error {
	said, err := os.ReadFile(filepath.Join(job.Source, indextest.SdistFails))
	if err != nil {
		return nil // they ask for none
	}
	kind, text, ok := strings.Cut(string(said), ": ")
	if !ok {
		kind, text = "other", kind
	}
	f := &build.Failure{Name: job.Name, Version: job.Version, Step: "wheel", Cause: build.Cause{Kind: kind, Text: text, Remedy: "choose another version"}, Tail: []string{text}}
	e := fault.New(fault.Failed, f.Cause.Remedy, "%s", f.Error())
	e.Err = f
	return e
}
