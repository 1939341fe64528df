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
		Use:     "history RUNTIME",
		Short:   "the generations of a runtime",
		Example: "  snug history prod",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.runtimeNames(1),
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
		Long: `Rollback makes an older generation the current one. Nothing is fetched or built;
the next snug build switches to what the lock says again.`,
		Example: "  snug rollback prod\n  snug rollback prod --to 3",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.runtimeNames(1),
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
		Long: `Gc removes generations of this project beyond the newest, never one in use, and
from the store what no runtime of any project holds and nobody used of late.`,
		Example: "  snug gc\n  snug gc --keep 1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, _, err := a.open()
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
	cmd.Flags().IntVar(&keep, "keep", 3, "`NUMBER` of generations kept for each runtime, the current one among them")
	return cmd
}

func (a *app) verify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify RUNTIME[@GENERATION]",
		Short: "hash every file of a runtime again and name what was changed",
		Long: `Verify holds a built runtime to its manifest. Bytecode that Python added is
counted, and is no change. Exit code 1 where anything was changed.`,
		Example: "  snug verify prod\n  snug verify prod@3",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.generationNames(1),
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
				return fault.New(fault.Integrity, "snug build --rebuild makes a new generation; snug rollback goes back to an older one",
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
		Use:   "prove RUNTIME[@GENERATION]",
		Short: "import every top-level module of a runtime's packages",
		Long: `Prove imports every top-level module in children with a time limit, and lists
what fails. The result is kept by the runtime's digest. Exit code 1 where a module
is broken.`,
		Example: "  snug prove prod",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.generationNames(1),
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
