package engine

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"snug/internal/attest"
	"snug/internal/component"
	"snug/internal/cpython"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
)

// runtimeAsked are the external parameters of a runtime's provenance: what the
// user decided.
type runtimeAsked struct {
	Project string            `json:"project,omitempty"`
	Runtime string            `json:"runtime"`
	Target  string            `json:"target"`
	Python  string            `json:"python"`
	Lock    map[string]string `json:"lock"` // a digest set
}

// runtimeChosen are the internal ones: what snug made of that.
type runtimeChosen struct {
	Isolated bool   `json:"isolated"`
	Editable bool   `json:"editable"`
	Bytecode bool   `json:"bytecode"`
	LinkMode string `json:"link-mode"`
	Local    string `json:"local,omitempty"` // digest of what is installed of the project itself
}

// Where an input came from: annotation "origin".
const (
	originFetched = "fetched"
	originBuilt   = "built" // here; a statement about it follows in the bundle
	originHost    = "host"  // of the machine
)

// signer is the key that this machine signs with, made when it is first asked for.
func (e *Engine) signer() (*attest.Signer, error) {
	switch {
	case e.SigningKey != "":
		return attest.ReadKey(e.SigningKey)
	case e.Keys == "":
		return nil, fault.New(fault.Usage, "--signing-key FILE or SNUG_SIGNING_KEY names one; --home DIR or SNUG_HOME says where one is made", "no place for the signing key: HOME is not set")
	}
	return attest.OpenKey(e.Keys)
}

// evidence is what is signed about the runtime in dest, of which m is the
// manifest: its provenance, then that of every input that was built here.
func (pl *plan) evidence(dest string, m *generation.Manifest, started time.Time) (generation.Evidence, error) {
	subjects, err := subjectsOf(dest, m)
	if err != nil {
		return nil, err
	}
	inputs, made, err := pl.inputs(m)
	if err != nil {
		return nil, err
	}
	lockSum, err := digest.Parse(m.Lock)
	if err != nil {
		return nil, err
	}
	build := attest.Build{
		Type:     attest.RuntimeBuild,
		External: runtimeAsked{Project: projectName(pl.project), Runtime: m.Runtime, Target: m.Target, Python: m.Python, Lock: attest.SHA256(lockSum)},
		Internal: runtimeChosen{Isolated: m.Isolated, Editable: m.Editable, Bytecode: m.Bytecode, LinkMode: m.LinkMode, Local: m.Local},
		Inputs:   inputs, Snug: pl.engine.Version, Started: started, Finished: pl.engine.Now(),
		Invocation: digest.Of([]byte(m.Tree + started.Format(time.RFC3339Nano))).String()[:32],
	}
	statement, err := build.Statement(subjects...)
	if err != nil {
		return nil, err
	}
	signed, err := pl.signer.Sign(statement)
	if err != nil {
		return nil, err
	}
	data, err := append(attest.Bundle{signed}, made...).Marshal()
	if err != nil {
		return nil, err
	}
	vetted, err := json.MarshalIndent(pl.vetted, "", "  ")
	return generation.Evidence{generation.Provenance: data, generation.Vetting: append(vetted, '\n')}, err
}

func projectName(p *manifest.Project) string {
	if p.Loose {
		return ""
	}
	return p.Name
}

// subjectsOf are the runtime, by its tree digest, and its manifest, which holds
// the control files that the tree digest leaves out.
func subjectsOf(dest string, m *generation.Manifest) ([]attest.Resource, error) {
	tree, err := digest.Parse(m.Tree)
	if err != nil {
		return nil, err
	}
	list, err := digest.OfFile(filepath.Join(dest, filepath.FromSlash(generation.ManifestPath)))
	if err != nil {
		return nil, err
	}
	return []attest.Resource{{Name: m.Runtime, Digest: attest.SHA256(tree)}, {Name: generation.ManifestPath, Digest: attest.SHA256(list)}}, nil
}

// inputs are the interpreter and every wheel of the runtime, and what is kept of
// those that were built here.
func (pl *plan) inputs(m *generation.Manifest) (list []attest.Resource, made attest.Bundle, err error) {
	python := attest.Resource{URI: component.GenericURL("cpython", m.Python), Annotations: map[string]any{"source": pl.locked.Interpreter.Source}}
	if pl.locked.Interpreter.Source != interp.SourceFound { // there it is a path of this machine
		python.Annotations["id"] = pl.locked.Interpreter.ID
	}
	sum, fetched := pl.locked.Interpreter.SHA256, pl.locked.Interpreter.Source != cpython.SourceName
	if !fetched { // what the lock names are its sources
		sum = pl.tree.Digest().String()
		if err := pl.engine.ensureSigned(pl.tree); err != nil {
			return nil, nil, err
		}
	}
	if made, err = pl.addInput(&list, made, python, sum); err != nil {
		return nil, nil, err
	}
	files := filesOf(pl.lock)
	for _, p := range m.Packages {
		if p.SHA256 == "" {
			continue // the project's own
		}
		f, locked := files[p.SHA256]
		wheel := attest.Resource{URI: component.PackageURL(p.Name, p.Version), Name: f.FileName(), DownloadLocation: address(f.URL), Annotations: map[string]any{}}
		if made, err = pl.addInput(&list, made, wheel, p.SHA256); err != nil {
			return nil, nil, err
		}
		if !locked && wheel.Annotations["origin"] != originBuilt {
			return nil, nil, fault.New(fault.Integrity, "snug rebuild "+p.Name+" builds it again, and signs for it",
				"the wheel of %s %s was built here, and nothing is signed about it (sha256 %s)", p.Name, p.Version, p.SHA256)
		}
	}
	return list, made, nil
}

// addInput adds one input by its digest, and to made what was signed about it if
// it was built here.
func (pl *plan) addInput(list *[]attest.Resource, made attest.Bundle, r attest.Resource, hex string) (attest.Bundle, error) {
	sum, err := digest.Parse(hex)
	if err != nil {
		return nil, err
	}
	r.Digest = attest.SHA256(sum)
	kept, err := pl.engine.store.Evidence(sum)
	switch {
	case err == nil:
		r.Annotations["origin"] = originBuilt
	case fault.CodeOf(err) == fault.NotFound:
		r.Annotations["origin"] = originFetched
	default:
		return nil, fmt.Errorf("evidence about %s: %w", r.URI, err)
	}
	*list = append(*list, r)
	return append(made, kept...), nil
}

// filesOf are the files that the lock names, by their SHA-256.
func filesOf(l *lock.Lock) map[string]lock.File {
	out := map[string]lock.File{}
	for _, p := range l.Packages {
		for _, f := range p.Wheels {
			out[f.Hashes["sha256"]] = f
		}
		if a := p.Archive; a != nil {
			out[a.Hashes["sha256"]] = a.File()
		}
	}
	return out
}

// address is where a file was fetched, without what may be secret.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
