package cli

import (
	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/store"
)

// billFormats are the bills of materials by the name of their format.
func billFormats() map[string]string {
	return map[string]string{"cyclonedx": generation.CycloneDX, "spdx": generation.SPDX}
}

func (a *app) sbom() *cobra.Command {
	var format string
	var flags documentFlags
	cmd := &cobra.Command{
		Use:   "sbom RUNTIME[@GENERATION] | DIR",
		Short: "a runtime's bill of materials, as CycloneDX 1.6 or SPDX 2.3",
		Long: `Sbom prints the bill of materials of a built runtime, or of one that was delivered to
a folder: the interpreter, every distribution with its hash, licence and supplier,
what each of them carries inside, what depends on what, and in CycloneDX the holes
that the advisories know of. The same runtime and advisories give the same bytes. Both
formats are kept beside the runtime (docs/evidence.md).`,
		Example: "  snug sbom prod > sbom.cdx.json\n  snug sbom prod --format spdx --output sbom.spdx.json\n  snug sbom dist/out --sign",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.generationNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, ok := billFormats()[format]
			if !ok {
				return usage("--format cyclonedx or --format spdx", "there is no format %q", format)
			}
			return a.document(cmd, args[0], file, flags)
		},
	}
	cmd.Flags().StringVar(&format, "format", "cyclonedx", "`NAME` of the format: cyclonedx or spdx")
	flags.on(cmd)
	return cmd
}

// documentFlags are those of every command that writes a runtime's documents.
type documentFlags struct {
	output, advisories string
	sign               bool
}

func (f *documentFlags) on(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write it to `FILE`, not to standard output")
	cmd.Flags().BoolVar(&f.sign, "sign", false, "sign it as a statement about the runtime's tree: FILE"+generation.SignedSuffix)
	cmd.Flags().StringVar(&f.advisories, "advisories", "", "`PATH` of a zip, a folder or a record of OSV's, in place of the data that is kept")
}

// writtenDocument is what --json tells of one.
type writtenDocument struct {
	*engine.Documents
	File   string `json:"file,omitempty"`   // that was asked for with --output, else the kept one
	Signed string `json:"signed,omitempty"` // the file with the signed statement
}

// document writes a runtime's documents and hands one of them out.
func (a *app) document(cmd *cobra.Command, name, file string, f documentFlags) error {
	e, p, err := a.open()
	if err != nil {
		return err
	}
	d, err := e.Documents(cmd.Context(), engine.DocumentsRequest{Root: a.rootDir(), Name: name, Path: a.path, Sign: f.sign, Project: p, Advisories: a.path(f.advisories)})
	if err != nil {
		return err
	}
	if d.Missing != "" && file == generation.OpenVEX {
		return fault.New(fault.NotFound, "snug advisories update fetches it; --advisories PATH names a zip, a folder or a record", "nothing can be stated: %s", d.Missing)
	}
	if d.Why != "" {
		a.say("not kept beside the runtime: %s", d.Why)
	}
	out := writtenDocument{Documents: d}
	if out.File, out.Signed, err = a.handOut(d, file, f.output); err != nil {
		return err
	}
	if a.json {
		a.result(out)
		return nil
	}
	a.sayDocument(out, file)
	return nil
}

// handOut prints the document or writes it where that is asked, with what was signed of
// it, and tells where they lie.
func (a *app) handOut(d *engine.Documents, file, output string) (path, signed string, err error) {
	data, envelope := d.Files[file], d.Files[file+generation.SignedSuffix]
	if output == "" {
		if !a.json {
			if _, err := a.Stdout.Write(data); err != nil {
				return "", "", err
			}
		}
		if d.Kept != "" && len(data) > 0 {
			path = d.Kept + "/" + file
			if len(envelope) > 0 {
				signed = path + generation.SignedSuffix
			}
		}
		return path, signed, nil
	}
	path = a.path(output)
	if len(data) == 0 {
		return "", "", nil
	}
	if err := store.WriteFile(path, data, 0o644); err != nil {
		return "", "", err
	}
	if len(envelope) > 0 {
		signed = path + generation.SignedSuffix
		err = store.WriteFile(signed, envelope, 0o644)
	}
	return path, signed, err
}

// sayDocument tells on standard error what was written.
func (a *app) sayDocument(out writtenDocument, file string) {
	if file == generation.OpenVEX {
		if len(out.Files[file]) == 0 {
			a.say("no advisory speaks of anything in %s: there is nothing to state, and OpenVEX has no document without a statement", out.Runtime)
			return
		}
		a.say("%s: %s", out.Runtime, counted(out.Findings, "finding", "findings"))
	} else {
		if out.Missing != "" {
			a.say("holes are not told: %s", out.Missing)
		}
		a.say("%s: %s, %s that could not be told", out.Runtime, counted(out.Components, "component", "components"), counted(len(out.Unknowns), "thing", "things"))
	}
	if out.Signed != "" {
		a.say("signed: %s", out.Signed)
	}
}
