package attest

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"testing"

	slsa "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"
)

// The vectors of DSSE's protocol.md and of its reference implementations.
func TestPreAuth(t *testing.T) {
	for _, c := range []struct{ kind, payload, want string }{
		{"", "", "DSSEv1 0  0 "},
		{"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world"},
		{"http://example.com/HelloWorld", "ಠ", "DSSEv1 29 http://example.com/HelloWorld 3 ಠ"},
	} {
		if got := string(preAuth(c.kind, []byte(c.payload))); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if want := string(dsse.PAE(c.kind, []byte(c.payload))); want != c.want {
			t.Errorf("the library says %q", want)
		}
	}
}

// peer is a key as the library of in-toto's authors knows one.
type peer struct{ *Signer }

func (p peer) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(p.private, data), nil
}
func (p peer) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(p.public.key, data, sig) {
		return errors.New("no")
	}
	return nil
}
func (p peer) KeyID() (string, error)   { return p.public.ID, nil }
func (p peer) Public() crypto.PublicKey { return p.public.key }

// Envelopes of ours hold for the library, and its for us.
func TestEnvelopesOfTheLibrary(t *testing.T) {
	key := signer(t)
	ours, err := key.Sign(statement(t))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(peer{key})
	if err != nil {
		t.Fatal(err)
	}
	theirs := dsse.Envelope{PayloadType: ours.PayloadType, Payload: ours.Payload, Signatures: []dsse.Signature{dsse.Signature(ours.Signatures[0])}}
	_, payload, err := verifier.VerifyAndDecode(t.Context(), &theirs)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := dsse.NewEnvelopeSigner(peer{key})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sealer.SignPayload(t.Context(), PayloadType, payload)
	if err != nil {
		t.Fatal(err)
	}
	if signed.Payload != ours.Payload || Signature(signed.Signatures[0]) != ours.Signatures[0] {
		t.Errorf("the library makes %+v, we %+v", signed, ours)
	}
}

// What we write is valid for in-toto's own reader, down to the last name.
func TestInTotoReadsIt(t *testing.T) {
	s := statement(t)
	var statement intoto.Statement
	data, err := s.marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(data, &statement); err != nil { // refuses names that it does not know
		t.Fatal(err)
	}
	if err := statement.Validate(); err != nil {
		t.Error(err)
	}
	var p slsa.Provenance
	if err := protojson.Unmarshal(s.Predicate, &p); err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	if got := p.GetRunDetails().GetMetadata().GetFinishedOn().AsTime(); !got.Equal(sample().Finished) {
		t.Errorf("finished on %s", got)
	}
}
