package interp

import (
	"context"
	"io"
	"runtime"
	"time"
)

// Runner starts Python and the user's commands.
type Runner interface {
	// Compile writes the bytecode of every .py file below the jobs' folders
	// with the interpreter exe, reproducibly. Files that do not compile are
	// returned, sorted; an error means that Python itself did not do its work.
	Compile(ctx context.Context, exe string, jobs []CompileJob) ([]CompileFailure, error)
	// Start runs the interpreter of the runtime at dir once.
	Start(ctx context.Context, dir string) (Started, error)
	// Imports imports each module in a child of its own, killed after limit,
	// and returns one result a module, in the order given.
	Imports(ctx context.Context, dir string, modules []string, limit time.Duration) ([]ImportResult, error)
	// Exec runs the user's command to its end and returns its exit code, or
	// 128 plus the signal that ended it.
	Exec(ctx context.Context, c Command) (int, error)
}

// CompileJob is a folder to compile.
type CompileJob struct {
	Dir    string // where the sources lie now
	Prefix string // what the bytecode says instead of Dir, e.g. "lib/python3.14"
}

// CompileFailure is a file that Python could not compile.
type CompileFailure struct {
	Path   string // as in Prefix
	Reason string // one line
}

// Started is what a runtime says about itself.
type Started struct {
	Version    string // "3.14.6"
	Prefix     string
	Executable string
	Isolated   bool
}

// ImportResult is the outcome of importing one module.
type ImportResult struct {
	Module   string
	OK       bool
	TimedOut bool
	Reason   string // last line of what Python said; "" if OK
}

// Command is what `snug run` starts.
type Command struct {
	Argv   []string // never empty
	Dir    string   // "" is the current folder
	Path   string   // folder in which Argv[0] is looked for before PATH
	Env    []string // the whole environment
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// processes is the Runner of real processes.
type processes struct {
	env   func(string) string
	n     int           // processes at a time
	slots chan struct{} // one for each that compiles, whoever asked
}

// NewRunner returns a Runner of real processes; env is read for the few
// variables that the operating system needs.
func NewRunner(env func(string) string) Runner {
	return newProcesses(env, runtime.GOMAXPROCS(0))
}

func newProcesses(env func(string) string, n int) *processes {
	return &processes{env: env, n: n, slots: make(chan struct{}, n)}
}
