package cli

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/foreign"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

func (a *app) init() *cobra.Command {
	var req engine.InitRequest
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "write a minimal pyproject.toml",
		Long: `Init writes a minimal pyproject.toml, taking in what lies in the folder: a Pipfile,
uv.lock, requirements files (of what pip-compile wrote only what was asked for), or
conda's environment.yml. What it does not take it names; snug lock --from keeps the
versions of the lock. A pyproject.toml without [project] gets one; one that has it
stays as it is. On a terminal init asks for what was not said.`,
		Example: "  snug init\n  snug init --name shop --python '>=3.13'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				a.project = args[0]
			}
			return a.doInit(req)
		},
	}
	cmd.Flags().StringVar(&req.Name, "name", "", "`NAME` of the project (default: the folder's)")
	cmd.Flags().StringVar(&req.Python, "python", "", "requires-python, such as `'>=3.12'`")
	return cmd
}

func (a *app) doInit(req engine.InitRequest) error {
	e, err := a.engine(nil)
	if err != nil {
		return err
	}
	p, err := a.projectIfAny()
	if err != nil {
		return err
	}
	if p == nil || !p.Declared() {
		a.interview(&req, p == nil && len(engine.Lists(a.rootDir())) == 0)
	}
	made, err := e.Init(a.rootDir(), req)
	if err != nil {
		return err
	}
	a.printInit(made)
	return nil
}

func (a *app) printInit(i *engine.Initialized) {
	state, next := "written", "snug add NAME, then snug build"
	switch keep := a.keepCommand(i.Locks); {
	case !i.Written:
		state, next = "unchanged", ""
	case keep != "" && i.Filled:
		next = keep
	case i.Filled:
		next = "snug build"
	}
	if a.json {
		a.result(map[string]any{"path": i.Path, "state": state, "from": append([]string{}, i.From...), "left": append([]foreign.Left{}, i.Left...), "next": next})
	}
	switch {
	case !i.Written:
		a.say("%s is a project already; snug build works with it as it is", i.Path)
	case strings.HasPrefix(next, "snug lock"):
		a.say("wrote %s\nhint: %s keeps the versions that are locked there; then snug build", i.Path, next)
	default:
		a.say("wrote %s\nhint: %s", i.Path, next)
	}
}

// keepCommand is the command that keeps the versions of those files, typed in
// the folder where snug was started; "" without files.
func (a *app) keepCommand(locks []string) string {
	if len(locks) == 0 {
		return ""
	}
	words := []string{"snug lock"}
	if a.project != "" {
		words = append(words, "--project "+engine.ShellWord(a.project))
	}
	for _, path := range locks {
		if rel, err := filepath.Rel(a.Dir, path); err == nil {
			path = rel
		}
		words = append(words, "--from "+engine.ShellWord(path))
	}
	return strings.Join(words, " ")
}

// interview asks for what was not said; where nobody can answer it does nothing.
func (a *app) interview(req *engine.InitRequest, empty bool) {
	if !a.Asks || a.quiet || a.json {
		return
	}
	in := bufio.NewScanner(a.Stdin)
	if req.Name == "" {
		req.Name = a.ask(in, fmt.Sprintf("name of the project [%s]: ", filepath.Base(a.rootDir())), nil)
	}
	if req.Python == "" {
		req.Python = a.ask(in, "Python it needs, such as >=3.13 [any]: ", func(s string) error {
			_, err := pep440.ParseSpecifiers(s)
			return err
		})
	}
	if empty { // there are no requirements files to take in
		req.Packages = a.askAll(in, "package it needs, such as django~=5.2 [no more]: ")
		req.Test = a.askAll(in, "package its tests need, such as pytest [no more]: ")
	}
}

// ask puts a question until the answer passes check.
func (a *app) ask(in *bufio.Scanner, question string, check func(string) error) string {
	for {
		fmt.Fprint(a.Stderr, question)
		if !in.Scan() {
			fmt.Fprintln(a.Stderr)
			return ""
		}
		answer := strings.TrimSpace(in.Text())
		if answer == "" || check == nil {
			return answer
		}
		err := check(answer)
		if err == nil {
			return answer
		}
		fmt.Fprintln(a.Stderr, err)
	}
}

// askAll puts a question until the answer is empty.
func (a *app) askAll(in *bufio.Scanner, question string) []string {
	var all []string
	for {
		answer := a.ask(in, question, func(s string) error {
			_, err := pep508.Parse(s)
			return err
		})
		if answer == "" {
			return all
		}
		all = append(all, answer)
	}
}
