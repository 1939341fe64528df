package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/fault"
)

func (a *app) notice() *cobra.Command {
	var sign bool
	var output string
	cmd := &cobra.Command{
		Use:   "notice RUNTIME[@GENERATION] | DIR",
		Short: "the third-party notices of a runtime, from what ships in it",
		Long: `Notice prints one text about everything in a built runtime, the interpreter
included: who made it, under which licence (declared, chosen, found in its files),
whose copyright it is, every licence text once, and where the source is of what is
under a copyleft licence. The same runtime gives the same bytes. It is kept among the
runtime's evidence as THIRD-PARTY-NOTICES.txt; --sign signs it there. --json tells the
same of each component without the texts.`,
		Example: "  snug notice prod\n  snug notice prod --sign --output NOTICES.txt",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.provenanceNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, p, err := a.open()
			if err != nil {
				return err
			}
			n, err := e.Notice(cmd.Context(), engine.NoticeRequest{Root: a.rootDir(), Name: args[0], Path: a.path, Project: p, Sign: sign})
			if err != nil {
				return err
			}
			return a.printNotice(n, output, sign)
		},
	}
	cmd.Flags().BoolVar(&sign, "sign", false, "sign the file that is kept, with the key of snug provenance key")
	cmd.Flags().StringVar(&output, "output", "", "write it to `FILE` instead of the standard output")
	return cmd
}

func (a *app) printNotice(n *engine.Notice, output string, signed bool) error {
	if n.Why != "" {
		if signed {
			return fault.New(fault.Failed, "make the folder of the runtime's evidence writable", "the notices cannot be kept: %s", n.Why)
		}
		fmt.Fprintf(a.Stderr, "snug: not kept beside the runtime: %s\n", printable(n.Why))
	}
	if output != "" {
		if err := os.WriteFile(a.path(output), n.Text, 0o644); err != nil {
			return fault.New(fault.Failed, "--output names a file in a folder that can be written", "%w", err)
		}
	}
	switch {
	case a.json:
		a.result(n)
	case output == "":
		_, err := a.Stdout.Write(n.Text)
		return err
	}
	return nil
}
