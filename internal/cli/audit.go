package cli

import (
	"github.com/spf13/cobra"

	"snug/internal/engine"
)

func (a *app) audit() *cobra.Command {
	var how showing
	var req engine.AuditRequest
	var advisories, policy string
	cmd := &cobra.Command{
		Use:   "audit PATH...",
		Short: "what is known against the packages of any project, environment or image",
		Long: `Audit holds what lies at the paths against advisories: locks and lists
(pylock.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock, requirements files,
environment.yml), a folder (a project, a virtual environment, site-packages), an
image as docker save writes it, or an SBOM in JSON. No project of snug is needed;
nothing is locked or installed, and nothing is fetched but advisories that
--advisories names by an address.

Exit code 0: nothing that policy minds. 1: something is denied. 3: something could
not be checked, or a person must look at it.`,
		Example: `  snug audit requirements.txt
  snug audit uv.lock --json
  snug audit ./legacy --advisories pypi.zip
  snug audit .venv --html > findings.html
  snug audit image.tar --sarif > findings.sarif`,
		Args: cobra.MinimumNArgs(1),

		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.begin(how); err != nil {
				return err
			}
			e, err := a.engine(nil)
			if err != nil {
				return err
			}
			req.Dir, req.Paths, req.Policy, req.Advisories = a.Dir, args, a.path(policy), a.place(advisories)
			report, err := e.Audit(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.show(report, how)
		},
	}
	how.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&advisories, "advisories", "", "`PATH` or address of OSV records: a zip, a folder, one record (default: what snug advisories keeps)")
	f.StringVar(&policy, "policy", "", "`FILE` of rules, as [tool.snug.policy] has them (default: the built-in ones)")
	return cmd
}
