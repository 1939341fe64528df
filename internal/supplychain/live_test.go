//go:build live

package supplychain_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/inventory"
	"snug/internal/pep440"
	"snug/internal/supplychain"
)

func realIndex(t *testing.T) *index.Client {
	t.Helper()
	f, err := fetch.New(fetch.Options{CacheDir: t.TempDir(), Env: os.Getenv, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := index.ReadConfig(os.Getenv, os.Getenv("HOME"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return index.New(f, cfg, t.TempDir())
}

// Much used packages whose names are a letter apart are honest, both ways round: their
// histories say so.
func TestLiveNeighboursAreNoSquats(t *testing.T) {
	c := realIndex(t)
	for _, pair := range [][2]string{{"httpr", "httpx"}, {"dydantic", "pydantic"}, {"graphemeu", "grapheme"}, {"jiwer", "jiter"}, {"harfile", "rarfile"}, {"aiofile", "aiofiles"}} {
		for _, own := range []int{0, 1} {
			name, other := pair[own], pair[1-own]
			if got := supplychain.Near(name, slices.Values([]string{other})); !slices.Equal(got, []string{other}) {
				t.Errorf("%s and %s are not near by spelling", name, other)
			}
			mine, err := c.Listing(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := c.Listing(t.Context(), other)
			if err != nil {
				t.Fatal(err)
			}
			found, err := supplychain.OfName(mine, []*index.Listing{theirs}, time.Now())
			if err != nil || len(found) > 0 {
				t.Errorf("%s beside %s: %+v, %v", name, other, found, err)
			}
		}
	}
}

// The packages that bring the known lines of .pth files bring no others.
func TestLiveKnownLinesAreKnown(t *testing.T) {
	c := realIndex(t)
	for _, of := range []struct {
		name, version string
		alone         bool // known of this package alone
	}{
		{"setuptools", "75.0.0", true}, {"setuptools", "58.5.3", true}, {"coverage", "7.17.4", true}, {"coverage", "7.13.0", true},
		{"pytest-cov", "6.2.1", true}, {"pytest-cov", "2.0.0", true}, {"zope-deprecation", "4.4.0", false}, {"googleapis-common-protos", "1.56.4", false},
	} {
		f := wheelFacts(t, c, of.name, of.version)
		if len(f.Pth) == 0 || len(f.Pth[0].Code) == 0 {
			t.Errorf("%s %s brings no line of code", of.name, of.version)
		}
		if found := supplychain.OfFacts(f); len(found) > 0 {
			t.Errorf("%s %s: %+v", of.name, of.version, found)
		}
		f.Package.Name = "another"
		if known := len(supplychain.OfFacts(f)) == 0; known == of.alone {
			t.Errorf("the lines of %s %s are known of another package: %v", of.name, of.version, known)
		}
	}
}

func wheelFacts(t *testing.T, c *index.Client, name, version string) *inventory.Facts {
	t.Helper()
	l, err := c.Listing(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pep440.Parse(version)
	if err != nil || l.Release(v) == nil {
		t.Fatalf("%s %s is not there (%v)", name, version, err)
	}
	files, err := l.Release(v).Files()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f index.File) bool { return f.Wheel != nil })
	if i < 0 {
		t.Fatalf("%s %s has no wheel", name, version)
	}
	body, err := c.Download(t.Context(), files[i].URL, files[i].Size)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := inventory.Read(t.Context(), z)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
