package attest

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"snug/internal/fault"
)

// PayloadType is what an envelope says of a payload that is a statement.
const PayloadType = "application/vnd.in-toto+json"

// Bounds of an envelope that is read.
const (
	MaxEnvelope   = 16 << 20
	maxSignatures = 64
)

// Envelope is a payload and who signed it (DSSE v1). Nothing in it is to be
// believed before Verify.
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"` // base64
	Signatures  []Signature `json:"signatures"`
}

// Signature is one of an envelope. KeyID is a hint only: who signed is what the
// signature proves.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"` // base64
}

// preAuth is what is signed (DSSE, "Pre-Authentication Encoding"): lengths first,
// so that no payload can imitate another type.
func preAuth(payloadType string, payload []byte) []byte {
	out := make([]byte, 0, len(payload)+len(payloadType)+64)
	out = append(out, "DSSEv1 "+strconv.Itoa(len(payloadType))+" "+payloadType+" "+strconv.Itoa(len(payload))+" "...)
	return append(out, payload...)
}

// Sign puts the statement into an envelope. The same statement and key give the
// same envelope.
func (s *Signer) Sign(statement *Statement) (*Envelope, error) {
	if err := statement.Validate(); err != nil {
		return nil, err
	}
	payload, err := statement.marshal()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sig := ed25519.Sign(s.private, preAuth(PayloadType, payload))
	return &Envelope{PayloadType: PayloadType, Payload: base64.StdEncoding.EncodeToString(payload),
		Signatures: []Signature{{KeyID: s.public.ID, Sig: base64.StdEncoding.EncodeToString(sig)}}}, nil
}

func (s *Statement) marshal() ([]byte, error) { return json.Marshal(s) }

// Marshal is the envelope as one line, without its end.
func (e *Envelope) Marshal() ([]byte, error) { return json.Marshal(e) }

// ParseEnvelope reads an envelope. An error is a fault.Integrity.
func ParseEnvelope(data []byte) (*Envelope, error) {
	var e Envelope
	if len(data) > MaxEnvelope {
		return nil, malformed("envelope", fmt.Errorf("it is longer than %d bytes", MaxEnvelope))
	}
	if err := Decode(data, &e); err != nil {
		return nil, malformed("envelope", err)
	}
	switch {
	case e.PayloadType != PayloadType:
		return nil, malformed("envelope", fmt.Errorf("payloadType is %.80q, not %s", e.PayloadType, PayloadType))
	case len(e.Signatures) == 0:
		return nil, malformed("envelope", fmt.Errorf("nobody signed it"))
	case len(e.Signatures) > maxSignatures:
		return nil, malformed("envelope", fmt.Errorf("it has %d signatures, %d is the limit", len(e.Signatures), maxSignatures))
	}
	return &e, nil
}

// Claim is the statement of the envelope, whoever signed it: to show, not to
// rely on.
func (e *Envelope) Claim() (*Statement, error) {
	payload, err := fromBase64(e.Payload)
	if err != nil {
		return nil, malformed("envelope", fmt.Errorf("payload: %w", err))
	}
	return ParseStatement(payload)
}

// Verify is the function of that name for an envelope that was read.
func (e *Envelope) Verify(keys []PublicKey) (*Statement, PublicKey, error) {
	payload, err := fromBase64(e.Payload)
	if err != nil {
		return nil, PublicKey{}, malformed("envelope", fmt.Errorf("payload: %w", err))
	}
	signed := preAuth(e.PayloadType, payload)
	for _, key := range keys {
		for _, s := range e.Signatures {
			sig, err := fromBase64(s.Sig)
			if err == nil && len(sig) == ed25519.SignatureSize && ed25519.Verify(key.key, signed, sig) {
				statement, err := ParseStatement(payload)
				return statement, key, err
			}
		}
	}
	return nil, PublicKey{}, e.untrusted(keys)
}

// untrusted tells a signature that does not hold from one of somebody else.
func (e *Envelope) untrusted(keys []PublicKey) error {
	for _, key := range keys {
		for _, s := range e.Signatures {
			if s.KeyID == key.ID {
				return fault.New(fault.Integrity, "it was changed after it was signed: take it again from where it was made, or build again",
					"the signature of key %s does not hold", key.Short())
			}
		}
	}
	return fault.New(fault.Integrity, "if you trust that key, name its public half with --key FILE.pem",
		"it was signed by key %.16q, which is not trusted here", e.Signatures[0].KeyID)
}

// fromBase64 reads the standard alphabet or that of addresses, as DSSE allows.
func fromBase64(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		data, err = base64.URLEncoding.DecodeString(text)
	}
	if err != nil {
		return nil, fmt.Errorf("no base64: %w", err)
	}
	return data, nil
}
