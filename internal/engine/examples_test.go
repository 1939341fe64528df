package engine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/manifest"
)

// The lock of examples/legacy, which is committed, answers what its project asks, and
// sends nobody to an index. It was made with --as-of 2023-06-08, then without.
func TestLegacyExampleIsLocked(t *testing.T) {
	none := func(string) string { return "" }
	p, err := manifest.Load(filepath.Join("..", "..", "examples", "legacy"), none)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{Home: t.TempDir(), Env: none, Now: time.Now, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Lock(context.Background(), p, LockRequest{DryRun: true})
	if err != nil || !got.Fresh {
		t.Fatalf("%+v, %v: lock it again, keeping its versions", got, err)
	}
	for _, pkg := range got.Lock.Packages {
		for _, f := range pkg.Wheels {
			if !strings.HasPrefix(f.URL, "https://index.example/") || f.UploadTime.Year() > 2023 {
				t.Errorf("%s: %s of %s", pkg.Name, f.URL, f.UploadTime)
			}
		}
	}
}
