package engine

import (
	"maps"
	"slices"
	"time"

	"snug/internal/attest"
	"snug/internal/component"
	"snug/internal/cpython"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/store"
)

// keepSigned signs for what was made here, known by sum, and keeps that in the
// store, before what is kept, until what is made of it takes it along.
func (e *Engine) keepSigned(name string, sum digest.SHA256, b attest.Build, kept ...*attest.Envelope) error {
	key, err := e.signer()
	if err != nil {
		return err
	}
	statement, err := b.Statement(attest.Resource{Name: name, Digest: attest.SHA256(sum)})
	if err != nil {
		return err
	}
	signed, err := key.Sign(statement)
	if err != nil {
		return err
	}
	return e.store.AddEvidence(sum, append(attest.Bundle{signed}, kept...))
}

// pythonAsked are the external parameters of an interpreter's provenance.
type pythonAsked struct {
	Python string `json:"python"`
	Kind   string `json:"kind"` // profile and optimisation
}

// pythonChosen are the internal ones.
type pythonChosen struct {
	Sandbox   string   `json:"sandbox"`
	Epoch     string   `json:"epoch"`
	Flags     []string `json:"flags"`
	Refused   []string `json:"refused,omitempty"` // flags that the compiler did not take
	Configure []string `json:"configure"`
	Absent    []string `json:"absent,omitempty"`
}

// signInterpreter signs for an interpreter that was built here and done at that
// time, if it is known. What is signed for is its tree.
func (e *Engine) signInterpreter(b *cpython.Built, done time.Time) error {
	tree, err := digest.Parse(b.Tree)
	if err != nil {
		return err
	}
	inputs, err := inputsOfPython(b)
	if err != nil {
		return err
	}
	log, err := digest.Parse(b.Log)
	if err != nil {
		return err
	}
	made := attest.Build{
		Type:     attest.InterpreterBuild,
		External: pythonAsked{Python: b.Version, Kind: b.ID},
		Internal: pythonChosen{Sandbox: string(b.Level), Epoch: b.Epoch.UTC().Format(time.RFC3339), Flags: b.Flags, Refused: b.Refused, Configure: b.Configure, Absent: b.Absent},
		Inputs:   inputs, Byproducts: []attest.Resource{{Name: "log", Digest: attest.SHA256(log)}},
		Snug: e.Version, Invocation: log.String()[:32],
	}
	if !done.IsZero() {
		made.Started, made.Finished = done, done
		for _, s := range b.Steps {
			made.Started = made.Started.Add(-s.Took)
		}
	}
	return e.keepSigned("cpython-"+b.Version, tree, made)
}

// ensureSigned signs for an interpreter that was built here and that nothing is
// signed about any more, from what was kept of its build.
func (e *Engine) ensureSigned(tree *store.Tree) error {
	_, err := e.store.Evidence(tree.Digest())
	if fault.CodeOf(err) != fault.NotFound {
		return err
	}
	var b cpython.Built
	if err := e.readBuilt(tree, &b); err != nil {
		return err
	}
	return e.signInterpreter(&b, time.Time{})
}

// inputsOfPython are the sources, and every archive of the machine that was linked in.
func inputsOfPython(b *cpython.Built) ([]attest.Resource, error) {
	out := []attest.Resource{{URI: component.GenericURL("cpython", b.Version), Name: b.Tarball.Name(), Annotations: map[string]any{"origin": originFetched}}}
	if err := digestInto(&out[0], b.Tarball.SHA256); err != nil {
		return nil, err
	}
	for _, l := range b.Libraries {
		for _, name := range slices.Sorted(maps.Keys(l.Archives)) {
			r := attest.Resource{URI: component.GenericURL(l.Name, l.Version), Name: name, Annotations: map[string]any{"origin": originHost}}
			if err := digestInto(&r, l.Archives[name]); err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, nil
}

func digestInto(r *attest.Resource, hex string) error {
	sum, err := digest.Parse(hex)
	r.Digest = attest.SHA256(sum)
	return err
}
