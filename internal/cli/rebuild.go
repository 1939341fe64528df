package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/repro"
)

func (a *app) rebuild() *cobra.Command {
	var req engine.RebuildRequest
	var python string
	cmd := &cobra.Command{
		Use:   "rebuild NAME[==VERSION]",
		Short: "build a package from its sdist, and compare",
		Long: `Rebuild builds one release from its sdist in the sandbox, in the version that the
project locks or else the newest, and tells how the wheel differs from the one
that its publisher offers.

With --check it is built twice: the second time with another clock, host name,
umask, folder and parallelism. If that gives other bytes, each file that differs
is listed and the exit code is 1.`,
		Example: "  snug rebuild markupsafe --check\n  snug rebuild pyyaml==6.0.2",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.lockedNames(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Name, req.Version, err = pinned(args[0]); err != nil {
				return err
			}
			p, err := a.projectIfAny()
			if err == nil && p == nil {
				p, err = manifest.Loose(a.Dir, nil, nil, nil, a.env)
			}
			if err != nil {
				return err
			}
			if python != "" {
				p.Python = python
			}
			e, err := a.engine(p)
			if err != nil {
				return err
			}
			got, err := e.Rebuild(cmd.Context(), p, req)
			if err != nil {
				return err
			}
			if err := a.printRebuilt(got); err != nil {
				return err
			}
			if req.Check && !got.Reproducible() {
				return exitCode(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&req.Check, "check", false, "build twice under different conditions and compare")
	cmd.Flags().StringVar(&python, "python", "", "Python `VERSION` to build for (default: the project's)")
	return cmd
}

// pinned reads NAME or NAME==VERSION.
func pinned(arg string) (name, version string, err error) {
	name, version, _ = strings.Cut(arg, "==")
	if name = strings.TrimSpace(name); !pep508.ValidName(name) {
		return "", "", usage("write snug rebuild NAME or NAME==VERSION", "%q names no package", arg)
	}
	if version = strings.TrimSpace(version); version != "" {
		if _, err := pep440.Parse(version); err != nil {
			return "", "", usage("write snug rebuild NAME==VERSION", "%w", err)
		}
	}
	return pep508.NormalizeName(name), version, nil
}

func (a *app) printRebuilt(r *engine.Rebuilt) error {
	if a.json {
		a.result(r)
		return nil
	}
	made := fmt.Sprintf("in %s", seconds(r.Took))
	if r.Cached {
		made = "was in the store"
	}
	fmt.Fprintf(a.Stdout, "%s %s: %s (%s sandbox, %s)\n", r.Name, r.Version, r.Wheel, r.Sandbox, made)
	fmt.Fprintf(a.Stdout, "  sha256 %s\n  %s\n", r.SHA256, r.Path)
	for _, note := range r.Report.Notes {
		fmt.Fprintf(a.Stdout, "  note: %s\n", note)
	}
	switch {
	case r.Reproducible():
		fmt.Fprintln(a.Stdout, "reproducible: a build with another clock, host name, umask, folder and parallelism gave the same bytes")
	case r.Again != nil:
		fmt.Fprintln(a.Stdout, "not reproducible: a build with another clock, host name, umask, folder and parallelism differs")
		a.printDifference(r.Again)
	}
	if r.Published == nil {
		fmt.Fprintln(a.Stdout, "published: there is no wheel of it for this machine")
		return nil
	}
	fmt.Fprintf(a.Stdout, "published: %s\n", r.Published.Theirs)
	a.printDifference(r.Published)
	return nil
}

// printDifference prints what matters most of a difference.
func (a *app) printDifference(d *repro.Difference) {
	for line := range strings.Lines(d.String()) {
		fmt.Fprintf(a.Stdout, "  %s\n", strings.TrimRight(line, "\n"))
	}
	if len(d.Files)+len(d.Fields) > 0 {
		fmt.Fprintln(a.Stdout, "    (+ here, - there; --json has all of it)")
	}
}
