package inventory

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/dist"
	"snug/internal/generation"
	"snug/internal/pep508"
)

// maxRecord bounds RECORD and the lists of older installers.
const maxRecord = 64 << 20

// Installed tells the facts of every distribution below the root of fsys, which may
// be a site-packages folder, a virtual environment, a runtime or an image's whole file
// system; and of every interpreter whose standard library is there (Package.Class tells
// them apart); and of each .pth and .start file beside them that no distribution has,
// which has no class and the file's name as name. A distribution's files are those that its RECORD names, or what older
// installers left in its place. One that another carries (in a _vendor folder) is among
// the other's Components. Links are not followed. What is damaged is told with what can
// be read of it, in Notes. Sorted by class, name and path.
func Installed(ctx context.Context, fsys fs.FS) ([]*Facts, error) {
	t, err := walked(ctx, fsys)
	if err != nil {
		return nil, err
	}
	var out []*Facts
	for _, i := range t.infos() {
		facts, err := t.installed(ctx, i)
		if err != nil {
			return nil, err
		}
		out = append(out, facts)
	}
	for _, lib := range t.stdlibs() {
		facts, err := t.python(lib).interpreter(ctx, lib)
		if err != nil {
			return nil, err
		}
		out = append(out, facts)
	}
	strays, err := t.strays(ctx, out)
	if err != nil {
		return nil, err
	}
	out = append(out, strays...)
	slices.SortStableFunc(out, func(a, b *Facts) int { return compare(a.Package, b.Package) })
	return out, nil
}

// strays are the files beside distributions that site reads when Python starts, and that
// are none of the distributions': what somebody put there by hand.
func (t *tree) strays(ctx context.Context, all []*Facts) ([]*Facts, error) {
	sites, owned := map[string]bool{}, map[string]bool{}
	for _, i := range t.infos() {
		sites[i.site] = true
	}
	for _, f := range all {
		for _, p := range f.Pth {
			owned[p.Path] = true
		}
	}
	var out []*Facts
	for _, f := range t.files {
		dir, base := path.Dir(f.Path), path.Base(f.Path)
		here := sites[dir] || path.Base(dir) == "site-packages" || path.Base(dir) == "dist-packages"
		if ext := path.Ext(base); !here || owned[f.Path] || f.Link != "" || ext != ".pth" && ext != ".start" {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		part := &tree{fsys: t.fsys, files: []generation.File{f}}
		r := &reading{tree: part, ctx: ctx, site: dir, facts: &Facts{Schema: Schema}}
		r.facts.Package = component.Component{Name: cut(base, 200), Paths: []string{f.Path}, How: []string{"no package has it"}}
		r.facts.Pth = []Pth{r.onePth(f.Path)}
		r.finish()
		out = append(out, r.facts)
	}
	return bounded(t, ".pth files of no package", out), nil
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

// info is where a distribution is described.
type info struct {
	site, dir string // dir is a file where an old installer left nothing but the metadata
	metadata  string
}

// infos describe what is installed itself, in the order of their paths.
func (t *tree) infos() []info {
	var out []info
	for _, f := range t.files {
		dir, base := path.Split(f.Path)
		dir = strings.TrimSuffix(dir, "/")
		i := info{path.Dir(dir), dir, f.Path}
		switch {
		case base == "METADATA" && strings.HasSuffix(dir, ".dist-info"), base == "PKG-INFO" && strings.HasSuffix(dir, ".egg-info"):
		case base == "PKG-INFO" && path.Base(dir) == "EGG-INFO":
			i.site = path.Dir(dir) // the egg is a folder for itself
		case strings.HasSuffix(base, ".egg-info"):
			i = info{dir, f.Path, f.Path}
			if dir == "" {
				i.site = "."
			}
		default:
			continue
		}
		if !vendored(i.dir) {
			out = append(out, i)
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
func (t *tree) installed(ctx context.Context, i info) (*Facts, error) {
	part := &tree{fsys: t.fsys}
	part.files = t.recorded(part, i)
	facts, err := part.described(ctx, i.site, i.dir, i.metadata)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(i.dir), ".dist-info"), ".egg-info")
		name, version, _ := strings.Cut(stem, "-")
		version, _, _ = strings.Cut(version, "-py")
		facts = &Facts{Schema: Schema, Package: pypi(pep508.NormalizeName(name), version)}
		facts.Package.Paths, facts.Package.How = []string{i.dir}, []string{"folder name"}
		facts.Notes = append(part.notes, err.Error())
	}
	return facts, nil
}

// recorded are the files of a distribution that are there: the folder that describes it,
// and what RECORD, or an older installer's list, names. Where there is neither, they are
// those below its top-level names.
func (t *tree) recorded(part *tree, i info) []generation.File {
	files := slices.Clone(t.below(i.dir))
	if f, ok := t.find(i.metadata); ok {
		files = append(files, f)
	}
	for _, name := range t.names(part, i) {
		if f, ok := t.find(name); ok {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b generation.File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b generation.File) bool { return a.Path == b.Path })
}

func (t *tree) names(part *tree, i info) (out []string) {
	if _, ok := t.find(i.dir + "/RECORD"); ok {
		raw, _ := part.read(i.dir+"/RECORD", maxRecord)
		entries, err := dist.ParseRecord(raw)
		if err != nil {
			part.note("%s/RECORD: %v", i.dir, err)
		}
		for _, e := range entries {
			out = append(out, path.Join(i.site, e.Path))
		}
		return out
	}
	for _, line := range t.lines(part, i.dir+"/installed-files.txt") {
		out = append(out, path.Join(i.dir, line))
	}
	if len(out) > 0 {
		return out
	}
	for _, top := range t.lines(part, i.dir+"/top_level.txt") {
		if top == "" || strings.ContainsAny(top, "/\\") || top == "." || top == ".." {
			continue
		}
		out = append(out, path.Join(i.site, top+".py"))
		for _, f := range t.below(path.Join(i.site, top)) {
			out = append(out, f.Path)
		}
	}
	return out
}

// lines are those of a list that need not be there.
func (t *tree) lines(part *tree, name string) []string {
	if _, ok := t.find(name); !ok {
		return nil
	}
	raw, _ := part.read(name, maxRecord)
	return strings.Split(strings.ReplaceAll(strings.TrimSpace(string(raw)), "\r\n", "\n"), "\n")
}
