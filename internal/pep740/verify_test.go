package pep740

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/pep740/pep740test"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const wheel = "acme-1.0-py3-none-any.whl"

func publication() pep740test.Publication {
	return pep740test.Publication{File: wheel, SHA256: digest.Of([]byte("wheel")).String(), Repository: "acme/acme", Workflow: "release.yml", At: start.AddDate(0, 1, 0)}
}

func root(t testing.TB, s *pep740test.Sigstore) *Root {
	t.Helper()
	r, err := ParseRoot(s.Root())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerify(t *testing.T) {
	s := pep740test.New(start)
	r := root(t, s)
	for name, c := range map[string]struct {
		change func(*pep740test.Publication)
		is     error
		want   string
	}{
		"as published":                   {func(p *pep740test.Publication) {}, nil, ""},
		"the repository in another case": {func(p *pep740test.Publication) { p.Claimed = "Acme/ACME" }, nil, ""},
		"a name as the index spells it":  {func(p *pep740test.Publication) { p.File = "Acme-1.0-py3-none-any.whl" }, nil, ""},
		"another file":                   {func(p *pep740test.Publication) { p.SHA256 = digest.Of([]byte("other")).String() }, ErrFalse, "about a file of sha256"},
		"another name":                   {func(p *pep740test.Publication) { p.File = "other-1.0-py3-none-any.whl" }, ErrFalse, "it is about"},
		"another platform":               {func(p *pep740test.Publication) { p.File = "acme-1.0-cp314-cp314-win_amd64.whl" }, ErrFalse, "it is about"},
		"another repository":             {func(p *pep740test.Publication) { p.Claimed = "evil/acme" }, ErrFalse, "its certificate says"},
		"an expired certificate":         {func(p *pep740test.Publication) { p.Lag = time.Hour }, ErrFalse, "not valid when it was logged"},
		"signed before it was valid":     {func(p *pep740test.Publication) { p.Lag = -time.Minute }, ErrFalse, "not valid when it was logged"},
		"before the root was trusted":    {func(p *pep740test.Publication) { p.At = start.Add(-time.Hour) }, ErrFalse, "was not trusted on"},
		"not logged":                     {func(p *pep740test.Publication) { p.NotLogged = true }, ErrFalse, "0 entries of a transparency log"},
		"a certificate that no log has":  {func(p *pep740test.Publication) { p.NoTimestamp = true }, ErrFalse, "no log of certificates"},
		"an unheard of predicate":        {func(p *pep740test.Publication) { p.Predicate = "https://example.org/v1" }, ErrUntold, "PEP 740 does not know"},
		"the predicate of publishing":    {func(p *pep740test.Publication) { p.Predicate = publishPredicate() }, nil, ""},
	} {
		p := publication()
		c.change(&p)
		got, err := verify(r, s.Provenance(p))
		switch {
		case c.is == nil && (err != nil || len(got) != 1 || !got[0].Identity.Same(Identity{Kind: "GitHub", Repository: "acme/acme", Workflow: "release.yml"}) || !got[0].Logged.Equal(p.At)):
			t.Errorf("%s: %+v, %v", name, got, err)
		case c.is != nil && (!errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func verify(r *Root, provenance []byte) ([]Verified, error) {
	p, err := Parse(provenance)
	if err != nil {
		return nil, err
	}
	return r.Verify(p, wheel, digest.Of([]byte("wheel")))
}

// Everything of another Sigstore is of strangers: it is not told, and never verified.
func TestVerifyByAnotherRoot(t *testing.T) {
	_, err := verify(root(t, pep740test.New(start)), pep740test.New(start).Provenance(publication()))
	if !errors.Is(err, ErrUntold) {
		t.Errorf("%v", err)
	}
}

// A change of any one value makes it false, unreadable or untold: never verified. Values
// that say nothing that is used are named.
func TestNothingCanBeChanged(t *testing.T) {
	s := pep740test.New(start)
	r := root(t, s)
	text := s.Provenance(publication())
	unused := map[string]bool{"publisher.environment": true}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	tried := 0
	eachText(doc, "", func(path string, value string, set func(string)) {
		for _, changed := range changes(value) {
			set(changed)
			out, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			if got, err := verify(r, out); err == nil && !unused[path] {
				t.Errorf("%s: %.60q for %.60q is verified: %v", path, changed, value, got)
			}
		}
		set(value)
	})
	if tried < 30 {
		t.Errorf("only %d changes were tried", tried)
	}
	if got, err := json.Marshal(doc); err != nil || !bytes.Equal(got, text) {
		t.Error("the test changed more than it meant")
	}
}

// changes are other texts: a letter in the middle, at the beginning, and none at all.
func changes(text string) []string {
	out := []string{""}
	for _, at := range []int{0, len(text) / 2} {
		if text != "" {
			other := byte('Z')
			if text[at]|0x20 == 'z' { // the case of a repository means nothing
				other = 'Y'
			}
			if text[at] >= '0' && text[at] <= '9' {
				other = '0' + (text[at]-'0'+1)%10
			}
			out = append(out, text[:at]+string(other)+text[at+1:])
		}
	}
	return out
}

// eachText visits every text in a JSON document, with how to change it.
func eachText(v any, path string, visit func(path, value string, set func(string))) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			at := strings.TrimPrefix(path+"."+key, ".")
			if text, ok := inner.(string); ok {
				visit(at, text, func(s string) { v[key] = s })
				continue
			}
			eachText(inner, at, visit)
		}
	case []any:
		for i, inner := range v {
			if text, ok := inner.(string); ok {
				visit(path, text, func(s string) { v[i] = s })
				continue
			}
			eachText(inner, path, visit)
		}
	}
}

// One attestation that is false makes the whole provenance false.
func TestAllMustHold(t *testing.T) {
	s := pep740test.New(start)
	good, err := Parse(s.Provenance(publication()))
	if err != nil {
		t.Fatal(err)
	}
	p := publication()
	p.SHA256 = digest.Of([]byte("other")).String()
	bad, err := Parse(s.Provenance(p))
	if err != nil {
		t.Fatal(err)
	}
	good.Bundles = append(good.Bundles, bad.Bundles...)
	if _, err := root(t, s).Verify(good, wheel, digest.Of([]byte("wheel"))); !errors.Is(err, ErrFalse) {
		t.Errorf("%v", err)
	}
	if _, err := root(t, s).Verify(&Provenance{}, wheel, digest.Of([]byte("wheel"))); !errors.Is(err, ErrFalse) {
		t.Errorf("nothing: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:              "unexpected end",
		`[]`:            "cannot unmarshal",
		`{"version":2}`: "version 2",
		`{"version":1}`: "0 attestation bundles",
		`{"version":1,"attestation_bundles":[{"publisher":{},"attestations":[]}]}`:                                                                                                  "no kind",
		`{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub"},"attestations":[]}]}`:                                                                                   "0 attestations",
		`{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub"},"attestations":[{"version":1}]}]}`:                                                                      "lacks a certificate",
		`{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub"},"attestations":[{"version":1,"envelope":{"signature":"?"}}]}]}`:                                         "base64",
		`{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub"},"attestations":[{"version":1,"verification_material":{"transparency_entries":[{"logIndex":"-1"}]}}]}]}`: "whole number",
		`{"version":1,"attestation_bundles":[` + strings.TrimSuffix(strings.Repeat(`{},`, 17), ",") + `]}`:                                                                          "17 attestation bundles",
		`{"version":1,"attestation_bundles":[{"publisher":{"kind":"` + strings.Repeat("x", 600) + `"}}]}`:                                                                           "longer than",
		strings.Repeat(" ", MaxProvenance+1): "longer than",
	} {
		if _, err := Parse([]byte(text)); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120s: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`{}`: "names no authority", `x`: "invalid character", `{"tlogs":[{"publicKey":{"rawBytes":"AAAA"}}]}`: "tlogs[0]",
		`{"certificateAuthorities":[{}]}`: "chain of 0", `{"certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AAAA"}]}}]}`: "certificateAuthorities[0]",
	} {
		if _, err := ParseRoot([]byte(text)); fault.CodeOf(err) != fault.Input || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestIdentityTable(t *testing.T) {
	for _, i := range []Identity{
		{Kind: "GitHub", Repository: "acme/acme", Workflow: "release.yml", Environment: "release"},
		{Kind: "GitLab", Repository: "acme/acme", Workflow: ".gitlab-ci.yml"},
		{Kind: "Google", Email: "robot@example.org"},
	} {
		if got := FromTable(i.Table()); got != i {
			t.Errorf("%+v, want %+v", got, i)
		}
	}
	if got := (Identity{Kind: "GitLab", Workflow: "x"}).Table()["workflow_filepath"]; got != "x" {
		t.Errorf("%q", got)
	}
}

// The path through trees of every small size and place (RFC 9162), against a tree that is
// built as it is defined.
func TestClimb(t *testing.T) {
	for size := range 20 {
		leaves := make([][]byte, size)
		for i := range leaves {
			sum := digest.Of([]byte{0, byte(i)})
			leaves[i] = sum[:]
		}
		for i := range leaves {
			want, beside := built(leaves, i)
			if got, ok := climb(leaves[i], int64(i), int64(size), beside); !ok || !bytes.Equal(got, want) {
				t.Errorf("leaf %d of %d", i, size)
			}
			if got, ok := climb(leaves[i], int64(i), int64(size), append(beside, want)); ok && bytes.Equal(got, want) {
				t.Errorf("leaf %d of %d: a longer path", i, size)
			}
			if _, ok := climb(leaves[i], int64(size), int64(size), beside); ok {
				t.Errorf("leaf beyond %d", size)
			}
		}
	}
}

// built is the root of a tree of leaves and the hashes beside the path to one of them.
func built(leaves [][]byte, at int) (root []byte, beside [][]byte) {
	if len(leaves) == 1 {
		return leaves[0], nil
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	if at < k {
		left, path := built(leaves[:k], at)
		right, _ := built(leaves[k:], 0)
		return parent(left, right), append(path, right)
	}
	left, _ := built(leaves[:k], 0)
	right, path := built(leaves[k:], at-k)
	return parent(left, right), append(path, left)
}

// What strangers send is refused or read, never a panic; and nothing but what was signed
// is verified.
func FuzzProvenance(f *testing.F) {
	s := pep740test.New(start)
	r := root(f, s)
	good := s.Provenance(publication())
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"GitHub"`), []byte(`"GitLab"`), 1))
	f.Add([]byte(fmt.Sprintf(`{"version":1,"attestation_bundles":[{"publisher":{"kind":"Google"},"attestations":[{"version":1,"envelope":{"signature":"AA==","statement":"e30="},"verification_material":{"certificate":%q}}]}]}`, "AA==")))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := verify(r, text)
		for _, v := range got {
			if err != nil || v.Identity.Kind != "GitHub" || !strings.EqualFold(v.Identity.Repository, "acme/acme") || v.Identity.Workflow != "release.yml" {
				t.Errorf("%+v, %v", v, err)
			}
		}
	})
}
