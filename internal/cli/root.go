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
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/manifest"
)

// The exit codes of every command but `run`, which passes on the code of what
// it ran.
const (
	ExitOK       = 0   // done
	ExitFailed   = 1   // it did not work: resolving, fetching, verifying, building
	ExitUsage    = 2   // the command or a file that the user wrote is wrong
	ExitCanceled = 130 // interrupted
)

// World is what a command may know of the machine. Tests replace all of it.
type World struct {
	Args      []string
	Env       []string
	Dir       string
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	Terminal  bool // standard error is a terminal
	Now       func() time.Time
	Sleep     func(context.Context, time.Duration) error // between tries of the network; nil: a timer
	Transport http.RoundTripper
	Sources   []interp.Source
	Runner    interp.Runner
}

// Main runs snug with the process's own arguments and returns the exit code.
func Main(args []string) int {
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
		Terminal: isTerminal(os.Stderr), Now: time.Now,
	})
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
		return ExitOK
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	if ctx.Err() != nil {
		err = fault.New(fault.Canceled, "the same command goes on from here", "interrupted; what was not finished is as it was before")
	}
	app.fail(err)
	return fault.ExitCode(err)
}

// exitCode carries the code of a program that `run` ran, or of a check that
// printed its own findings.
type exitCode int

func (c exitCode) Error() string { return "exit status" }

// app is one invocation: the flags that every command has, and the world.
type app struct {
	World
	home, indexURL, asOf, project string
	extra                         []string
	offline, json, quiet, noBar   bool
	jobs                          int
	events                        event.Handler
}

func (a *app) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "snug",
		Short:         "Python runtimes that fit: development, test and production from one definition",
		Version:       Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          known,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fault.New(fault.Usage, c.CommandPath()+" --help lists the flags", "%w", err)
	})
	f := cmd.PersistentFlags()
	f.StringVar(&a.home, "home", "", "store and cache `DIR` (SNUG_HOME; default: the user's cache folder)")
	f.StringVar(&a.indexURL, "index-url", "", "package index `URL` (SNUG_INDEX_URL; then pip's and uv's configuration)")
	f.StringArrayVar(&a.extra, "extra-index", nil, "further index as `NAME=URL`; the first that has a name wins")
	f.StringVar(&a.asOf, "as-of", "", "see only files uploaded until `DATE` (RFC 3339 or YYYY-MM-DD; \"now\" for all)")
	f.StringVar(&a.project, "project", "", "project `DIR` (default: this folder)")
	f.BoolVar(&a.offline, "offline", false, "use what is in the store and the cache, no network (SNUG_OFFLINE=1)")
	f.BoolVar(&a.json, "json", false, "print events and results as JSON, one object a line")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "say nothing but errors and results")
	f.BoolVar(&a.noBar, "no-progress", false, "no progress lines")
	f.IntVar(&a.jobs, "jobs", 0, "parallel work (default: one for each core)")
	cmd.AddCommand(a.build(), a.lock(), a.run(), a.shell(), a.init(), a.add(), a.remove(), a.why(), a.diff(),
		a.list(), a.history(), a.rollback(), a.gc(), a.verify(), a.prove(), a.python())
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

func (a *app) load() (*manifest.Project, error) { return manifest.Load(a.rootDir(), a.env) }

// engine opens the engine with the merged settings.
func (a *app) engine() (*engine.Engine, error) {
	home, err := a.homeDir()
	if err != nil {
		return nil, err
	}
	asOf, err := parseMoment(a.asOf)
	if err != nil {
		return nil, err
	}
	extra, err := parseExtra(a.extra)
	if err != nil {
		return nil, err
	}
	url := a.indexURL
	if url == "" {
		url = a.env("SNUG_INDEX_URL")
	}
	return engine.New(engine.Options{
		Home: home, Env: a.env, Environ: a.Env, UserHome: a.env("HOME"), Now: a.Now, IndexURL: url, Extra: extra,
		Offline: a.offline || a.env("SNUG_OFFLINE") == "1", AsOf: asOf, AllFiles: a.asOf == "now", Jobs: a.jobs, Transport: a.Transport, Sleep: a.Sleep,
		Sources: a.Sources, Runner: a.Runner, Events: a.handler(), Version: Version(),
	})
}

func (a *app) homeDir() (string, error) {
	if a.home != "" {
		return a.path(a.home), nil
	}
	if h := a.env("SNUG_HOME"); h != "" {
		return a.path(h), nil
	}
	if x := a.env("XDG_CACHE_HOME"); x != "" && filepath.IsAbs(x) {
		return filepath.Join(x, "snug"), nil
	}
	if h := a.env("HOME"); h != "" {
		return filepath.Join(h, ".cache", "snug"), nil
	}
	if l := a.env("LocalAppData"); l != "" {
		return filepath.Join(l, "snug"), nil
	}
	return "", fault.New(fault.Usage, "say where with --home DIR or SNUG_HOME", "no place for the store: HOME is not set")
}

func parseMoment(s string) (time.Time, error) {
	if s == "" || s == "now" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, fault.New(fault.Usage, "write 2026-11-01 or 2026-11-01T12:00:00Z", "--as-of %q is no date", s)
}

func parseExtra(args []string) ([]index.Extra, error) {
	var out []index.Extra
	for _, arg := range args {
		name, url, ok := strings.Cut(arg, "=")
		if !ok || name == "" || url == "" {
			return nil, fault.New(fault.Usage, "write it as --extra-index NAME=URL", "--extra-index %q has no name or no URL", arg)
		}
		out = append(out, index.Extra{Name: name, URL: url})
	}
	return out, nil
}

// Version is snug's own version as the build recorded it.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
