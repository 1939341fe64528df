package engine

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
)

// RunRequest is a command to run in a runtime of the project at Root.
type RunRequest struct {
	Root, Dir, Runtime string
	Argv               []string
	Env                []string // set besides, over the caller's
	Stdin              io.Reader
	Stdout, Stderr     io.Writer
}

// pythonSettings are variables that would make a runtime run other code than
// its own, look for its own elsewhere, or write beside it.
var pythonSettings = []string{"PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV"}

// Run starts the command with the runtime's bin folder first on PATH and
// returns its exit code.
func (e *Engine) Run(ctx context.Context, req RunRequest) (int, error) {
	dir, err := runtimeDir(req.Root, req.Runtime)
	if err != nil {
		return 0, err
	}
	head, err := generation.ReadHead(dir)
	if err != nil {
		return 0, err
	}
	if !head.Usable(dir) {
		return 0, fault.New(fault.NotFound, "snug build "+req.Runtime+" makes it again", "the runtime that %s shares is gone from the store", req.Runtime)
	}
	return e.Runner.Exec(ctx, interp.Command{
		Argv: req.Argv, Dir: req.Dir, Path: filepath.Join(dir, "bin"), Env: append(e.runEnv(dir, head.Bytecode), req.Env...),
		Stdin: req.Stdin, Stdout: req.Stdout, Stderr: req.Stderr,
	})
}

// runEnv is the caller's environment with the runtime first on PATH. A runtime
// that brings its bytecode is not written to.
func (e *Engine) runEnv(dir string, readOnly bool) []string {
	env := make([]string, 0, len(e.Environ)+2)
	path := ""
	for _, kv := range e.Environ {
		name, value, _ := strings.Cut(kv, "=")
		switch {
		case name == "PATH":
			path = value
		case slices.Contains(pythonSettings, name):
		case name == "PYTHONDONTWRITEBYTECODE" && readOnly:
		default:
			env = append(env, kv)
		}
	}
	bin := filepath.Join(dir, "bin")
	env = append(env, "PATH="+bin+string(os.PathListSeparator)+path, "SNUG_RUNTIME="+dir)
	if readOnly {
		env = append(env, "PYTHONDONTWRITEBYTECODE=1")
	}
	return env
}
