package pep740

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"time"
)

// timestampList is the extension in which a log of certificates says that it took one
// (RFC 6962, 3.3).
func timestampList() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
}

// certificateLogged verifies that a trusted log took the certificate, by a timestamp that
// it signed. What is signed is the certificate without that extension (RFC 6962, 3.2).
func (r *Root) certificateLogged(leaf *x509.Certificate, chains [][]*x509.Certificate) error {
	stamps, err := stampsOf(leaf)
	if err != nil {
		return err
	}
	bare, err := withoutStamps(leaf.RawTBSCertificate)
	if err != nil {
		return untrue("its certificate cannot be read: %v", err)
	}
	last := untrue("no log of certificates took its certificate")
	for _, s := range stamps {
		by, err := find(r.ct, s.log, s.at)
		if err != nil {
			last = err
			continue
		}
		for _, chain := range chains {
			if len(chain) > 1 && by.verify(s.message(chain[1], bare), s.signature) {
				return nil
			}
		}
		last = untrue("the timestamp of a log of certificates is not of its certificate")
	}
	return last
}

// stamp is a signed certificate timestamp (RFC 6962, 3.2).
type stamp struct {
	log        []byte
	at         time.Time
	raw        uint64 // milliseconds
	extensions []byte
	signature  []byte
}

// Numbers of RFC 5246 and RFC 6962.
const (
	stampV1       = 0
	precertEntry  = 1
	hashSHA256    = 4
	signatureEC   = 3
	maxTimestamps = 16
)

func stampsOf(leaf *x509.Certificate) ([]stamp, error) {
	var list []byte
	for _, e := range leaf.Extensions {
		if e.Id.Equal(timestampList()) {
			if rest, err := asn1.Unmarshal(e.Value, &list); err != nil || len(rest) > 0 {
				return nil, untrue("the timestamps in its certificate cannot be read")
			}
		}
	}
	if list == nil {
		return nil, nil
	}
	all := reader{rest: list}
	inner := reader{rest: all.sized(2)}
	var out []stamp
	for len(inner.rest) > 0 && !inner.bad && len(out) < maxTimestamps {
		one := reader{rest: inner.sized(2)}
		if one.number(1) != stampV1 {
			continue // of a version to come
		}
		s := stamp{log: one.take(sha256.Size), raw: one.number(8), extensions: one.sized(2)}
		kind := one.number(2)
		s.signature = one.sized(2)
		if s.at = time.UnixMilli(int64(s.raw)).UTC(); one.bad || len(one.rest) > 0 || kind != hashSHA256<<8|signatureEC {
			return nil, untrue("a timestamp in its certificate cannot be read")
		}
		out = append(out, s)
	}
	if all.bad || inner.bad || len(all.rest) > 0 {
		return nil, untrue("the timestamps in its certificate cannot be read")
	}
	return out, nil
}

// message is what the log signed.
func (s *stamp) message(issuer *x509.Certificate, bare []byte) []byte {
	key := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	out := []byte{stampV1, 0} // of a certificate
	out = binary.BigEndian.AppendUint64(out, s.raw)
	out = binary.BigEndian.AppendUint16(out, precertEntry)
	out = append(out, key[:]...)
	out = append(out, byte(len(bare)>>16), byte(len(bare)>>8), byte(len(bare)))
	out = append(out, bare...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(s.extensions)))
	return append(out, s.extensions...)
}

// withoutStamps is the part of a certificate that is signed, without its timestamps; all
// else stays as it is, byte for byte.
func withoutStamps(signed []byte) ([]byte, error) {
	return rebuilt(signed, func(field asn1.RawValue) ([]byte, error) {
		if field.Class != asn1.ClassContextSpecific || field.Tag != 3 { // RFC 5280: [3] extensions
			return field.FullBytes, nil
		}
		return rebuilt(field.FullBytes, func(list asn1.RawValue) ([]byte, error) {
			return rebuilt(list.FullBytes, func(one asn1.RawValue) ([]byte, error) {
				var e pkix.Extension
				if _, err := asn1.Unmarshal(one.FullBytes, &e); err != nil || e.Id.Equal(timestampList()) {
					return nil, err
				}
				return one.FullBytes, nil
			})
		})
	})
}

// rebuilt puts together again what a value holds, each part as change gives it.
func rebuilt(value []byte, change func(asn1.RawValue) ([]byte, error)) ([]byte, error) {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(value, &outer); err != nil {
		return nil, err
	}
	var inside []byte
	for rest := outer.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return nil, err
		}
		changed, err := change(part)
		if err != nil {
			return nil, err
		}
		inside = append(inside, changed...)
	}
	return asn1.Marshal(asn1.RawValue{Class: outer.Class, Tag: outer.Tag, IsCompound: true, Bytes: inside})
}

// reader takes fields off TLS's encoding. Once something was missing, bad stays set.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.rest) {
		r.bad = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) number(bytes int) (n uint64) {
	for _, b := range r.take(bytes) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (r *reader) sized(bytes int) []byte { return r.take(int(r.number(bytes))) }
