package cli

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"snug/internal/attest"
	"snug/internal/digest"
	"snug/internal/store"
)

// storyKeyPair is the key that snug signs with in this story.
func storyKeyPair(ts *testscript.TestScript) *attest.Signer {
	s, err := attest.OpenKey(filepath.Join(ts.Getenv("SNUG_HOME"), "keys"))
	ts.Check(err)
	return s
}

// storyForge changes what the first statement of a bundle says, and signs that
// with the own key: what a builder would have to be caught at that lies.
func storyForge(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	bundle, err := attest.ReadBundle(path)
	ts.Check(err)
	payload, err := base64.StdEncoding.DecodeString(bundle[0].Payload)
	ts.Check(err)
	text := regexp.MustCompile(args[1]).ReplaceAllString(string(payload), args[2])
	if text == string(payload) {
		ts.Fatalf("%s does not match %s", payload, args[1])
	}
	var s attest.Statement
	ts.Check(json.Unmarshal([]byte(text), &s))
	bundle[0], err = storyKeyPair(ts).Sign(&s)
	ts.Check(err)
	ts.Check(attest.WriteBundle(path, bundle))
}

// storyMade signs for a file (the one that matches a pattern) as if it had been
// built here from the inputs, and keeps that in the store.
func storyMade(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("%s is %d files", args[0], len(files))
	}
	sum := digest.Of([]byte(ts.ReadFile(files[0])))
	var inputs []attest.Resource
	for _, name := range args[1:] {
		inputs = append(inputs, attest.Resource{Name: name, Digest: attest.SHA256(digest.Of([]byte(ts.ReadFile(name))))})
	}
	build := attest.Build{Type: attest.WheelBuild, External: map[string]string{"name": filepath.Base(args[0])},
		Internal: map[string]string{"sandbox": "hermetic"}, Inputs: inputs, Snug: Version()}
	statement, err := build.Statement(attest.Resource{Name: filepath.Base(args[0]), Digest: attest.SHA256(sum)})
	ts.Check(err)
	signed, err := storyKeyPair(ts).Sign(statement)
	ts.Check(err)
	s, err := store.Open(ts.Getenv("SNUG_HOME"))
	ts.Check(err)
	ts.Check(s.AddEvidence(sum, attest.Bundle{signed}))
}

// What a stranger signed reaches a terminal as text only.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"pkg:pypi/é@1":           "pkg:pypi/é@1",
		"a\x1b[2Jb\nc\u202ed":    "a�[2Jb�c�d",
		strings.Repeat("x", 300): strings.Repeat("x", maxPrinted) + "…",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
