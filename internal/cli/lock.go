package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/fault"
	"snug/internal/manifest"
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

With --from it keeps the versions that another tool has locked: uv.lock, poetry.lock,
pdm.lock, Pipfile.lock, a requirements file of pip-compile, conda's environment.yml
or another pylock.toml. Where there is no project, what that file asks for is locked.

With -r it needs no project: the requirements files are locked, and the lock goes
to standard output, or with -o to a file, whose versions are kept in the same way.`,
		Example: `  snug lock
  snug lock --upgrade
  snug lock --upgrade django
  snug lock --from uv.lock
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
			if len(req.From) > 0 && len(upgrade) > 0 {
				return usage("lock with --from, then with --upgrade", "--from keeps versions and --upgrade chooses them anew")
			}
			return a.doLock(cmd, &w, req)
		},
	}
	w.flags(cmd)
	cmd.Flags().Var((*names)(&upgrade), "upgrade", "choose anew: everything, or only `[NAME]` (repeatable)")
	cmd.Flags().Lookup("upgrade").NoOptDefVal = everything
	cmd.Flags().StringArrayVar(&req.From, "from", nil, "keep the versions of another tool's lock `FILE` (repeatable)")
	cmd.Flags().StringVarP(&req.Output, "output", "o", "", "lock `FILE` (default pylock.toml; with -r standard output)")
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "resolve and say what would be locked, write nothing")
	return cmd
}

func (a *app) doLock(cmd *cobra.Command, w *wanted, req engine.LockRequest) error {
	for i, path := range req.From {
		req.From[i] = a.path(path)
	}
	p, err := a.projectOrImport(w, req.From)
	if err != nil {
		return err
	}
	e, err := a.engine(p)
	if err != nil {
		return err
	}
	w.override(&req)
	req.Output = a.path(req.Output)
	req.NoFile = req.Output == "" && len(w.requirements) > 0
	locked, err := e.Lock(cmd.Context(), p, req)
	if err != nil {
		return err
	}
	if req.NoFile {
		return a.printLock(locked)
	}
	a.printLocked(locked, req.DryRun)
	return nil
}

// projectOrImport is the project, or where there is none what the files of
// other tools ask for.
func (a *app) projectOrImport(w *wanted, from []string) (*manifest.Project, error) {
	p, _, err := a.projectFor(w, nil)
	if len(from) == 0 || len(w.requirements) > 0 || fault.CodeOf(err) != fault.NotFound {
		return p, err
	}
	e, err := a.engine(nil)
	if err != nil {
		return nil, err
	}
	return e.ProjectOf(a.rootDir(), from)
}

// printLock writes the lock itself, for a lock without a file.
func (a *app) printLock(l *engine.Locked) error {
	text := l.Lock.Marshal()
	if a.json {
		data := map[string]any{"packages": len(l.Lock.Packages), "lock": string(text)}
		if l.From != nil {
			data["from"] = l.From
		}
		a.result(data)
		return nil
	}
	a.printImported(l.From)
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
		data := map[string]any{"path": l.Path, "state": state, "packages": len(l.Lock.Packages), "moved": append([]engine.Change{}, l.Moved...)}
		if l.From != nil {
			data["from"] = l.From
		}
		a.result(data)
	}
	a.printImported(l.From)
	for _, c := range l.Moved {
		a.say("%s", changeLine(c))
	}
	a.say("%s: %d packages, %s", l.Path, len(l.Lock.Packages), state)
	for _, other := range l.Apart {
		a.printLocked(other, dry)
	}
}

// mostMoves are the lines that tell of versions that were not kept.
const mostMoves = 6

// printImported tells in a few lines what became of the versions that other
// tools had locked.
func (a *app) printImported(m *engine.Imported) {
	if m == nil {
		return
	}
	var names []string
	for _, path := range m.Files {
		names = append(names, filepath.Base(path))
	}
	text := fmt.Sprintf("%s: %d of %d versions kept", strings.Join(names, ", "), m.Kept, m.Locked)
	if len(m.Moved) > 0 {
		text += fmt.Sprintf(", %d moved", len(m.Moved))
	}
	if len(m.Unneeded) > 0 {
		text += fmt.Sprintf(", %d not needed here (%s)", len(m.Unneeded), some(m.Unneeded))
	}
	a.say("%s", text)
	for i, move := range m.Moved {
		if i == mostMoves {
			a.say("  and %d more; --json lists them", len(m.Moved)-i)
			break
		}
		where := ""
		if len(move.Targets) > 0 {
			where = " on " + some(move.Targets)
		}
		a.say("  %s %s -> %s%s: %s", move.Name, move.Before, move.After, where, move.Why)
	}
	if len(m.Unlisted) > 0 {
		a.say("  no hash of these files was locked: %s", some(m.Unlisted))
	}
}

// some are the first few items, and how many there are more.
func some(items []string) string {
	const few = 3
	if len(items) <= few {
		return strings.Join(items, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(items[:few], ", "), len(items)-few)
}
