package cli

import (
	"github.com/spf13/cobra"

	"snug/internal/engine"
)

func (a *app) check() *cobra.Command {
	var req engine.CheckRequest
	var shown showing
	cmd := &cobra.Command{
		Use:   "check [RUNTIME...]",
		Short: "what is known against what the runtimes hold: holes, licences, signs, policy",
		Long: `Check holds what the lock says is in each runtime, and what of it is in the store,
to the advisories that are kept, to its licences, to what the indexes say of the
releases now, and to policy (docs/policy.md). It changes nothing.

Exit code 0: clean by policy. 1: something is denied. 3: nothing is denied, but
something could not be checked, or waits for a person.`,
		Example: "  snug check\n  snug check prod --json\n  snug check --advisories all.zip --sarif > snug.sarif",

		ValidArgsFunction: a.runtimeNames(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Runtimes = args
			e, p, err := a.inProject()
			if err != nil {
				return err
			}
			req.Advisories = a.path(req.Advisories)
			if err := a.begin(shown); err != nil {
				return err
			}
			report, err := e.Check(cmd.Context(), p, req)
			if err != nil {
				return err
			}
			return a.show(report, shown)
		},
	}
	cmd.Flags().StringVar(&req.Advisories, "advisories", "", "`PATH` of a zip, a folder or a record of OSV's, in place of the data that is kept")
	cmd.Flags().BoolVar(&req.Fetch, "fetch", false, "bring wheels that the store lacks, so that their files are looked at too")
	shown.flags(cmd)
	return cmd
}
