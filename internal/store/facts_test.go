package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"snug/internal/store"
)

func TestFacts(t *testing.T) {
	home := t.TempDir()
	st, err := store.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	computed := 0
	ask := func(key, name string) string {
		t.Helper()
		data, err := st.Facts(key, name, func() ([]byte, error) { computed++; return []byte("of " + key + "\nby " + name), nil })
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if got := ask("tree-one", "reader-1"); got != "of tree-one\nby reader-1" || computed != 1 {
		t.Errorf("%q, computed %d times", got, computed)
	}
	if got := ask("tree-one", "reader-1"); got != "of tree-one\nby reader-1" || computed != 1 {
		t.Errorf("again: %q, computed %d times", got, computed)
	}
	if ask("tree-one", "reader-2"); computed != 2 {
		t.Errorf("of another reader: computed %d times", computed)
	}
	path := filepath.Join(home, "store", "facts", "tree-one", "reader-1")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"", string(whole[:len(whole)-1]), string(whole) + "x"} {
		if err := os.WriteFile(path, []byte(part), 0o644); err != nil {
			t.Fatal(err)
		}
		before := computed
		if got := ask("tree-one", "reader-1"); got != "of tree-one\nby reader-1" || computed != before+1 {
			t.Errorf("damaged to %q: %q", part, got)
		}
	}
	if _, err := st.Facts("../x", "reader-1", nil); err == nil {
		t.Error("a key that leads out was taken")
	}
}

// Facts stay with their tree, and go some days after it is gone.
func TestFactsAreCollected(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	st, err := store.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.AddTree(ctx, "tree-kept", func(dir string) (store.Plan, error) {
		if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o644); err != nil {
			return nil, err
		}
		return store.Scan(dir, "a")
	}); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-30 * 24 * time.Hour)
	for _, key := range []string{"tree-kept", "tree-gone", "tree-new"} {
		if _, err := st.Facts(key, "reader-1", func() ([]byte, error) { return []byte("x"), nil }); err != nil {
			t.Fatal(err)
		}
		if path := filepath.Join(home, "store", "facts", key, "reader-1"); key != "tree-new" {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := st.GC(ctx); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"tree-kept": true, "tree-gone": false, "tree-new": true} {
		if _, err := os.Stat(filepath.Join(home, "store", "facts", key)); (err == nil) != want {
			t.Errorf("%s: there %v, want %v", key, err == nil, want)
		}
	}
}
