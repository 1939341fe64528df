package build

import (
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/repro"
	"snug/internal/sandbox"
)

func TestKey(t *testing.T) {
	python, err := pep440.Parse("3.13.1")
	if err != nil {
		t.Fatal(err)
	}
	later, err := pep440.Parse("3.13.2")
	if err != nil {
		t.Fatal(err)
	}
	target, err := pytag.ParseTarget("linux-x86_64")
	if err != nil {
		t.Fatal(err)
	}
	other, err := pytag.ParseTarget("linux-aarch64")
	if err != nil {
		t.Fatal(err)
	}
	job := func() Job {
		return Job{Name: "demo", Version: "1.0", Backend: "own", Epoch: time.Unix(1, 0), Expect: repro.Expect{Python: python, Target: target},
			Toolchain: Toolchain{Name: ToolchainHost, Arch: "x86_64", Tools: []Tool{{Name: "cc", Path: "/usr/bin/cc", SHA256: "1"}, {Name: "ld", SHA256: "2"}}, Rust: &Rust{Tools: []Tool{{Name: "cargo", SHA256: "3"}}}},
			Recipe:    &Recipe{Digest: digest.Of([]byte("r"))}}
	}
	a, b := digest.Of([]byte("a")), digest.Of([]byte("b"))
	in := Inputs{Source: a, Requires: []digest.SHA256{a, b}, Interpreter: a, Headers: a, Level: sandbox.Hermetic}
	want := Key(job(), in)

	same := []func(j *Job, in *Inputs){
		func(j *Job, in *Inputs) {},
		func(j *Job, in *Inputs) { in.Requires = []digest.SHA256{b, a, b} },
		func(j *Job, in *Inputs) { j.Source, j.Runtime, j.Out = "/a", "/b", "/c" },
		func(j *Job, in *Inputs) { j.Conditions, j.Limits.Memory = OtherConditions(), 1 },
		func(j *Job, in *Inputs) {
			j.Toolchain.Tools[0], j.Toolchain.Tools[1] = j.Toolchain.Tools[1], j.Toolchain.Tools[0]
		},
		func(j *Job, in *Inputs) { j.Toolchain.Tools[0].Path = "/elsewhere/cc" },
	}
	for i, change := range same {
		j, with := job(), in
		if change(&j, &with); Key(j, with) != want {
			t.Errorf("change %d that does not count gives another key", i)
		}
	}
	differ := []func(j *Job, in *Inputs){
		func(j *Job, in *Inputs) { j.Version = "1.1" },
		func(j *Job, in *Inputs) { j.Backend = "other" },
		func(j *Job, in *Inputs) { j.BackendPath = []string{"."} },
		func(j *Job, in *Inputs) { j.Epoch = time.Unix(2, 0) },
		func(j *Job, in *Inputs) { j.Expect.Python = later },
		func(j *Job, in *Inputs) { j.Expect.Target = other },
		func(j *Job, in *Inputs) { j.Toolchain = Toolchain{} },
		func(j *Job, in *Inputs) { j.Toolchain.Name = ToolchainZig },
		func(j *Job, in *Inputs) { j.Toolchain.Glibc = "2.28" },
		func(j *Job, in *Inputs) { j.Toolchain.Tools[1].SHA256 = "4" },
		func(j *Job, in *Inputs) { j.Toolchain.Rust = nil },
		func(j *Job, in *Inputs) { j.Toolchain.Rust.Tools[0].SHA256 = "4" },
		func(j *Job, in *Inputs) { j.Recipe = nil },
		func(j *Job, in *Inputs) { j.Recipe.Digest = b },
		func(j *Job, in *Inputs) { in.Source = b },
		func(j *Job, in *Inputs) { in.Requires = []digest.SHA256{a} },
		func(j *Job, in *Inputs) { in.Interpreter = b },
		func(j *Job, in *Inputs) { in.Headers = b },
		func(j *Job, in *Inputs) { in.Level = sandbox.None },
	}
	seen := map[digest.SHA256]int{want: -1}
	for i, change := range differ {
		j, with := job(), in
		change(&j, &with)
		key := Key(j, with)
		if before, known := seen[key]; known {
			t.Errorf("changes %d and %d give the same key", before, i)
		}
		seen[key] = i
	}
}
