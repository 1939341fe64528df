// Package pep740 reads what an index says of how a file was published (PEP 740) and
// verifies it: a certificate that names a repository and its workflow signed the hash of
// the file, while that certificate was valid, and a public log holds the signature. It
// fetches nothing, knows no default root of trust, and does not judge who may publish.
//
// The hard idea: a signature proves nothing by itself, since anybody gets a certificate.
// What is proved is who: the identity that the certificate names, as the trusted root's
// authority and logs vouch for it. So Verify gives identities back, and three outcomes are
// kept apart: verified, false (ErrFalse), and not to be told with this root (ErrUntold).
//
// Sigstore is verified here with the standard library alone: decision note 0019 says why,
// which parts of it are (certificates of ECDSA keys with their transparency timestamps, and
// entries of Rekor's first version with promise, proof and checkpoint), and what is not.
package pep740

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits on what an index may send, and on a trusted root.
const (
	MaxProvenance  = 4 << 20
	MaxRoot        = 4 << 20
	maxBundles     = 16
	maxAttested    = 16      // attestations of a bundle
	maxField       = 1 << 20 // bytes of one
	maxProof       = 64      // hashes of a path through a log
	maxAuthorities = 64      // of each kind in a root
	maxText        = 512     // bytes of a name in an identity
)

var (
	// ErrFalse is that what is said is not so: a signature, hash, name or time is wrong.
	ErrFalse = errors.New("the attestation is false")
	// ErrUntold is that it cannot be told with this trusted root and this snug.
	ErrUntold = errors.New("the attestation cannot be verified")
)

func untrue(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrFalse}, args...)...)
}

func untold(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUntold}, args...)...)
}

// Identity is who published: what PEP 740 calls a publisher.
type Identity struct {
	Kind        string // "GitHub", "GitLab", "Google"
	Repository  string
	Workflow    string
	Environment string // claimed by the index alone: no certificate names it
	Email       string // of Google
}

// Keys of an identity in PEP 740 and in a lock (PEP 751, attestation-identities).
const (
	keyKind       = "kind"
	keyRepository = "repository"
	keyWorkflow   = "workflow"
	keyWorkflowGL = "workflow_filepath"
	keyEnv        = "environment"
	keyEmail      = "email"
)

// The publishers that can be verified.
const (
	gitHub = "GitHub"
	gitLab = "GitLab"
	google = "Google"
)

// Table is the identity as a lock holds it.
func (i Identity) Table() map[string]string {
	out := map[string]string{}
	for key, value := range map[string]string{keyKind: i.Kind, keyRepository: i.Repository, i.workflowKey(): i.Workflow, keyEnv: i.Environment, keyEmail: i.Email} {
		if value != "" {
			out[key] = value
		}
	}
	return out
}

func (i Identity) workflowKey() string {
	if i.Kind == gitLab {
		return keyWorkflowGL
	}
	return keyWorkflow
}

// FromTable reads what a lock holds.
func FromTable(t map[string]string) Identity {
	i := Identity{Kind: t[keyKind], Repository: t[keyRepository], Environment: t[keyEnv], Email: t[keyEmail]}
	i.Workflow = t[i.workflowKey()]
	return i
}

// Same tells whether two identities publish alike, as far as a certificate tells: the
// environment is not compared. Hosts of repositories compare names without regard to case.
func (i Identity) Same(j Identity) bool {
	return i.Kind == j.Kind && strings.EqualFold(i.Repository, j.Repository) && i.Workflow == j.Workflow && strings.EqualFold(i.Email, j.Email)
}

func (i Identity) String() string {
	var parts []string
	for _, part := range []string{i.Kind, i.Repository, i.Workflow, i.Email} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// Verified is an attestation that holds.
type Verified struct {
	Identity  Identity
	Predicate string    // type of what is attested
	Logged    time.Time // when the log took it
}
