package cpython

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/repro"
	"snug/internal/sandbox"
	"snug/internal/store"
)

// Request says what Build builds.
type Request struct {
	Tarball    Tarball
	Places     []string // where the tarball lies; nil: as the catalogue and Options.Mirror say
	Progress   func(done, total int64)
	Conditions Conditions

	choice
}

// NewRequest checks a profile ("" is Minimal) and an optimisation ("" is none).
func NewRequest(t Tarball, profile, optimize string) (Request, error) {
	c, err := choose(profile, optimize)
	return Request{Tarball: t, choice: c}, err
}

// ID is that of the interpreter that comes out.
func (r Request) ID() string { return r.choice.String() }

// Conditions are what a build must not depend on. The zero value is what every
// ordinary build has.
type Conditions struct {
	Hostname string
	Umask    int // 0 is 022
	Jobs     int // 0 is Options.Jobs
}

// Others are conditions that differ from those of an ordinary build in all they can.
func (s *Source) Others() Conditions {
	return Conditions{Hostname: "elsewhere", Umask: 0o077, Jobs: s.opt.Jobs + 1}
}

// Built tells of an interpreter that was built.
type Built struct {
	Version   string         `json:"version"`
	ID        string         `json:"id"`
	Tarball   Tarball        `json:"tarball"`
	Tree      string         `json:"tree"`  // digest of all files
	Files     int            `json:"files"` // without links
	Bytes     int64          `json:"bytes"`
	Level     sandbox.Level  `json:"sandbox"`
	Epoch     time.Time      `json:"epoch"` // the clock of the build
	Flags     []string       `json:"flags"` // that the compiler took, of those that harden
	Refused   []string       `json:"refused,omitempty"`
	Configure []string       `json:"configure"`
	Libraries []Library      `json:"libraries"`
	Absent    []string       `json:"absent"` // modules that were left out as the profile says
	Native    []repro.Native `json:"native"`
	Steps     []Step         `json:"steps"`
	Log       string         `json:"log"` // digest of what all steps printed: a blob of the store
}

// Step is how long a part of the build took.
type Step struct {
	Name string        `json:"name"`
	Took time.Duration `json:"nanoseconds"`
	Peak int64         `json:"peak"` // bytes of memory, 0 where it was not measured
}

// build is one build under way.
type build struct {
	*Source
	Request
	sandbox     *sandbox.Sandbox
	host        host
	recipe      recipe
	version     string
	dir         string // of all that follows, on the host
	source, out sandbox.Input
	log         *os.File
	built       *Built
	modules     []string // what must be importable
}

// Build builds what r says and lays it out in the empty folder dir. What the machine
// lacks is said before anything is fetched.
func (s *Source) Build(ctx context.Context, r Request, dir string) (*Built, error) {
	minor, err := minorNumber(r.Tarball.Version)
	if err != nil {
		return nil, err
	}
	b := &build{Source: s, Request: r, version: r.Tarball.Version}
	libs := librariesFor(r.choice, minor)
	if b.host, err = s.survey(libs); err != nil {
		return nil, err
	}
	done, err := b.prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	b.recipe = recipe{choice: r.choice, minor: minor, source: b.sandbox.Path(b.source), compiler: b.host.compiler, libraries: libs, epoch: b.built.Epoch}
	for _, step := range []func(context.Context) error{b.probe, b.configure, b.compile, b.install, b.check, b.tidy} {
		if err := step(ctx); err != nil {
			return nil, b.explain(err)
		}
	}
	return b.finish(ctx, dir)
}

// prepare fetches and unpacks the sources into a folder of the build's own, which
// done removes.
func (b *build) prepare(ctx context.Context) (done func(), err error) {
	if b.sandbox, err = b.opt.Sandbox(ctx); err != nil {
		return nil, err
	}
	if b.Places == nil {
		b.Places = b.places(b.Tarball)
	}
	if b.Progress == nil {
		b.Progress = func(int64, int64) {}
	}
	file, err := b.fetch(ctx, b.Tarball, b.Places, b.Progress)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.opt.Temp, 0o755); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp(b.opt.Temp, "python-"); err != nil {
		return nil, err
	}
	done = func() {
		if b.log != nil {
			b.log.Close() // what was read of it is kept
		}
		os.RemoveAll(b.dir) // what stays is a folder in Temp, which nobody counts on
	}
	if err := b.lay(file); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// lay unpacks the tarball and makes the folders that the build sees.
func (b *build) lay(file string) error {
	b.source = sandbox.Input{Host: filepath.Join(b.dir, "src"), Inside: "/src", Writable: true}
	b.out = sandbox.Input{Host: filepath.Join(b.dir, "out"), Inside: "/out", Writable: true}
	if err := errors.Join(os.Mkdir(b.source.Host, 0o755), os.Mkdir(b.out.Host, 0o755)); err != nil {
		return err
	}
	b.opt.Step("unpack")
	epoch, err := unpack(file, b.source.Host)
	if err != nil {
		return fault.New(cmp.Or(fault.CodeOf(err), fault.Failed), cmp.Or(fault.HintOf(err), "sha256sum tells whether the file is CPython's own; or the disk is full"), "unpack the sources of Python %s: %w", b.version, err)
	}
	if said, err := versionOf(b.source.Host); err != nil || said != b.version {
		return errors.Join(err, fault.New(fault.Integrity, "name the version that the file holds", "the sources say they are Python %q, not %s", said, b.version))
	}
	if b.log, err = os.Create(filepath.Join(b.dir, "log")); err != nil {
		return err
	}
	b.built = &Built{Version: b.version, ID: b.ID(), Tarball: b.Tarball, Level: b.sandbox.Level(), Epoch: epoch, Libraries: b.host.libraries}
	return errors.Join(b.script("probe.sh", probeScript), b.script("check.py", checkScript))
}

func (b *build) script(name, text string) error {
	return os.WriteFile(filepath.Join(b.out.Host, name), []byte(text), 0o644)
}

// run runs one command in the sandbox; its exit must be 0.
func (b *build) run(ctx context.Context, name string, argv ...string) error {
	b.opt.Step(name)
	fmt.Fprintf(b.log, "\n== %s: %s\n", name, strings.Join(argv, " "))
	wall := wallLimit
	if b.optimize != "" {
		wall = optimizing
	}
	umask := b.Conditions.Umask
	if umask == 0 {
		umask = 0o022
	}
	result, err := b.sandbox.Run(ctx, sandbox.Command{
		Argv: argv, Dir: b.sandbox.Path(b.source), Env: b.recipe.env(), Inputs: []sandbox.Input{b.source, b.out}, System: true,
		Hostname: b.Conditions.Hostname, Umask: umask, Log: b.log,
		Limits: sandbox.Limits{CPU: 4 * wall, Wall: wall, Memory: 8 << 30, Disk: 8 << 30, FileSize: 2 << 30, Output: 256 << 20, Processes: 1024, Files: 4096},
	})
	if err != nil {
		return err
	}
	b.built.Steps = append(b.built.Steps, Step{name, result.Wall, result.Peak})
	if result.Killed != "" {
		return fault.New(fault.Failed, "", "%s of Python %s was stopped: more than the limit of %s", name, b.version, result.Killed)
	}
	if result.Exit != 0 {
		return fault.New(fault.Failed, "", "%s of Python %s failed (exit %d)", name, b.version, result.Exit)
	}
	return nil
}

func (b *build) inside(name string) string { return b.sandbox.Path(b.out) + "/" + name }

// probe asks the compiler which flags it takes.
func (b *build) probe(ctx context.Context) error {
	compile, link := hardenings()
	asked := append(compile, link...)
	if err := b.run(ctx, "probe", append([]string{"/bin/sh", b.inside("probe.sh"), b.sandbox.Path(b.out), b.host.compiler}, asked...)...); err != nil {
		return err
	}
	text, err := readSource(b.out.Host, "flags")
	if err != nil {
		return err
	}
	taken := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, flag := range asked {
		if slices.Contains(taken, flag) {
			b.recipe.accepted = append(b.recipe.accepted, flag)
		} else {
			b.built.Refused = append(b.built.Refused, flag)
		}
	}
	b.built.Flags = b.recipe.accepted
	return nil
}

// configure runs it, reads which modules will be built, and mends the Makefile.
func (b *build) configure(ctx context.Context) error {
	if b.profile == Full {
		if err := b.edit("Modules/Setup.stdlib.in", sharedTests); err != nil {
			return err
		}
	}
	b.built.Configure = b.recipe.arguments()
	if err := b.run(ctx, "configure", append([]string{"/bin/sh", "./configure", "-q"}, b.built.Configure...)...); err != nil {
		return err
	}
	return b.edit("Makefile", func(text string) (string, error) {
		var err error
		b.modules, b.built.Absent, err = modulesIn(text, b.choice)
		return linked(text), err
	})
}

// sharedTests makes files of their own of the modules that only tests use: one of
// them cannot be linked into the program that bootstraps the build.
func sharedTests(setup string) (string, error) {
	const head = "# Test modules\n"
	if !strings.Contains(setup, head) {
		return "", fault.New(fault.Unsupported, "build it with --profile "+Minimal, "Modules/Setup.stdlib.in has no part for tests")
	}
	return strings.Replace(setup, head, head+"*shared*\n", 1), nil
}

// edit changes a file of the sources, and leaves its time as it was.
func (b *build) edit(name string, change func(string) (string, error)) error {
	root, err := os.OpenRoot(b.source.Host)
	if err != nil {
		return err
	}
	defer root.Close()
	return editIn(root, name, change)
}

func editIn(root *os.Root, name string, change func(string) (string, error)) error {
	f, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close() // its writes are synced below
	st, err := f.Stat()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(f, 64<<20))
	if err != nil {
		return err
	}
	changed, err := change(string(text))
	if err != nil || changed == string(text) {
		return err
	}
	_, err = f.WriteAt([]byte(changed), 0)
	return errors.Join(err, f.Truncate(int64(len(changed))), f.Sync(), root.Chtimes(name, st.ModTime(), st.ModTime()))
}

func (b *build) compile(ctx context.Context) error {
	jobs := b.Conditions.Jobs
	if jobs == 0 {
		jobs = b.opt.Jobs
	}
	return b.run(ctx, "make", "make", "-j"+strconv.Itoa(jobs))
}

func (b *build) install(ctx context.Context) error {
	return b.run(ctx, "install", "make", "install", "DESTDIR="+b.sandbox.Path(b.out), "COMPILEALL_OPTS=-l") // snug compiles bytecode itself: as little as can be
}

// minor is "3.13".
func (b *build) minor() string { return fmt.Sprintf("3.%d", b.recipe.minor) }

// check starts the new Python and imports every module that was to be built.
func (b *build) check(ctx context.Context) error {
	python := b.inside("install/bin/python" + b.minor())
	if err := b.run(ctx, "check", append([]string{python, "-I", b.inside("check.py"), b.inside("checked")}, b.modules...)...); err != nil {
		return err
	}
	text, err := readSource(b.out.Host, "checked")
	if err != nil {
		return err
	}
	var said struct {
		Version string            `json:"version"`
		Failed  map[string]string `json:"failed"`
	}
	if err := json.Unmarshal(text, &said); err != nil || said.Version != b.version {
		return fault.New(fault.Failed, "", "the Python that was built says it is %.40q, not %s", said.Version, b.version)
	}
	for _, name := range sortedKeys(said.Failed) {
		return fault.New(fault.Failed, "", "module %s of Python %s does not import: %s", name, b.version, said.Failed[name])
	}
	return nil
}

// tail is how many lines of the log an error shows.
const tail = 12

var trouble = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(error|undefined reference|cannot find|no such file|not found|killed)\b`)
})

// explain adds the end of the log to an error, and keeps the log.
func (b *build) explain(err error) error {
	if fault.CodeOf(err) != fault.Failed {
		return err
	}
	where, kept := b.keepLog(context.WithoutCancel(context.Background()))
	if kept != nil {
		return errors.Join(err, kept)
	}
	text, readErr := os.ReadFile(filepath.Join(b.dir, "log"))
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := lines[max(0, len(lines)-tail):]
	if i := slices.IndexFunc(lines, trouble().MatchString); i >= 0 && i < len(lines)-tail {
		last = append([]string{lines[i], "…"}, last...)
	}
	hint := "the whole log is " + where
	if own := fault.HintOf(err); own != "" {
		hint = own + "; " + hint
	}
	return fault.New(fault.Failed, hint, "%w\n%s", err, strings.Join(last, "\n"))
}

// keepLog puts the log into the store and returns where it lies there.
func (b *build) keepLog(ctx context.Context) (string, error) {
	if _, err := b.log.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sum, size, err := digest.OfReader(b.log)
	if err != nil {
		return "", err
	}
	if _, err := b.log.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	b.built.Log = sum.String()
	return b.opt.Store.PutBlob(ctx, sum, size, b.log)
}

// finish lays out what was built and says all there is to know of it.
func (b *build) finish(ctx context.Context, dir string) (*Built, error) {
	if err := interp.LayOut(filepath.Join(b.out.Host, "install"), dir, b.minor()); err != nil {
		return nil, fmt.Errorf("lay out Python %s: %w", b.version, err)
	}
	natives, err := nativesIn(dir)
	if err != nil {
		return nil, err
	}
	b.built.Native = natives
	if err := errors.Join(b.writeSBOM(dir), b.copyLicences(dir)); err != nil {
		return nil, err
	}
	plan, err := store.Scan(dir, generation.OwnerPython)
	if err != nil {
		return nil, err
	}
	b.built.Measure(plan)
	_, err = b.keepLog(ctx)
	return b.built, err
}

// Measure sets Tree, Files and Bytes by the files of a tree.
func (b *Built) Measure(plan store.Plan) {
	b.Files, b.Bytes = 0, 0
	entries := make([]digest.Entry, len(plan))
	for i, f := range plan {
		entries[i] = f.Entry()
		if f.Link == "" {
			b.Files++
			b.Bytes += f.Size
		}
	}
	b.Tree = digest.Tree(entries).String()
}
