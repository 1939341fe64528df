// Package pep740test is a whole Sigstore in memory, for tests: an authority that gives
// certificates, a log of certificates, a log of signatures, and publishers that attest
// files by them in the form of PEP 740. It verifies nothing. What it makes is what
// Sigstore would make, except where a test asks for a fault.
package pep740test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Sigstore is one, with keys of its own.
type Sigstore struct {
	Start     time.Time // since when it is trusted
	root, sub *x509.Certificate
	rootKey   *ecdsa.PrivateKey
	subKey    *ecdsa.PrivateKey
	ct, rekor *ecdsa.PrivateKey
	serial    int64
}

// New is a Sigstore that is trusted since start.
func New(start time.Time) *Sigstore {
	s := &Sigstore{Start: start.UTC().Truncate(time.Second), rootKey: key(), subKey: key(), ct: key(), rekor: key()}
	s.root = s.certificate(&x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
		NotAfter: s.Start.AddDate(10, 0, 0)}, nil, s.rootKey, s.rootKey)
	s.sub = s.certificate(&x509.Certificate{Subject: pkix.Name{CommonName: "intermediate"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, NotAfter: s.Start.AddDate(10, 0, 0)}, s.root, s.subKey, s.rootKey)
	return s
}

// Root is its trusted_root.json.
func (s *Sigstore) Root() []byte {
	valid := map[string]any{"start": s.Start.Format(time.RFC3339)}
	log := func(k *ecdsa.PrivateKey) []any {
		return []any{map[string]any{"baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256", "logId": map[string]any{"keyId": b64(logID(k))},
			"publicKey": map[string]any{"rawBytes": b64(public(k)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid}}}
	}
	return marshal(map[string]any{
		"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": log(s.rekor), "ctlogs": log(s.ct),
		"certificateAuthorities": []any{map[string]any{"uri": "https://authority.example", "validFor": valid,
			"subject":   map[string]any{"organization": "example", "commonName": "root"},
			"certChain": map[string]any{"certificates": []any{map[string]any{"rawBytes": b64(s.sub.Raw)}, map[string]any{"rawBytes": b64(s.root.Raw)}}}}}})
}

// Publication is a file that a workflow of a repository attests.
type Publication struct {
	File       string
	SHA256     string // hex
	Repository string // "acme/acme" on GitHub
	Workflow   string // "release.yml"
	At         time.Time

	// Claimed is the repository that the index names, if another.
	Claimed string
	// Lag is by how much the log takes it later than it was signed: certificates hold for
	// ten minutes.
	Lag time.Duration
	// NotLogged, NoTimestamp: the log of signatures, of certificates, does not have it.
	NotLogged, NoTimestamp bool
	// Predicate is another type than that of publishing.
	Predicate string
}

// Provenance is what an index serves of it.
func (s *Sigstore) Provenance(p Publication) []byte {
	claimed := p.Claimed
	if claimed == "" {
		claimed = p.Repository
	}
	return marshal(map[string]any{"version": 1, "attestation_bundles": []any{map[string]any{
		"publisher":    map[string]any{"kind": "GitHub", "repository": claimed, "workflow": p.Workflow, "environment": nil},
		"attestations": []any{s.attestation(p)}}}})
}

func (s *Sigstore) attestation(p Publication) map[string]any {
	k := key()
	leaf := s.leaf(p, k)
	statement := marshal(map[string]any{"_type": "https://in-toto.io/Statement/v1", "predicateType": p.predicate(), "predicate": nil,
		"subject": []any{map[string]any{"name": p.File, "digest": map[string]any{"sha256": p.SHA256}}}})
	signature := sign(k, []byte("DSSEv1 28 application/vnd.in-toto+json "+strconv.Itoa(len(statement))+" "+string(statement)))
	entries := []any{}
	if !p.NotLogged {
		entries = append(entries, s.entry(statement, signature, leaf, p.At.Add(p.Lag)))
	}
	return map[string]any{"version": 1, "envelope": map[string]any{"statement": b64(statement), "signature": b64(signature)},
		"verification_material": map[string]any{"certificate": b64(leaf.Raw), "transparency_entries": entries}}
}

func (p *Publication) predicate() string {
	if p.Predicate != "" {
		return p.Predicate
	}
	return "https://slsa.dev/provenance/v1"
}

// leaf is the certificate of a workflow's run.
func (s *Sigstore) leaf(p Publication, k *ecdsa.PrivateKey) *x509.Certificate {
	place := "https://github.com/" + p.Repository
	run := place + "/.github/workflows/" + p.Workflow + "@refs/tags/v1"
	uri, err := url.Parse(run)
	must(err)
	t := &x509.Certificate{URIs: []*url.URL{uri}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		NotBefore: p.At, NotAfter: p.At.Add(10 * time.Minute)}
	for number, text := range map[int]string{8: "https://token.actions.githubusercontent.com", 12: place, 13: strings.Repeat("ab", 20), 14: "refs/tags/v1", 18: run} {
		value, err := asn1.MarshalWithParams(text, "utf8")
		must(err)
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, number}, Value: value})
	}
	s.serial++
	t.SerialNumber = big.NewInt(s.serial)
	bare := s.certificate(t, s.sub, k, s.subKey)
	if p.NoTimestamp {
		return bare
	}
	t.ExtraExtensions = append(bare.Extensions[:len(bare.Extensions):len(bare.Extensions)], s.timestamps(bare, p.At))
	return s.certificate(t, s.sub, k, s.subKey)
}

// timestamps is the extension by which the log of certificates says that it took one (RFC 6962).
func (s *Sigstore) timestamps(bare *x509.Certificate, at time.Time) pkix.Extension {
	issuer := sha256.Sum256(s.sub.RawSubjectPublicKeyInfo)
	when := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))
	tbs := bare.RawTBSCertificate
	message := append([]byte{0, 0}, when...)
	message = append(append(message, 0, 1), issuer[:]...)
	message = append(append(message, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs))), tbs...)
	signature := sign(s.ct, append(message, 0, 0))
	one := append(append([]byte{0}, logID(s.ct)...), when...)
	one = append(one, 0, 0, 4, 3)
	one = append(binary.BigEndian.AppendUint16(one, uint16(len(signature))), signature...)
	list := append(binary.BigEndian.AppendUint16(nil, uint16(len(one))), one...)
	value, err := asn1.Marshal(append(binary.BigEndian.AppendUint16(nil, uint16(len(list))), list...))
	must(err)
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}
}

// entry is what the log of signatures says: the entry is the third of three in its tree.
func (s *Sigstore) entry(statement, signature []byte, leaf *x509.Certificate, at time.Time) map[string]any {
	payload := sha256.Sum256(statement)
	verifier := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	body := marshal(map[string]any{"apiVersion": "0.0.1", "kind": "dsse", "spec": map[string]any{
		"envelopeHash": map[string]any{"algorithm": "sha256", "value": hex.EncodeToString(payload[:])},
		"payloadHash":  map[string]any{"algorithm": "sha256", "value": hex.EncodeToString(payload[:])},
		"signatures":   []any{map[string]any{"signature": b64(signature), "verifier": b64(verifier)}}}})
	id := logID(s.rekor)
	promise := sign(s.rekor, fmt.Appendf(nil, `{"body":"%s","integratedTime":%d,"logID":"%x","logIndex":%d}`, b64(body), at.Unix(), id, 1002))
	left := node(hash([]byte("\x00first")), hash([]byte("\x00second")))
	root := node(left, hash(append([]byte{0}, body...)))
	head := "log.example - 7\n3\n" + b64(root) + "\n"
	checkpoint := head + "\n— log.example " + b64(append(id[:4:4], sign(s.rekor, []byte(head))...)) + "\n"
	return map[string]any{"logIndex": "1002", "logId": map[string]any{"keyId": b64(id)}, "kindVersion": map[string]any{"kind": "dsse", "version": "0.0.1"},
		"integratedTime": strconv.FormatInt(at.Unix(), 10), "inclusionPromise": map[string]any{"signedEntryTimestamp": b64(promise)},
		"inclusionProof":    map[string]any{"logIndex": "2", "treeSize": "3", "rootHash": b64(root), "hashes": []any{b64(left)}, "checkpoint": map[string]any{"envelope": checkpoint}},
		"canonicalizedBody": b64(body)}
}

func (s *Sigstore) certificate(t, issuer *x509.Certificate, k, by *ecdsa.PrivateKey) *x509.Certificate {
	if t.SerialNumber == nil {
		s.serial++
		t.SerialNumber = big.NewInt(s.serial)
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = s.Start
	}
	t.BasicConstraintsValid = t.IsCA
	if issuer == nil {
		issuer = t
	}
	der, err := x509.CreateCertificate(rand.Reader, t, issuer, &k.PublicKey, by)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	return cert
}

func key() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return k
}

func public(k *ecdsa.PrivateKey) []byte {
	raw, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	must(err)
	return raw
}

func logID(k *ecdsa.PrivateKey) []byte { return hash(public(k)) }

func sign(k *ecdsa.PrivateKey, message []byte) []byte {
	signature, err := ecdsa.SignASN1(rand.Reader, k, hash(message))
	must(err)
	return signature
}

func hash(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

func node(left, right []byte) []byte { return hash(append(append([]byte{1}, left...), right...)) }

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func marshal(v any) []byte {
	text, err := json.Marshal(v)
	must(err)
	return text
}

// must guards what cannot fail here: keys, and texts that are the test's own.
func must(err error) {
	if err != nil {
		panic("pep740test: " + err.Error())
	}
}
