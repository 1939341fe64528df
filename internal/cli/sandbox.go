package cli

import (
	"github.com/spf13/cobra"

	"snug/internal/sandbox"
)

func (a *app) sandbox() *cobra.Command {
	return &cobra.Command{
		Use:   "sandbox",
		Short: "how well this machine can seal what packages run when they are built",
		Long: `Sandbox tries every level by running a command in it, strongest first, and says what
stands in the way and what would help. Builds take the first that works; with
sandbox = "hermetic" in [tool.snug] they take nothing less (docs/sandbox.md).`,
		Example: "  snug sandbox\n  snug sandbox --json",
		Args:    cobra.NoArgs,

		RunE: func(cmd *cobra.Command, _ []string) error {
			probed := sandbox.Probe(cmd.Context(), a.env("TMPDIR"))
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			taken := false
			return listing(a, []string{"LEVEL", "WORKS", ""}, probed, func(p sandbox.Probed) []string {
				state, why := "no", p.Reason
				switch {
				case p.Works && !taken:
					state, why, taken = "yes", "taken", true
				case p.Works:
					state = "yes"
				case p.Remedy != "":
					why += "; it would take: " + p.Remedy
				}
				return []string{string(p.Level), state, why}
			})
		},
	}
}
