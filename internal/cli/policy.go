package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/policy"
)

func (a *app) policy() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "policy",
		Short:   "the rules by which findings are judged",
		Long:    "Policy shows the rules in force and where each is written, and what other rules would change.",
		Example: "  snug policy show prod\n  snug policy test --policy strict.toml",
		Args:    known,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.policyShow(), a.policyTest())
	return cmd
}

func (a *app) policyShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show [RUNTIME]",
		Short: "every rule in force, and where it is written",
		Long: `Show prints the rules of a runtime, or those that hold for all: what is built in,
under the shared policy, under [tool.snug.policy] (docs/policy.md).`,
		Example: "  snug policy show\n  snug policy show dev --json",
		Args:    cobra.MaximumNArgs(1),

		ValidArgsFunction: a.runtimeNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, p, err := a.inProject()
			if err != nil {
				return err
			}
			rules, err := e.Policy(cmd.Context(), p)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				if err := runtimeKnown(p, args[0]); err != nil {
					return err
				}
				rules = rules.For(args[0])
			} else if of := rules.Runtimes(); len(of) > 0 {
				a.say("rules of their own: %s (snug policy show %s)", strings.Join(of, ", "), of[0])
			}
			return listing(a, []string{"RULE", "", "WHERE", ""}, rules.Rules(), func(r policy.Rule) []string {
				return []string{strings.Join(slices.DeleteFunc([]string{r.Table, r.Key}, func(s string) bool { return s == "" }), " "), r.Value, r.Place, r.Why}
			})
		},
	}
}

// runtimeKnown refuses a runtime that the project has not.
func runtimeKnown(p *manifest.Project, name string) error {
	var known []string
	for _, r := range p.Runtimes {
		known = append(known, r.Name)
	}
	if slices.Contains(known, name) {
		return nil
	}
	return fault.New(fault.NotFound, fault.DidYouMean(name, known, "the runtimes are "+strings.Join(known, ", ")), "there is no runtime %q", name)
}
