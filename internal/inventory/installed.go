package inventory

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"snug/internal/dist"
	"snug/internal/generation"
	"snug/internal/pep508"
)

// maxRecord bounds RECORD and the lists of older installers.
const maxRecord = 64 << 20

// Installed tells the facts of every distribution below the root of fsys, which may
// be a site-packages folder, a virtual environment, a runtime or an image's whole file
// system; and of every interpreter whose standard library is there (Package.Class tells
// them apart). A distribution's files are those that its RECORD names. One that another
// carries (in a _vendor folder) is among the other's Components. What is damaged is told
// with what can be read of it, in Notes. Sorted by class, name and path.
func Installed(ctx context.Context, fsys fs.FS) ([]*Facts, error) {
	t, err := walked(ctx, fsys)
	if err != nil {
		return nil, err
	}
	var out []*Facts
	for _, info := range t.infos() {
		facts, err := t.installed(ctx, info)
		if err != nil {
			return nil, err
		}
		out = append(out, facts)
	}
	for _, lib := range t.stdlibs() {
		part := t.python(lib)
		facts, err := part.interpreter(ctx, lib)
		if err != nil {
			return nil, err
		}
		out = append(out, facts)
	}
	slices.SortStableFunc(out, func(a, b *Facts) int { return compare(a.Package, b.Package) })
	return out, nil
}

// python is the part of the tree that belongs to the interpreter whose standard
// library is in lib: without what is installed for it.
func (t *tree) python(lib string) *tree {
	part := &tree{fsys: t.fsys}
	prefix := path.Dir(path.Dir(lib))
	for _, f := range t.files {
		name, ok := relative(prefix, f.Path)
		if !ok || strings.Contains(name, "/site-packages/") || strings.Contains(name, "/dist-packages/") {
			continue
		}
		folder, base := path.Split(name)
		own := strings.HasPrefix(f.Path, lib+"/") || strings.HasPrefix(name, "include/"+path.Base(lib)+"/") ||
			(folder == "" || folder == "bin/" || folder == "lib/") && (strings.HasPrefix(base, "python3") || strings.HasPrefix(base, "libpython3"))
		if own {
			part.files = append(part.files, f)
		}
	}
	return part
}

// infos are the dist-info folders of what is installed itself.
func (t *tree) infos() []string {
	var out []string
	for _, f := range t.files {
		info, base := path.Split(f.Path)
		if info = strings.TrimSuffix(info, "/"); base == "METADATA" && strings.HasSuffix(info, ".dist-info") && !vendored(info) {
			out = append(out, info)
		}
	}
	return out
}

// vendored tells whether a path lies in a folder in which a package carries others.
func vendored(name string) bool {
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		if part == "_vendor" || part == "_vendored" || part == "vendor" || part == "_bundled" || part == "extern" {
			return true
		}
	}
	return false
}

// installed reads one distribution. Where its METADATA cannot be read, it is known by
// the name of its folder.
func (t *tree) installed(ctx context.Context, info string) (*Facts, error) {
	part := &tree{fsys: t.fsys}
	part.files = t.recorded(part, info)
	facts, err := part.distribution(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		name, version, _ := strings.Cut(strings.TrimSuffix(path.Base(info), ".dist-info"), "-")
		facts = &Facts{Schema: Schema, Package: pypi(pep508.NormalizeName(name), version)}
		facts.Package.Paths, facts.Package.How = []string{info}, []string{"folder name"}
		facts.Notes = append(part.notes, err.Error())
	}
	return facts, nil
}

// recorded are the files that RECORD names and that are there, and those of the
// dist-info folder.
func (t *tree) recorded(part *tree, info string) []generation.File {
	files := slices.Clone(t.below(info))
	if _, ok := t.find(info + "/RECORD"); ok {
		raw, _ := part.read(info+"/RECORD", maxRecord)
		entries, err := dist.ParseRecord(raw)
		if err != nil {
			part.note("%s/RECORD: %v", info, err)
		}
		for _, e := range entries {
			if f, ok := t.find(path.Join(path.Dir(info), e.Path)); ok {
				files = append(files, f)
			}
		}
	}
	slices.SortFunc(files, func(a, b generation.File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b generation.File) bool { return a.Path == b.Path })
}
