package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/fault"
	"snug/internal/finding"
)

func (a *app) policyTest() *cobra.Command {
	var t engine.PolicyTest
	strict := false
	cmd := &cobra.Command{
		Use:   "test [LOCK…]",
		Short: "what other rules would change, without changing anything",
		Long: `Test vets locks (the project's, where none is named) by two policies and prints the
verdicts that differ: --policy FILE against the project's rules, or without it the
project's rules against those that are built in.

Exit code 0, unless something would be denied that is not denied now: then 1. With
--strict it is 1 as soon as any verdict gets harder.`,
		Example: "  snug policy test\n  snug policy test --policy strict.toml\n  snug policy test --policy ../shared/policy.toml a/pylock.toml b/pylock.toml --strict",

		RunE: func(cmd *cobra.Command, args []string) error {
			e, p, err := a.inProject()
			if err != nil {
				return err
			}
			for _, name := range args {
				t.Locks = append(t.Locks, a.path(name))
			}
			t.Name, t.Policy, t.Advisories = t.Policy, a.path(t.Policy), a.path(t.Advisories)
			tested, err := e.TestPolicy(cmd.Context(), p, t)
			if err != nil {
				return err
			}
			a.finish()
			return a.printTested(tested, strict)
		},
	}
	f := cmd.Flags()
	f.StringVar(&t.Policy, "policy", "", "the rules of this `FILE` in place of the project's")
	f.StringVar(&t.Advisories, "advisories", "", "`PATH` of a zip, a folder or a record of OSV's, in place of the data that is kept")
	f.BoolVar(&strict, "strict", false, "exit 1 as soon as any verdict gets harder")
	return cmd
}

func (a *app) printTested(tested []engine.PolicyTested, strict bool) error {
	denied, harder := 0, 0
	for _, t := range tested {
		denied, harder = denied+t.Denied, harder+t.Harder
		if a.json {
			a.result(t)
			continue
		}
		rows := [][]string{}
		for _, c := range t.Changes {
			name := c.Package + " " + c.Version
			if c.Owner != "" {
				name += " in " + c.Owner
			}
			rows = append(rows, []string{oneLine(name), oneLine(c.ID), c.Runtime, string(c.Before) + " -> " + string(c.After), oneLine(strings.Join(c.Reasons, "; "))})
		}
		if len(rows) > 0 {
			if err := a.table(append([][]string{{"PACKAGE", "FINDING", "RUNTIME", "VERDICT", "BY"}}, rows...)); err != nil {
				return err
			}
		}
		fmt.Fprintf(a.Stdout, "%s: %s would change, %d of them to deny; %s, then %s\n", t.Lock, counted(len(t.Changes), "verdict", "verdicts"), t.Denied, verdictCounts(t.Before), verdictCounts(t.After))
	}
	if denied > 0 || strict && harder > 0 {
		return exitCode(fault.ExitFailed)
	}
	return nil
}

// verdictCounts is "2 deny, 1 warn", of what is more than allowed.
func verdictCounts(by map[finding.Verdict]int) string {
	var parts []string
	for _, v := range []finding.Verdict{finding.Deny, finding.Review, finding.Warn} {
		if by[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[v], v))
		}
	}
	if len(parts) == 0 {
		return "nothing to tell"
	}
	return strings.Join(parts, ", ")
}
