package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/attest"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
)

// ProvenanceRequest asks for what was signed about the things of Names: a runtime
// of the project at Root (NAME or NAME@GENERATION), a runtime that was delivered
// to a folder, a file, or a bundle of statements (.jsonl). None: every runtime that
// is built.
type ProvenanceRequest struct {
	Root  string
	Names []string
	Path  func(string) string // a path of Names as an absolute one
	Keys  []string            // public keys (PEM files) that are trusted besides
}

// Kinds of things that provenance is about.
const (
	KindRuntime = "runtime"
	KindFile    = "file"
	KindBundle  = "bundle"
)

// thing is one of them.
type thing struct {
	name, kind string
	path       string // the runtime's folder, or the file
	evidence   string // the bundle's file; "" where it is kept in the store
}

// bundleSuffixes are how a bundle's name ends, alone and behind the name of the
// file that it is about.
var bundleSuffixes = []string{".intoto.jsonl", ".jsonl"}

// everyRuntime are the runtimes of the project that are built, by name.
func everyRuntime(root string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, ".snug"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if _, ok := roomOf(root, e.Name()).Current(); ok {
			out = append(out, e.Name())
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.NotFound, "snug build makes the project's runtimes", "nothing is built in %s", root)
	}
	return out, nil
}

// thing finds what is meant by a name: a runtime of the project goes before a
// path.
func (req ProvenanceRequest) thing(name string) (thing, error) {
	base, _, _ := strings.Cut(name, "@")
	if filepath.IsLocal(base) && base == filepath.Base(base) && base != "." {
		if dir, err := runtimeDir(req.Root, name); err == nil {
			return runtimeThing(name, dir)
		}
	}
	path := req.Path(name)
	st, err := os.Stat(path)
	switch {
	case err != nil && base == filepath.Base(base) && !strings.Contains(base, "."):
		return thing{}, notBuilt(name)
	case err != nil:
		return thing{}, fault.New(fault.NotFound, "name a runtime, a folder of a delivered runtime, a file, or a .jsonl of statements", "there is no %s: %w", name, err)
	case st.IsDir():
		return runtimeThing(name, path)
	case slices.ContainsFunc(bundleSuffixes, func(s string) bool { return strings.HasSuffix(name, s) }):
		return thing{name, KindBundle, path, path}, nil
	}
	for _, suffix := range bundleSuffixes {
		if _, err := os.Stat(path + suffix); err == nil {
			return thing{name, KindFile, path, path + suffix}, nil
		}
	}
	return thing{name, KindFile, path, ""}, nil
}

func runtimeThing(name, dir string) (thing, error) {
	head, err := generation.ReadHead(dir)
	if err != nil {
		return thing{}, err
	}
	evidence := generation.EvidenceOf(dir, head.LinkMode == generation.LinkCopy)
	return thing{name, KindRuntime, dir, filepath.Join(evidence, generation.Provenance)}, nil
}

// bundle reads what was signed about the thing.
func (e *Engine) bundle(t thing) (attest.Bundle, error) {
	if t.evidence != "" {
		return attest.ReadBundle(t.evidence)
	}
	sum, err := digest.OfFile(t.path)
	if err != nil {
		return nil, err
	}
	b, err := e.store.Evidence(sum)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "put its statements beside it as "+filepath.Base(t.path)+bundleSuffixes[0]+", or name a runtime that was made of it",
			"%s: nothing is known of it: it was not built here (sha256 %s)", t.name, sum)
	}
	return b, err
}

// Shown is one statement of a bundle, and what its signature is worth.
type Shown struct {
	Name      string            `json:"name"` // of what was asked for
	Kind      string            `json:"kind"`
	Key       string            `json:"key"`     // that signed it; of an untrusted one only what it says of itself
	Trusted   bool              `json:"trusted"` // a trusted key signed it, and the signature holds
	Why       string            `json:"why,omitempty"`
	Statement *attest.Statement `json:"statement"`
}

// Provenance reads what was signed about the things that were asked for, whoever
// signed it. It compares nothing with what is there.
func (e *Engine) Provenance(req ProvenanceRequest) ([]Shown, error) {
	keys, err := e.trusted(req.Keys)
	if err != nil {
		return nil, err
	}
	names, err := req.names()
	if err != nil {
		return nil, err
	}
	var out []Shown
	for _, name := range names {
		t, err := req.thing(name)
		if err != nil {
			return nil, err
		}
		bundle, err := e.bundle(t)
		if err != nil {
			return nil, err
		}
		for _, envelope := range bundle {
			s, err := shown(t, envelope, keys)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

func (req ProvenanceRequest) names() ([]string, error) {
	if len(req.Names) > 0 {
		return req.Names, nil
	}
	return everyRuntime(req.Root)
}

func shown(t thing, envelope *attest.Envelope, keys []attest.PublicKey) (Shown, error) {
	out := Shown{Name: t.name, Kind: t.kind}
	statement, key, err := envelope.Verify(keys)
	if err == nil {
		out.Statement, out.Key, out.Trusted = statement, key.ID, true
		return out, nil
	}
	out.Key, out.Why = envelope.Signatures[0].KeyID, err.Error()
	out.Statement, err = envelope.Claim()
	return out, err
}

// trusted are the keys whose word is taken: the own one, those in the keys'
// folder, and those in files.
func (e *Engine) trusted(files []string) ([]attest.PublicKey, error) {
	var keys []attest.PublicKey
	if e.Keys != "" {
		var err error
		if keys, err = attest.TrustedKeys(e.Keys); err != nil {
			return nil, err
		}
	}
	if e.SigningKey != "" {
		own, err := attest.ReadKey(e.SigningKey)
		if err != nil {
			return nil, err
		}
		keys = append(keys, own.Public())
	}
	for _, file := range files {
		key, err := attest.ReadPublicKey(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return attest.Keyring(keys), nil
}

// SigningPublicKey is the public half of the key that this machine signs with.
func (e *Engine) SigningPublicKey() (attest.PublicKey, error) {
	s, err := e.signer()
	if err != nil {
		return attest.PublicKey{}, err
	}
	return s.Public(), nil
}
