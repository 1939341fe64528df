package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/fault"
	"snug/internal/lock"
)

// readLock reads the project's lock for commands that only look.
func (a *app) readLock() (*lock.Lock, error) {
	l, err := engine.ReadHostLock(filepath.Join(a.rootDir(), engine.LockName))
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fault.New(fault.NotFound, "snug lock makes it", "there is no %s in %s", engine.LockName, a.rootDir())
	}
	return l, nil
}

func (a *app) list() *cobra.Command {
	return &cobra.Command{
		Use:   "list [RUNTIME]",
		Short: "packages of the lock, or of one runtime",
		Long:  "List shows what is locked: each package with the runtimes that hold it on some target.",

		Example:           "  snug list\n  snug list prod",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.runtimeNames(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := a.readLock()
			if err != nil {
				return err
			}
			names, err := engine.List(l, args)
			if err != nil {
				return err
			}
			return listing(a, []string{"PACKAGE", "VERSION", "RUNTIMES"}, names, func(n engine.Listed) []string {
				return []string{n.Name, n.Version, strings.Join(n.Runtimes, " ")}
			})
		},
	}
}

func (a *app) diff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff FROM TO",
		Short: "what differs between two runtimes or generations",
		Long: `Diff compares two built runtimes, written as NAME (its current generation) or
NAME@GENERATION: packages that came (+), went (-) or moved (~), then files.`,
		Example: "  snug diff dev prod\n  snug diff prod@3 prod@4",
		Args:    cobra.ExactArgs(2),

		ValidArgsFunction: a.generationNames(2),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := a.engine(nil)
			if err != nil {
				return err
			}
			d, err := e.Diff(a.rootDir(), args[0], args[1])
			if err != nil {
				return err
			}
			if a.json {
				a.result(d)
				return nil
			}
			for _, c := range d.Packages {
				fmt.Fprintln(a.Stdout, changeLine(c))
			}
			fmt.Fprintf(a.Stdout, "files: %d added, %d removed, %d changed; %+.1f MB\n", d.Added, d.Removed, d.Changed, float64(d.Bytes)/1e6)
			return nil
		},
	}
}

func changeLine(c engine.Change) string {
	switch {
	case c.Before == "":
		return "+ " + c.Name + " " + c.After
	case c.After == "":
		return "- " + c.Name + " " + c.Before
	default:
		return "~ " + c.Name + " " + c.Before + " -> " + c.After
	}
}
