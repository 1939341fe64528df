package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
)

func (a *app) why() *cobra.Command {
	return &cobra.Command{
		Use:   "why NAME",
		Short: "every chain that brings a package in, per runtime and target",
		Long: `Why lists every chain from a runtime's own requirement to the package, the
shortest first. A chain that holds on some targets only names them. What the lock
notes of the package follows, such as why targets have different versions.`,
		Example: "  snug why sqlparse",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.lockedNames(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := a.readLock()
			if err != nil {
				return err
			}
			chains, err := engine.Why(l, args[0])
			if err != nil {
				return err
			}
			for _, c := range chains {
				if a.json {
					a.result(c)
					continue
				}
				line := c.Runtime + ": " + strings.Join(c.Names, " -> ")
				if len(c.Targets) < len(l.Tool.Targets) {
					line += " (" + strings.Join(c.Targets, ", ") + ")"
				}
				fmt.Fprintln(a.Stdout, line)
			}
			a.printNotes(engine.Notes(l, args[0]))
			return nil
		},
	}
}

// printNotes tells what the lock says of a package besides.
func (a *app) printNotes(notes []engine.PackageNote) {
	for _, n := range notes {
		if a.json {
			a.result(n)
			continue
		}
		fmt.Fprintf(a.Stdout, "%s %s: %s\n", n.Name, n.Version, n.Note)
	}
}

func (a *app) whyNot() *cobra.Command {
	return &cobra.Command{
		Use:   "why-not REQUIREMENT",
		Short: "why the lock does not have a version, or what it takes to have it",
		Long: `Why-not resolves with one requirement more, and writes nothing. It says that the
lock has it already; or that it is possible, by which command, and what would
move; or what stands in the way. A bare name asks for a newer version than the
locked one.`,
		Example: "  snug why-not django\n  snug why-not 'django>=6'\n  snug why-not urllib3==2.1",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.lockedNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, p, err := a.inProject()
			if err != nil {
				return err
			}
			answer, err := e.WhyNot(cmd.Context(), p, args[0])
			if err != nil {
				return err
			}
			if a.json {
				a.result(answer)
				return nil
			}
			fmt.Fprintln(a.Stdout, strings.Join(answerLines(answer), "\n"))
			return nil
		},
	}
}

// answerLines is an answer for people.
func answerLines(w *engine.Answer) []string {
	name := strings.FieldsFunc(w.Requirement, func(r rune) bool { return strings.ContainsRune("[<>=!~ ", r) })[0]
	now := name + " is not locked"
	if len(w.Locked) > 0 {
		now = name + " " + strings.Join(w.Locked, " and ") + " is locked"
	}
	if w.Why != "" {
		now += ": " + w.Why
	}
	switch w.State {
	case engine.Satisfied:
		return []string{now + ", as " + w.Requirement + " asks"}
	case engine.Impossible:
		lines := []string{now, w.Conflict.Error()}
		if len(w.Conflict.Fixes) > 0 {
			lines = append(lines, engine.FixLines(w.Conflict)...)
		}
		return lines
	}
	lines := []string{now, w.Requirement + " is possible: " + strings.Join(slices.DeleteFunc([]string{w.Edit, w.Command}, func(s string) bool { return s == "" }), ", then ")}
	for _, c := range w.Moved {
		lines = append(lines, "  "+changeLine(c))
	}
	for _, note := range w.Notes {
		lines = append(lines, "  note: "+note)
	}
	return lines
}
