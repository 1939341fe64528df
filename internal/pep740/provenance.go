package pep740

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"snug/internal/fault"
)

// Provenance is what an index says of one file. Nothing of it is to be believed before
// Root.Verify.
type Provenance struct {
	Bundles []Bundle
}

// Bundle is what one publisher attested.
type Bundle struct {
	Publisher    Identity
	Attestations []Attestation
}

// Attestation is a signed statement with what it is verified by.
type Attestation struct {
	Certificate []byte // DER
	Statement   []byte // in-toto, JSON
	Signature   []byte
	Entries     []Entry
}

// Entry is what a transparency log says of the attestation.
type Entry struct {
	Kind, Version string
	Body          []byte
	LogID         []byte
	LogIndex      int64
	Integrated    int64 // seconds of Unix time; 0: the log says no time
	Promise       []byte
	Proof         *Proof
}

// Proof is the path from an entry to a tree head that the log signed.
type Proof struct {
	Index, Size int64
	Root        []byte
	Hashes      [][]byte
	Checkpoint  string
}

// The JSON of PEP 740, in which Sigstore's protocol buffers stand as JSON.
type (
	provenanceJSON struct {
		Version int          `json:"version"`
		Bundles []bundleJSON `json:"attestation_bundles"`
	}
	bundleJSON struct {
		Publisher    map[string]any    `json:"publisher"`
		Attestations []attestationJSON `json:"attestations"`
	}
	attestationJSON struct {
		Version  int `json:"version"`
		Material struct {
			Certificate encoded     `json:"certificate"`
			Entries     []entryJSON `json:"transparency_entries"`
		} `json:"verification_material"`
		Envelope struct {
			Statement encoded `json:"statement"`
			Signature encoded `json:"signature"`
		} `json:"envelope"`
	}
	entryJSON struct {
		LogIndex integer `json:"logIndex"`
		LogID    struct {
			KeyID encoded `json:"keyId"`
		} `json:"logId"`
		KindVersion struct{ Kind, Version string } `json:"kindVersion"`
		Integrated  integer                        `json:"integratedTime"`
		Promise     *struct {
			Timestamp encoded `json:"signedEntryTimestamp"`
		} `json:"inclusionPromise"`
		Proof *struct {
			LogIndex   integer   `json:"logIndex"`
			RootHash   encoded   `json:"rootHash"`
			TreeSize   integer   `json:"treeSize"`
			Hashes     []encoded `json:"hashes"`
			Checkpoint struct {
				Envelope string `json:"envelope"`
			} `json:"checkpoint"`
		} `json:"inclusionProof"`
		Body encoded `json:"canonicalizedBody"`
	}
)

// encoded is bytes in base64.
type encoded []byte

func (e *encoded) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if len(s) > maxField {
		return fmt.Errorf("a field of more than %d bytes", maxField)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	*e = b
	return err
}

// integer is a number of 64 bits, which protocol buffers write as text.
type integer int64

func (i *integer) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%.40s is no whole number", text)
	}
	*i = integer(n)
	return nil
}

// Parse reads a provenance object. The error is a fault.Integrity.
func Parse(data []byte) (*Provenance, error) {
	if len(data) > MaxProvenance {
		return nil, malformed("it is longer than %d bytes", MaxProvenance)
	}
	var in provenanceJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, malformed("%w", err)
	}
	switch {
	case in.Version != 1:
		return nil, malformed("version %d, want 1", in.Version)
	case len(in.Bundles) == 0 || len(in.Bundles) > maxBundles:
		return nil, malformed("%d attestation bundles, want 1 to %d", len(in.Bundles), maxBundles)
	}
	out := &Provenance{}
	for i, b := range in.Bundles {
		bundle, err := b.read()
		if err != nil {
			return nil, malformed("attestation_bundles[%d]: %w", i, err)
		}
		out.Bundles = append(out.Bundles, bundle)
	}
	return out, nil
}

func malformed(format string, args ...any) error {
	return fault.New(fault.Integrity, "tell the index; without provenance nothing says who published the file", "provenance (PEP 740): "+format, args...)
}

func (b *bundleJSON) read() (Bundle, error) {
	var out Bundle
	who := map[string]string{}
	for key, value := range b.Publisher {
		if text, ok := value.(string); ok {
			if len(text) > maxText {
				return out, fmt.Errorf("publisher.%.40s is longer than %d bytes", key, maxText)
			}
			who[key] = text
		}
	}
	if out.Publisher = FromTable(who); out.Publisher.Kind == "" {
		return out, fmt.Errorf("publisher has no kind")
	}
	if len(b.Attestations) == 0 || len(b.Attestations) > maxAttested {
		return out, fmt.Errorf("%d attestations, want 1 to %d", len(b.Attestations), maxAttested)
	}
	for i := range b.Attestations {
		a, err := b.Attestations[i].read()
		if err != nil {
			return out, fmt.Errorf("attestations[%d]: %w", i, err)
		}
		out.Attestations = append(out.Attestations, a)
	}
	return out, nil
}

func (a *attestationJSON) read() (Attestation, error) {
	out := Attestation{Certificate: a.Material.Certificate, Statement: a.Envelope.Statement, Signature: a.Envelope.Signature}
	switch {
	case a.Version != 1:
		return out, fmt.Errorf("version %d, want 1", a.Version)
	case len(out.Certificate) == 0 || len(out.Statement) == 0 || len(out.Signature) == 0:
		return out, fmt.Errorf("it lacks a certificate, a statement or a signature")
	case len(a.Material.Entries) > maxAttested:
		return out, fmt.Errorf("%d transparency entries, %d is the limit", len(a.Material.Entries), maxAttested)
	}
	for i := range a.Material.Entries {
		e, err := a.Material.Entries[i].read()
		if err != nil {
			return out, fmt.Errorf("transparency_entries[%d]: %w", i, err)
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}

func (e *entryJSON) read() (Entry, error) {
	out := Entry{Kind: e.KindVersion.Kind, Version: e.KindVersion.Version, Body: e.Body, LogID: e.LogID.KeyID,
		LogIndex: int64(e.LogIndex), Integrated: int64(e.Integrated)}
	if e.Promise != nil {
		out.Promise = e.Promise.Timestamp
	}
	if p := e.Proof; p != nil {
		if len(p.Hashes) > maxProof {
			return out, fmt.Errorf("a proof of %d hashes, %d is the limit", len(p.Hashes), maxProof)
		}
		out.Proof = &Proof{Index: int64(p.LogIndex), Size: int64(p.TreeSize), Root: p.RootHash, Checkpoint: p.Checkpoint.Envelope}
		for _, h := range p.Hashes {
			out.Proof.Hashes = append(out.Proof.Hashes, h)
		}
	}
	return out, nil
}
