// Package cli is the command line: one file a command. A command reads its
// flags, calls the engine and prints what came back; it decides nothing else.
//
// Output rules. Standard output is data: tables, lists, what --json emits; it
// is stable. Standard error is talk: progress, notes, errors with their hint.
// Meaning never hangs on color, NO_COLOR is obeyed, and progress is plain lines
// where standard error is not a terminal.
package cli

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/interp"
	"snug/internal/manifest"
	"snug/internal/vet"
)

// World is what a command may know of the machine. Tests replace all of it.
type World struct {
	Args      []string
	Env       []string
	Dir       string
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	Terminal  bool // standard error is a terminal on which a line can be redrawn
	Asks      bool // there is somebody to answer: standard input is one too
	Now       func() time.Time
	Sleep     func(context.Context, time.Duration) error // between tries of the network; nil: a timer
	Transport http.RoundTripper
	Sources   []interp.Source
	Runner    interp.Runner
	Builder   engine.Builder
}

// Main runs snug with the process's own arguments and returns the exit code.
func Main(args []string) int {
	collectSeldom()
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what does not heed the first
	return Run(ctx, World{
		Args: args, Env: os.Environ(), Dir: dir,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: isTerminal(os.Stderr) && os.Getenv("TERM") != "dumb", Asks: isTerminal(os.Stderr) && isTerminal(os.Stdin), Now: time.Now,
	})
}

// A command lives for a second: collecting garbage an eighth as often as usual
// saves a quarter of its time, and softHeap keeps it from taking room for that.
const (
	gcPercent = 800
	softHeap  = 200 << 20
)

// collectSeldom leaves it to GOGC and GOMEMLIMIT where they are set.
func collectSeldom() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(softHeap)
	}
}

// Run runs one command in w and returns the exit code.
func Run(ctx context.Context, w World) int {
	app := &app{World: w}
	root := app.root()
	root.SetArgs(w.Args)
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	asUsage(root)
	err := root.ExecuteContext(ctx)
	app.finish()
	if err == nil {
		app.succeed()
		return fault.ExitOK
	}
	var code exitCode
	if errors.As(err, &code) {
		app.ended(int(code))
		return int(code)
	}
	if ctx.Err() != nil {
		err = fault.New(fault.Canceled, "the same command goes on from here", "interrupted; what was not finished is as it was before")
	}
	app.fail(err)
	return app.exit(err)
}

// exit is the code of a command that failed. Of one that ends with a verdict, 1 says
// that something is denied: what kept it from having one leaves it incomplete.
func (a *app) exit(err error) int {
	code := fault.ExitCode(err)
	if code == fault.ExitFailed && slices.Contains([]string{"check", "audit", "policy test"}, a.command) {
		return vet.ExitIncomplete
	}
	return code
}

// exitCode carries the code of a program that `run` ran, or of a check that
// printed its own findings.
type exitCode int

func (c exitCode) Error() string { return "exit status" }

// app is one invocation: the flags that every command has, and the world.
type app struct {
	World
	home, indexURL, asOf, project string
	pythonMirror, pythonSources   string
	signingKey, trustedRoot       string
	sandboxLevel                  string
	extra, minAge                 []string
	offline, json, quiet, noBar   bool
	offlineSaid                   bool // --offline=false overrules the project
	jobs                          int
	feeds                         []string // of advisories
	command                       string   // the one that runs: "build", "python list"
	events                        event.Handler
	talk                          *talk // the handler for people, where it is that
	gathering                     *gatherer
}

func (a *app) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snug",
		Short: "Python runtimes that fit: development, test and production from one definition",
		Long: `snug makes Python runtimes that fit: development, test and production from one
definition, each the interpreter and the packages in one movable folder.

Each of the flags that every command has can be said by a variable as well:
SNUG_INDEX_URL for --index-url. Flags speak before variables, and those before
[tool.snug] in pyproject.toml (docs/formats.md).`,
		Example:       "  snug build                 # lock, fetch, assemble dev, test and prod\n  snug run test -- pytest\n  snug add 'psycopg[binary]'",
		Version:       Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          known,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.command = strings.TrimPrefix(cmd.CommandPath(), "snug ")
			err := a.fromEnvironment(cmd)
			a.offlineSaid = cmd.Flags().Changed("offline")
			return err
		},
	}
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		a.json = a.json || slices.Contains(a.Args, "--json") // it may stand behind the wrong flag
		return fault.New(fault.Usage, c.CommandPath()+" --help lists the flags", "%w", err)
	})
	a.settings(cmd)
	cmd.AddCommand(a.advisories())
	cmd.AddCommand(a.policy(), a.waive(), a.review(), a.approve())
	cmd.AddCommand(a.audit(), a.build(), a.lock(), a.run(), a.shell(), a.init(), a.add(), a.remove(), a.why(), a.whyNot(), a.diff(),
		a.list(), a.history(), a.rollback(), a.gc(), a.verify(), a.prove(), a.provenance(), a.notice(), a.sbom(), a.vex(), a.rebuild(), a.check(), a.python(), a.sandbox())
	a.completeFlags(cmd)
	return cmd
}

// known refuses a word that is no command, with those that are near it.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := cmd.CommandPath() + " --help lists the commands"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "? " + hint
	}
	return usage(hint, "there is no command %q", args[0])
}

// asUsage makes a wrong number of arguments a usage error, in every command
// below cmd.
func asUsage(cmd *cobra.Command) {
	cmd.DisableFlagsInUseLine = true
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			var said *fault.Error
			if err == nil || errors.As(err, &said) {
				return err
			}
			return usage("write it as "+c.UseLine(), "%s: %w", c.Name(), err)
		}
	}
	for _, c := range cmd.Commands() {
		asUsage(c)
	}
}

// env looks a variable up in the world's environment.
func (a *app) env(name string) string {
	for i := len(a.Env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(a.Env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}

// path is p seen from the folder snug was started in.
func (a *app) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(a.Dir, p)
}

func (a *app) rootDir() string {
	if a.project == "" {
		return a.Dir
	}
	return a.path(a.project)
}

func (a *app) load() (*manifest.Project, error) {
	p, err := manifest.Load(a.rootDir(), a.env)
	if fault.CodeOf(err) != fault.NotFound {
		return p, err
	}
	if lists := engine.Lists(a.rootDir()); len(lists) > 0 {
		err = fault.New(fault.NotFound, "snug init makes a project of "+lists[0], "%w", err)
	}
	return p, err
}

// projectIfAny loads the project for commands that work without one as well:
// nil where there is none.
func (a *app) projectIfAny() (*manifest.Project, error) {
	p, err := a.load()
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil
	}
	return p, err
}

// inProject is the engine with the settings of the project that there must be.
func (a *app) inProject() (*engine.Engine, *manifest.Project, error) {
	p, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	e, err := a.engine(p)
	return e, p, err
}

// open is the engine with the settings of the project, if there is one.
func (a *app) open() (*engine.Engine, *manifest.Project, error) {
	p, err := a.projectIfAny()
	if err != nil {
		return nil, nil, err
	}
	e, err := a.engine(p)
	return e, p, err
}

// Version is snug's own version as the build recorded it.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
