//go:build live

package repro

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/pytag"
)

// published gives two wheels of a project that fit, the newest first, of two releases.
func published(t *testing.T, c *index.Client, project string, e Expect) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	l, err := c.Listing(ctx, project)
	if err != nil {
		t.Fatal(err)
	}
	supported := pytag.Supported(e.Target, e.Python)
	var found []string
	for _, r := range l.Releases {
		best, at := index.File{}, -1
		files, err := r.Files()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Wheel == nil || f.Version.IsPrerelease() {
				continue
			}
			if rank, ok := supported.Rank(f.Wheel.Tags); ok && (at < 0 || rank < at) {
				best, at = f, rank
			}
		}
		if at < 0 {
			continue
		}
		path, err := download(ctx, c, best, t.TempDir())
		if err != nil {
			t.Logf("%s: %v", best.Name, err) // listed, and not served: an older one is
			continue
		}
		if found = append(found, path); len(found) == 2 {
			return found
		}
	}
	t.Fatalf("%s: only %q can be had", project, found)
	return nil
}

func download(ctx context.Context, c *index.Client, f index.File, dir string) (string, error) {
	r, err := c.Download(ctx, f.URL, f.Size)
	if err != nil {
		return "", err
	}
	defer r.Close()
	path := filepath.Join(dir, f.Name)
	w, err := os.Create(path)
	if err != nil {
		return "", err
	}
	sum, _, err := digest.OfReader(io.TeeReader(r, w))
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil && sum.String() != f.Hashes.Sum("sha256") {
		err = fmt.Errorf("sha256 is %s", sum)
	}
	return path, err
}

// TestLivePublished: wheels that are right pass, and promise no older system than what is found.
func TestLivePublished(t *testing.T) {
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
	c := index.New(f, cfg, t.TempDir())
	for project, native := range map[string]bool{"markupsafe": true, "pyyaml": true, "idna": false, "msgpack": true, "wrapt": true, "greenlet": true, "packaging": false, "psycopg-binary": true, "rpds-py": true} {
		t.Run(project, func(t *testing.T) {
			e := expectation(t)
			e.Name, e.Version, e.Native = project, "", native
			wheels := published(t, c, project, e)
			var ours []string
			for _, wheel := range wheels {
				report, path, _ := normal(t, wheel, e)
				ours = append(ours, path)
				if native == (report.Glibc == [2]int{}) || native != (len(report.Natives) > 0) {
					t.Errorf("%s needs glibc %v, %d native files", report.Name, report.Glibc, len(report.Natives))
				}
				if promised := promised(wheel); native && (strings.Contains(report.Name, "-linux_") || promised[1] < report.Glibc[1]) {
					t.Errorf("%s became %s, notes %q", filepath.Base(wheel), report.Name, report.Notes)
				}
				t.Logf("%s -> %s, glibc %v, %q", filepath.Base(wheel), report.Name, report.Glibc, report.Notes)
				same, err := Compare(path, wheel)
				if err != nil || same.Verdict != Stabilised && (!native || same.Verdict != MetadataOnly) {
					t.Errorf("with itself: %v\n%s", err, same)
				}
			}
			other, err := Compare(ours[0], ours[1])
			if err != nil || other.Verdict != CodeDiffers {
				t.Errorf("%v", err)
			}
			t.Logf("\n%s", other)
		})
	}
}

// promised is the glibc that a wheel's name says is enough.
func promised(wheel string) (v [2]int) {
	for _, part := range strings.FieldsFunc(filepath.Base(wheel), func(r rune) bool { return r == '-' || r == '.' }) {
		if _, err := fmt.Sscanf(part, "manylinux_%d_%d_", &v[0], &v[1]); err == nil {
			return v
		}
		if strings.HasPrefix(part, "manylinux2014_") {
			v = [2]int{2, 17}
		}
	}
	return v
}
