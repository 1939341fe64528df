package pep740

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strconv"
	"strings"
	"time"
)

// The entries of Rekor's first version that hold a signed statement.
const (
	entryKind    = "dsse"
	entryVersion = "0.0.1"
)

// logged is when the log took the attestation. All that the log says is verified: its
// promise (which is where the time stands), the proof that the entry is in its tree, the
// head of the tree that it signed, and that the entry is of this attestation.
func (r *Root) logged(a *Attestation) (time.Time, error) {
	if len(a.Entries) != 1 {
		return time.Time{}, untrue("it has %d entries of a transparency log, want one", len(a.Entries))
	}
	e := &a.Entries[0]
	switch {
	case e.Kind != entryKind || e.Version != entryVersion:
		return time.Time{}, untold("its log entry is of the kind %.40q %.20q; only %s %s is verified here", e.Kind, e.Version, entryKind, entryVersion)
	case e.Integrated == 0 || len(e.Promise) == 0:
		return time.Time{}, untold("its log entry has no promise, so no time that the log vouches for")
	case e.Proof == nil:
		return time.Time{}, untrue("its log entry has no proof of inclusion")
	}
	at := time.Unix(e.Integrated, 0).UTC()
	by, err := find(r.rekor, e.LogID, at)
	if err != nil {
		return time.Time{}, err
	}
	for _, check := range []func(*log, *Attestation) error{e.promised, e.included, e.of} {
		if err := check(by, a); err != nil {
			return time.Time{}, err
		}
	}
	return at, nil
}

// promised verifies the signed entry timestamp: a signature of the entry as canonical JSON
// (RFC 8785), whose members stand here in their order.
func (e *Entry) promised(l *log, _ *Attestation) error {
	text := `{"body":"` + base64.StdEncoding.EncodeToString(e.Body) + `","integratedTime":` + strconv.FormatInt(e.Integrated, 10) +
		`,"logID":"` + hex.EncodeToString(e.LogID) + `","logIndex":` + strconv.FormatInt(e.LogIndex, 10) + `}`
	if !l.verify([]byte(text), e.Promise) {
		return untrue("the log's promise is not of its entry")
	}
	return nil
}

// included verifies that the entry is in the tree whose head the log signed.
func (e *Entry) included(l *log, _ *Attestation) error {
	p := e.Proof
	leaf := sha256.Sum256(append([]byte{0}, e.Body...))
	root, ok := climb(leaf[:], p.Index, p.Size, p.Hashes)
	if !ok || !bytes.Equal(root, p.Root) {
		return untrue("the log's proof does not lead from the entry to its tree")
	}
	size, head, ok := l.checkpoint(p.Checkpoint)
	if !ok || size != p.Size || !bytes.Equal(head, p.Root) {
		return untrue("the log did not sign the tree that its entry is proved to be in")
	}
	return nil
}

// climb is the root of a tree of so many leaves, from the leaf at index and the hashes
// beside its path (RFC 9162, 2.1.3.2).
func climb(hash []byte, index, size int64, beside [][]byte) ([]byte, bool) {
	if index < 0 || index >= size {
		return nil, false
	}
	node, last := index, size-1
	for _, other := range beside {
		if last == 0 || len(other) != sha256.Size {
			return nil, false
		}
		if node&1 == 1 || node == last {
			hash = parent(other, hash)
			for node&1 == 0 && node != 0 {
				node, last = node>>1, last>>1
			}
		} else {
			hash = parent(hash, other)
		}
		node, last = node>>1, last>>1
	}
	return hash, last == 0
}

func parent(left, right []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return sum[:]
}

// checkpoint reads a head of the log's tree and verifies that the log signed it: origin,
// size and root hash, each a line, an empty line, and lines of signatures.
func (l *log) checkpoint(text string) (size int64, root []byte, ok bool) {
	head, signatures, found := strings.Cut(text, "\n\n")
	head += "\n"
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 4 {
		return 0, nil, false
	}
	size, errSize := strconv.ParseInt(lines[1], 10, 64)
	root, errRoot := base64.StdEncoding.DecodeString(lines[2])
	if errSize != nil || errRoot != nil {
		return 0, nil, false
	}
	for line := range strings.Lines(signatures) {
		signed, isOne := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "— ")
		_, value, _ := strings.Cut(signed, " ")
		raw, err := base64.StdEncoding.DecodeString(value)
		if isOne && err == nil && len(raw) > hint && bytes.Equal(raw[:hint], l.id[:hint]) && l.verify([]byte(head), raw[hint:]) {
			return size, root, true
		}
	}
	return 0, nil, false
}

// hint is how many bytes of a key's id stand before a checkpoint's signature.
const hint = 4

// of verifies that the entry is about the attestation: its statement, its signature and
// its certificate.
func (e *Entry) of(_ *log, a *Attestation) error {
	var body struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Payload struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"payloadHash"`
			Signatures []struct {
				Signature encoded `json:"signature"`
				Verifier  encoded `json:"verifier"` // PEM
			} `json:"signatures"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return untrue("its log entry cannot be read: %v", err)
	}
	payload := sha256.Sum256(a.Statement)
	s := body.Spec.Signatures
	if body.Kind != entryKind || body.APIVersion != entryVersion || body.Spec.Payload.Algorithm != "sha256" ||
		body.Spec.Payload.Value != hex.EncodeToString(payload[:]) || len(s) != 1 || !bytes.Equal(s[0].Signature, a.Signature) {
		return untrue("its log entry is of another statement or signature")
	}
	block, rest := pem.Decode(s[0].Verifier)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 || !bytes.Equal(block.Bytes, a.Certificate) {
		return untrue("its log entry is of another certificate")
	}
	return nil
}
