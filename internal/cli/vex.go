package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"snug/internal/fault"
	"snug/internal/generation"
)

func (a *app) vex() *cobra.Command {
	var flags documentFlags
	cmd := &cobra.Command{
		Use:   "vex RUNTIME[@GENERATION] | DIR",
		Short: "what each advisory means for a runtime, as OpenVEX 0.2.0",
		Long: `Vex prints, for a built runtime or one that was delivered to a folder, one statement
for each hole and each component that an advisory speaks of: affected and what to
do, fixed, not affected and why, or under investigation. A waived finding is
affected, and the statement names the waiver. Where no advisory speaks of anything
in the runtime nothing is printed. The document is kept beside the runtime.`,
		Example: "  snug vex prod > prod.openvex.json\n  snug vex prod --sign\n  snug vex check prod.openvex.json",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.generationNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.document(cmd, args[0], generation.OpenVEX, flags)
		},
	}
	flags.on(cmd)
	cmd.AddCommand(a.vexCheck())
	return cmd
}

func (a *app) vexCheck() *cobra.Command {
	var bill string
	cmd := &cobra.Command{
		Use:   "check VEX",
		Short: "hold an OpenVEX document to a bill of materials, statement by statement",
		Long: `Check proves that every statement of an OpenVEX document will be heeded: that it has
what the specification asks for, and that its products and subcomponents are in a
bill of materials, under the same package URL. The bill is that of the built runtime
that the document is about, or the one of --sbom (CycloneDX or SPDX, JSON). Exit
code 1 where a statement would be passed over.`,
		Example: "  snug vex check prod.openvex.json\n  snug vex check theirs.json --sbom sbom.spdx.json",
		Args:    cobra.ExactArgs(1),

		RunE: func(cmd *cobra.Command, args []string) error {
			e, _, err := a.open()
			if err != nil {
				return err
			}
			r, err := e.CheckVEX(cmd.Context(), a.rootDir(), a.path(args[0]), a.path(bill))
			if err != nil {
				return err
			}
			if a.json {
				a.result(r)
			}
			for _, p := range r.Problems {
				where := "the document"
				if p.Statement > 0 {
					where = fmt.Sprintf("statement %d (%s)", p.Statement, printable(p.Vulnerability))
				}
				if !a.json {
					fmt.Fprintf(a.Stdout, "%s: %s\n", where, harmless(p.What))
				}
			}
			if n := len(r.Problems); n > 0 {
				return fault.New(fault.Failed, "a scanner passes over what does not match: write the package URL as the bill of materials has it",
					"%s: %s of %s would not be heeded, or break the specification", args[0], counted(n, "thing", "things"), counted(r.Statements, "statement", "statements"))
			}
			a.say("%s: %s, each about something in the bill of materials", args[0], counted(r.Statements, "statement", "statements"))
			return nil
		},
	}
	cmd.Flags().StringVar(&bill, "sbom", "", "bill of materials `FILE` in place of the runtime's own")
	return cmd
}
