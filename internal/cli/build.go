package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/fault"
	"snug/internal/manifest"
)

// wanted are the flags that say what to build or lock without a project.
type wanted struct {
	python       string
	targets      []string
	requirements []string
	constraints  []string
	resolution   string
	prereleases  bool
	fromSource   []string
	into         string
}

func (w *wanted) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.python, "python", "", "Python `VERSION`: 3.14 is its newest patch, 3.14.6 pins")
	f.StringArrayVar(&w.targets, "target", nil, "`TARGET` such as linux-x86_64, macos-arm64 (repeatable)")
	f.StringVar(&w.resolution, "resolution", "", "try first `highest`, lowest or lowest-direct versions (for testing lower bounds)")
	f.BoolVar(&w.prereleases, "prereleases", false, "let pre-releases count as versions like others")
	f.StringSliceVar(&w.fromSource, "from-source", nil, "build these `NAMES` from source although they have wheels; :all: is every package (repeatable)")
	f.StringArrayVarP(&w.requirements, "requirement", "r", nil, "requirements `FILE` (repeatable)")
	f.StringArrayVarP(&w.constraints, "constraint", "c", nil, "constraints `FILE` (repeatable)")
}

// override hands over what the flags say before the project.
func (w *wanted) override(req *engine.LockRequest) {
	req.Python, req.Targets, req.Resolution, req.Prereleases = w.python, w.targets, w.resolution, w.prereleases
	req.FromSource = w.fromSource
}

func (a *app) build() *cobra.Command {
	var w wanted
	var req engine.BuildRequest
	cmd := &cobra.Command{
		Use:   "build [PROJECT-DIR] [RUNTIME]… | build --into DIR [REQUIREMENT]… [-r FILE]",
		Short: "lock if needed, fetch, assemble and switch to the runtimes",
		Long: `Build makes the project's runtimes (dev, test and prod unless it says otherwise)
in .snug/NAME/GENERATION and switches to them once they start. What is built
already is left as it is.

With --into it needs no project: the requirements named on the command line are
resolved, and a runtime of real copies is written to that folder.`,
		Example: `  snug build
  snug build prod
  snug build examples/shop
  snug build test --into ./runtime
  snug build --python 3.13 'django~=5.2' gunicorn --into ./runtime
  snug build --python 3.13 --target linux-x86_64 -r requirements.txt --into ./runtime`,
		ValidArgsFunction: a.buildArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			w.override(&req.Lock)
			if w.into != "" {
				req.Into = a.path(w.into)
			}
			if a.isLoose(&w, args) {
				if w.into == "" {
					return usage("add --into DIR, or name a project's folder", "requirements on the command line need a folder to build into")
				}
				req.Loose = true
			}
			p, names, err := a.projectFor(&w, args)
			if err != nil {
				return err
			}
			if req.Runtimes = names; req.Into != "" && len(names) > 0 {
				if len(names) > 1 || req.IntoRuntime != "" {
					return usage("say it once for each", "--into takes one runtime")
				}
				req.IntoRuntime = names[0]
			}
			e, err := a.engine(p)
			if err != nil {
				return err
			}
			built, err := e.Build(cmd.Context(), p, req)
			if built != nil && (err == nil || len(built.Runtimes) > 0) {
				err = cmp.Or(err, a.printBuilt(built))
			}
			return err
		},
	}
	w.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&w.into, "into", "", "write one runtime of real copies to `DIR` (replaces only what snug wrote there before)")
	f.StringVar(&req.IntoRuntime, "runtime", "", "with --into in a project: which `RUNTIME` (default prod)")
	f.BoolVar(&req.Prove, "prove", false, "import every top-level module of the packages before switching")
	f.BoolVar(&req.Rebuild, "rebuild", false, "assemble anew what is built already")
	f.BoolVar(&req.Locked, "locked", false, "fail if the lock does not answer what is asked, instead of locking")
	return cmd
}

// projectFor tells a project's folder, names of runtimes and requirements
// apart, and loads or makes the project.
func (a *app) projectFor(w *wanted, args []string) (*manifest.Project, []string, error) {
	if a.isLoose(w, args) {
		p, err := a.loose(w, args)
		return p, nil, err
	}
	if len(args) > 0 && a.isProject(args[0]) {
		a.project, args = args[0], args[1:]
	}
	p, err := a.load()
	return p, args, err
}

// isLoose says whether the requirements are named on the command line. In a
// project's folder the name of one of its runtimes means that, never a package
// that somebody called "prod".
func (a *app) isLoose(w *wanted, args []string) bool {
	if len(w.requirements) > 0 {
		return true
	}
	return w.into != "" && len(args) > 0 && !a.isProject(args[0]) && !slices.Contains(a.runtimes(), args[0])
}

// isProject tells a project's folder from the name of a runtime or a package:
// it has a separator in it, or holds a manifest.
func (a *app) isProject(arg string) bool {
	info, err := os.Stat(a.path(arg))
	if err != nil || !info.IsDir() {
		return false
	}
	if arg == "." || strings.ContainsRune(arg, filepath.Separator) {
		return true
	}
	for _, name := range []string{"pyproject.toml", "requirements.txt"} {
		if _, err := os.Stat(filepath.Join(a.path(arg), name)); err == nil {
			return true
		}
	}
	return false
}

// loose makes a project of requirements given on the command line.
func (a *app) loose(w *wanted, args []string) (*manifest.Project, error) {
	var files, constraints []string
	for _, f := range w.requirements {
		files = append(files, a.path(f))
	}
	for _, f := range w.constraints {
		constraints = append(constraints, a.path(f))
	}
	return manifest.Loose(a.Dir, args, files, constraints, a.env)
}

func (a *app) printBuilt(b *engine.Built) error {
	if len(b.Runtimes) == 0 || a.quiet && !a.json {
		return nil
	}
	return listing(a, []string{"RUNTIME", "PYTHON", "PACKAGES", "FILES", "MB", "TIME", ""}, b.Runtimes, func(r engine.BuiltRuntime) []string {
		return []string{
			r.Name, r.Python, fmt.Sprint(r.Packages), fmt.Sprint(r.Files),
			fmt.Sprintf("%.1f", float64(r.Bytes)/1e6), seconds(r.Took), r.State,
		}
	})
}

// usage makes a usage error.
func usage(hint, format string, args ...any) error {
	return fault.New(fault.Usage, hint, format, args...)
}
