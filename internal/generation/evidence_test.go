package generation

import (
	"os"
	"path/filepath"
	"testing"
)

// Evidence has the number of its generation, comes after it, and goes with it.
func TestEvidenceFollowsItsGeneration(t *testing.T) {
	r := Room{Dir: filepath.Join(t.TempDir(), ".snug", "prod")}
	for range 3 {
		stage(t, r)
	}
	for n := 1; n <= 3; n++ {
		if !Attested(r.Path(n)) {
			t.Errorf("generation %d has no evidence", n)
		}
	}
	if text, err := os.ReadFile(filepath.Join(r.Dir, "evidence", "2", Provenance)); err != nil || string(text) != "signed\n" {
		t.Errorf("%q, %v", text, err)
	}
	if list, err := r.List(); err != nil || len(list) != 3 {
		t.Errorf("%d generations, %v", len(list), err)
	}
	if n, err := r.Prune(1); err != nil || n != 2 {
		t.Fatalf("pruned %d, %v", n, err)
	}
	if Attested(r.Path(1)) || Attested(r.Path(2)) || !Attested(r.Path(3)) {
		t.Error("not the evidence of those that went, and only that, is gone")
	}
	// What a killed removal left is swept; it would be taken for that of the next.
	stray := EvidenceOf(r.Path(7), false)
	if err := os.MkdirAll(stray, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Prune(1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(stray); err == nil {
		t.Error("stray evidence is left")
	}
	if _, err := r.PruneIf(func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(r.Dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left in an empty room: %q, %v", left, err)
	}
}

func TestAttestedWantsContent(t *testing.T) {
	r := Room{Dir: filepath.Join(t.TempDir(), ".snug", "prod")}
	n := stage(t, r)
	if err := os.Truncate(filepath.Join(EvidenceOf(r.Path(n), false), Provenance), 0); err != nil {
		t.Fatal(err)
	}
	if Attested(r.Path(n)) {
		t.Error("an empty file, as a power cut leaves it, counts")
	}
}

// A generation without evidence is none: where that cannot be placed, neither is
// the other.
func TestAdoptIsAllOrNothing(t *testing.T) {
	r := Room{Dir: filepath.Join(t.TempDir(), ".snug", "prod")}
	stage(t, r)
	if err := os.RemoveAll(filepath.Join(r.Dir, evidenceDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir, evidenceDir), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dir, err := r.Stage()
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, sample())
	if n, err := r.Adopt(dir, Evidence{Provenance: []byte("signed\n")}); err == nil || r.Has(2) {
		t.Errorf("generation %d was adopted, %v", n, err)
	}
}
