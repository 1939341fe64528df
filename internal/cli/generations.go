package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"snug/internal/assemble"
	"snug/internal/engine"
	"snug/internal/fault"
)

func (a *app) history() *cobra.Command {
	return &cobra.Command{
		Use:   "history RUNTIME",
		Short: "the generations of a runtime",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := a.engine(nil)
			if err != nil {
				return err
			}
			gens, err := e.History(a.rootDir(), args[0])
			if err != nil {
				return err
			}
			head := []string{"GENERATION", "MADE", "PYTHON", "PACKAGES", "TREE", ""}
			return listing(a, head, gens, func(g engine.Generation) []string {
				state := ""
				if g.Current {
					state = "current"
				}
				return []string{args[0] + "@" + strconv.Itoa(g.Number), g.Made.Local().Format(time.DateTime), g.Python, strconv.Itoa(g.Packages), g.Tree[:min(12, len(g.Tree))], state}
			})
		},
	}
}

func (a *app) rollback() *cobra.Command {
	var to int
	cmd := &cobra.Command{
		Use:   "rollback RUNTIME",
		Short: "switch back to the generation before, or to one by number",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := a.engine(nil)
			if err != nil {
				return err
			}
			n, err := e.Rollback(a.rootDir(), args[0], to)
			if err != nil {
				return err
			}
			if a.json {
				a.result(map[string]any{"runtime": args[0], "generation": n})
			}
			a.say("%s is generation %d now", args[0], n)
			return nil
		},
	}
	cmd.Flags().IntVar(&to, "to", 0, "generation `NUMBER`")
	return cmd
}

func (a *app) gc() *cobra.Command {
	var keep int
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "remove old generations, and what no project uses from the store",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.engine(nil)
			if err != nil {
				return err
			}
			r, err := e.GC(cmd.Context(), a.rootDir(), keep)
			if err != nil {
				return err
			}
			if a.json {
				a.result(r)
			}
			a.say("removed %d generations and %d store entries, %s", r.Generations, r.Entries, megabytes(r.Bytes))
			return nil
		},
	}
	cmd.Flags().IntVar(&keep, "keep", 3, "generations kept for each runtime, the current one among them")
	return cmd
}

func (a *app) verify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify RUNTIME[@GENERATION]",
		Short: "hash every file of a runtime again and name what was changed",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := a.engine(nil)
			if err != nil {
				return err
			}
			r, err := e.Verify(a.rootDir(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				a.result(r)
			} else {
				a.printVerified(args[0], r)
			}
			if !r.Clean() {
				return fault.New(fault.Integrity, "snug build makes a new generation; snug rollback goes back to an older one",
					"%s is not what was built: %d changed, %d missing, %d added", args[0], len(r.Changed), len(r.Missing), len(r.Added))
			}
			return nil
		},
	}
}

func (a *app) printVerified(name string, r *assemble.Report) {
	for _, set := range []struct {
		word  string
		paths []string
	}{{"changed", r.Changed}, {"missing", r.Missing}, {"added", r.Added}} {
		for _, p := range set.paths {
			fmt.Fprintf(a.Stdout, "%s %s\n", set.word, p)
		}
	}
	if r.Clean() {
		a.say("%s: %d files as built, %d bytecode files added since", name, r.Files, r.AddedBytecode)
	}
}

func (a *app) prove() *cobra.Command {
	return &cobra.Command{
		Use:   "prove RUNTIME",
		Short: "import every top-level module of a runtime's packages",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.engine(nil)
			if err != nil {
				return err
			}
			r, err := e.Prove(cmd.Context(), a.rootDir(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				a.result(r)
			}
			for _, f := range r.Failed {
				if !a.json {
					fmt.Fprintf(a.Stdout, "%s (%s): %s\n", f.Module, f.Package, f.Reason)
				}
			}
			if broken := r.Broken(); len(broken) > 0 {
				return fault.New(fault.Failed, "the lines above name each module and why", "%s: %d of %d modules do not import", args[0], len(broken), r.Modules)
			}
			a.say("%s: %d of %d modules import, none is broken", args[0], r.Modules-len(r.Failed), r.Modules)
			return nil
		},
	}
}
