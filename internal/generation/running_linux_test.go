package generation

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A server that was started from an older generation imports modules while it
// runs: garbage collection leaves it its files.
func TestPruneKeepsWhatRuns(t *testing.T) {
	r := Room{Dir: filepath.Join(t.TempDir(), ".snug", "prod")}
	for range 3 {
		stage(t, r)
	}
	exe := filepath.Join(r.Path(1), "python3.14")
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(cat)
	if err := errors.Join(err, os.WriteFile(exe, data, 0o755), r.Switch(3)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	stdin, err := cmd.StdinPipe() // it runs until this is closed
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.Prune(1); err != nil || n != 1 || !r.Has(1) || r.Has(2) {
		t.Errorf("pruned %d, %v; has 1: %t", n, err, r.Has(1))
	}
	if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
	if n, err := r.Prune(1); err != nil || n != 1 || r.Has(1) {
		t.Errorf("then pruned %d, %v", n, err)
	}
}
