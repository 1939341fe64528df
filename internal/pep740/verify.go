package pep740

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"snug/internal/digest"
	"snug/internal/dist"
)

const (
	payloadType   = "application/vnd.in-toto+json"
	statementType = "https://in-toto.io/Statement/v1"
	slsaPredicate = "https://slsa.dev/provenance/v1"
)

// publishPredicate is what a publisher says by uploading: no more than that it did.
func publishPredicate() string {
	return "https://docs." + packageurl.TypePyPi + ".org/attestations/publish/v1"
}

// Verify holds a provenance to the file of that name and digest. All attestations of all
// bundles must hold; the result has each. The error is an ErrFalse or an ErrUntold.
func (r *Root) Verify(p *Provenance, filename string, sum digest.SHA256) ([]Verified, error) {
	var out []Verified
	for i := range p.Bundles {
		b := &p.Bundles[i]
		for j := range b.Attestations {
			v, err := r.one(&b.Attestations[j], b.Publisher, filename, sum)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, untrue("nothing is attested")
	}
	return out, nil
}

// one verifies an attestation: when was it signed (the log says so), who held the key then
// (the authority says so), did that key sign, and is it about the file.
func (r *Root) one(a *Attestation, who Identity, filename string, sum digest.SHA256) (Verified, error) {
	leaf, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		return Verified{}, untrue("its certificate cannot be read: %v", err)
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return Verified{}, untold("its certificate has a key of a kind that is not verified here")
	}
	logged, err := r.logged(a)
	if err != nil {
		return Verified{}, err
	}
	if err := r.issued(leaf, logged); err != nil {
		return Verified{}, err
	}
	signed := sha256.Sum256(preAuth(a.Statement))
	if !ecdsa.VerifyASN1(key, signed[:], a.Signature) {
		return Verified{}, untrue("its signature is not of the statement")
	}
	predicate, err := about(a.Statement, filename, sum)
	if err != nil {
		return Verified{}, err
	}
	if err := who.holds(leaf); err != nil {
		return Verified{}, err
	}
	return Verified{Identity: who, Predicate: predicate, Logged: logged}, nil
}

// preAuth is what is signed (DSSE, "Pre-Authentication Encoding").
func preAuth(statement []byte) []byte {
	return append([]byte("DSSEv1 "+strconv.Itoa(len(payloadType))+" "+payloadType+" "+strconv.Itoa(len(statement))+" "), statement...)
}

// issued verifies that an authority that was trusted at t gave the certificate, that it
// was valid then, and that a log of certificates took it.
func (r *Root) issued(leaf *x509.Certificate, t time.Time) error {
	last := untold("no authority of the trusted root gave its certificate: it is forged, or younger than the root")
	for i := range r.authorities {
		a := &r.authorities[i]
		if !a.holds(t) {
			continue
		}
		chains, err := leaf.Verify(x509.VerifyOptions{Roots: pool(a.roots), Intermediates: pool(a.intermediates), CurrentTime: t,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}})
		if err == nil {
			return r.certificateLogged(leaf, chains)
		}
		if unknown := (x509.UnknownAuthorityError{}); !errors.As(err, &unknown) {
			last = untrue("its certificate was not valid when it was logged, %s: %v", t.UTC().Format(time.RFC3339), err)
		}
	}
	return last
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

// about holds a statement (in-toto v1) to the file.
func about(statement []byte, filename string, sum digest.SHA256) (predicate string, err error) {
	var s struct {
		Type    string `json:"_type"`
		Subject []struct {
			Name   string            `json:"name"`
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(statement, &s); err != nil {
		return "", untrue("its statement cannot be read: %v", err)
	}
	switch {
	case s.Type != statementType:
		return "", untrue("its statement is of type %.80q", s.Type)
	case len(s.Subject) != 1:
		return "", untrue("its statement is about %d files, want one", len(s.Subject))
	case !sameFile(s.Subject[0].Name, filename):
		return "", untrue("it is about %.200q, not about %s", s.Subject[0].Name, filename)
	case s.Subject[0].Digest["sha256"] != sum.String():
		return "", untrue("it is about a file of sha256 %.64q, not %s", s.Subject[0].Digest["sha256"], sum)
	case s.PredicateType != publishPredicate() && s.PredicateType != slsaPredicate:
		return "", untold("it attests %.120q, which PEP 740 does not know", s.PredicateType)
	}
	return s.PredicateType, nil
}

// sameFile compares file names by what they mean: an index may spell a name in its
// normalised form.
func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := dist.ParseWheelName(a)
	y, errY := dist.ParseWheelName(b)
	if errX == nil && errY == nil {
		return x.Name == y.Name && x.Version.Equal(y.Version) && x.Build == y.Build && slices.Equal(x.Tags, y.Tags)
	}
	i, errI := sdist(a)
	j, errJ := sdist(b)
	return errI == nil && errJ == nil && i.Name == j.Name && i.Version.Equal(j.Version)
}

func sdist(name string) (dist.SdistName, error) {
	return dist.ParseSdistName(name, name[:max(strings.LastIndexByte(name, '-'), 0)])
}
