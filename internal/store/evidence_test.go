package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/attest"
	"snug/internal/digest"
	"snug/internal/fault"
)

// evidence is a bundle about what has that digest.
func evidence(t *testing.T, sum digest.SHA256) attest.Bundle {
	t.Helper()
	key, err := attest.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := attest.New("https://example.com/made/v1", map[string]int{"a": 1}, attest.Resource{Name: "a.whl", Digest: attest.SHA256(sum)})
	if err != nil {
		t.Fatal(err)
	}
	e, err := key.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return attest.Bundle{e}
}

// Evidence stays as long as what it is about, and goes with it.
func TestEvidence(t *testing.T) {
	s, ctx := open(t), context.Background()
	if _, _, err := s.GC(ctx); err != nil {
		t.Fatal(err) // nothing was made yet
	}
	held, tree, gone := digest.Of([]byte("held")), digest.Of([]byte("tree")), digest.Of([]byte("gone"))
	inside := digest.Of([]byte("wheel\n")) // a wheel in a tree of another key
	if _, err := s.PutBlob(ctx, held, -1, strings.NewReader("held")); err != nil {
		t.Fatal(err)
	}
	key := "python-3.14.6-" + tree.String() + "-1"
	if _, err := s.AddTree(ctx, key, oneFile("x = 1\n")); err != nil {
		t.Fatal(err)
	}
	made := "built-" + digest.Of([]byte("inputs")).String()
	built, err := s.AddTree(ctx, made, oneFile("wheel\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sum := range []digest.SHA256{held, tree, gone, inside, built.Digest()} {
		if _, err := s.Evidence(sum); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("before: %v", err)
		}
		if err := s.AddEvidence(sum, evidence(t, sum)); err != nil {
			t.Fatal(err)
		}
	}
	if n, _, err := s.GC(ctx); n != 0 || err != nil { // all are young
		t.Errorf("removed %d, %v", n, err)
	}
	later, err := Open(filepath.Dir(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	later.now = func() time.Time { return time.Now().Add(keepTree - time.Hour) }
	later.Tree(key) // in use
	later.Tree(made)
	later.now = func() time.Time { return time.Now().Add(keepTree + time.Hour) }
	if n, _, err := later.GC(ctx); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	for sum, want := range map[digest.SHA256]bool{held: true, tree: true, gone: false, inside: true, built.Digest(): true} {
		b, err := later.Evidence(sum)
		if (err == nil) != want {
			t.Errorf("%s: %v, want it there: %t", sum, err, want)
			continue
		}
		if !want {
			continue
		}
		if claim, err := b[0].Claim(); err != nil || !claim.About(sum.String()) {
			t.Errorf("%+v, %v", claim, err)
		}
	}
}
