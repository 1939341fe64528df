// Package attest says in signed words how something was made: in-toto statements
// (v1), SLSA provenance (v1) as one predicate of many, in DSSE envelopes signed
// with ed25519. It is not what makes anything, and it does not decide whose word
// is taken: keys come from the caller.
//
// The hard idea: a signature covers bytes, and two readers of the same bytes must
// not see two documents. So the same statement is always the same bytes, and a
// reader here takes no JSON that another could read otherwise: no name twice, none
// in another case, nothing behind the end, nothing that is not UTF-8.
package attest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"snug/internal/digest"
	"snug/internal/fault"
)

// StatementType is the _type of every statement (in-toto Statement v1).
const StatementType = "https://in-toto.io/Statement/v1"

// Bounds of a statement that is read.
const (
	maxSubjects  = 10_000
	maxResources = 100_000
	maxText      = 16 << 10 // of a name, a URI, a digest
)

// Statement says something of its subjects: what, the predicate tells.
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []Resource      `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"` // an object
}

// Resource is a file or something else that has a digest (in-toto
// ResourceDescriptor). At least one of Name, URI and Digest is there.
type Resource struct {
	Name             string            `json:"name,omitempty"`
	URI              string            `json:"uri,omitempty"`
	Digest           map[string]string `json:"digest,omitempty"` // algorithm: hexadecimal digits
	DownloadLocation string            `json:"downloadLocation,omitempty"`
	MediaType        string            `json:"mediaType,omitempty"`
	Annotations      map[string]any    `json:"annotations,omitempty"`
}

// New makes a statement about subjects. The predicate is anything that
// encoding/json makes an object of.
func New(predicateType string, predicate any, subjects ...Resource) (*Statement, error) {
	raw, err := json.Marshal(predicate)
	if err != nil {
		return nil, fmt.Errorf("statement %s: %w", predicateType, err)
	}
	s := &Statement{Type: StatementType, Subject: subjects, PredicateType: predicateType, Predicate: raw}
	return s, s.Validate()
}

// SHA256 is a digest set of one SHA-256.
func SHA256(sum digest.SHA256) map[string]string { return map[string]string{"sha256": sum.String()} }

// About tells whether the statement has a subject with that SHA-256.
func (s *Statement) About(sum string) bool {
	return slices.ContainsFunc(s.Subject, func(r Resource) bool { return r.Digest["sha256"] == sum })
}

// ParseStatement reads a statement. An error is a fault.Integrity that names
// what is wrong with it.
func ParseStatement(data []byte) (*Statement, error) {
	var s Statement
	if err := Decode(data, &s); err != nil {
		return nil, malformed("statement", err)
	}
	return &s, s.Validate()
}

// Validate holds the statement to the specification.
func (s *Statement) Validate() error {
	switch {
	case s.Type != StatementType:
		return malformed("statement", fmt.Errorf("_type is %.80q, not %s", s.Type, StatementType))
	case len(s.Subject) == 0:
		return malformed("statement", fmt.Errorf("it has no subject"))
	case len(s.Subject) > maxSubjects:
		return malformed("statement", fmt.Errorf("it has %d subjects, %d is the limit", len(s.Subject), maxSubjects))
	case s.PredicateType == "" || len(s.PredicateType) > maxText:
		return malformed("statement", fmt.Errorf("predicateType is missing or too long"))
	case len(s.Predicate) == 0 || s.Predicate[0] != '{':
		return malformed("statement", fmt.Errorf("the predicate is no object"))
	}
	for i, r := range s.Subject {
		if err := r.validate(); err != nil {
			return malformed(fmt.Sprintf("statement: subject %d", i+1), err)
		}
		if len(r.Digest) == 0 {
			return malformed(fmt.Sprintf("statement: subject %d", i+1), fmt.Errorf("%q has no digest", r.Name))
		}
	}
	return nil
}

// hexLength is how many hexadecimal digits the algorithms have that in-toto's
// digest sets name; those of others are not looked at.
var hexLength = map[string]int{
	"md5": 32, "sha1": 40, "gitCommit": 40, "gitTree": 40, "gitBlob": 40, "gitTag": 40,
	"sha224": 56, "sha256": 64, "dirHash": 64, "sha384": 96, "sha512": 128,
	"sha512_224": 56, "sha512_256": 64, "sha3_224": 56, "sha3_256": 64, "sha3_384": 96, "sha3_512": 128,
}

func (r Resource) validate() error {
	if r.Name == "" && r.URI == "" && len(r.Digest) == 0 {
		return fmt.Errorf("it has neither name, uri nor digest")
	}
	for _, text := range []string{r.Name, r.URI, r.DownloadLocation, r.MediaType} {
		if len(text) > maxText {
			return fmt.Errorf("%.40q… is %d bytes long, %d is the limit", text, len(text), maxText)
		}
	}
	for algorithm, sum := range r.Digest {
		want, known := hexLength[algorithm]
		if !known {
			continue
		}
		if _, err := hex.DecodeString(sum); err != nil || len(sum) != want {
			return fmt.Errorf("%.80q: %s %.140q is not %d hexadecimal digits", r.Name+r.URI, algorithm, sum, want)
		}
	}
	return nil
}

// malformed is the error for what no honest tool writes.
func malformed(what string, err error) error {
	return fault.New(fault.Integrity, "it was cut or changed since it was written: take it again from where it was made, or build again", "%s: %w", what, err)
}
