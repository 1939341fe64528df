//go:build live

package sdist

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/pep508"
)

// TestLiveRead: the newest sdists of well-known packages unpack, and say who they
// are; of most of them what they need is known without a build.
func TestLiveRead(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := index.ReadConfig(os.Getenv, home, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f, err := fetch.New(fetch.Options{Env: os.Getenv, CertFile: cfg.CertFile, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	c := index.New(f, cfg, t.TempDir())
	names := strings.Fields("oncalendar markupsafe pyyaml idna packaging msgpack docopt django requests attrs flask cffi lxml greenlet psutil simplejson cryptography rpds-py orjson pydantic-core coverage wrapt frozenlist numpy")
	static := 0
	for _, name := range names {
		l, err := c.Listing(t.Context(), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sdist := newest(t, l)
		if sdist.URL == "" {
			t.Errorf("%s has no sdist", name)
			continue
		}
		body, err := c.Download(t.Context(), sdist.URL, sdist.Size)
		if err != nil {
			t.Logf("%s: NOT CHECKED: %v", name, err)
			continue
		}
		data, err := io.ReadAll(body)
		body.Close()
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "src")
		if err := Unpack(bytes.NewReader(data), int64(len(data)), sdist.Name, dir); err != nil {
			t.Errorf("%s: %v", sdist.Name, err)
			continue
		}
		s, err := Read(dir)
		if err != nil {
			t.Errorf("%s: %v", sdist.Name, err)
			continue
		}
		if pep508.NormalizeName(s.Name) != name || s.Version == "" {
			t.Errorf("%s calls itself %q %q", sdist.Name, s.Name, s.Version)
		}
		if s.Metadata != nil {
			static++
		}
		t.Logf("%s: static %v, extensions %v, cargo %q, %s, %s %q", sdist.Name, s.Metadata != nil, s.Extensions, s.CargoLock, s.Epoch.Format("2006-01-02"), s.Build.Backend, s.Build.Requires)
	}
	if static*2 < len(names) {
		t.Errorf("only %d of %d tell what they need", static, len(names))
	}
}

// newest is the newest release's sdist.
func newest(t *testing.T, l *index.Listing) index.File {
	t.Helper()
	for i := range l.Releases {
		files, err := l.Releases[i].Files()
		if err != nil {
			t.Fatal(err)
		}
		if at := slices.IndexFunc(files, func(f index.File) bool { return f.Wheel == nil }); at >= 0 && !l.Releases[i].Version.IsPrerelease() {
			return files[at]
		}
	}
	return index.File{}
}
