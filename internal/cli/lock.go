package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"snug/internal/engine"
)

// everything is the value of a bare --upgrade.
const everything = "*"

func (a *app) lock() *cobra.Command {
	var w wanted
	var req engine.LockRequest
	var upgrade []string
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "resolve and write pylock.toml",
		Long: `Lock decides every version and file for every target and writes pylock.toml
(PEP 751). Versions of an existing lock are kept unless --upgrade says otherwise.
With -r it needs no project.`,
		Example: `  snug lock
  snug lock --upgrade
  snug lock --upgrade=django
  snug lock -r requirements.txt -c constraints.txt --python 3.13 --target linux-x86_64 -o pylock.web.toml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range append(upgrade, args...) {
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
	cmd.Flags().StringArrayVar(&upgrade, "upgrade", nil, "choose anew: everything, or only `NAME`")
	cmd.Flags().Lookup("upgrade").NoOptDefVal = everything
	cmd.Flags().StringVarP(&req.Output, "output", "o", "", "lock `FILE` (default pylock.toml)")
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "resolve and say what would be locked, write nothing")
	return cmd
}

func (a *app) doLock(cmd *cobra.Command, w *wanted, req engine.LockRequest) error {
	e, err := a.engine()
	if err != nil {
		return err
	}
	p, _, err := a.projectFor(w, nil)
	if err != nil {
		return err
	}
	req.Python, req.Targets, req.Output = w.python, w.targets, a.path(req.Output)
	if req.Output == "" && len(w.requirements) > 0 {
		req.Output = filepath.Join(a.Dir, engine.LockName)
	}
	locked, err := e.Lock(cmd.Context(), p, req)
	if err != nil {
		return err
	}
	return a.printLocked(locked)
}

func (a *app) printLocked(l *engine.Locked) error {
	state := "unchanged"
	if l.Changed {
		state = "written"
	}
	if a.json {
		return a.emit(map[string]any{"kind": "locked", "path": l.Path, "state": state, "packages": len(l.Lock.Packages)})
	}
	a.say("%s: %d packages, %s", l.Path, len(l.Lock.Packages), state)
	return nil
}
