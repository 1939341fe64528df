package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"snug/internal/assemble"
	"snug/internal/fault"
)

func (a *app) history() *cobra.Command {
	return &cobra.Command{
		Use:   "history RUNTIME",
		Short: "the generations of a runtime",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := a.engine()
			if err != nil {
				return err
			}
			gens, err := e.History(a.rootDir(), args[0])
			if err != nil {
				return err
			}
			rows := [][]string{{"GENERATION", "MADE", "PYTHON", "PACKAGES", "TREE", ""}}
			for _, g := range gens {
				if a.json {
					if err := a.emit(g); err != nil {
						return err
					}
					continue
				}
				state := ""
				if g.Current {
					state = "current"
				}
				rows = append(rows, []string{args[0] + "@" + strconv.Itoa(g.Number), g.Made.Local().Format(time.DateTime), g.Python, strconv.Itoa(g.Packages), g.Tree[:min(12, len(g.Tree))], state})
			}
			if a.json {
				return nil
			}
			return a.table(rows)
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
			e, err := a.engine()
			if err != nil {
				return err
			}
			n, err := e.Rollback(a.rootDir(), args[0], to)
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(map[string]any{"kind": "switched", "runtime": args[0], "generation": n})
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
			e, err := a.engine()
			if err != nil {
				return err
			}
			r, err := e.GC(cmd.Context(), a.rootDir(), keep)
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(r)
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
			e, err := a.engine()
			if err != nil {
				return err
			}
			r, err := e.Verify(a.rootDir(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				if err := a.emit(r); err != nil {
					return err
				}
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
			e, err := a.engine()
			if err != nil {
				return err
			}
			r, err := e.Prove(cmd.Context(), a.rootDir(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				if err := a.emit(r); err != nil {
					return err
				}
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

func (a *app) python() *cobra.Command {
	cmd := &cobra.Command{Use: "python", Short: "which interpreters can be had, and from where", Args: known,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var target string
	list := &cobra.Command{
		Use: "list", Short: "list interpreters by source", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := a.engine()
			if err != nil {
				return err
			}
			found, err := e.Pythons(c.Context(), target)
			if err != nil {
				return err
			}
			rows := [][]string{{"PYTHON", "TARGET", "SOURCE", "ID", ""}}
			for _, p := range found {
				if a.json {
					if err := a.emit(p); err != nil {
						return err
					}
					continue
				}
				note := ""
				if !p.Movable {
					note = "dev runtimes only: cannot be moved"
				}
				rows = append(rows, []string{p.Version.String(), p.Target, p.Source, p.ID, note})
			}
			if a.json {
				return nil
			}
			return a.table(rows)
		},
	}
	list.Flags().StringVar(&target, "target", "", "`TARGET` (default: this machine's)")
	install := &cobra.Command{
		Use: "install VERSION", Short: "fetch an interpreter into the store", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := a.engine()
			if err != nil {
				return err
			}
			p, err := e.InstallPython(c.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(p)
			}
			a.say("Python %s from %s is in the store", p.Version, p.Source)
			return nil
		},
	}
	cmd.AddCommand(list, install)
	return cmd
}
