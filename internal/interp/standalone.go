package interp

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

const (
	releaseHost = "https://github.com/astral-sh/python-build-standalone/releases/download"
	latestHost  = "https://raw.githubusercontent.com/astral-sh/python-build-standalone/latest-release"
	latestFile  = "latest-release.json"

	maxLatest  = 64 << 10
	maxSums    = 4 << 20 // SHA256SUMS has about a thousand lines
	maxArchive = 512 << 20
)

// Standalone is the source "python-build-standalone": the newest release of
// that project, or of a mirror of it. Older releases are not listed, but what a
// lock pins is fetched from the release that it names.
type Standalone struct {
	releases origin // holds TAG/FILE
	latest   origin // holds latest-release.json
}

// NewStandalone uses the project's release host, or the mirror: an address or a
// folder, which holds latest-release.json, and TAG/SHA256SUMS with the archives
// beside it.
func NewStandalone(client *fetch.Client, mirror string) *Standalone {
	if mirror == "" {
		return &Standalone{releases: originAt(client, releaseHost), latest: originAt(client, latestHost)}
	}
	o := originAt(client, mirror)
	return &Standalone{releases: o, latest: o}
}

// Name is SourceStandalone.
func (s *Standalone) Name() string { return SourceStandalone }

// triple is the project's name for the target, "" if it has no such build.
func triple(t pytag.Target) string {
	libc := "gnu"
	if t.Libc == "musl" {
		libc = "musl"
	}
	switch t.OS + "-" + t.Arch {
	case "linux-x86_64", "linux-aarch64":
		return t.Arch + "-unknown-linux-" + libc
	case "macos-x86_64":
		return "x86_64-apple-darwin"
	case "macos-arm64":
		return "aarch64-apple-darwin"
	case "windows-x86_64":
		return "x86_64-pc-windows-msvc"
	case "windows-arm64":
		return "aarch64-pc-windows-msvc"
	}
	return ""
}

// asset is the archive's file name; free-threaded and debug builds have a
// further word and are not offered.
func asset(version, tag, triple string) string {
	return "cpython-" + version + "+" + tag + "-" + triple + "-install_only_stripped.tar.gz"
}

var (
	assetName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^cpython-(3\.[0-9]{1,3}\.[0-9]{1,3}(?:(?:a|b|rc)[0-9]{1,2})?)\+([0-9]{8})-(.+)-install_only_stripped\.tar\.gz$`)
	})
	releaseTag = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{8}$`) })
)

// List returns the builds of the latest release.
func (s *Standalone) List(ctx context.Context, target pytag.Target) ([]Interpreter, error) {
	want := triple(target)
	if want == "" {
		return nil, nil
	}
	tag, err := s.latestTag(ctx)
	if err != nil {
		return nil, err
	}
	sums, err := s.releases.get(ctx, tag+"/SHA256SUMS", maxSums)
	if err != nil {
		return nil, fmt.Errorf("checksums of release %s: %w", tag, err)
	}
	var out []Interpreter
	for line := range strings.Lines(string(sums)) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			continue
		}
		match := assetName().FindStringSubmatch(strings.TrimPrefix(fields[1], "*"))
		if match == nil || match[2] != tag || match[3] != want {
			continue
		}
		v, err := pep440.Parse(match[1])
		sum, errSum := digest.Parse(fields[0])
		if err = errors.Join(err, errSum); err != nil {
			return nil, fmt.Errorf("checksums of release %s: %q: %w", tag, strings.TrimSpace(line), err)
		}
		out = append(out, Interpreter{Version: v, Target: target.String(), Source: SourceStandalone, ID: tag, SHA256: sum.String(), Movable: true})
	}
	return out, nil
}

func (s *Standalone) latestTag(ctx context.Context) (string, error) {
	text, err := s.latest.get(ctx, latestFile, maxLatest)
	if err != nil {
		return "", fmt.Errorf("latest release: %w", err)
	}
	var latest struct {
		Tag string `json:"tag"`
	}
	if err := json.Unmarshal(text, &latest); err != nil {
		return "", fmt.Errorf("%s: %w", latestFile, err)
	}
	if !releaseTag().MatchString(latest.Tag) {
		return "", fmt.Errorf("%s: tag %q is not a date", latestFile, latest.Tag)
	}
	return latest.Tag, nil
}

// Fetch unpacks the archive while it comes in and checks its hash at the end.
func (s *Standalone) Fetch(ctx context.Context, i Interpreter, dir string, progress func(done, total int64)) error {
	target, err := pytag.ParseTarget(i.Target)
	if err != nil {
		return err
	}
	if !releaseTag().MatchString(i.ID) {
		return fault.New(fault.Input, "", "%q is not a release of %s", i.ID, SourceStandalone)
	}
	name := asset(i.Version.String(), i.ID, triple(target))
	body, size, err := s.releases.download(ctx, i.ID+"/"+name, maxArchive)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	defer body.Close()
	if progress == nil {
		progress = func(int64, int64) {}
	}
	hash := sha256.New()
	in := io.TeeReader(fetch.Counted(body, size, progress), hash)
	unpacked := unpackStandalone(in, i.Minor(), dir)
	if _, err := io.Copy(io.Discard, in); err != nil { // the hash is of all of it
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	if err := expect(i, i.SHA256, digest.SHA256(hash.Sum(nil))); err != nil {
		return err
	}
	if unpacked != nil {
		return fault.New(fault.Integrity, "", "unpack %s: %w", name, unpacked)
	}
	return nil
}

// unpackStandalone lays out what lies below python/ in the archive.
func unpackStandalone(in io.Reader, minor, dir string) error {
	l, err := newLayout(dir, minor)
	if err != nil {
		return err
	}
	err = archive.Tar(in, archive.Limits{Files: maxFiles, Entry: maxFile, Total: maxTree, Ratio: 200}, func(h archive.TarEntry, body io.Reader) error {
		name, ok := strings.CutPrefix(h.Name, "python/")
		switch {
		case !ok || name == "" || h.Dir:
			return nil
		case h.Hard != "":
			return fmt.Errorf("hard link %s, which no release has", h.Name)
		case h.Link != "":
			return l.link(name, h.Link)
		}
		return l.file(name, h.Mode, body)
	})
	if err != nil {
		l.root.Close()
		return err
	}
	_, err = l.finish()
	return err
}
