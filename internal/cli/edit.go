package cli

import (
	"github.com/spf13/cobra"

	"snug/internal/engine"
)

func (a *app) add() *cobra.Command {
	var runtime string
	cmd := &cobra.Command{
		Use:   "add REQUIREMENT…",
		Short: "add packages to a runtime, and lock",
		Long: `Add writes the packages into the manifest: [project] dependencies for prod, the
runtime's dependency group for others, or its requirements file where the project
has only those. Then it locks. If that fails the manifest is as it was.`,
		Example: "  snug add 'psycopg[binary]'\n  snug add 'django>=5,<6' gunicorn\n  snug add pytest-xdist --runtime test",
		Args:    cobra.MinimumNArgs(1),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(func(e *engine.Engine) (*engine.Locked, error) {
				return e.Add(cmd.Context(), a.rootDir(), runtime, args)
			})
		},
	}
	cmd.Flags().StringVar(&runtime, "runtime", "", "the `RUNTIME` that needs it (default: prod, the innermost); those that contain it get it too")
	return cmd
}

func (a *app) remove() *cobra.Command {
	var runtime string
	cmd := &cobra.Command{
		Use:   "remove NAME…",
		Short: "remove packages from the manifest, and lock",
		Long: `Remove takes the packages out of the manifest and locks. One that another package
needs stays locked, and is named.`,
		Example: "  snug remove psycopg\n  snug remove pytest-xdist --runtime test",
		Args:    cobra.MinimumNArgs(1),

		ValidArgsFunction: a.askedNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(func(e *engine.Engine) (*engine.Locked, error) {
				return e.Remove(cmd.Context(), a.rootDir(), runtime, args)
			})
		},
	}
	cmd.Flags().StringVar(&runtime, "runtime", "", "only from this `RUNTIME` (default: from every one)")
	return cmd
}

func (a *app) edit(change func(*engine.Engine) (*engine.Locked, error)) error {
	e, _, err := a.inProject()
	if err != nil {
		return err
	}
	locked, err := change(e)
	if err != nil {
		return err
	}
	a.printLocked(locked, false)
	return nil
}
