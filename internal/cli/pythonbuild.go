package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/fault"
)

func (a *app) pythonBuild() *cobra.Command {
	var req engine.PythonRequest
	cmd := &cobra.Command{
		Use:   "build VERSION",
		Short: "build CPython from source into the store",
		Long: `Build builds CPython from the sources that its own project publishes, in the
sandbox: one hardened executable with its modules and libraries linked in, that may
be moved. It is kept in the store, and a project gets it by

    [tool.snug]
    python = { version = "3.13", build = "source" }

The profile minimal has the library and the headers, full has curses, ensurepip and
CPython's own tests besides. With --check it is built twice, under different
conditions, and the files are compared. docs/building-python.md says what the machine
must have, and what comes out.`,
		Example: "  snug python build 3.13\n  snug python build 3.13 --profile full --into ./python\n  snug python build 3.13.15 --check\n" +
			"  snug python build 3.13.9 --tarball Python-3.13.9.tar.xz --sha256 HEX",
		Args: cobra.ExactArgs(1),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			e, p, err := a.open()
			if err != nil {
				return err
			}
			req.Version, req.Tarball, req.Into = args[0], a.place(req.Tarball), a.path(req.Into)
			built, err := e.BuildPython(c.Context(), p, req)
			if err != nil {
				return err
			}
			return a.tellPython(built)
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Profile, "profile", "", "`NAME`: minimal or full (default minimal)")
	f.StringVar(&req.Optimize, "optimize", "", "`HOW`: pgo, which takes several times as long")
	f.StringVar(&req.Tarball, "tarball", "", "sources: a `FILE` or address, in place of the catalogue's")
	f.StringVar(&req.SHA256, "sha256", "", "its digest, in `HEX`")
	f.StringVar(&req.Into, "into", "", "put a copy into the new folder `DIR`")
	f.BoolVar(&req.Check, "check", false, "build it again under other conditions, and compare")
	return cmd
}

// tellPython prints what is known of a Python that was built. Two builds that differ
// are a failed check.
func (a *app) tellPython(b *engine.PythonBuilt) error {
	if a.json {
		a.result(b)
	} else if err := a.table(pythonRows(b)); err != nil {
		return err
	}
	if len(b.Differences) > 0 {
		return fault.New(fault.Failed, "each file that differs is listed; the first of them often tells why", "two builds of Python %s differ in %d files", b.Version, len(b.Differences))
	}
	return nil
}

func pythonRows(b *engine.PythonBuilt) [][]string {
	rows := [][]string{
		{"Python", b.Version + " (" + b.ID + ")"},
		{"folder", b.Dir},
		{"size", fmt.Sprintf("%.1f MB in %d files", float64(b.Bytes)/1e6, b.Files)},
		{"tree", b.Tree},
		{"sandbox", string(b.Level)},
	}
	for _, n := range b.Native {
		if strings.HasPrefix(n.Path, "python") {
			rows = append(rows, []string{"needs", fmt.Sprintf("%s, glibc %d.%d", strings.Join(n.Needs, ", "), n.Glibc[0], n.Glibc[1])}, []string{"hardened", n.Hardening.String()})
		}
	}
	for _, l := range b.Libraries {
		version := l.Version
		if l.Package != nil {
			version = strings.TrimSpace(version + " (" + l.Package.Name + " " + l.Package.Version + ")")
		}
		rows = append(rows, []string{"linked", strings.TrimSpace(l.Name + " " + version)})
	}
	if len(b.Refused) > 0 {
		rows = append(rows, []string{"refused", "the compiler does not know " + strings.Join(b.Refused, " ")})
	}
	for _, d := range b.Differences {
		rows = append(rows, []string{"differs", d.Path + ": " + d.How})
	}
	if b.Again != "" && len(b.Differences) == 0 {
		rows = append(rows, []string{"twice", "equal: built again under other conditions"})
	}
	return rows
}
