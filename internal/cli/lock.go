package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
)

// everything is the value of a bare --upgrade. It is what help leaves out for a
// flag of the type that names has.
const everything = "true"

// names is a flag that may stand alone, repeated.
type names []string

func (n *names) String() string     { return strings.Join(*n, ",") }
func (n *names) Set(s string) error { *n = append(*n, s); return nil }
func (n *names) Type() string       { return "bool" }

func (a *app) lock() *cobra.Command {
	var w wanted
	var req engine.LockRequest
	var upgrade []string
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "resolve and write pylock.toml",
		Long: `Lock decides every version and file for every target and writes pylock.toml
(PEP 751). Versions of an existing lock are kept unless --upgrade says otherwise.

With -r it needs no project: the requirements files are locked, and the lock goes
to standard output, or with -o to a file, whose versions are kept in the same way.`,
		Example: `  snug lock
  snug lock --upgrade
  snug lock --upgrade django
  snug lock --as-of 2026-11-01
  snug lock --resolution lowest-direct -o pylock.lowest.toml
  snug lock -r requirements.txt -c constraints.txt --python 3.13 --target linux-x86_64 -o pylock.web.toml`,
		Args: cobra.ArbitraryArgs,

		ValidArgsFunction: a.lockedNames(1 << 10),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range append([]string(upgrade), args...) {
				if name == everything {
					req.Upgrade = true
				} else {
					req.UpgradeOnly = append(req.UpgradeOnly, name)
				}
			}
			if len(args) > 0 && len(upgrade) == 0 {
				return usage("snug lock --upgrade NAME chooses a package anew", "lock takes no names without --upgrade")
			}
			if len(args) > 0 {
				req.Upgrade = false // --upgrade NAME: the bare flag only introduces the names
			}
			return a.doLock(cmd, &w, req)
		},
	}
	w.flags(cmd)
	cmd.Flags().Var((*names)(&upgrade), "upgrade", "choose anew: everything, or only `[NAME]` (repeatable)")
	cmd.Flags().Lookup("upgrade").NoOptDefVal = everything
	cmd.Flags().StringVarP(&req.Output, "output", "o", "", "lock `FILE` (default pylock.toml; with -r standard output)")
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "resolve and say what would be locked, write nothing")
	return cmd
}

func (a *app) doLock(cmd *cobra.Command, w *wanted, req engine.LockRequest) error {
	p, _, err := a.projectFor(w, nil)
	if err != nil {
		return err
	}
	e, err := a.engine(p)
	if err != nil {
		return err
	}
	w.override(&req)
	req.Output = a.path(req.Output)
	req.Unfiled = req.Output == "" && len(w.requirements) > 0
	locked, err := e.Lock(cmd.Context(), p, req)
	if err != nil {
		return err
	}
	if req.Unfiled {
		return a.printLock(locked)
	}
	a.printLocked(locked, req.DryRun)
	return nil
}

// printLock writes the lock itself, for a lock without a file.
func (a *app) printLock(l *engine.Locked) error {
	text := l.Lock.Marshal()
	if a.json {
		a.result(map[string]any{"packages": len(l.Lock.Packages), "lock": string(text)})
		return nil
	}
	_, err := a.Stdout.Write(text)
	return err
}

// printLocked tells what became of the lock file.
func (a *app) printLocked(l *engine.Locked, dry bool) {
	state := "unchanged"
	switch {
	case l.Changed:
		state = "written"
	case dry && !l.Fresh:
		state = "not written"
	}
	if a.json {
		a.result(map[string]any{"path": l.Path, "state": state, "packages": len(l.Lock.Packages), "moved": append([]engine.Change{}, l.Moved...)})
	}
	for _, c := range l.Moved {
		a.say("%s", changeLine(c))
	}
	a.say("%s: %d packages, %s", l.Path, len(l.Lock.Packages), state)
	for _, other := range l.Apart {
		a.printLocked(other, dry)
	}
}
