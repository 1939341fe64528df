package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"snug/internal/approvals"
	"snug/internal/engine"
)

func (a *app) waive() *cobra.Command {
	var ask engine.Waiving
	cmd := &cobra.Command{
		Use:   "waive ID --until DATE --reason TEXT",
		Short: "live with a finding for a while",
		Long: `Waive writes into ` + approvals.FileName + ` that a finding may stay until a day, at most for
a year: the id, or any alias of it. After that day it counts again, and snug says so.`,
		Example: "  snug waive CVE-2026-1234 --until 2026-12-31 --reason 'we never parse XML'\n  snug waive yanked --package numpy==2.1.0 --until 2026-12-31 --reason 'the fix is a week away' --by Ada",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			ask.ID, ask.By = args[0], cmp.Or(ask.By, a.person())
			if err := needed("--until", ask.Until, "--reason", ask.Reason, "--by", ask.By); err != nil {
				return err
			}
			e, _, err := a.open()
			if err != nil {
				return err
			}
			w, err := e.Waive(a.rootDir(), ask)
			if err != nil {
				return err
			}
			if a.json {
				a.result(w)
				return nil
			}
			a.say("%s: %s may stay until %s", approvals.FileName, w.ID, w.Until)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&ask.Until, "until", "", "the last `DAY` on which it may stay, such as 2026-12-31")
	f.StringVar(&ask.Reason, "reason", "", "`TEXT` for whoever reads it later")
	f.StringVar(&ask.Package, "package", "", "only in this package: `NAME` or NAME==VERSION (default: in any)")
	f.StringVar(&ask.By, "by", "", "`NAME` of who decides (default: the user of this machine)")
	return cmd
}

// person is the user of this machine, "" where nobody says.
func (a *app) person() string { return cmp.Or(a.env("USER"), a.env("USERNAME")) }

// needed refuses flags without a value: given as name, value, name, value.
func needed(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return usage("a decision says who took it and why, and a waiver until when", "%s is missing", pairs[i])
		}
	}
	return nil
}
