package interp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"snug/internal/fault"
)

const (
	maxSaid    = 64 << 10 // kept of what a child says
	startLimit = 60 * time.Second
	killDelay  = 2 * time.Second // between the end of a child and giving up on its pipes
)

// passed are the variables that a child of snug itself may see.
var passed = []string{"HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG", "LC_ALL", "LD_LIBRARY_PATH"}

// cleanEnv is a child's whole environment: nothing that changes what Python
// imports or where it writes. PYTHONSAFEPATH stands for -P, which 3.10 lacks.
func (p *processes) cleanEnv() []string {
	env := []string{"PYTHONHASHSEED=0", "PYTHONSAFEPATH=1", "PYTHONNOUSERSITE=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1"}
	for _, name := range passed {
		if v := p.env(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// Executable returns the interpreter of the runtime or interpreter tree at dir.
func Executable(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "python.exe")
	}
	return filepath.Join(dir, "bin", "python3")
}

// startScript loads the libraries that an interpreter most often lacks. It
// imports none of the standard library's Python modules: a runtime without
// bytecode would compile them first.
const startScript = `import sys, _hashlib, _ssl, zlib
print(sys.version.split()[0].rstrip("+"), int(sys.flags.isolated), sys.prefix, sys.executable, sep="\0", end="")`

func (p *processes) Start(ctx context.Context, dir string) (Started, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	out, err := p.python(ctx, Executable(dir), dir, "-c", startScript)
	if err != nil {
		return Started{}, fault.New(fault.Failed, "", "start the interpreter in %s: %w", dir, err)
	}
	said := strings.Split(string(out), "\x00")
	if len(said) != 4 {
		return Started{}, fault.New(fault.Failed, "", "start the interpreter in %s: it says %.200q", dir, out)
	}
	return Started{Version: said[0], Isolated: said[1] == "1", Prefix: said[2], Executable: said[3]}, nil
}

func (p *processes) Imports(ctx context.Context, dir string, modules []string, limit time.Duration) ([]ImportResult, error) {
	work, err := os.MkdirTemp("", "snug-import-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	out := make([]ImportResult, len(modules))
	var g errgroup.Group
	g.SetLimit(p.n)
	for i, module := range modules {
		g.Go(func() error {
			out[i] = p.importOne(ctx, dir, work, module, limit)
			return ctx.Err()
		})
	}
	return out, g.Wait()
}

func (p *processes) importOne(ctx context.Context, dir, work, module string, limit time.Duration) ImportResult {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// HOME is a folder that is thrown away: some modules write there when imported.
	homeless := newProcesses(func(name string) string {
		if name == "HOME" {
			return work
		}
		return p.env(name)
	}, 1)
	_, err := homeless.python(ctx, Executable(dir), work, "-c", "import importlib, sys; importlib.import_module(sys.argv[1])", module)
	r := ImportResult{Module: module, OK: err == nil}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.OK, r.TimedOut, r.Reason = false, true, fmt.Sprintf("still importing after %s", limit)
	case err != nil:
		r.Reason = err.Error()
	}
	return r
}

// python runs exe in a clean environment and returns its stdout; the error
// carries the last line of its stderr.
func (p *processes) python(ctx context.Context, exe, dir string, args ...string) ([]byte, error) {
	return p.feed(ctx, nil, exe, dir, args...)
}

func (p *processes) feed(ctx context.Context, stdin []byte, exe, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, p.cleanEnv(), killDelay
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	alone(cmd)
	var stdout, stderr tail
	stdout.max = 16 << 20
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if said := lastLine(stderr.String()); said != "" {
			return nil, fmt.Errorf("%w: %s", err, said)
		}
		return nil, err
	}
	return stdout.Bytes(), nil
}

// tail keeps the end of what is written to it.
type tail struct {
	bytes.Buffer
	max int // 0 is maxSaid
}

func (t *tail) Write(b []byte) (int, error) {
	limit := t.max
	if limit == 0 {
		limit = maxSaid
	}
	n, err := t.Buffer.Write(b)
	if extra := t.Len() - limit; extra > 0 {
		t.Next(extra)
	}
	return n, err
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}

// Exec hands the terminal to the child: a Ctrl-C reaches it from the terminal
// itself, so only other signals, and interrupts sent to snug alone, are passed
// on. Once started the child decides when to end, not ctx.
func (p *processes) Exec(ctx context.Context, c Command) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	name, err := lookPath(c)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(name, c.Argv[1:]...)
	cmd.Dir, cmd.Env = c.Dir, without(c.Env, "PYTHONPYCACHEPREFIX")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, fault.New(fault.Failed, "is it an executable file of this machine?", "run %s: %w", c.Argv[0], err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != os.Interrupt || !isTerminal(c.Stdin) {
				_ = cmd.Process.Signal(s) // it may have ended already
			}
		case err := <-done:
			return exitCode(cmd, err)
		}
	}
}

func exitCode(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	if n := signalOf(cmd.ProcessState); n != 0 {
		return 128 + n, nil
	}
	return cmd.ProcessState.ExitCode(), nil
}

func isTerminal(r any) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ofPython are the commands of one Python: those of another would run or
// change something else than the runtime.
var ofPython = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(python|pip)[0-9.]*$`) })

// lookPath finds the command in the runtime first, then on the child's PATH.
func lookPath(c Command) (string, error) {
	name := c.Argv[0]
	if strings.ContainsRune(name, filepath.Separator) {
		return name, nil
	}
	dirs := append([]string{c.Path}, filepath.SplitList(valueOf(c.Env, "PATH"))...)
	own := ofPython().MatchString(name)
	if own {
		dirs = dirs[:1]
	}
	for _, dir := range dirs {
		if !filepath.IsAbs(dir) {
			continue
		}
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	if own {
		return "", fault.New(fault.NotFound, "snug add NAME, then snug build, puts a package into a runtime",
			"this runtime has no %s, and that of another Python would not work on it", name)
	}
	return "", fault.New(fault.NotFound, "commands of the runtime lie in "+c.Path, "no command %q in the runtime or on PATH", name)
}

func valueOf(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if k, v, _ := strings.Cut(env[i], "="); k == name {
			return v
		}
	}
	return ""
}

func without(env []string, name string) []string {
	out := make([]string, 0, len(env))
	for _, kv := range env {
		if k, _, _ := strings.Cut(kv, "="); k != name {
			out = append(out, kv)
		}
	}
	return out
}
