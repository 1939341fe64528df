package engine

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What killed builds left behind goes with the next gc, what may still run stays.
func TestLeftovers(t *testing.T) {
	home, now := t.TempDir(), time.Now()
	e, err := New(Options{Home: home, Env: func(string) string { return "" }, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := e.removeLeftovers(); n != 0 || err != nil {
		t.Errorf("of nothing: %d, %v", n, err)
	}
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "young": time.Hour} {
		dir := filepath.Join(home, "tmp", name)
		if err := os.MkdirAll(filepath.Join(dir, "locked"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, "locked"), 0o500); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(home, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, days := range map[string]int{"old": 31, "young": 29} {
		log := filepath.Join(home, "logs", name+".txt")
		if err := os.WriteFile(log, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(log, now.AddDate(0, 0, -days), now.AddDate(0, 0, -days)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := e.GC(t.Context(), t.TempDir(), 1)
	if err != nil || out.Entries != 2 {
		t.Errorf("%+v, %v", out, err)
	}
	left, err := os.ReadDir(filepath.Join(home, "tmp"))
	if err != nil || len(left) != 1 || left[0].Name() != "young" {
		t.Errorf("left %v, %v", left, err)
	}
	if logs, err := os.ReadDir(filepath.Join(home, "logs")); err != nil || len(logs) != 1 || logs[0].Name() != "young.txt" {
		t.Errorf("left %v, %v", logs, err)
	}
}
