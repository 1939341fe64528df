package engine

import (
	"maps"
	"slices"
	"time"

	"snug/internal/attest"
	"snug/internal/build"
	"snug/internal/component"
	"snug/internal/cpython"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/pytag"
	"snug/internal/repro"
)

// facts are what is known of a wheel that was built here: what went in, how, and
// what came out.
type facts struct {
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	Target   string            `json:"target"`
	Wheel    string            `json:"wheel"` // file name
	SHA256   string            `json:"sha256"`
	Raw      string            `json:"raw"` // of the wheel as the backend made it
	Log      string            `json:"log"`
	Inputs   []attest.Resource `json:"inputs"`
	Recipe   string            `json:"recipe,omitempty"` // digest
	Sandbox  string            `json:"sandbox"`
	Flags    []string          `json:"flags"` // the environment that the backend had
	Epoch    time.Time         `json:"epoch"`
	Report   *repro.Report     `json:"report"`
	Started  time.Time         `json:"started"`
	Finished time.Time         `json:"finished"`
}

// took is how long the build ran.
func (f facts) took() time.Duration { return f.Finished.Sub(f.Started) }

// factsOf are those of a build that is done.
func (s *sources) factsOf(o origin, n needs, with equipment, out *build.Output) (*facts, error) {
	inputs, err := s.inputsOf(o, n, with)
	if err != nil {
		return nil, err
	}
	return &facts{Name: o.Name, Version: o.Version, Target: s.here.Target.String(), Wheel: out.Name, SHA256: out.SHA256.String(),
		Raw: out.Raw.String(), Log: out.Log.String(), Inputs: inputs, Recipe: with.recipeDigest(), Sandbox: string(out.Level),
		Flags: out.Flags, Report: out.Report}, nil
}

// inputsOf are all things with a digest that went into building o: its source, the
// interpreter, the build requirements, crates and tools.
func (s *sources) inputsOf(o origin, n needs, with equipment) ([]attest.Resource, error) {
	python, err := s.pythonSum()
	if err != nil {
		return nil, err
	}
	out := []attest.Resource{
		{URI: component.PackageURL(o.Name, o.Version), Name: o.file.FileName(), DownloadLocation: address(o.file.URL), Digest: attest.SHA256(o.sum)},
		{URI: component.GenericURL("cpython", s.here.Python.String()), Digest: attest.SHA256(python), Annotations: pythonOrigin(s.here.Interpreter)},
	}
	if o.commit != "" {
		out[0].Digest["gitCommit"] = o.commit
	}
	requires, err := s.filesOf(n)
	if err != nil {
		return nil, err
	}
	out = append(out, requires...)
	for _, c := range with.crates {
		out = append(out, attest.Resource{URI: component.CrateURL(c.Name, c.Version), Digest: attest.SHA256(c.SHA256)})
	}
	tools := slices.Clone(with.tools.Tools)
	if with.tools.Rust != nil {
		tools = append(tools, with.tools.Rust.Tools...)
	}
	for _, t := range tools {
		out = append(out, attest.Resource{URI: component.GenericURL(t.Name, t.Version), Digest: map[string]string{"sha256": t.SHA256}})
	}
	return out, nil
}

// pythonSum is what the interpreter is known by: what the lock says, or of one that
// was built here its tree, as the lock names its sources.
func (s *sources) pythonSum() (digest.SHA256, error) {
	if s.here.Interpreter.Source != cpython.SourceName {
		return digest.Parse(s.here.Interpreter.SHA256)
	}
	tree, err := s.interpreter()
	if err != nil {
		return digest.SHA256{}, err
	}
	return tree.Digest(), nil
}

// pythonOrigin says where an interpreter came from; a found one's ID is a path of
// this machine.
func pythonOrigin(i lock.Interpreter) map[string]any {
	out := map[string]any{"source": i.Source}
	if i.Source != interp.SourceFound {
		out["id"] = i.ID
	}
	return out
}

// filesOf are the files of the build requirements on this machine.
func (s *sources) filesOf(n needs) ([]attest.Resource, error) {
	l := n.Lock(&lock.Lock{LockVersion: lock.Version})
	t := s.here
	selected, err := l.Select(pytag.Environment(t.Target, t.Python), nil, nil, s.tags(), t.Python)
	if err != nil {
		return nil, err
	}
	var out []attest.Resource
	for _, sel := range selected {
		r := attest.Resource{URI: component.PackageURL(sel.Package.Name, sel.Package.Version)}
		f := sourceFile(sel.Package)
		if sel.File != nil {
			f = *sel.File
		}
		if f.Hashes["sha256"] == "" {
			return nil, fault.New(fault.Unsupported, "a recipe of your own (docs/building.md) can ask for a release of it", "%s is needed to build, and comes from a folder or a repository", sel.Package.Name)
		}
		r.Name, r.DownloadLocation, r.Digest = f.FileName(), address(f.URL), map[string]string{"sha256": f.Hashes["sha256"]}
		out = append(out, r)
	}
	return out, nil
}

// wheelAsked are the external parameters of a built wheel's provenance.
type wheelAsked struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Target  string `json:"target"`
}

// wheelChosen are the internal ones.
type wheelChosen struct {
	Sandbox     string   `json:"sandbox"`
	Environment []string `json:"environment"`
	Epoch       int64    `json:"source-date-epoch"`
	Recipe      string   `json:"recipe,omitempty"` // a SHA-256
}

// maxKept bounds the statements about one wheel: several sources may come to the
// same bytes, as a folder and a commit of it do.
const maxKept = 8

// sign signs what is known of a built wheel, unless that is kept already.
func (s *sources) sign(f *facts) error {
	sum, err := digest.Parse(f.SHA256)
	if err != nil {
		return err
	}
	kept, err := s.store.Evidence(sum)
	if err != nil && fault.CodeOf(err) != fault.NotFound || saysSource(kept, f) {
		return err
	}
	kept = kept[:min(len(kept), maxKept-1)]
	return s.keepSigned(f.Wheel, sum, attest.Build{
		Type:     attest.WheelBuild,
		External: wheelAsked{f.Name, f.Version, f.Target},
		Internal: wheelChosen{f.Sandbox, f.Flags, f.Epoch.Unix(), f.Recipe},
		Inputs:   f.Inputs, Snug: s.Version, Started: f.Started, Finished: f.Finished,
		Byproducts: []attest.Resource{
			{Name: "log", Digest: map[string]string{"sha256": f.Log}},
			{Name: "wheel as the build backend made it", Digest: map[string]string{"sha256": f.Raw}},
		},
	}, kept...)
}

// saysSource tells whether a statement says that the wheel was made of its source.
func saysSource(kept attest.Bundle, f *facts) bool {
	return slices.ContainsFunc(kept, func(e *attest.Envelope) bool {
		said, err := e.Claim()
		if err != nil {
			return false
		}
		p, err := said.Provenance()
		return err == nil && slices.ContainsFunc(p.BuildDefinition.ResolvedDependencies, func(r attest.Resource) bool {
			return r.URI == f.Inputs[0].URI && maps.Equal(r.Digest, f.Inputs[0].Digest)
		})
	})
}
