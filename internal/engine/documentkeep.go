package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"snug/internal/attest"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/manifest"
)

// predicates are the in-toto predicate types of the documents that can be signed.
var predicates = []struct{ file, kind string }{
	{generation.CycloneDX, "https://cyclonedx.org/bom"},
	{generation.SPDX, "https://spdx.dev/Document"},
	{generation.OpenVEX, "https://openvex.dev/ns"},
	{generation.Notices, "snug:notices/v1"},
}

// predicateOf is what is signed of a document: itself, or, of a text, its digest.
func predicateOf(file string, data []byte) json.RawMessage {
	if file == generation.Notices {
		return json.RawMessage(`{"sha256":"` + digest.Of(data).String() + `"}`)
	}
	return data
}

// DocumentsRequest asks for the documents about a runtime of the project at Root
// (NAME or NAME@GENERATION) or one that was delivered to a folder.
type DocumentsRequest struct {
	Root string
	Name string
	Path func(string) string // a path as an absolute one
	Sign bool

	Project    *manifest.Project // the one at hand, nil: none
	Advisories string            // a zip, a folder or a record in place of the data that is kept
}

// Documents are what is written about a runtime.
type Documents struct {
	Runtime    string   `json:"runtime"`
	Tree       string   `json:"tree"`
	Components int      `json:"components"`
	Findings   int      `json:"findings"`
	Complete   bool     `json:"complete"`
	Unknowns   []string `json:"unknowns,omitempty"`
	Kept       string   `json:"kept,omitempty"`    // the folder in which they were put; "" where that could not be written
	Why        string   `json:"why,omitempty"`     // it could not
	Missing    string   `json:"missing,omitempty"` // why nothing is known of holes: there is no advisory data

	// Files are the documents by the names that generation has for them. OpenVEX is
	// empty where there is nothing to state.
	Files generation.Evidence `json:"-"`
}

// Documents writes the documents about a runtime, and puts them to its evidence. A
// folder that cannot be written is no error: the documents are handed back all the same.
func (e *Engine) Documents(ctx context.Context, req DocumentsRequest) (*Documents, error) {
	t, err := ProvenanceRequest{Root: req.Root, Path: req.Path}.thing(req.Name)
	if err != nil {
		return nil, err
	}
	if t.kind != KindRuntime {
		return nil, fault.New(fault.Usage, "name a runtime, or the folder of one that was delivered", "%s is no runtime", req.Name)
	}
	m, err := generation.ReadHead(t.path)
	if err != nil {
		return nil, err
	}
	of, project, err := e.subjectOf(ctx, t, m, req.Project)
	if err != nil {
		return nil, err
	}
	d, err := e.describe(ctx, of, t.path, m)
	if err != nil {
		return nil, err
	}
	out := &Documents{Runtime: req.Name, Tree: m.Tree, Components: len(d.Items), Complete: d.Complete, Unknowns: d.Unknowns}
	k, missing, err := e.knownOf(ctx, d, project, req.Advisories)
	if err != nil {
		return nil, err
	}
	out.Missing, out.Findings = missing, len(k.findings)
	if out.Files, err = e.written(d, k); err != nil {
		return nil, err
	}
	out.Kept, out.Why, err = e.keepDocuments(out.Files, m, t, req.Sign)
	return out, err
}

// keepDocuments signs the files where that is asked, adding what was signed to them, and puts
// them to the runtime's evidence. What was signed of an earlier one goes away. kept is the
// folder, "" where it could not be read or written and why.
func (e *Engine) keepDocuments(files generation.Evidence, m *generation.Manifest, t thing, sign bool) (kept, why string, err error) {
	dir := filepath.Dir(t.evidence)
	keep := generation.Evidence{}
	for _, p := range predicates {
		data, ok := files[p.file]
		if !ok {
			continue
		}
		keep[p.file] = data
		before, err := os.ReadFile(filepath.Join(dir, p.file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			why = err.Error()
		}
		switch {
		case sign && len(data) > 0:
			if keep[p.file+generation.SignedSuffix], err = e.signDocument(p.kind, predicateOf(p.file, data), m); err != nil {
				return "", "", err
			}
			files[p.file+generation.SignedSuffix] = keep[p.file+generation.SignedSuffix]
		case !bytes.Equal(before, data):
			keep[p.file+generation.SignedSuffix] = nil
		}
	}
	if why != "" {
		return "", why, nil
	}
	if err := keep.Keep(dir); err != nil {
		return "", err.Error(), nil
	}
	return dir, "", nil
}

// signDocument is a document as the predicate of a statement about the runtime.
func (e *Engine) signDocument(kind string, predicate json.RawMessage, m *generation.Manifest) ([]byte, error) {
	key, err := e.signer()
	if err != nil {
		return nil, err
	}
	tree, err := digest.Parse(m.Tree)
	if err != nil {
		return nil, err
	}
	statement, err := attest.New(kind, predicate, attest.Resource{Name: m.Runtime, Digest: attest.SHA256(tree)})
	if err != nil {
		return nil, err
	}
	envelope, err := key.Sign(statement)
	if err != nil {
		return nil, err
	}
	return attest.Bundle{envelope}.Marshal()
}

// projectOf is the project of which the runtime was made, as its provenance tells;
// "" where that is of none, or lost.
func (e *Engine) projectOf(t thing) string {
	bundle, err := e.bundle(t)
	if err != nil || len(bundle) == 0 {
		return ""
	}
	s, err := bundle[0].Claim() // a name only, and it decides nothing: snug provenance verify holds it
	if err != nil {
		return ""
	}
	p, err := s.Provenance()
	if err != nil {
		return ""
	}
	var asked runtimeAsked
	if json.Unmarshal(p.BuildDefinition.ExternalParameters, &asked) != nil {
		return ""
	}
	return asked.Project
}

// verifyDocuments holds the documents beside a runtime's provenance to what was
// signed of them: each that is signed must be about this tree, and be what was signed.
func (v *Verdict) verifyDocuments(dir, tree string, keys []attest.PublicKey) {
	for _, p := range predicates {
		path := filepath.Join(dir, p.file)
		if _, err := os.Stat(path + generation.SignedSuffix); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		bundle, err := attest.ReadBundle(path + generation.SignedSuffix)
		if err != nil {
			v.refuse(err)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			v.refuse(err)
			continue
		}
		for _, envelope := range bundle {
			s, _, err := envelope.Verify(keys)
			switch {
			case err != nil:
				v.refuse(err)
			case s.PredicateType != p.kind || !s.About(tree):
				v.wrong(documentAnew, "%s is signed as %.80q about another runtime than this", p.file, s.PredicateType)
			case !sameJSON(s.Predicate, predicateOf(p.file, data)):
				v.wrong(documentAnew, "%s is not what was signed", p.file)
			default:
				v.Statements++
			}
		}
	}
}

const documentAnew = "snug sbom --sign, snug vex --sign and snug notice --sign write it anew, and sign it"

// sameJSON tells whether a document is the one that became this predicate.
func sameJSON(predicate, data []byte) bool {
	again, err := json.Marshal(json.RawMessage(data))
	return err == nil && bytes.Equal(again, predicate)
}
