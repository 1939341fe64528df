package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/generation"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/resolve"
	"snug/internal/sdist"
	"snug/internal/sdist/git"
	"snug/internal/store"
)

// Direct is what a requirement that names a source itself would give: an archive
// by URL or path, a folder, or a commit of a repository.
func (s *sources) Direct(ctx context.Context, q manifest.Requirement) (*resolve.DirectSource, error) {
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
	if repo, ok, err := q.Repository(); err != nil || ok {
		if err != nil {
			return origin{}, err
		}
		commit, err := git.Resolve(ctx, s.fetch, s.client.Authenticated(repo.URL), repo.Revision)
		if err != nil {
			return origin{}, err
		}
		d.VCS = &lock.VCS{Type: "git", URL: repo.URL, RequestedRevision: repo.Revision, CommitID: commit, Subdirectory: repo.Subdirectory}
		return s.originOfCommit(ctx, q.Key(), "", d.VCS)
	}
	if q.Path != "" {
		info, err := os.Stat(filepath.Join(s.project.Root, filepath.FromSlash(q.Path)))
		if err != nil {
			return origin{}, fault.New(fault.NotFound, "name a file or folder that is there", "%w", err)
		}
		if info.IsDir() {
			if !isTree(filepath.Join(s.project.Root, filepath.FromSlash(q.Path), filepath.FromSlash(q.Subdirectory()))) {
				return origin{}, fault.New(fault.Input, "name the folder that holds the project", "%s: %s has no pyproject.toml and no setup.py: there is nothing to build", q.Key(), q.Path)
			}
			d.Directory = &lock.Directory{Path: q.Path, Subdirectory: q.Subdirectory()}
			return s.originOfFolder(q.Key(), "", d.Directory)
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
	d.Archive = &lock.Archive{URL: f.URL, Path: f.Path, Size: size, Hashes: f.Hashes, Subdirectory: q.Subdirectory()}
	o, err := originOf(q.Key(), "", f)
	o.within = d.Archive.Subdirectory
	return o, err
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
	sum, size, err := digest.OfReader(io.TeeReader(io.LimitReader(body, index.MaxWheel+1), file))
	if err == nil && size > index.MaxWheel {
		err = fault.New(fault.Input, "name another archive", "it has more than %d bytes", int64(index.MaxWheel))
	}
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
func (s *sources) originOfFolder(name, version string, d *lock.Directory) (origin, error) {
	o := origin{BuildOf: lock.BuildOf{Name: name, Version: version}, dir: filepath.Join(s.project.Root, filepath.FromSlash(d.Path)), within: d.Subdirectory}
	return s.summed(o)
}

// summed is o with the digest of all that is in its folder.
func (s *sources) summed(o origin) (origin, error) {
	var err error
	if o.sum, err = sdist.Sum(o.dir); err != nil {
		return o, fmt.Errorf("read the sources of %s: %w", o, err)
	}
	return o, nil
}

// originOfCommit are the files of a commit, fetched into the store.
func (s *sources) originOfCommit(ctx context.Context, name, version string, v *lock.VCS) (origin, error) {
	if v.Type != "git" || v.CommitID == "" || v.URL == "" {
		return origin{}, fault.New(fault.Unsupported, "name a commit of a git repository on the web", "%s comes from a repository by %s, which snug does not read", name, v.Type)
	}
	tree, err := s.store.AddTree(ctx, "git-"+digest.Of([]byte(v.URL)).String()[:16]+"-"+v.CommitID, func(dir string) (store.Plan, error) {
		commit, err := git.Fetch(ctx, s.fetch, s.client.Authenticated(v.URL), v.CommitID, dir)
		if err != nil {
			return nil, fmt.Errorf("commit %s of %s: %w", v.CommitID, fetch.Redact(v.URL), err)
		}
		if len(commit.Submodules) > 0 {
			s.say("build", event.Note, name, "its submodules are left empty: "+strings.Join(commit.Submodules, ", "))
		}
		return store.Scan(dir, generation.OwnerSnug)
	})
	if err != nil {
		return origin{}, err
	}
	return s.summed(origin{BuildOf: lock.BuildOf{Name: name, Version: version}, dir: tree.Dir, within: v.Subdirectory, commit: v.CommitID})
}

// originIn is the source of a locked package; f is its file, where it has one.
func (s *sources) originIn(ctx context.Context, p *lock.Package, f lock.File) (origin, error) {
	switch {
	case p.VCS != nil:
		return s.originOfCommit(ctx, p.Name, p.Version, p.VCS)
	case p.Directory != nil:
		return s.originOfFolder(p.Name, p.Version, p.Directory)
	}
	o, err := originOf(p.Name, p.Version, f)
	if p.Archive != nil {
		o.within = p.Archive.Subdirectory
	}
	return o, err
}
