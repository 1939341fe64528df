package engine

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/resolve"
	"snug/internal/sdist"
)

// Direct is what a requirement that names a source itself would give: an archive
// by URL or path, or a folder.
func (s *sources) Direct(ctx context.Context, q manifest.Requirement) (*resolve.DirectSource, error) {
	if u, err := url.Parse(q.URL); err == nil && strings.Contains(u.Scheme, "+") {
		return nil, fault.New(fault.Unsupported, "name the archive of that commit, which code hosts offer for download, or a folder with a clone",
			"%s comes from a repository (%s), and snug reads none yet", q.Key(), u.Scheme)
	}
	d := &resolve.DirectSource{}
	o, err := s.named(ctx, q, d)
	if err != nil {
		return nil, err
	}
	src, err := s.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	if src.Metadata == nil {
		src.Metadata, err = s.prepare(ctx, o, src)
	}
	d.Metadata = src.Metadata
	d.Name, d.Version = dist.Identity(src.Metadata)
	return d, err
}

// named is the source that a requirement names; d learns how the lock names it.
func (s *sources) named(ctx context.Context, q manifest.Requirement, d *resolve.DirectSource) (origin, error) {
	if q.Path != "" {
		info, err := os.Stat(filepath.Join(s.project.Root, filepath.FromSlash(q.Path)))
		if err != nil {
			return origin{}, fault.New(fault.NotFound, "name a file or folder that is there", "%w", err)
		}
		if info.IsDir() {
			if !isTree(filepath.Join(s.project.Root, filepath.FromSlash(q.Path))) {
				return origin{}, fault.New(fault.Input, "name the folder that holds the project", "%s: %s has no pyproject.toml and no setup.py: there is nothing to build", q.Key(), q.Path)
			}
			d.Directory = &lock.Directory{Path: q.Path}
			return s.originOfFolder(q.Key(), "", q.Path)
		}
	}
	address, _, _ := strings.Cut(q.URL, "#")
	f := lock.File{URL: address, Path: q.Path}
	if _, ok := sdist.CutSuffix(path.Base(f.FileName())); !ok {
		return origin{}, fault.New(fault.Unsupported, "name a wheel, a source archive (.tar.gz, .zip) or a folder", "%s: %s is none of these", q.Key(), f.FileName())
	}
	sum, size, err := s.take(ctx, f)
	if err != nil {
		return origin{}, err
	}
	f.Size, f.Hashes = size, map[string]string{"sha256": sum.String()}
	d.Archive = &lock.Archive{URL: f.URL, Path: f.Path, Size: size, Hashes: f.Hashes}
	return originOf(q.Key(), "", f)
}

// isTree tells whether a folder is a source tree (PEP 517, "Source trees").
func isTree(dir string) bool {
	return slices.ContainsFunc([]string{"pyproject.toml", "setup.py"}, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	})
}

// take brings an archive into the store, whose hash is learnt by that.
func (s *sources) take(ctx context.Context, f lock.File) (digest.SHA256, int64, error) {
	body, err := s.download(ctx, f)
	if err != nil {
		return digest.SHA256{}, 0, err
	}
	defer body.Close() // only read from
	dir, remove, err := s.folder("archive-")
	if err != nil {
		return digest.SHA256{}, 0, err
	}
	defer remove()
	file, err := os.Create(filepath.Join(dir, "archive"))
	if err != nil {
		return digest.SHA256{}, 0, err
	}
	defer file.Close()
	sum, size, err := digest.OfReader(io.TeeReader(io.LimitReader(body, index.MaxWheel), file))
	if err != nil {
		return sum, size, fmt.Errorf("fetch %s: %w", f.FileName(), err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return sum, size, err
	}
	_, err = s.store.PutBlob(ctx, sum, size, file)
	return sum, size, err
}

// originOfFolder is a folder of sources, known by all that is in it now.
func (s *sources) originOfFolder(name, version, dir string) (origin, error) {
	o := origin{BuildOf: lock.BuildOf{Name: name, Version: version}, dir: filepath.Join(s.project.Root, filepath.FromSlash(dir))}
	copied, remove, err := s.folder("source-")
	if err != nil {
		return o, err
	}
	defer remove()
	if o.sum, err = sdist.Copy(o.dir, copied); err != nil {
		return o, fmt.Errorf("read %s: %w", dir, err)
	}
	return o, nil
}

// originIn is the source of a locked package; f is its file, where it has one.
func (s *sources) originIn(p *lock.Package, f lock.File) (origin, error) {
	switch {
	case p.VCS != nil:
		return origin{}, fault.New(fault.Unsupported, "take a release or an archive", "%s comes from a repository, and snug reads none yet", p.Name)
	case p.Directory != nil:
		return s.originOfFolder(p.Name, p.Version, p.Directory.Path)
	}
	return originOf(p.Name, p.Version, f)
}
