//go:build live

package index_test

import (
	"context"
	"os"
	"testing"
	"time"

	"snug/internal/dist"
	"snug/internal/fetch"
	"snug/internal/index"
)

func TestLiveIndex(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := index.ReadConfig(os.Getenv, home, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f, err := fetch.New(fetch.Options{Env: os.Getenv, CacheDir: t.TempDir(), CertFile: cfg.CertFile, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := index.New(f, cfg, t.TempDir())
	l, err := c.Listing(ctx, "django")
	if err != nil {
		t.Fatal(err)
	}
	last := files(l)[0]
	for _, f := range files(l) {
		if f.Wheel != nil && (last.Wheel == nil || f.Version.Compare(last.Version) > 0) {
			last = f
		}
	}
	body, err := c.Metadata(ctx, l, last)
	if err != nil {
		t.Fatal(err)
	}
	m, err := dist.ParseMetadata(body)
	if err != nil || len(m.RequiresDist) == 0 {
		t.Fatalf("%s: %v, requires %q", last.Name, err, m.RequiresDist)
	}
	t.Logf("%d files, %d skipped; %s requires %q", len(files(l)), l.Skipped, last.Name, m.RequiresDist)
}
