package inventory

import (
	"cmp"
	"context"
	"io/fs"
	"net/mail"
	"path"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/pep508"
)

// Read tells the facts of the one distribution that is installed below the root of
// fsys, in any layout that has its dist-info folder: that of a runtime, or of
// site-packages alone. fault.Input where there is none, or more than one (Installed
// reads those), or its METADATA is malformed.
func Read(ctx context.Context, fsys fs.FS) (*Facts, error) {
	t, err := walked(ctx, fsys)
	if err != nil {
		return nil, err
	}
	return t.distribution(ctx)
}

func (t *tree) distribution(ctx context.Context) (*Facts, error) {
	site, infos := t.site()
	if len(infos) != 1 {
		return nil, fault.New(fault.Input, "tell its publisher, or choose another version", "%d dist-info folders, want one", len(infos))
	}
	return t.described(ctx, site, infos[0], infos[0]+"/METADATA")
}

// described tells the facts of the distribution whose metadata is the file md, in the
// folder info or beside it.
func (t *tree) described(ctx context.Context, site, info, md string) (*Facts, error) {
	r := &reading{tree: t, ctx: ctx, site: site, info: info, facts: &Facts{Schema: Schema}}
	if err := r.metadata(md); err != nil {
		return nil, err
	}
	for _, step := range []func() error{r.pth, r.entryPoints, r.topLevel, r.licenses, r.natives, r.sboms, r.vendored} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.finish()
	return r.facts, ctx.Err()
}

// reading is the facts of one tree in the making.
type reading struct {
	*tree
	ctx   context.Context // of the one call that the reading serves
	site  string
	info  string // the dist-info folder
	facts *Facts
	parts []part // components inside, as they are found
}

// finish puts together what was found.
func (r *reading) finish() {
	r.facts.Components = merged(r.facts.Package.Name, r.parts)
	if n := len(r.facts.Components); n > maxComponents {
		r.note("%d components, of which %d are kept", n, maxComponents)
		r.facts.Components = r.facts.Components[:maxComponents]
	}
	r.facts.Notes = r.notes
}

func (r *reading) metadata(name string) error {
	raw, ok := r.read(name, dist.MaxMetadata)
	if !ok {
		return fault.New(fault.Input, "install it again", "%s cannot be read", name)
	}
	md, err := dist.ParseMetadata(raw)
	if err != nil {
		return fault.New(fault.Input, "tell its publisher, or choose another version", "%s: %w", name, err)
	}
	r.facts.Package = pypi(md.Name, md.Version)
	r.facts.Package.Paths, r.facts.Package.How = []string{r.info}, []string{path.Base(name)}
	if name == r.info {
		r.facts.Package.How = []string{"egg-info"} // an old installer's: the metadata and nothing else
	}
	r.facts.Metadata = r.kept(md)
	return nil
}

// pypi is a Python package as a component.
func pypi(name, version string) component.Component {
	name = pep508.NormalizeName(cut(name, 200))
	version = cut(version, 200)
	return component.Component{Class: component.Package, Name: name, Version: version, PURL: component.PackageURL(name, version)}
}

// kept is the part of METADATA that is of use later.
func (r *reading) kept(md *dist.Metadata) Metadata {
	out := Metadata{
		Summary: cut(md.Summary, maxText), License: cut(md.License, maxText), LicenseExpression: cut(md.LicenseExpression, maxText),
		Author: cut(person(md.Author, md.AuthorEmail), maxText), RequiresPython: cut(md.RequiresPython, maxText),
		LicenseFiles: texts(r.tree, "licence files", md.LicenseFiles), Requires: texts(r.tree, "requirements", md.RequiresDist),
	}
	if out.Supplier, out.SupplierEmail = supplier(md.Maintainer, md.MaintainerEmail); out.Supplier == "" {
		out.Supplier, out.SupplierEmail = supplier(md.Author, md.AuthorEmail)
	}
	for _, c := range md.Classifiers {
		if strings.HasPrefix(c, "License ::") {
			out.Classifiers = append(out.Classifiers, cut(c, maxText))
		}
	}
	out.Classifiers = bounded(r.tree, "classifiers", out.Classifiers)
	if md.HomePage != "" {
		out.URLs = append(out.URLs, URL{"Homepage", cut(md.HomePage, maxText)})
	}
	for _, u := range md.ProjectURLs {
		if !strings.EqualFold(u.Label, "homepage") || md.HomePage == "" {
			out.URLs = append(out.URLs, URL{cut(u.Label, maxText), cut(u.URL, maxText)})
		}
	}
	out.URLs = bounded(r.tree, "URLs", out.URLs)
	return out
}

// texts is the list with each of its texts bounded.
func texts(t *tree, what string, list []string) []string {
	out := make([]string, 0, min(len(list), maxList))
	for _, text := range bounded(t, what, list) {
		out = append(out, cut(text, maxText))
	}
	return out
}

// person is a name: the field for it, else that in the address.
func person(name, email string) string {
	who, _ := supplier(name, email)
	return who
}

// supplier reads who publishes a package. The name may stand in the address alone
// ("Jo <jo@example.org>", core metadata 2.1 and PEP 621), and one without a name is
// known by the address.
func supplier(name, email string) (who, address string) {
	who, address = strings.TrimSpace(name), strings.TrimSpace(email)
	if all, err := mail.ParseAddressList(cut(email, maxText)); err == nil {
		address = all[0].Address
		who = cmp.Or(who, all[0].Name)
	}
	return cut(cmp.Or(who, address), maxText), cut(address, maxText)
}

func (r *reading) entryPoints() error {
	f, ok := r.find(r.info + "/entry_points.txt")
	if ok {
		raw, ok := r.read(f.Path, dist.MaxEntryPoints)
		points, err := dist.ParseEntryPoints(raw)
		if ok && err != nil {
			r.note("%s: %v", f.Path, err)
		}
		for _, p := range points {
			r.entryPoint(p)
		}
	}
	for _, f := range r.files {
		folder := path.Base(path.Dir(f.Path))
		if _, importable := relative(r.site, f.Path); !importable && (folder == "bin" || folder == "Scripts") {
			r.facts.Scripts = append(r.facts.Scripts, path.Base(f.Path))
		}
	}
	slices.Sort(r.facts.Scripts)
	r.facts.Scripts = bounded(r.tree, "scripts", slices.Compact(r.facts.Scripts))
	r.facts.EntryPoints = bounded(r.tree, "entry points", r.facts.EntryPoints)
	return nil
}

func (r *reading) entryPoint(p dist.EntryPoint) {
	if p.IsScript() {
		r.facts.Scripts = append(r.facts.Scripts, p.Name)
		return
	}
	value := p.Module
	if p.Attr != "" {
		value += ":" + p.Attr
	}
	r.facts.EntryPoints = append(r.facts.EntryPoints, EntryPoint{cut(p.Group, 200), cut(p.Name, 200), cut(value, 1000)})
}

// topLevel lists what can be imported: modules, and folders with modules in them.
func (r *reading) topLevel() error {
	for _, f := range r.files {
		rest, ok := relative(r.site, f.Path)
		if !ok {
			continue
		}
		top, inside, nested := strings.Cut(rest, "/")
		if !nested {
			inside = top
		}
		if top == "__pycache__" || strings.Contains(top, ".dist-info") || strings.Contains(top, ".libs") || !isModule(inside) {
			continue
		}
		if !nested {
			top, _, _ = strings.Cut(top, ".")
		}
		if n := len(r.facts.TopLevel); n == 0 || r.facts.TopLevel[n-1] != top {
			r.facts.TopLevel = append(r.facts.TopLevel, top)
		}
	}
	slices.Sort(r.facts.TopLevel)
	r.facts.TopLevel = bounded(r.tree, "top levels", slices.Compact(r.facts.TopLevel))
	return nil
}

func isModule(name string) bool {
	switch path.Ext(name) {
	case ".py", ".pyc", ".so", ".pyd":
		return true
	}
	return false
}
