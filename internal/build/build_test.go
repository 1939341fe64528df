package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/interp"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/repro"
	"snug/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Serve()
	os.Exit(m.Run())
}

// bench is a Builder, and a runtime that holds nothing but a Python of this machine.
type bench struct {
	*Builder
	runtime string
	python  pep440.Version
	target  pytag.Target
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ctx := context.Background()
	temp := t.TempDir()
	box, err := sandbox.Open(ctx, sandbox.Options{Temp: temp})
	if err != nil {
		t.Fatal(err)
	}
	host, err := pytag.Host()
	if err != nil {
		t.Skip(err)
	}
	env := func(name string) string {
		if strings.HasPrefix(name, "PYTHON") {
			return ""
		}
		return os.Getenv(name)
	}
	found := interp.NewFound(env)
	list, err := found.List(ctx, host)
	if err != nil {
		t.Fatal(err)
	}
	list = slices.DeleteFunc(list, func(i interp.Interpreter) bool { return i.Version.Minor() < 8 })
	if len(list) == 0 {
		t.Skip("this machine has no Python 3.8 or newer")
	}
	b := &bench{Builder: New(box, temp), runtime: filepath.Join(temp, "runtime"), python: list[0].Version, target: host}
	if err := errors.Join(os.Mkdir(b.runtime, 0o755), found.Fetch(ctx, list[0], b.runtime, nil)); err != nil {
		t.Fatal(err)
	}
	return b
}

// backend is a PEP 517 backend that makes an honest wheel of the package "demo";
// tests put their own lines before and after.
const backend = `
import base64, hashlib, os, zipfile

def line(path, text):
    sum = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={sum},{len(text.encode())}\n"

def write(folder, name, files):
    with zipfile.ZipFile(os.path.join(folder, name), "w") as z:
        for path, text in files.items():
            z.writestr(path, text)
        z.writestr(INFO + "/RECORD", "".join(line(*f) for f in files.items()) + INFO + "/RECORD,,\n")
    return name

INFO = "demo-1.0.dist-info"

def honest(folder, name="demo-1.0-py3-none-any.whl", more={}, said="demo", version="1.0"):
    return write(folder, name, {
        "demo.py": "x = 1\n",
        INFO + "/METADATA": f"Metadata-Version: 2.1\nName: {said}\nVersion: {version}\n",
        INFO + "/WHEEL": "Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n", **more})

def build_wheel(folder, settings=None, metadata=None):
    return honest(folder)
`

// job is the package demo, built by the backend and what follows it.
func (b *bench) job(t *testing.T, lines string) Job {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	if err := os.MkdirAll(filepath.Join(dir, "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "inside", "own.py"), []byte(backend+lines), 0o644); err != nil {
		t.Fatal(err)
	}
	return Job{Name: "demo", Version: "1.0", Source: dir, Runtime: b.runtime, Backend: "own", BackendPath: []string{"inside"},
		Expect: repro.Expect{Name: "demo", Version: "1.0", Python: b.python, Target: b.target},
		Epoch:  time.Date(2020, 1, 2, 3, 4, 6, 0, time.UTC), Out: t.TempDir(), Limits: sandbox.Limits{Wall: 20 * time.Second}}
}

// An extension that is optional is not left out unseen: the build is one for which
// a compiler must be there.
func TestOptionalExtension(t *testing.T) {
	b := newBench(t)
	lines := `
def build_wheel(folder, settings=None, metadata=None):
    try:
        import subprocess
        subprocess.run([os.environ["CC"], "--version"])
    except OSError as e:
        print("left out:", e)
        print("." * 1000000)
    return honest(folder)
`
	if _, err := b.Wheel(context.Background(), b.job(t, lines)); !WantsCompiler(err) {
		t.Errorf("got %v", err)
	}
	if _, err := b.Wheel(context.Background(), b.job(t, "")); err != nil || WantsCompiler(err) {
		t.Errorf("got %v", err)
	}
}

func TestBuildsAWheel(t *testing.T) {
	b := newBench(t)
	var log bytes.Buffer
	var steps []string
	job := b.job(t, `print("hello from the backend")`)
	job.Log, job.Step = &log, func(s string) { steps = append(steps, s) }
	out, err := b.Wheel(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	if out.Name != "demo-1.0-py3-none-any.whl" || filepath.Dir(out.Path) != job.Out {
		t.Errorf("built %s at %s", out.Name, out.Path)
	}
	if sum, err := digest.OfFile(out.Path); err != nil || sum != out.SHA256 || out.Raw.IsZero() || out.Log.IsZero() {
		t.Errorf("digests %v %v %v, the file's %v, %v", out.SHA256, out.Raw, out.Log, sum, err)
	}
	if !strings.Contains(log.String(), "hello from the backend") {
		t.Errorf("log: %q", log.String())
	}
	if want := []string{"wheel", "check and normalise"}; !slices.Equal(steps[:2], want) {
		t.Errorf("steps %q", steps)
	}
	if left, _ := filepath.Glob(filepath.Join(b.temp, "build-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What is told of the environment names no folder of the host, at any level.
func TestSaidNamesNoHostFolder(t *testing.T) {
	r := &room{env: []string{"HOME=/home/a/build-1/tmp", "PATH=/home/a/build-1/in/bin:/usr/bin"}, inputs: []sandbox.Input{
		{Host: "/home/a/build-1", Inside: "/build"}, {Host: "/home/a/build-1/in", Inside: "/build-in"}, {Host: "/home/a/build-1/tmp", Inside: "/build-tmp"}}}
	if got := r.said(); !slices.Equal(got, []string{"HOME=/build-tmp", "PATH=/build-in/bin:/usr/bin"}) {
		t.Errorf("%q", got)
	}
}

func TestRequiresAndMetadata(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	plain := b.job(t, "")
	if got, err := b.Requires(ctx, plain); err != nil || len(got) != 0 {
		t.Errorf("without the hook: %q, %v", got, err)
	}
	asks := b.job(t, "def get_requires_for_build_wheel(settings=None): return ['cython >= 3', 'x; python_version < \"3\"']")
	if got, err := b.Requires(ctx, asks); err != nil || !slices.Equal(got, []string{"cython >= 3", `x; python_version < "3"`}) {
		t.Errorf("requires %q, %v", got, err)
	}
	const want = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
	if got, err := b.Metadata(ctx, plain); err != nil || string(got) != want {
		t.Errorf("from the wheel: %q, %v", got, err)
	}
	prepares := b.job(t, `
def prepare_metadata_for_build_wheel(folder, settings=None):
    os.mkdir(folder + "/demo-1.0.dist-info")
    open(folder + "/demo-1.0.dist-info/METADATA", "w").write("prepared")
    return "demo-1.0.dist-info"
def build_wheel(*a): raise AssertionError("not asked for")`)
	if got, err := b.Metadata(ctx, prepares); err != nil || string(got) != "prepared" {
		t.Errorf("prepared: %q, %v", got, err)
	}
}

const nullAnswer = `
def build_wheel(f, *a):
    open(f + "/answer.json", "w").write('{"value": null}')
    os._exit(0)`

func TestNullForTheWheelThatTellsMetadata(t *testing.T) {
	b := newBench(t)
	if _, err := b.Metadata(context.Background(), b.job(t, nullAnswer)); err == nil || !strings.Contains(err.Error(), "not the name of a wheel") {
		t.Errorf("got %v", err)
	}
}

// What a backend does wrong is told as what it is, and nothing of it comes out.
func TestBadBackends(t *testing.T) {
	b := newBench(t)
	cases := []struct{ name, lines, want string }{
		{"exits", `import sys; sys.exit("no such thing")`, "no such thing"},
		{"exits at once", `os._exit(3)`, "without an answer"},
		{"is killed", `os.kill(os.getpid(), 9)`, "without an answer"},
		{"raises", `raise ValueError("odd value")`, "odd value"},
		{"needs a module", `import nowhere_to_be_found`, "nowhere_to_be_found"},
		{"has no hook", `del build_wheel`, "no build_wheel"},
		{"asks", `input("may I? ")`, "asks for input"},
		{"returns nothing", `build_wheel = lambda *a: None`, "returned None"},
		{"returns a number", `build_wheel = lambda *a: 3`, "returned 3"},
		{"names what is not there", `build_wheel = lambda *a: "demo-1.0-py3-none-any.whl"`, "did not make"},
		{"names a path out", `build_wheel = lambda f, *a: "../" + honest(f)`, "not the name of a wheel"},
		{"names an absolute path", `build_wheel = lambda f, *a: f + "/" + honest(f)`, "not the name of a wheel"},
		{"makes a link", `
def build_wheel(f, *a):
    os.symlink("/etc/passwd", f + "/demo-1.0-py3-none-any.whl")
    return "demo-1.0-py3-none-any.whl"`, "did not make"},
		{"makes a pipe", `
def build_wheel(f, *a):
    os.mkfifo(f + "/demo-1.0-py3-none-any.whl")
    return "demo-1.0-py3-none-any.whl"`, "did not make"},
		{"makes a folder", `
def build_wheel(f, *a):
    os.mkdir(f + "/demo-1.0-py3-none-any.whl")
    return "demo-1.0-py3-none-any.whl"`, "did not make"},
		{"makes two", `build_wheel = lambda f, *a: (honest(f, "demo-1.1-py3-none-any.whl"), honest(f))[1]`, "2 wheels"},
		{"makes another package", `
def build_wheel(f, *a):
    return honest(f, said="other")`, "other"},
		{"makes another version", `
def build_wheel(f, *a):
    return honest(f, version="2.0")`, "2.0"},
		{"packs a path out", `
def build_wheel(f, *a):
    return honest(f, more={"../out.py": ""})`, "../out.py"},
		{"packs an absolute path", `
def build_wheel(f, *a):
    return honest(f, more={"/etc/out.py": ""})`, "/etc/out.py"},
		{"packs no zip", `
def build_wheel(f, *a):
    open(f + "/demo-1.0-py3-none-any.whl", "w").write("no zip")
    return "demo-1.0-py3-none-any.whl"`, "zip"},
		{"answers in the driver's place", `
def build_wheel(f, *a):
    os.symlink("/etc/passwd", f + "/answer.json")
    os._exit(0)`, "without an answer"},
		{"answers nothing", nullAnswer, "not the name of a wheel"},
		{"is not in its path", `import sys; sys.modules["own"] = sys.modules["json"]`, "does not hold own"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			job := b.job(t, c.lines)
			_, err := b.Wheel(context.Background(), job)
			var f *Failure
			if !errors.As(err, &f) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if fault.HintOf(err) == "" {
				t.Errorf("no remedy: %v", err)
			}
			if left, _ := os.ReadDir(job.Out); len(left) != 0 {
				t.Errorf("came out: %v", left)
			}
		})
	}
}

const showClock = `
def build_wheel(f, *a):
    import time
    import datetime, subprocess, sys
    print("clock", int(time.time()), time.gmtime().tm_year, datetime.datetime.now().year, datetime.date.today().year, end=" ")
    child = subprocess.run([sys.executable, "-c", "import time; print(int(time.time()))"], capture_output=True, text=True).stdout
    print("child", int(child), "preloaded", "LD_PRELOAD" in os.environ)
    return honest(f)`

// The conditions are what the backend sees, and nothing of this process is.
func TestConditions(t *testing.T) {
	b := newBench(t)
	t.Setenv("SNUG_LEAK", "yes")
	show := `
def build_wheel(f, *a):
    import time
    file = os.stat("inside/own.py")
    old = os.umask(0)
    print("saw", os.path.basename(os.getcwd()), oct(old), oct(file.st_mode & 0o777), int(file.st_mtime), time.tzname[0], os.environ.get("SNUG_LEAK"))
    print("env", os.environ["SOURCE_DATE_EPOCH"], os.environ["PYTHONHASHSEED"], os.environ["MAKEFLAGS"])
    return honest(f)`
	run := func(c Conditions) string {
		job := b.job(t, show)
		var log bytes.Buffer
		job.Log, job.Conditions = &log, c
		if _, err := b.Wheel(context.Background(), job); err != nil {
			t.Fatal(err, log.String())
		}
		return log.String()
	}
	for _, want := range []string{"saw demo 0o22 0o644 1577934246 UTC None", "env 1577934246 0 -j"} {
		if got := run(CanonicalConditions()); !strings.Contains(got, want) {
			t.Errorf("canonical: %q lacks %q", got, want)
		}
	}
	got := run(OtherConditions())
	for _, want := range []string{"saw demo 0o77 0o644 1577934246 XYZ None", "env 1577934246 4711 -j"} {
		if !strings.Contains(got, want) {
			t.Errorf("other: %q lacks %q", got, want)
		}
	}
}

// What a build can ask for the time is told another, with a compiler on the machine
// or without.
func TestAnotherClock(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	later := OtherConditions().Clock
	run := func(c Conditions) (said, child int64, years [3]int, preloaded bool) {
		var log bytes.Buffer
		job := b.job(t, showClock)
		job.Log, job.Conditions = &log, c
		if _, err := b.Wheel(context.Background(), job); err != nil {
			t.Fatal(err, log.String())
		}
		var flag string
		if _, err := fmt.Sscanf(log.String(), "clock %d %d %d %d child %d preloaded %s", &said, &years[0], &years[1], &years[2], &child, &flag); err != nil {
			t.Fatal(err, log.String())
		}
		return said, child, years, flag == "True"
	}
	near := func(said int64, want time.Time) bool {
		return said >= want.Unix() && said < want.Add(10*time.Minute).Unix()
	}
	if said, child, _, preloaded := run(Conditions{}); !near(said, now) || !near(child, now) || preloaded {
		t.Errorf("canonical: %d, child %d, %v", said, child, preloaded)
	}
	said, child, years, preloaded := run(OtherConditions())
	want := now.Add(later)
	for _, year := range years {
		if year != want.Year() && year != want.Add(24*time.Hour).Year() {
			t.Errorf("years %v, want %d", years, want.Year())
		}
	}
	if !near(said, want) || preloaded && !near(child, want) {
		t.Errorf("other: %d, child %d, want %d", said, child, want.Unix())
	}
	t.Logf("by a preloaded library: %v", preloaded)
}

// The clocks that driver.py moves, where no compiler makes the library.
func TestPythonsOwnClock(t *testing.T) {
	b := newBench(t)
	var log bytes.Buffer
	job := b.job(t, showClock)
	job.Log = &log
	r, err := b.enter(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	defer r.leave()
	r.late = 800 * 24 * time.Hour
	var name string
	if err := r.ask(context.Background(), "wheel", &name); err != nil {
		t.Fatal(err, log.String())
	}
	var said int64
	var years [3]int
	if _, err := fmt.Sscanf(log.String(), "clock %d %d %d %d", &said, &years[0], &years[1], &years[2]); err != nil {
		t.Fatal(err, log.String())
	}
	want := time.Now().Add(r.late)
	if diff := want.Unix() - said; diff < 0 || diff > 600 || years[0] < want.Year() || years[1] < want.Year() || years[2] < want.Year() {
		t.Errorf("said %d %v, want %d", said, years, want.Unix())
	}
}

func TestSourcesStayAsTheyAre(t *testing.T) {
	b := newBench(t)
	job := b.job(t, `
def build_wheel(f, *a):
    open("inside/own.py", "w").write("changed")
    open("new", "w").close()
    return honest(f)`)
	if _, err := b.Wheel(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(job.Source, "inside", "own.py"))
	if err != nil || !strings.HasPrefix(string(text), backend) {
		t.Errorf("the source was written to: %v", err)
	}
	if _, err := os.Stat(filepath.Join(job.Source, "new")); err == nil {
		t.Error("a file came into the source")
	}
}

func TestCopyRefusesLinksOut(t *testing.T) {
	for _, target := range []string{"/etc/passwd", "../../etc/passwd", "a/../../b", "a/../b"} {
		from := t.TempDir()
		if err := os.Symlink(target, filepath.Join(from, "link")); err != nil {
			t.Skip(err)
		}
		err := copyTree(from, filepath.Join(t.TempDir(), "to"), time.Now())
		if fault.CodeOf(err) != fault.Integrity {
			t.Errorf("%s: %v", target, err)
		}
	}
}
