package cli

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
)

func (a *app) init() *cobra.Command {
	var name, python string
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "write a minimal pyproject.toml",
		Long: `Init writes a minimal pyproject.toml, taking in the requirements files that lie
in the folder. On a terminal it asks for what it cannot know.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				a.project = args[0]
			}
			e, err := a.engine()
			if err != nil {
				return err
			}
			if name == "" {
				name = a.ask("name of the project", filepath.Base(a.rootDir()))
			}
			path, err := e.Init(a.rootDir(), name, python)
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(map[string]any{"kind": "written", "path": path})
			}
			a.say("wrote %s", path)
			a.say("hint: snug add NAME, then snug build")
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the project (default: the folder's)")
	cmd.Flags().StringVar(&python, "python", "", "requires-python, such as '>=3.12'")
	return cmd
}

// ask puts a question on a terminal; elsewhere the default is the answer.
func (a *app) ask(question, def string) string {
	if !a.Terminal || a.quiet || a.json {
		return def
	}
	fmt.Fprintf(a.Stderr, "%s [%s]: ", question, def)
	line, err := bufio.NewReader(a.Stdin).ReadString('\n')
	if answer := strings.TrimSpace(line); err == nil && answer != "" {
		return answer
	}
	return def
}

func (a *app) add() *cobra.Command {
	var runtime string
	cmd := &cobra.Command{
		Use:     "add REQUIREMENT…",
		Short:   "add packages to a runtime, and lock",
		Example: "  snug add 'psycopg[binary]'\n  snug add pytest-xdist --runtime test",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(func(e *engine.Engine) (*engine.Locked, error) {
				return e.Add(cmd.Context(), a.rootDir(), runtime, args)
			})
		},
	}
	cmd.Flags().StringVar(&runtime, "runtime", "prod", "the `RUNTIME` that needs it; those that contain it get it too")
	return cmd
}

func (a *app) remove() *cobra.Command {
	var runtime string
	cmd := &cobra.Command{
		Use:   "remove NAME…",
		Short: "remove packages from the manifest, and lock",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(func(e *engine.Engine) (*engine.Locked, error) {
				return e.Remove(cmd.Context(), a.rootDir(), runtime, args)
			})
		},
	}
	cmd.Flags().StringVar(&runtime, "runtime", "", "only from this `RUNTIME` (default: from every one)")
	return cmd
}

func (a *app) edit(change func(*engine.Engine) (*engine.Locked, error)) error {
	e, err := a.engine()
	if err != nil {
		return err
	}
	locked, err := change(e)
	if err != nil {
		return err
	}
	return a.printLocked(locked)
}
