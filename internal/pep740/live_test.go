//go:build live

package pep740_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/pep440"
	"snug/internal/pep740"
)

// What was really published, verified by the root that Sigstore really publishes: both
// lie among the tests and the data of the reference implementation in Python.
func TestLiveRealProvenanceIsVerified(t *testing.T) {
	sources := unpacked(t, fileOf(t, "pypi-attestations", "0.0.28", ".tar.gz"))
	rootText := zipped(t, fileOf(t, "sigstore", "4.5.1", ".whl"), "tuf-repo-cdn.sigstore.dev/trusted_root.json")
	root, err := pep740.ParseRoot(rootText)
	if err != nil {
		t.Fatal(err)
	}
	const name = "pypi_attestations-0.0.19.tar.gz"
	p, err := pep740.Parse(sources[name+".provenance"])
	if err != nil {
		t.Fatal(err)
	}
	got, err := root.Verify(p, name, digest.Of(sources[name]))
	want := time.Date(2024, 12, 4, 23, 14, 1, 0, time.UTC)
	if err != nil || len(got) != 1 || got[0].Identity.String() != "GitHub trailofbits/pypi-attestations release.yml" || !got[0].Logged.Equal(want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := root.Verify(p, name, digest.Of([]byte("other"))); !errors.Is(err, pep740.ErrFalse) {
		t.Errorf("another file: %v", err)
	}
	p.Bundles[0].Publisher.Repository = "other/other"
	if _, err := root.Verify(p, name, digest.Of(sources[name])); !errors.Is(err, pep740.ErrFalse) {
		t.Errorf("another publisher: %v", err)
	}
}

// fileOf is the release's file with that ending, from the real index.
func fileOf(t *testing.T, project, version, ending string) []byte {
	t.Helper()
	f, err := fetch.New(fetch.Options{CacheDir: t.TempDir(), Env: os.Getenv, UserAgent: "snug-test"})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := index.ReadConfig(os.Getenv, "", "")
	if err != nil {
		t.Fatal(err)
	}
	c := index.New(f, cfg, t.TempDir())
	l, err := c.Listing(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pep440.Parse(version)
	if err != nil || l.Release(v) == nil {
		t.Fatalf("%s %s is not there (%v)", project, version, err)
	}
	files, err := l.Release(v).Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range files {
		if strings.HasSuffix(one.Name, ending) {
			body, err := c.Download(t.Context(), one.URL, one.Size)
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			data, err := io.ReadAll(body)
			if err != nil || digest.Of(data).String() != one.Hashes.Sum("sha256") {
				t.Fatalf("%s: %v", one.Name, err)
			}
			return data
		}
	}
	t.Fatalf("%s %s has no %s", project, version, ending)
	return nil
}

// unpacked are the files of an sdist by their last names.
func unpacked(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if out[h.Name[strings.LastIndexByte(h.Name, '/')+1:]], err = io.ReadAll(tr); err != nil {
			t.Fatal(err)
		}
	}
}

func zipped(t *testing.T, data []byte, ending string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, ending) {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	t.Fatalf("no %s", ending)
	return nil
}
