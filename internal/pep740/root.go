package pep740

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"snug/internal/fault"
)

// Root is who is trusted: authorities that give certificates, and logs. It is read from
// Sigstore's trusted_root.json and never written.
type Root struct {
	authorities []authority
	rekor       []log // of signatures
	ct          []log // of certificates
}

type authority struct {
	span
	roots, intermediates []*x509.Certificate
}

// log is one transparency log with the key that signs for it.
type log struct {
	span
	id  [sha256.Size]byte // of the key
	key *ecdsa.PublicKey
}

// span is when something was trusted; a zero end has not come.
type span struct{ start, end time.Time }

func (s span) holds(t time.Time) bool {
	return !t.Before(s.start) && (s.end.IsZero() || !t.After(s.end))
}

type (
	rootJSON struct {
		MediaType   string          `json:"mediaType"`
		Rekor       []logJSON       `json:"tlogs"`
		CT          []logJSON       `json:"ctlogs"`
		Authorities []authorityJSON `json:"certificateAuthorities"`
	}
	logJSON struct {
		BaseURL string `json:"baseUrl"`
		Key     struct {
			Raw   encoded  `json:"rawBytes"`
			Valid spanJSON `json:"validFor"`
		} `json:"publicKey"`
	}
	authorityJSON struct {
		Chain struct {
			Certificates []struct {
				Raw encoded `json:"rawBytes"`
			} `json:"certificates"`
		} `json:"certChain"`
		Valid spanJSON `json:"validFor"`
	}
	spanJSON struct {
		Start time.Time  `json:"start"`
		End   *time.Time `json:"end"`
	}
)

func (s spanJSON) read() span {
	if s.End == nil {
		return span{start: s.Start}
	}
	return span{s.Start, *s.End}
}

// ParseRoot reads a trusted_root.json. Logs with keys of a kind that is not verified here
// (Rekor's second version) are left out: what they vouch for is untold. The error is a
// fault.Input.
func ParseRoot(data []byte) (*Root, error) {
	var in rootJSON
	if len(data) > MaxRoot {
		return nil, badRoot("it is longer than %d bytes", MaxRoot)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, badRoot("%w", err)
	}
	if max(len(in.Rekor), len(in.CT), len(in.Authorities)) > maxAuthorities {
		return nil, badRoot("more than %d logs or authorities", maxAuthorities)
	}
	out := &Root{}
	var err error
	for i, a := range in.Authorities {
		one, err := a.read()
		if err != nil {
			return nil, badRoot("certificateAuthorities[%d]: %w", i, err)
		}
		out.authorities = append(out.authorities, one)
	}
	if out.rekor, err = logs(in.Rekor); err != nil {
		return nil, badRoot("tlogs%w", err)
	}
	if out.ct, err = logs(in.CT); err != nil {
		return nil, badRoot("ctlogs%w", err)
	}
	if len(out.authorities) == 0 || len(out.rekor) == 0 || len(out.ct) == 0 {
		return nil, badRoot("it names no authority, no log of signatures or no log of certificates that can be used")
	}
	return out, nil
}

func badRoot(format string, args ...any) error {
	return fault.New(fault.Input, "give the trusted_root.json that Sigstore publishes", "trusted root: "+format, args...)
}

func (a *authorityJSON) read() (authority, error) {
	out := authority{span: a.Valid.read()}
	chain := a.Chain.Certificates
	if len(chain) == 0 || len(chain) > maxAuthorities {
		return out, fmt.Errorf("a chain of %d certificates", len(chain))
	}
	for i, c := range chain {
		cert, err := x509.ParseCertificate(c.Raw)
		if err != nil {
			return out, err
		}
		if i == len(chain)-1 { // the root stands last
			out.roots = append(out.roots, cert)
		} else {
			out.intermediates = append(out.intermediates, cert)
		}
	}
	return out, nil
}

func logs(in []logJSON) ([]log, error) {
	var out []log
	for i, l := range in {
		key, err := x509.ParsePKIXPublicKey(l.Key.Raw)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		if ec, ok := key.(*ecdsa.PublicKey); ok {
			out = append(out, log{span: l.Key.Valid.read(), id: sha256.Sum256(l.Key.Raw), key: ec})
		}
	}
	return out, nil
}

// find is the log of that id, if it was trusted at t.
func find(all []log, id []byte, t time.Time) (*log, error) {
	for i := range all {
		l := &all[i]
		if string(l.id[:]) != string(id) {
			continue
		}
		if !l.holds(t) {
			return nil, untrue("log %.8x was not trusted on %s", id, t.UTC().Format(time.RFC3339))
		}
		return l, nil
	}
	return nil, untold("the trusted root does not know the log %.8x: it is forged, of a kind that is not verified here, or younger than the root", id)
}

// verify checks a signature of the log: ECDSA over SHA-256.
func (l *log) verify(message, signature []byte) bool {
	sum := sha256.Sum256(message)
	return ecdsa.VerifyASN1(l.key, sum[:], signature)
}
