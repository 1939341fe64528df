package attest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/fault"
)

func signer(t testing.TB) *Signer {
	t.Helper()
	s, err := OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sample is a build as snug tells it.
func sample() Build {
	return Build{
		Type:     RuntimeBuild,
		External: map[string]any{"runtime": "prod", "python": "3.14.6"}, Internal: map[string]bool{"bytecode": true},
		Inputs: []Resource{
			{URI: component.GenericURL("cpython", "3.14.6"), Digest: SHA256(digest.Of([]byte("py"))), Annotations: map[string]any{"origin": "fetched"}},
			{URI: component.PackageURL("a", "1.0+local.1"), Name: "a-1.0-py3-none-any.whl", Digest: SHA256(digest.Of([]byte("a")))},
		},
		Byproducts: []Resource{{Name: "log", Digest: SHA256(digest.Of([]byte("log")))}},
		Snug:       "1.2.3", Invocation: "7",
		Started: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), Finished: time.Date(2026, 6, 1, 12, 0, 1, 500_000_000, time.UTC),
	}
}

func statement(t testing.TB) *Statement {
	t.Helper()
	s, err := sample().Statement(Resource{Name: "prod", Digest: SHA256(digest.Of([]byte("tree")))})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sealed(t testing.TB, by *Signer) []byte {
	t.Helper()
	e, err := by.Sign(statement(t))
	if err != nil {
		t.Fatal(err)
	}
	data, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSignedComesBack(t *testing.T) {
	key := signer(t)
	data := sealed(t, key)
	if again := sealed(t, key); !bytes.Equal(data, again) {
		t.Errorf("the same statement became\n%s\n%s", data, again)
	}
	got, by, err := verify(data, []PublicKey{signer(t).Public(), key.Public()})
	if err != nil || by.ID != key.Public().ID {
		t.Fatalf("by %s, %v", by.ID, err)
	}
	if !got.About(digest.Of([]byte("tree")).String()) || got.About(digest.Of([]byte("a")).String()) {
		t.Errorf("it is about %+v", got.Subject)
	}
	p, err := got.Provenance()
	if err != nil {
		t.Fatal(err)
	}
	if !p.Has(digest.Of([]byte("a")).String()) || p.Has(digest.Of([]byte("b")).String()) {
		t.Errorf("inputs are %+v", p.BuildDefinition.ResolvedDependencies)
	}
	if uri := p.BuildDefinition.ResolvedDependencies[1].URI; uri != "pkg:pypi/a@1.0%2Blocal.1" {
		t.Errorf("package URL %s", uri)
	}
	if f := p.RunDetails.Metadata.FinishedOn; !f.Equal(sample().Finished) {
		t.Errorf("finished on %s", f)
	}
}

// Everything that differs between two runs stands in the metadata.
func TestTimesAreInMetadataOnly(t *testing.T) {
	one, other := sample(), sample()
	other.Started, other.Finished, other.Invocation = other.Started.Add(time.Hour), other.Finished.Add(time.Hour), "8"
	var texts []string
	for _, b := range []Build{one, other} {
		s, err := b.Statement(Resource{Name: "prod", Digest: SHA256(digest.Of(nil))})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Provenance()
		if err != nil {
			t.Fatal(err)
		}
		p.RunDetails.Metadata = nil
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\n%s", texts[0], texts[1])
	}
}

// Each change of an envelope is refused, with a word that tells which.
func TestVerifyRefuses(t *testing.T) {
	key := signer(t)
	good := sealed(t, key)
	var e Envelope
	if err := json.Unmarshal(good, &e); err != nil {
		t.Fatal(err)
	}
	changed := func(change func(e *Envelope)) []byte {
		c := e
		c.Signatures = append([]Signature(nil), e.Signatures...)
		change(&c)
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(payload, []byte(`"prod"`), []byte(`"test"`), 1)
	cases := []struct {
		name string
		data []byte
		says string
	}{
		{"payload", changed(func(e *Envelope) { e.Payload = base64.StdEncoding.EncodeToString(other) }), "does not hold"},
		{"payload type", changed(func(e *Envelope) { e.PayloadType = "text/plain" }), "payloadType"},
		{"signature", changed(func(e *Envelope) { e.Signatures[0].Sig = "AAAA" + e.Signatures[0].Sig[4:] }), "does not hold"},
		{"no base64", changed(func(e *Envelope) { e.Payload = "%" }), "base64"},
		{"no signature", changed(func(e *Envelope) { e.Signatures = nil }), "nobody signed"},
		{"many signatures", changed(func(e *Envelope) { e.Signatures = make([]Signature, maxSignatures+1) }), "65 signatures"},
		{"other key", sealed(t, signer(t)), "not trusted"},
		{"name twice", append([]byte(`{"payload":"e30=",`), good[1:]...), "twice"},
		{"other case", append([]byte(`{"Payload":"e30=",`), good[1:]...), "another case"},
		{"two values", append(append([]byte(nil), good...), "{}"...), "behind its end"},
		{"cut", good[:len(good)-5], "too early"},
		{"no object", []byte(`[]`), "envelope"},
		{"not UTF-8", []byte("{\"\xff\":1}"), "UTF-8"},
		{"deep", []byte(`{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`), "deeper"},
		{"empty", nil, "too early"},
	}
	for _, c := range cases {
		_, _, err := verify(c.data, []PublicKey{key.Public()})
		if fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), c.says) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v, want %q and a hint", c.name, err, c.says)
		}
	}
	if _, _, err := verify(good, nil); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("without a key: %v", err)
	}
	if _, _, err := verify(make([]byte, MaxEnvelope+1), nil); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("oversized: %v", err)
	}
}

// A signature counts whatever its keyid says, and beside those of others.
func TestKeyIDIsAHint(t *testing.T) {
	key := signer(t)
	e, err := key.Sign(statement(t))
	if err != nil {
		t.Fatal(err)
	}
	e.Signatures[0].KeyID = ""
	e.Signatures = append([]Signature{{KeyID: "x", Sig: "bm9uZQ=="}}, e.Signatures...)
	if _, by, err := e.Verify([]PublicKey{key.Public()}); err != nil || by.ID != key.Public().ID {
		t.Errorf("by %+v, %v", by, err)
	}
}

func TestStatementIsHeldToTheSpecification(t *testing.T) {
	sum := digest.Of(nil).String()
	subject := `"subject":[{"name":"a","digest":{"sha256":"` + sum + `"}}]`
	cases := map[string]string{
		`{"_type":"https://in-toto.io/Statement/v0.1",` + subject + `,"predicateType":"x","predicate":{}}`:                                             "_type",
		`{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x","predicate":{}}`:                                                  "no subject",
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a"}],"predicateType":"x","predicate":{}}`:                                      "no digest",
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{}],"predicateType":"x","predicate":{}}`:                                                "neither",
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"00"}}],"predicateType":"x","predicate":{}}`:                        "64 hexadecimal",
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","Digest":{"sha256":"` + sum + `"}}],"predicateType":"x","predicate":{}}`:    "another case",
		`{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicate":{}}`:                                                                   "predicateType",
		`{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"x"}`:                                                              "no object",
		`{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"x","predicate":[]}`:                                               "no object",
		`{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"x","predicate":{"a":1,"a":2}}`:                                    "twice",
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"` + strings.Repeat("x", maxText+1) + `"}],"predicateType":"x","predicate":{}}`: "bytes long",
	}
	for text, says := range cases {
		if _, err := ParseStatement([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.200s: %v, want %q", text, err, says)
		}
	}
	// Names that nobody knows yet, and algorithms, are passed over.
	future := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"new":"x"},"more":[1]}],"predicateType":"x","predicate":{"A":1,"a":2},"extra":null}`
	if _, err := ParseStatement([]byte(future)); err != nil {
		t.Error(err)
	}
}

func TestProvenanceIsHeldToTheSpecification(t *testing.T) {
	for name, spoil := range map[string]func(*Build){
		"buildType":          func(b *Build) { b.Type = "" },
		"externalParameters": func(b *Build) { b.External = map[string]string{} },
		"internalParameters": func(b *Build) { b.Internal = "text" },
		"resolvedDependencies 2": func(b *Build) {
			b.Inputs[1].Digest = map[string]string{"sha256": "no"}
		},
		"byproducts 1": func(b *Build) { b.Byproducts[0] = Resource{} },
	} {
		b := sample()
		spoil(&b)
		if _, err := b.Statement(Resource{Name: "x", Digest: SHA256(digest.Of(nil))}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := statement(t)
	for text, says := range map[string]string{
		`{"buildDefinition":{"buildType":"x","externalParameters":{"a":1}},"runDetails":{"builder":{}}}`:                                                        "builder.id",
		`{"buildDefinition":{"buildType":"x","externalParameters":{"a":1}},"runDetails":{"builder":{"id":"x","ID":"y"}}}`:                                       "another case",
		`{"buildDefinition":{"buildType":"x","externalParameters":{"a":1}},"runDetails":{"builder":{"id":"x"},"metadata":{"startedOn":"yesterday"}}}`:           "yesterday",
		`{"buildDefinition":{"buildType":"x","externalParameters":{"a":1},"resolvedDependencies":[{}]},"runDetails":{"builder":{"id":"x"}}}`:                    "resolvedDependencies 1",
		`{"buildDefinition":{"buildType":"x","externalParameters":{"a":1},"resolvedDependencies":[{"uri":"x","uri":"y"}]},"runDetails":{"builder":{"id":"x"}}}`: "twice",
	} {
		s.Predicate = json.RawMessage(text)
		if _, err := s.Provenance(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	s.PredicateType = "https://example.com/other"
	if _, err := s.Provenance(); err == nil {
		t.Error("another predicate was read as provenance")
	}
}

func TestBundle(t *testing.T) {
	key := signer(t)
	e, err := key.Sign(statement(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "provenance.jsonl")
	if _, err := ReadBundle(path); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("no file: %v", err)
	}
	if err := WriteBundle(path, Bundle{e, e}); err != nil {
		t.Fatal(err)
	}
	got, err := ReadBundle(path)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d, %v", len(got), err)
	}
	if claim, err := got[1].Claim(); err != nil || claim.Subject[0].Name != "prod" {
		t.Errorf("%+v, %v", claim, err)
	}
	line, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string]string{
		"":                                  "empty",
		string(line):                        "cut",
		string(line) + "\n" + "{\n":         "line 2",
		string(line) + "\n\n":               "line 2",
		string(line[:len(line)/2]) + "\n":   "line 1",
		strings.Repeat("{}\n", 3):           "line 1",
		string(line) + "\r\n" + "{}" + "\n": "line 2",
	} {
		if _, err := parseBundle(strings.NewReader(text)); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v, want %q", text, err, says)
		}
	}
}

// endless is a file that somebody made to fill the memory.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestBundleIsBounded(t *testing.T) {
	if _, err := parseBundle(endless{}); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), "longer") {
		t.Errorf("endless: %v", err)
	}
	e, err := signer(t).Sign(statement(t))
	if err != nil {
		t.Fatal(err)
	}
	line, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseBundle(strings.NewReader(strings.Repeat(string(line)+"\n", maxEnvelopes+1))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("many lines: %v", err)
	}
	if _, err := ReadBundle(t.TempDir()); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("a folder: %v", err)
	}
}

// Whatever the bytes are: no panic, and what is taken is signed, and says the
// same when it is written and read again.
func FuzzEnvelope(f *testing.F) {
	key := signer(f)
	good := sealed(f, key)
	f.Add(good, []byte(`{"_type":"https://in-toto.io/Statement/v1"}`))
	f.Add([]byte(`{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":""}]}`), []byte(`{}`))
	valid, err := json.Marshal(statement(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("{}"), valid)
	f.Fuzz(func(t *testing.T, envelope, payload []byte) {
		if _, _, err := verify(envelope, []PublicKey{key.Public()}); err == nil && !bytes.Equal(envelope, good) {
			var a, b Envelope
			if json.Unmarshal(envelope, &a) != nil || json.Unmarshal(good, &b) != nil || !samePayload(a, b) {
				t.Errorf("%q was taken", envelope)
			}
		}
		s, err := ParseStatement(payload)
		if err != nil {
			return
		}
		if p, err := s.Provenance(); err == nil && p.validate() != nil {
			t.Error("read, and not valid")
		}
		e, err := key.Sign(s)
		if err != nil {
			t.Fatalf("read %q, and cannot be signed: %v", payload, err)
		}
		if again, _, err := e.Verify([]PublicKey{key.Public()}); err != nil || again.PredicateType != s.PredicateType || len(again.Subject) != len(s.Subject) {
			t.Errorf("%q became %+v, %v", payload, again, err)
		}
	})
}

func samePayload(a, b Envelope) bool {
	one, err := fromBase64(a.Payload)
	two, err2 := fromBase64(b.Payload)
	return err == nil && err2 == nil && bytes.Equal(one, two)
}

// verify reads an envelope that one of keys signed.
func verify(envelope []byte, keys []PublicKey) (*Statement, PublicKey, error) {
	e, err := ParseEnvelope(envelope)
	if err != nil {
		return nil, PublicKey{}, err
	}
	return e.Verify(keys)
}
