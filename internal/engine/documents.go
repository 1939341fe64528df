package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"snug/internal/component"
	"snug/internal/cpython"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/generation"
	"snug/internal/interp"
	"snug/internal/inventory"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep508"
	"snug/internal/policy"
	"snug/internal/pytag"
	"snug/internal/sbom"
	"snug/internal/vex"
)

// known are the findings about a runtime, and the moment of the data that they are of.
type known struct {
	findings []finding.Finding
	at       time.Time
}

// documents are the bills of materials of the runtime in dir, of which m is the
// manifest, and its VEX document, empty where there is nothing to state. p is the
// project that it is a runtime of. Of the findings those count that are about this
// runtime.
func (e *Engine) documents(ctx context.Context, p *manifest.Project, dir string, m *generation.Manifest, k known) (generation.Evidence, error) {
	rules, err := e.Policy(ctx, p)
	if err != nil {
		return nil, err
	}
	of := subject{name: projectName(p), policy: rules.For(m.Runtime)}
	d, err := e.describe(ctx, of, dir, m)
	if err != nil {
		return nil, err
	}
	return e.written(d, k.of(m))
}

// of are the findings that are about the runtime of which m is the manifest.
func (k known) of(m *generation.Manifest) known {
	here := func(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }
	out := known{at: k.at}
	for _, f := range k.findings {
		if sbom.Statable(f) && here(f.Runtimes, m.Runtime) && here(f.Targets, m.Target) {
			out.findings = append(out.findings, f)
		}
	}
	return out
}

// subject is what a runtime is described as.
type subject struct {
	name   string         // of the project that it is of; "" where it is of none
	policy *policy.Policy // that chooses among licences, of this runtime
}

// written are the documents in their formats, with what is known. That of OpenVEX is
// empty where there is nothing to state.
func (e *Engine) written(d *described, k known) (generation.Evidence, error) {
	var err error
	d.Findings = k.findings
	if d.Created, err = e.momentOf(d.held, k.at); err != nil {
		return nil, err
	}
	bill, err := sbom.CycloneDX(d.Document)
	if err != nil {
		return nil, err
	}
	spdx, err := sbom.SPDX(d.Document)
	if err != nil {
		return nil, err
	}
	stated, err := vex.OpenVEX(d.Document)
	if err != nil && !errors.Is(err, vex.ErrNothing) {
		return nil, err
	}
	return generation.Evidence{generation.CycloneDX: bill, generation.SPDX: spdx, generation.OpenVEX: stated}, nil
}

// described is what is in a runtime, with nothing known against it yet.
type described struct {
	sbom.Document
	held *chosen
}

// describe says what is in a runtime, by its manifest, the lock inside it, and the
// facts of its files.
func (e *Engine) describe(ctx context.Context, of subject, dir string, m *generation.Manifest) (*described, error) {
	tree, err := digest.Parse(m.Tree)
	if err != nil {
		return nil, fmt.Errorf("%s: tree: %w", generation.ManifestPath, err)
	}
	held, err := chosenOf(dir, m)
	if err != nil {
		return nil, err
	}
	facts, err := inventory.OfRuntime(ctx, dir, m, e.store)
	if err != nil {
		return nil, err
	}
	d := &described{held: held}
	d.Document = sbom.Document{Name: of.name, Runtime: m.Runtime, Target: m.Target, Python: m.Python, Tree: tree, Snug: e.Version, Complete: true}
	if of.name != "" { // who makes the project supplies the runtime
		d.Supplier = "Organization: " + of.name
	}
	d.Items = append(d.Items, held.interpreter(facts.Interpreter))
	for i, f := range facts.Packages {
		item := held.item(m.Packages[i], f)
		if err := e.license(&item, f, of.policy); err != nil {
			return nil, err
		}
		if item.SHA256 == "" && item.Name == of.name {
			d.Version, d.Supplier = item.Version, cmp.Or(item.Supplier, d.Supplier)
		}
		d.Items = append(d.Items, item)
	}
	for i := range d.Items {
		if own := &d.Items[i]; own.SHA256 == "" && own.Class == component.Package {
			own.Supplier = cmp.Or(own.Supplier, d.Supplier)
		}
	}
	for _, f := range append([]*inventory.Facts{facts.Interpreter}, facts.Packages...) {
		d.Items = append(d.Items, inside(f)...)
		for _, note := range f.Notes {
			d.Complete = false
			d.Unknowns = append(d.Unknowns, f.Package.Name+": "+note)
		}
	}
	for _, i := range d.Items {
		if i.Version == "" {
			d.Unknowns = append(d.Unknowns, fmt.Sprintf("the version of %s in %s", i.Name, i.Owner))
		}
	}
	return d, nil
}

// momentOf is when the newest of what went into the runtime came to be: of its
// artifacts, and of the data that its findings are of. The clock has no part in it.
// SOURCE_DATE_EPOCH overrides it.
func (e *Engine) momentOf(c *chosen, at time.Time) (time.Time, error) {
	if text := e.Env("SOURCE_DATE_EPOCH"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < 0 || seconds > 253402300799 { // the year 9999
			return time.Time{}, fault.New(fault.Usage, "it is a number of seconds since 1970; unset it, and the newest artifact decides", "SOURCE_DATE_EPOCH is %.40q", text)
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	newest := time.Unix(0, 0).UTC()
	for _, t := range append(c.uploaded, at) {
		if t.After(newest) {
			newest = t.UTC()
		}
	}
	return newest, nil
}

// chosen is what the lock inside a runtime says of what is in it.
type chosen struct {
	graph    *graph
	target   lock.Target
	env      pep508.Environment
	versions map[string]string // of the manifest's packages
	files    map[string]lock.File
	index    map[string]string // of a package
	uploaded []time.Time
}

func chosenOf(dir string, m *generation.Manifest) (*chosen, error) {
	l, err := lockInside(dir)
	if err != nil {
		return nil, err
	}
	r, ok := l.Runtime(m.Runtime)
	i := slices.IndexFunc(l.Tool.Targets, func(lt lock.Target) bool {
		t, err := pytag.ParseTarget(lt.Name)
		return err == nil && t.String() == m.Target && lt.Python == m.Python
	})
	if !ok || i < 0 {
		return nil, fault.New(fault.Integrity, buildAnew, "the lock inside the runtime does not speak of %s on %s with Python %s", m.Runtime, m.Target, m.Python)
	}
	c := &chosen{target: l.Tool.Targets[i], versions: map[string]string{}, files: filesOf(l), index: map[string]string{}}
	if c.env, _, _, err = contextOf(c.target); err != nil {
		return nil, err
	}
	if c.graph, err = graphOf(l, r, c.target); err != nil {
		return nil, err
	}
	for _, p := range m.Packages {
		c.versions[p.Name] = p.Version
	}
	for _, p := range l.Packages {
		if c.versions[p.Name] != p.Version {
			continue
		}
		c.index[p.Name] = p.Index
		c.uploaded = append(c.uploaded, uploadsOf(p, m)...)
	}
	return c, nil
}

// uploadsOf are the moments at which what the runtime has of a package was uploaded:
// its wheel, else the sources that it was built from.
func uploadsOf(p lock.Package, m *generation.Manifest) []time.Time {
	for _, f := range p.Wheels {
		if slices.ContainsFunc(m.Packages, func(have generation.Package) bool { return have.SHA256 == f.Hashes["sha256"] }) {
			return []time.Time{f.UploadTime}
		}
	}
	switch {
	case p.Sdist != nil:
		return []time.Time{p.Sdist.UploadTime}
	case p.Archive != nil:
		return []time.Time{p.Archive.UploadTime}
	}
	return nil
}

// interpreter is the Python of the runtime.
func (c *chosen) interpreter(f *inventory.Facts) sbom.Item {
	i := sbom.Item{Component: f.Package, Declared: "Python-2.0", Website: "https://www.python.org/", VCS: "https://github.com/python/cpython"}
	i.Texts = textsOf(f)
	i.Class, i.Name, i.Version, i.PURL = component.Interpreter, "cpython", c.target.Python, component.GenericURL("cpython", c.target.Python)
	i.CPE = cmp.Or(i.CPE, component.CPE("python:python", c.target.Python))
	switch from := c.target.Interpreter; from.Source {
	case interp.SourceFound: // whose it is nobody said
	case cpython.SourceName: // what the lock names is its sources
		i.Supplier = "Organization: Python Software Foundation"
	default:
		i.Supplier, i.SHA256 = "Organization: "+from.Source, from.SHA256
	}
	return i
}

// item is a package of the runtime.
func (c *chosen) item(p generation.Package, f *inventory.Facts) sbom.Item {
	file := c.files[p.SHA256]
	i := sbom.Item{Component: f.Package, URL: address(file.URL), Direct: slices.Contains(c.graph.roots, p.Name) || p.SHA256 == "",
		Opaque: len(f.Natives) > 0 && len(f.SBOMs) == 0, Supplier: supplierOf(f.Metadata, cmp.Or(file.URL, c.index[p.Name]))}
	i.Name, i.Version, i.PURL, i.SHA256 = p.Name, p.Version, component.PackageURL(p.Name, p.Version), p.SHA256
	describeBy(&i, f)
	needs := c.graph.edges[p.Name]
	if p.SHA256 == "" { // a first-party project is no package of the lock
		needs = c.required(f.Metadata.Requires)
	}
	for _, name := range needs {
		if version, ok := c.versions[name]; ok {
			i.Depends = append(i.Depends, component.PackageURL(name, version))
		}
	}
	return i
}

// required are the names of what is required here.
func (c *chosen) required(list []string) []string {
	var out []string
	for _, text := range list {
		req, err := pep508.Parse(text)
		if err != nil {
			continue // METADATA that the manifest's reader wrote: it was read before
		}
		if req.Marker != nil {
			if ok, err := req.Marker.Eval(c.env, pep508.Context{}); err != nil || !ok {
				continue
			}
		}
		out = append(out, req.Key())
	}
	return out
}

// inside are the components that a package or the interpreter carries.
func inside(f *inventory.Facts) []sbom.Item {
	out := make([]sbom.Item, 0, len(f.Components))
	for _, c := range f.Components {
		out = append(out, sbom.Item{Component: c})
	}
	return out
}
