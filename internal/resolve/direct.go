package resolve

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// direct is a wheel or a source that the project names itself.
type direct struct {
	url, path string
	size      int64
	sum       digest.SHA256
	metadata  []byte
	source    *DirectSource // nil: a wheel
}

// loadDirect reads the wheel or source that q names; it is the only release of p.
func (s *shelf) loadDirect(ctx context.Context, p *project, q manifest.Requirement) error {
	name := q.Path
	if name == "" {
		u, err := url.Parse(q.URL)
		if err != nil || !slices.Contains([]string{"https", "http"}, u.Scheme) && !strings.Contains(u.Scheme, "+") {
			return fault.New(fault.Unsupported, "name a wheel or a source archive by https:// or by path", "%s: %s is neither on the web nor a file", q.Origin, q.Key())
		}
		if name = u.Path; strings.Contains(u.Scheme, "+") { // a repository may be called anything
			return s.loadSource(ctx, p, q)
		}
	}
	wheel, err := dist.ParseWheelName(path.Base(name))
	if err != nil {
		return s.loadSource(ctx, p, q)
	}
	if s.in.Project.Build.Forced(p.name) {
		return fault.New(fault.Unsupported, "name a source archive, or put "+p.name+" into build.never", "%s: %s is to be built from source (build.from-source), and this is a wheel", q.Origin, q.Key())
	}
	if wheel.Name != p.name {
		return fault.New(fault.Input, "write "+wheel.Name+" @ … or give the address of the right wheel", "%s: the wheel is of %s, not of %s", q.Origin, wheel.Name, p.name)
	}
	if p.direct, err = s.fetchDirect(ctx, q); err != nil {
		return fmt.Errorf("%s: %s: %w", q.Origin, p.name, err)
	}
	f := index.File{Name: path.Base(name), URL: q.URL, Wheel: &wheel, Version: wheel.Version, Size: p.direct.size,
		Hashes: index.NewHashes(map[string]string{"sha256": p.direct.sum.String()})}
	return s.releases(p, index.NewListing(p.name, "", []index.File{f}))
}

// loadSource asks for what building the source that q names would give.
func (s *shelf) loadSource(ctx context.Context, p *project, q manifest.Requirement) error {
	switch {
	case s.in.Sources == nil:
		return fault.New(fault.Unsupported, "give the address of a wheel, or take the package from an index", "%s: %s is no wheel, and nothing here builds it", q.Origin, q.Key())
	case s.in.Project.Build.Barred(p.name):
		return fault.New(fault.Unsupported, "give the address of a wheel, or take it out of build.never", "%s: %s is no wheel, and is never to be built (build.never)", q.Origin, q.Key())
	}
	d, err := s.in.Sources.Direct(ctx, q)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", q.Origin, p.name, err)
	}
	version, err := pep440.Parse(d.Version)
	if pep508.NormalizeName(d.Name) != p.name || err != nil {
		return fault.New(fault.Input, "write the name that it has", "%s: what is named as %s calls itself %q %q", q.Origin, p.name, d.Name, d.Version)
	}
	err = d.hashed(s.asked.names[p.name].hashes)
	if err == nil {
		err = d.promised(q.URL)
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", q.Origin, p.name, err)
	}
	p.direct = &direct{metadata: d.Metadata, source: d}
	l := index.NewListing(p.name, "", []index.File{{Name: p.name, URL: q.URL, Version: version}})
	nowhere := make([]string, len(s.places))
	p.releases = []*release{{of: p, version: version, offered: &l.Releases[0], fit: &fit{choice: make([]int, len(s.places)), why: nowhere, unfit: nowhere}}}
	return nil
}

// hashed holds a source to the hashes that the project allows, if it names any.
func (d *DirectSource) hashed(allowed []string) error {
	if len(allowed) == 0 {
		return nil
	}
	if d.Archive == nil {
		return fault.New(fault.Unsupported, "drop --hash: a repository is held to its commit", "only an archive has a hash")
	}
	for name, sum := range d.Archive.Hashes {
		if slices.Contains(allowed, name+":"+sum) {
			return nil
		}
	}
	return fault.New(fault.Integrity, "the file was changed, or the hash is wrong: find out which", "the archive's hash is none of those that the requirement allows")
}

// promised holds an archive to the hash in its address, if there is one.
func (d *DirectSource) promised(address string) error {
	_, fragment, _ := strings.Cut(address, "#")
	alg, sum, err := promise(fragment)
	switch {
	case err != nil || alg == "" || d.Archive == nil:
		return err
	case alg != "sha256":
		return fault.New(fault.Unsupported, "give the archive's sha256 in its place", "the address gives %s, to which no archive of sources is held here", alg)
	case sum != d.Archive.Hashes[alg]:
		return fault.New(fault.Integrity, "the file was changed, or the hash in the address is wrong: find out which",
			"the archive has the %s %s, the address says %s", alg, d.Archive.Hashes[alg], sum)
	}
	return nil
}

// ofDirect is the raw METADATA of what the project names by URL or path, for
// Check.
func (s *shelf) ofDirect(ctx context.Context, name string) ([]byte, error) {
	p, err := s.project(ctx, name)
	if err != nil {
		return nil, err
	}
	if p.direct == nil {
		return nil, fault.New(fault.Internal, "", "%s is named by no address", name)
	}
	return p.direct.metadata, nil
}

// promise is the hash that a URL's fragment gives its file, "" for none. One
// that no longer proves anything is refused rather than passed over.
func promise(fragment string) (alg, sum string, err error) {
	for part := range strings.SplitSeq(fragment, "&") {
		switch alg, sum, _ = strings.Cut(part, "="); alg {
		case "sha256", "sha384", "sha512":
			return alg, strings.ToLower(sum), nil
		case "md5", "sha1", "sha224":
			return "", "", fault.New(fault.Unsupported, "give the file's sha256 in its place", "the address gives %s, which proves too little", alg)
		}
	}
	return "", "", nil
}

// fetchDirect hashes the whole wheel, and reads its METADATA.
func (s *shelf) fetchDirect(ctx context.Context, q manifest.Requirement) (*direct, error) {
	address, fragment, _ := strings.Cut(q.URL, "#")
	alg, promised, err := promise(fragment)
	if err != nil {
		return nil, err
	}
	d := &direct{path: q.Path, url: address}
	body, err := s.open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer body.Close() // only read from
	file, err := os.CreateTemp("", "snug-wheel-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name()) // a file that stays in the temporary folder harms nobody
	defer file.Close()
	own, theirs := sha256.New(), hashOf(alg)
	if d.size, err = io.Copy(io.MultiWriter(file, own, theirs), io.LimitReader(body, index.MaxWheel)); err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(theirs.Sum(nil)); alg != "" && got != promised {
		return nil, fault.New(fault.Integrity, "the file was changed, or the hash in the address is wrong: find out which",
			"the wheel has the %s %s, the address says %s", alg, got, promised)
	}
	own.Sum(d.sum[:0])
	d.metadata, err = readMetadata(file, d.size)
	return d, err
}

func (s *shelf) open(ctx context.Context, d *direct) (io.ReadCloser, error) {
	if d.path != "" {
		return os.Open(filepath.Join(s.in.Project.Root, filepath.FromSlash(d.path)))
	}
	return s.in.Index.Download(ctx, d.url, 0)
}

func hashOf(alg string) hash.Hash {
	switch alg {
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return sha256.New()
}

func readMetadata(r io.ReaderAt, size int64) ([]byte, error) {
	z, err := archive.OpenZip(r, size, archive.DefaultLimits())
	if err != nil {
		return nil, err
	}
	for _, f := range z.Files() {
		if dir, base := path.Split(f.Name); base == "METADATA" && strings.HasSuffix(dir, ".dist-info/") && strings.Count(dir, "/") == 1 {
			return z.ReadFile(f.Name, index.MaxMetadata)
		}
	}
	return nil, fault.New(fault.Integrity, "it is no wheel, or a broken one: build it again or take another", "the wheel has no METADATA")
}
