package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/assemble"
	"snug/internal/attest"
	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// Verdict is what verifying one thing came to.
type Verdict struct {
	Name       string    `json:"name"`
	Kind       string    `json:"kind,omitempty"`
	SHA256     string    `json:"sha256,omitempty"` // of the file, or of the runtime's tree
	Key        string    `json:"key,omitempty"`    // that signed what is said of it
	Statements int       `json:"statements"`       // whose signature holds
	Inputs     int       `json:"inputs"`
	Problems   []Problem `json:"problems,omitempty"`
	Notes      []string  `json:"notes,omitempty"`
}

// Problem is a reason to refuse, and what helps.
type Problem struct {
	What string `json:"what"`
	Hint string `json:"hint"`
}

// OK tells whether everything held.
func (v *Verdict) OK() bool { return len(v.Problems) == 0 }

func (v *Verdict) refuse(err error) {
	v.Problems = append(v.Problems, Problem{err.Error(), fault.HintOf(err)})
}

func (v *Verdict) wrong(hint, format string, args ...any) {
	v.refuse(fault.New(fault.Integrity, hint, format, args...))
}

// remedies of what does not agree with what was signed.
const (
	buildAnew  = "snug build --rebuild makes a new one, with its provenance"
	takeAnew   = "take the file again from where it was made"
	signAnew   = "it was not written by this snug, or was changed: build again"
	noStranger = "do not use it before you know how that came there; " + buildAnew
)

// VerifyProvenance holds what was signed to what is there, offline: each
// signature, then the bytes of the subject, then, of a runtime, that everything
// its lock names went into it and nothing else. A thing that is refused is no
// error but a Verdict with problems. Errors are those of keys, and of no names.
func (e *Engine) VerifyProvenance(ctx context.Context, req ProvenanceRequest) ([]Verdict, error) {
	keys, err := e.trusted(req.Keys)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fault.New(fault.NotFound, "--key FILE.pem names a public key that you trust", "no key to verify with: nothing was signed here yet")
	}
	names, err := req.names()
	if err != nil {
		return nil, err
	}
	var out []Verdict
	for _, name := range names {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		out = append(out, *e.verdict(req, name, keys))
	}
	return out, nil
}

func (e *Engine) verdict(req ProvenanceRequest, name string, keys []attest.PublicKey) *Verdict {
	v := &Verdict{Name: name}
	t, err := req.thing(name)
	if err != nil {
		v.refuse(err)
		return v
	}
	v.Kind = t.kind
	bundle, err := e.bundle(t)
	if err != nil {
		v.refuse(err)
		return v
	}
	said := v.signed(bundle, keys)
	switch t.kind {
	case KindRuntime:
		e.verifyRuntime(v, t.path, said)
		v.verifyDocuments(filepath.Dir(t.evidence), v.SHA256, keys)
	case KindFile:
		v.verifyFile(t.path, said)
	default:
		v.Notes = append(v.Notes, "signatures only: to compare, name the runtime or the file that it is about")
	}
	return v
}

// signed are the statements whose signature holds; each other line is a problem.
func (v *Verdict) signed(bundle attest.Bundle, keys []attest.PublicKey) []*attest.Statement {
	var out []*attest.Statement
	for i, envelope := range bundle {
		s, key, err := envelope.Verify(keys)
		if err != nil {
			v.refuse(fmt.Errorf("statement %d: %w", i+1, err))
			continue
		}
		if v.Key == "" {
			v.Key = key.ID
		}
		out = append(out, s)
	}
	v.Statements = len(out)
	return out
}

// errNothingSaid is the error of about where no statement is about that.
var errNothingSaid = errors.New("nothing is said of it")

// about is the provenance among statements of what has that digest.
func about(said []*attest.Statement, sum string) (*attest.Statement, *attest.Provenance, error) {
	for _, s := range said {
		if s.PredicateType == attest.ProvenanceType && s.About(sum) {
			p, err := s.Provenance()
			return s, p, err
		}
	}
	return nil, nil, errNothingSaid
}

// verifyFile holds a file to its provenance.
func (v *Verdict) verifyFile(path string, said []*attest.Statement) {
	sum, err := digest.OfFile(path)
	if err != nil {
		v.refuse(err)
		return
	}
	v.SHA256 = sum.String()
	_, p, err := about(said, v.SHA256)
	switch {
	case errors.Is(err, errNothingSaid):
		v.wrong(takeAnew, "no trusted statement is about this file: its sha256 is %s", v.SHA256)
	case err != nil:
		v.refuse(err)
	default:
		v.Inputs = len(p.BuildDefinition.ResolvedDependencies)
	}
}

// verifyRuntime holds a runtime to its provenance.
func (e *Engine) verifyRuntime(v *Verdict, dir string, said []*attest.Statement) {
	m, err := generation.Read(dir)
	if err != nil {
		v.refuse(err)
		return
	}
	v.SHA256 = m.Tree
	e.verifyFiles(v, dir)
	statement, p, err := about(said, m.Tree)
	if errors.Is(err, errNothingSaid) {
		v.wrong(buildAnew, "no trusted statement is about this runtime: its tree is %s", m.Tree)
		return
	}
	if err != nil {
		v.refuse(err)
		return
	}
	v.Inputs = len(p.BuildDefinition.ResolvedDependencies)
	if p.BuildDefinition.BuildType != attest.RuntimeBuild {
		v.wrong(signAnew, "the statement is about a build of type %.80q, not %s", p.BuildDefinition.BuildType, attest.RuntimeBuild)
		return
	}
	list, err := digest.OfFile(filepath.Join(dir, filepath.FromSlash(generation.ManifestPath)))
	if err != nil {
		v.refuse(err)
	} else if !statement.About(list.String()) {
		v.wrong(noStranger, "%s is not the one that was signed: files may have been added that the tree digest does not cover", generation.ManifestPath)
	}
	if v.verifyAsked(dir, m, p) {
		v.verifyInputs(dir, m, p, said)
	}
}

// maxNamed bounds the files that a verdict names of one kind.
const maxNamed = 3

// verifyFiles hashes every file of the runtime again.
func (e *Engine) verifyFiles(v *Verdict, dir string) {
	r, err := assemble.Verify(dir, func(done, total int64) { e.progress("verify", v.Name, done, total, "files") })
	if err != nil {
		v.refuse(err)
		return
	}
	for _, set := range []struct {
		word  string
		paths []string
	}{{"changed", r.Changed}, {"missing", r.Missing}, {"added", r.Added}} {
		for _, path := range set.paths[:min(maxNamed, len(set.paths))] {
			v.wrong(noStranger, "%s %s", set.word, path)
		}
		if more := len(set.paths) - maxNamed; more > 0 {
			v.wrong("snug verify names all", "%d more files %s", more, set.word)
		}
	}
	if r.AddedBytecode > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%d bytecode files that Python added are not vouched for", r.AddedBytecode))
	}
}

// verifyAsked holds what the runtime says of itself to what was signed, and tells
// whether its lock is that which was signed for.
func (v *Verdict) verifyAsked(dir string, m *generation.Manifest, p *attest.Provenance) bool {
	var asked runtimeAsked
	if err := json.Unmarshal(p.BuildDefinition.ExternalParameters, &asked); err != nil {
		v.wrong(signAnew, "external parameters: %v", err)
		return false
	}
	for _, c := range []struct{ what, have, signed string }{
		{"runtime", m.Runtime, asked.Runtime}, {"target", m.Target, asked.Target}, {"Python", m.Python, asked.Python}, {"lock", m.Lock, asked.Lock["sha256"]},
	} {
		if c.have != c.signed {
			v.wrong(noStranger, "the manifest says %s %.80q, the provenance %.80q", c.what, c.have, c.signed)
		}
	}
	lockSum, err := digest.OfFile(filepath.Join(dir, filepath.FromSlash(generation.LockPath)))
	if err != nil {
		v.refuse(err)
		return false
	}
	if lockSum.String() != asked.Lock["sha256"] {
		v.wrong(noStranger, "%s is not the lock that was signed for", generation.LockPath)
		return false
	}
	return true
}

// verifyInputs asks that all that the lock chooses for the runtime went into it,
// and that all that went into it was locked, or built here from what was.
func (v *Verdict) verifyInputs(dir string, m *generation.Manifest, p *attest.Provenance, said []*attest.Statement) {
	wanted, err := wantedInputs(dir, m)
	if err != nil {
		v.refuse(err)
		return
	}
	inputs := p.BuildDefinition.ResolvedDependencies
	taken := make([]bool, len(inputs))
	for _, w := range wanted {
		i := slices.IndexFunc(inputs, func(r attest.Resource) bool { return w.by(r, said) })
		if i < 0 {
			v.wrong(noStranger, "%s is locked, and is not among the inputs that were signed", w.uri)
			continue
		}
		taken[i] = true
	}
	for i, r := range inputs {
		if !taken[i] {
			v.wrong(noStranger, "%.120q went into it, and is not locked for it", r.URI)
		}
		if _, _, err := about(said, r.Digest["sha256"]); err != nil && r.Annotations["origin"] == originBuilt {
			v.wrong(buildAnew, "%.120q was built where the runtime was, and no trusted statement is about that: %v", r.URI, err)
		}
	}
	for _, pkg := range m.Packages {
		if pkg.SHA256 != "" && !p.Has(pkg.SHA256) {
			v.wrong(noStranger, "%s %s of the manifest is not among the inputs that were signed", pkg.Name, pkg.Version)
		}
	}
}

// wanted is something that the lock chooses: a package URL, and the digests of
// the files that it may come as.
type wanted struct {
	uri  string
	sums []string

	folder bool // it is locked as a folder, of which no digest is known
}

// by tells whether the input r is it: one of its files, or what was built here, by
// what was said, from one of them.
func (w wanted) by(r attest.Resource, said []*attest.Statement) bool {
	sum := r.Digest["sha256"]
	if r.URI != w.uri || sum == "" {
		return false
	}
	if slices.Contains(w.sums, sum) {
		return true
	}
	return slices.ContainsFunc(said, func(s *attest.Statement) bool { // several sources may come to the same wheel
		if _, p, err := about([]*attest.Statement{s}, sum); err == nil {
			return w.folder || slices.ContainsFunc(w.sums, p.Has)
		}
		return false
	})
}

// wantedInputs are the interpreter and the packages that the lock inside the
// runtime chooses for it.
func wantedInputs(dir string, m *generation.Manifest) ([]wanted, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(generation.LockPath)))
	if err != nil {
		return nil, err
	}
	l, err := lock.Parse(data, generation.LockPath)
	if err != nil {
		return nil, err
	}
	target, err := pytag.ParseTarget(m.Target)
	if err != nil {
		return nil, err
	}
	python, err := pep440.Parse(m.Python)
	if err != nil {
		return nil, err
	}
	selected, err := l.Select(pytag.Environment(target, python), []string{m.Runtime}, nil, pytag.Supported(target, python), python)
	if err != nil {
		return nil, err
	}
	out := []wanted{{uri: component.GenericURL("cpython", m.Python), sums: interpretersOf(l, m)}}
	for _, s := range selected {
		if s.Package.Directory == nil {
			out = append(out, wanted{uri: component.PackageURL(s.Package.Name, s.Package.Version), sums: sumsOf(s.Package)})
			continue
		}
		// A first-party project is no input, but what it is about; of another folder a wheel was built.
		for _, p := range m.Packages {
			if p.Name == s.Package.Name && p.SHA256 != "" {
				out = append(out, wanted{uri: component.PackageURL(p.Name, p.Version), folder: true})
			}
		}
	}
	return out, nil
}

func interpretersOf(l *lock.Lock, m *generation.Manifest) []string {
	var out []string
	for _, lt := range l.Tool.Targets {
		if t, err := pytag.ParseTarget(lt.Name); err == nil && t.String() == m.Target && lt.Python == m.Python {
			out = append(out, lt.Interpreter.SHA256)
		}
	}
	return out
}

// sumsOf are the digests of all that a package may be had as.
func sumsOf(p *lock.Package) []string {
	var out []string
	for _, f := range p.Wheels {
		out = append(out, f.Hashes["sha256"])
	}
	if p.Sdist != nil {
		out = append(out, p.Sdist.Hashes["sha256"])
	}
	if p.Archive != nil {
		out = append(out, p.Archive.Hashes["sha256"])
	}
	if p.VCS != nil {
		out = append(out, strings.ToLower(p.VCS.CommitID))
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
