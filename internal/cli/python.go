package cli

import (
	"github.com/spf13/cobra"

	"snug/internal/interp"
)

func (a *app) python() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "python",
		Short:   "which interpreters can be had, and from where",
		Example: "  snug python list\n  snug python install 3.13\n  snug python build 3.13",
		Args:    known,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(a.pythonList(), a.pythonInstall(), a.pythonBuild())
	return cmd
}

func (a *app) pythonList() *cobra.Command {
	var target string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list interpreters by source",
		Long: `List shows every interpreter that can be had for this machine, or for --target,
in the order in which the sources are tried.`,
		Example: "  snug python list\n  snug python list --target macos-arm64",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, p, err := a.open()
			if err != nil {
				return err
			}
			found, err := e.Pythons(c.Context(), p, target)
			if err != nil {
				return err
			}
			return listing(a, []string{"PYTHON", "TARGET", "SOURCE", "ID", ""}, found, func(p interp.Interpreter) []string {
				note := ""
				if !p.Movable {
					note = "dev runtimes only: cannot be moved"
				}
				return []string{p.Version.String(), p.Target, p.Source, p.ID, note}
			})
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "`TARGET` (default: this machine's)")
	return cmd
}

func (a *app) pythonInstall() *cobra.Command {
	return &cobra.Command{
		Use:     "install VERSION",
		Short:   "fetch an interpreter into the store",
		Example: "  snug python install 3.14\n  snug python install 3.13.1",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			e, p, err := a.open()
			if err != nil {
				return err
			}
			i, err := e.InstallPython(c.Context(), p, args[0])
			if err != nil {
				return err
			}
			if a.json {
				a.result(i)
			}
			a.say("Python %s from %s is in the store", i.Version, i.Source)
			return nil
		},
	}
}
