package build

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"time"

	"snug/internal/fault"
	"snug/internal/repro"
	"snug/internal/sandbox"
)

// finish holds the wheel to what was expected and writes it in canonical form.
func (r *room) finish(ctx context.Context, raw string, out *Output) error {
	r.step("check and normalise")
	expect := r.job.Expect
	expect.Place, expect.Called = r.at.source, path.Join(CanonicalConditions().Folder, r.job.Name)
	report, file, err := repro.Normalise(ctx, raw, expect, r.stripper(), r.job.Out)
	if err != nil {
		return r.refused(err)
	}
	out.Report, out.Path, out.Name, out.SHA256 = report, file, filepath.Base(file), report.SHA256
	return nil
}

// refused is a wheel that is not what it should be. Where its native part is
// missing, the log may tell why.
func (r *room) refused(err error) error {
	if code := fault.CodeOf(err); code != fault.Failed && code != fault.Integrity {
		return err
	}
	cause := Cause{Kind: causeOutput, Text: err.Error(), Remedy: fault.HintOf(err)}
	if told, ok := search(r.log.tail(), r.job.Recipe); ok && r.job.Expect.Native {
		cause = Cause{Kind: told.Kind, Name: told.Name, Text: cause.Text + "; the log tells why: " + told.Text, Remedy: told.Remedy}
	}
	return r.failure("check", cause)
}

// stripper strips native files, in the sandbox: strip reads what a stranger's
// compiler wrote. nil without the host's compiler; zig's linker has stripped already.
func (r *room) stripper() func(context.Context, []string) error {
	if r.job.Toolchain.Name != ToolchainHost {
		return nil
	}
	return func(ctx context.Context, files []string) error {
		r.step("strip")
		in := sandbox.Input{Host: filepath.Dir(files[0]), Inside: "/strip", Writable: true}
		argv := []string{"/usr/bin/strip", "--strip-unneeded", "-R", ".note.gnu.build-id", "-R", ".comment"}
		for _, file := range files {
			argv = append(argv, path.Join(r.box.Path(in), filepath.Base(file)))
		}
		result, err := r.box.Run(ctx, sandbox.Command{Argv: argv, Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, Inputs: []sandbox.Input{in}, System: true,
			Limits: sandbox.Limits{Wall: 10 * time.Minute}, Log: r.log})
		if err != nil {
			return err
		}
		if result.Exit != 0 || result.Killed != "" {
			return fmt.Errorf("strip ended with code %d %s: %v", result.Exit, result.Killed, lastLines(r.log.tail(), 1))
		}
		return nil
	}
}
