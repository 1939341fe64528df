package build

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/sandbox"
)

// LayoutVersion changes whenever the same inputs would give another wheel: with the
// driver, the conditions, the flags or the canonical form.
const LayoutVersion = "2"

// Inputs are the digests of what a Job's folders hold; zero is none.
type Inputs struct {
	Source      digest.SHA256   // the sdist, or the tree of the sources
	Requires    []digest.SHA256 // wheels of the build requirements, in any order
	Interpreter digest.SHA256   // its tree
	Headers     digest.SHA256   // their tree
	Level       sandbox.Level   // what was built at a weaker level is not taken for what is built at a stronger one
}

// Key names what comes out of a job before it is built: by all that goes in. Two
// jobs with the same key give the same wheel; what is not in it (the conditions,
// limits, folders of the host) must not show in the wheel, which a build under
// OtherConditions holds.
func Key(job Job, in Inputs) digest.SHA256 {
	h := sha256.New()
	say := func(what string, values ...string) {
		fmt.Fprintf(h, "%s %d\n", what, len(values))
		for _, v := range values {
			fmt.Fprintf(h, "%d %s\n", len(v), v)
		}
	}
	say("layout", LayoutVersion)
	say("package", job.Name, job.Version)
	say("source", in.Source.String(), fmt.Sprint(job.Epoch.Unix()))
	say("backend", append([]string{job.Backend}, job.BackendPath...)...)
	requires := make([]string, len(in.Requires))
	for i, sum := range in.Requires {
		requires[i] = sum.String()
	}
	slices.Sort(requires)
	say("requires", slices.Compact(requires)...)
	say("python", in.Interpreter.String(), job.Expect.Python.String(), in.Headers.String())
	say("target", job.Expect.Target.String(), fmt.Sprint(job.Expect.Glibc, job.Expect.Native))
	say("sandbox", string(in.Level))
	say("flags", slices.Concat(compileFlags, linkFlags, []string{archFlags[job.Toolchain.Arch]})...)
	say("toolchain", job.Toolchain.identity()...)
	if job.Recipe != nil {
		say("recipe", job.Recipe.Digest.String())
	}
	return digest.SHA256(h.Sum(nil))
}

// identity is what decides the bytes that a toolchain makes: no paths.
func (t Toolchain) identity() []string {
	out := []string{t.Name, t.Arch, t.Glibc}
	tools := slices.Clone(t.Tools)
	if t.Rust != nil {
		tools = append(tools, t.Rust.Tools...)
	}
	slices.SortFunc(tools, func(a, b Tool) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.SHA256, b.SHA256))
	})
	for _, tool := range tools {
		out = append(out, tool.Name, tool.Version, tool.SHA256)
	}
	return out
}
