package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"snug/internal/engine"
)

func (a *app) run() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run RUNTIME -- COMMAND [ARG]…",
		Short: "run a command in a runtime",
		Long: `Run starts COMMAND with the runtime's bin folder first on PATH. The exit code is
the command's own.`,
		Example: "  snug run test -- pytest\n  snug run prod -- python manage.py check",
		Args:    cobra.MinimumNArgs(2),

		ValidArgsFunction: a.programNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			argv := args[1:]
			if argv[0] == "--" {
				argv = argv[1:]
			}
			if len(argv) == 0 {
				return usage("snug run "+args[0]+" -- python", "run needs a command")
			}
			return a.exec(args[0], argv, func(e *engine.Engine, req engine.RunRequest) (int, error) {
				return e.Run(cmd.Context(), req)
			})
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func (a *app) shell() *cobra.Command {
	return &cobra.Command{
		Use:   "shell RUNTIME",
		Short: "start your shell with a runtime first on PATH",
		Long: `Shell starts the shell that SHELL names, reading its startup files as always, with
the runtime's bin folder first on PATH. SNUG_RUNTIME is the runtime's folder there.`,
		Example: "  snug shell dev",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.runtimeNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			shell := cmp.Or(a.env("SHELL"), a.env("COMSPEC"), "/bin/sh")
			return a.exec(args[0], []string{shell}, func(e *engine.Engine, req engine.RunRequest) (int, error) {
				return e.Shell(cmd.Context(), req)
			})
		},
	}
}

func (a *app) exec(name string, argv []string, start func(*engine.Engine, engine.RunRequest) (int, error)) error {
	e, err := a.engine(nil)
	if err != nil {
		return err
	}
	code, err := start(e, engine.RunRequest{
		Root: a.rootDir(), Dir: a.Dir, Runtime: name, Argv: argv,
		Stdin: a.Stdin, Stdout: a.Stdout, Stderr: a.Stderr,
	})
	if err != nil {
		return err
	}
	if code != 0 {
		return exitCode(code)
	}
	return nil
}
