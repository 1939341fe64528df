//go:build live

package build

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/repro"
	"snug/internal/sandbox"
	"snug/internal/sdist"
	"snug/internal/wheel"
)

// world is the real index and a real interpreter, and what was made of them.
type world struct {
	t      *testing.T
	client *fetch.Client
	index  *index.Client
	build  *Builder
	target pytag.Target
	python interp.Interpreter
	source interp.Source
	host   Toolchain
	temp   string
}

// clean is the environment without what this machine says to Python.
func clean(name string) string {
	if strings.HasPrefix(name, "PYTHON") || strings.HasPrefix(name, "PIP_") {
		return ""
	}
	return os.Getenv(name)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, temp: t.TempDir()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := index.ReadConfig(clean, w.temp, w.temp)
	must(err)
	w.client, err = fetch.New(fetch.Options{Env: clean, CacheDir: t.TempDir(), CertFile: cfg.CertFile, Now: time.Now, UserAgent: "snug-test"})
	must(err)
	w.index = index.New(w.client, cfg, t.TempDir())
	w.target, err = pytag.Host()
	must(err)
	box, err := sandbox.Open(ctx, sandbox.Options{Temp: w.temp})
	must(err)
	w.build = New(box, w.temp)
	w.source = interp.NewModule(ctx, w.client, clean)
	chosen, _, err := interp.Choose(ctx, []interp.Source{w.source}, "3.13", nil, []pytag.Target{w.target})
	must(err)
	w.python = chosen[w.target.String()]
	w.host, err = HostToolchain(ctx, box, filepath.Join(w.temp, "tools.json"))
	must(err)
	return w
}

// best is the newest file of a project that fits; an sdist where source is true.
func (w *world) best(name string, source bool) index.File {
	w.t.Helper()
	name, version, pinned := strings.Cut(name, "==")
	l, err := w.index.Listing(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	fit := pytag.Supported(w.target, w.python.Version)
	for i := range l.Releases {
		if v := l.Releases[i].Version; v.IsPrerelease() || pinned && v.String() != version {
			continue
		}
		files, err := l.Releases[i].Files()
		if err != nil {
			w.t.Fatal(err)
		}
		for _, f := range files {
			if _, ok := sdist.CutSuffix(f.Name); ok && source {
				return f
			}
			if f.Wheel != nil && !source {
				if _, ok := fit.Rank(f.Wheel.Tags); ok {
					return f
				}
			}
		}
	}
	w.t.Fatalf("the index has no file of %s that fits", name)
	return index.File{}
}

func (w *world) download(f index.File) []byte {
	w.t.Helper()
	body, err := w.index.Download(context.Background(), f.URL, f.Size)
	if err != nil {
		w.t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// runtime is the interpreter with the newest wheels of the projects.
func (w *world) runtime(projects ...string) string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "runtime")
	if err := errors.Join(os.Mkdir(dir, 0o755), w.source.Fetch(context.Background(), w.python, dir, nil)); err != nil {
		w.t.Fatal(err)
	}
	for _, project := range projects {
		f := w.best(project, false)
		data := w.download(f)
		z, err := archive.OpenZip(bytes.NewReader(data), int64(len(data)), archive.DefaultLimits())
		if err != nil {
			w.t.Fatal(err)
		}
		if _, _, err := wheel.Install(z, *f.Wheel, wheel.Options{PythonMinor: w.python.Minor()}, dir); err != nil {
			w.t.Fatal(f.Name, err)
		}
	}
	return dir
}

// job is the newest sdist of the project in that runtime.
func (w *world) job(project, runtime string, native bool) Job {
	w.t.Helper()
	f := w.best(project, true)
	data := w.download(f)
	dir := filepath.Join(w.t.TempDir(), "source")
	if err := sdist.Unpack(bytes.NewReader(data), int64(len(data)), f.Name, dir); err != nil {
		w.t.Fatal(err)
	}
	read, err := sdist.Read(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	name, _, _ := strings.Cut(project, "==")
	job := Job{Name: name, Version: f.Version.String(), Source: dir, Runtime: runtime, Backend: read.Build.Backend, BackendPath: read.Build.BackendPath, Epoch: read.Epoch,
		Out: w.t.TempDir(), Log: &bytes.Buffer{}, Expect: repro.Expect{Name: name, Version: f.Version.String(), Python: w.python.Version, Target: w.target, Native: native}}
	if native {
		job.Toolchain, job.Headers = w.host, w.headers(runtime)
	}
	return job
}

// headers are those of a Python of this machine, for the runtime's.
func (w *world) headers(runtime string) string {
	w.t.Helper()
	ctx := context.Background()
	if OwnHeaders(runtime, w.python.Minor()) {
		return ""
	}
	found, err := interp.NewFound(clean).List(ctx, w.target)
	if err != nil {
		w.t.Fatal(err)
	}
	s, ok := InstalledHeaders(w.python.Minor(), found)
	if !ok {
		w.t.Skipf("this machine has no headers of Python %s", w.python.Minor())
	}
	dir := filepath.Join(w.t.TempDir(), "headers")
	if err := w.build.Headers(ctx, runtime, s, dir); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

func (w *world) wheel(job Job) *Output {
	w.t.Helper()
	out, err := w.build.Wheel(context.Background(), job)
	if err != nil {
		var f *Failure
		if errors.As(err, &f) {
			w.t.Log(strings.Join(f.Tail, "\n"))
		}
		w.t.Fatalf("%v (%s)", err, fault.HintOf(err))
	}
	return out
}

// twice builds again under other conditions and wants the same bytes.
func (w *world) twice(job Job) *Output {
	w.t.Helper()
	first := w.wheel(job)
	job.Out, job.Conditions = w.t.TempDir(), OtherConditions()
	if second := w.wheel(job); second.SHA256 != first.SHA256 {
		w.t.Errorf("%s is %s, and %s under other conditions", first.Name, first.SHA256, second.SHA256)
	}
	w.t.Logf("%s at level %s in %s", first.Name, first.Level, first.Wall.Round(10*time.Millisecond))
	return first
}

func TestLivePurePackages(t *testing.T) {
	w := newWorld(t)
	runtime := w.runtime("setuptools", "flit_core")
	for _, project := range []string{"idna", "oncalendar"} {
		if out := w.twice(w.job(project, runtime, false)); !strings.HasSuffix(out.Name, "-none-any.whl") {
			t.Errorf("built %s", out.Name)
		}
	}
}

func TestLiveCExtension(t *testing.T) {
	w := newWorld(t)
	job := w.job("markupsafe", w.runtime("setuptools"), true)
	out := w.twice(job)
	if !strings.Contains(out.Name, "manylinux") || len(out.Report.Natives) != 1 {
		t.Errorf("built %s, %+v", out.Name, out.Report.Natives)
	}
	if hard := out.Report.Natives[0].Hardening; !hard.BindNow || hard.RELRO != "full" || !hard.NX {
		t.Errorf("hardening %+v", hard)
	}
	job.Headers, job.Out = "", t.TempDir()
	_, err := w.build.Wheel(context.Background(), job)
	if err == nil || !strings.Contains(err.Error(), "headers of Python are missing") {
		t.Errorf("without headers: %v", err)
	}
	job.Toolchain = Toolchain{}
	_, err = w.build.Wheel(context.Background(), job)
	if err == nil || !strings.Contains(err.Error(), "C compiler") {
		t.Errorf("without a compiler: %v", err)
	}
}

func TestLiveZig(t *testing.T) {
	w := newWorld(t)
	zig := w.runtime("ziglang")
	folder := filepath.Join(zig, "lib", "python"+w.python.Minor(), "site-packages", "ziglang")
	tools, err := ZigToolchain(folder, "live", digest.Of([]byte("live")), "2.17")
	if err != nil {
		t.Fatal(err)
	}
	job := w.job("markupsafe", w.runtime("setuptools"), true)
	job.Toolchain = tools
	out := w.twice(job)
	if glibc := out.Report.Glibc; glibc[1] > 17 || !strings.Contains(out.Name, "manylinux") {
		t.Errorf("%s needs glibc %v", out.Name, glibc)
	}
}

func TestLiveRust(t *testing.T) {
	w := newWorld(t)
	rust, err := RustToolchain(context.Background(), w.build.box, clean)
	if err != nil {
		t.Skip(err)
	}
	t.Log(rust.Tools[0].Version, rust.Folder)
	job := w.job("rpds-py", w.runtime("maturin"), true)
	job.Toolchain.Rust, job.Crates = rust, w.crates(job.Source)
	if out := w.twice(job); len(out.Report.Natives) != 1 {
		t.Errorf("built %s", out.Name)
	}
	job.Crates, job.Out = "", t.TempDir()
	_, err = w.build.Wheel(context.Background(), job)
	if err == nil || !strings.Contains(err.Error(), "Cargo.lock does not hold") {
		t.Errorf("without its crates: %v", err)
	}
}

// crates fetches what the Cargo.lock of a source pins, as the registry says.
func (w *world) crates(source string) string {
	w.t.Helper()
	ctx := context.Background()
	lock, err := os.ReadFile(filepath.Join(source, "Cargo.lock"))
	if err != nil {
		w.t.Fatal(err)
	}
	crates, err := Crates(lock)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := filepath.Join(w.t.TempDir(), "crates")
	if err := os.Mkdir(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	configURL, err := crates[0].ConfigURL("")
	if err != nil {
		w.t.Fatal(err)
	}
	config, err := w.client.Get(ctx, configURL, fetch.GetOptions{MaxBytes: 1 << 16})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range crates {
		url, err := c.URL(config.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		body, _, err := w.client.Download(ctx, url, MaxCrate)
		if err != nil {
			w.t.Fatal(err)
		}
		data, err := io.ReadAll(body)
		body.Close()
		if err != nil || digest.Of(data) != c.SHA256 {
			w.t.Fatalf("%s %s: %v, sha256 %s", c.Name, c.Version, err, digest.Of(data))
		}
		if err := c.Vendor(bytes.NewReader(data), dir); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Logf("%d crates", len(crates))
	return dir
}

// The headers that are made for an interpreter say what that very one was built with.
func TestLiveHeaders(t *testing.T) {
	w := newWorld(t)
	runtime := w.runtime()
	text, err := os.ReadFile(filepath.Join(w.headers(runtime), "pyconfig.h"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"#define SIZEOF_LONG 8", "#define _POSIX_C_SOURCE 200809L", "#define Py_PYCONFIG_H", "#define HAVE_FORK 1"} {
		if !slices.Contains(strings.Split(string(text), "\n"), want) {
			t.Errorf("pyconfig.h lacks %s", want)
		}
	}
	other := HeaderSource{Include: filepath.Join(t.TempDir()), Pyconfig: filepath.Join(w.temp, "none.h")}
	if err := w.build.Headers(context.Background(), runtime, other, t.TempDir()); err == nil {
		t.Error("headers came from nowhere")
	}
}

func TestLiveWarmToolchain(t *testing.T) {
	w := newWorld(t)
	start := time.Now()
	again, err := HostToolchain(context.Background(), w.build.box, filepath.Join(w.temp, "tools.json"))
	if err != nil {
		t.Fatal(err)
	}
	key := func(t Toolchain) digest.SHA256 {
		return Key(Job{Toolchain: t, Expect: repro.Expect{Python: pep440.Version{}}}, Inputs{})
	}
	if key(again) != key(w.host) {
		t.Error("the remembered toolchain is another")
	}
	t.Logf("remembered in %s", time.Since(start))
}
