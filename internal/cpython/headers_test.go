package cpython

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
)

// The headers come from the sources, with a pyconfig.h that this machine made, and
// need no library of it.
func TestHeaders(t *testing.T) {
	s := opened(t, nil)
	for _, l := range libraries {
		for _, name := range l.archives {
			if err := os.Remove(filepath.Join(s.opt.Root, "usr/lib", multiarch(), name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tarball, places := sources(t, fakeSources())
	if _, err := s.fetch(context.Background(), tarball, places, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	dir, err := s.headersOf(context.Background(), tarball, 13, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := list(t, dir); !slices.Equal(got, []string{"Python.h", "cpython/object.h", "patchlevel.h", "pyconfig.h"}) {
		t.Errorf("%q", got)
	}
	again, err := s.headersOf(context.Background(), tarball, 13, nil)
	if err != nil || again != dir {
		t.Errorf("%s, then %s, %v", dir, again, err)
	}
}

func TestHeadersFrom(t *testing.T) {
	s := opened(t, nil)
	tarball, places := sources(t, fakeSources())
	if _, err := s.fetch(context.Background(), tarball, places, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	list := []Tarball{{Version: "3.12.9"}, {Version: "3.13.4"}, {Version: "3.13.5"}, {Version: "3.13.7", SHA256: tarball.SHA256}, {Version: "3.13.8"}, {Version: "3.14.0"}}
	var got []string
	for _, tb := range s.headersFrom(list, "3.13.4") {
		got = append(got, tb.Version)
	}
	if want := "3.13.4 3.13.7 3.13.8 3.13.5"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	for version, code := range map[string]fault.Code{"3.99.1": fault.NotFound, "3.11.2": fault.Unsupported, "2.7": fault.Input} {
		if _, err := s.Headers(context.Background(), version, nil); fault.CodeOf(err) != code {
			t.Errorf("%s: %v", version, err)
		}
	}
}
