package engine

import (
	"cmp"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/vet"
	"snug/internal/wheel"
)

// held is one package that a runtime holds by its lock, on one or more targets.
type held struct {
	pkg     *lock.Package
	via     []string // the shortest chain to it, from what is asked for
	targets []string
	wheels  []lock.File
	trees   []string                   // keys of the trees that these are installed as
	built   bool                       // on some target it is built, and no wheel is taken
	others  []*lock.Package            // the same release in the locks of other targets
	key     func(digest.SHA256) string // the same of a wheel that is built here
}

// holdings are the packages and interpreters of one runtime, over the targets of
// its locks.
type holdings struct {
	own          func(*lock.Package) bool
	packages     []*held // by name and version
	interpreters []*lock.Target
	targets      int
}

// holdingsOf reads what a runtime holds out of locks: the project's, and those of
// targets that have one of their own. What is the project's own is left out.
func holdingsOf(locks []*lock.Lock, runtime string, own func(*lock.Package) bool) (*holdings, error) {
	h, by := &holdings{own: own}, map[string]*held{}
	for _, l := range locks {
		r, ok := l.Runtime(runtime)
		if !ok {
			continue
		}
		for i := range l.Tool.Targets {
			if err := h.add(by, l, r, &l.Tool.Targets[i]); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(h.packages, func(a, b *held) int {
		return cmp.Or(strings.Compare(a.pkg.Name, b.pkg.Name), strings.Compare(a.pkg.Version, b.pkg.Version))
	})
	return h, nil
}

func (h *holdings) add(by map[string]*held, l *lock.Lock, r lock.Runtime, lt *lock.Target) error {
	h.targets++
	h.interpreters = append(h.interpreters, lt)
	env, tags, py, err := contextOf(*lt)
	if err != nil {
		return err
	}
	selected, err := l.Select(env, []string{r.Name}, nil, tags, py)
	if err != nil {
		return err
	}
	g, err := graphAmong(l, r, env, selected)
	if err != nil {
		return err
	}
	chains := g.shortest()
	for _, s := range selected {
		if h.own(s.Package) {
			continue
		}
		id := s.Package.Name + " " + s.Package.Version
		if by[id] == nil {
			by[id] = &held{pkg: s.Package, via: chains[s.Package.Name]}
			h.packages = append(h.packages, by[id])
		}
		if by[id].pkg != s.Package {
			by[id].others = append(by[id].others, s.Package)
		}
		by[id].on(lt.Name, s, py)
	}
	return nil
}

// on notes a target that has the package, and by which file.
func (p *held) on(target string, s lock.Selected, py pep440.Version) {
	p.targets = append(p.targets, target)
	minor := (interp.Interpreter{Version: py}).Minor()
	f, url := s.File, ""
	if a := s.Package.Archive; a != nil {
		whole := a.File()
		f, url = &whole, a.URL
	}
	p.key = func(sum digest.SHA256) string { return wheel.TreeKey(sum, minor, url) }
	if f == nil || !strings.HasSuffix(f.FileName(), ".whl") {
		p.built = true
		return
	}
	sum, err := digest.Parse(f.Hashes["sha256"])
	if err == nil && !slices.Contains(p.trees, p.key(sum)) {
		p.wheels, p.trees = append(p.wheels, *f), append(p.trees, p.key(sum))
	}
}

// made notes the wheel that was built of a package.
func (p *held) made(sum digest.SHA256) {
	p.wheels, p.trees = append(p.wheels, lock.File{Hashes: map[string]string{"sha256": sum.String()}}), append(p.trees, p.key(sum))
}

// component is the package as advisories know it.
func (p *held) component() component.Component {
	c := component.Component{Class: component.Package, Name: p.pkg.Name, Version: p.pkg.Version, PURL: component.PackageURL(p.pkg.Name, p.pkg.Version), How: []string{"lock"}}
	if len(p.wheels) > 0 {
		c.SHA256 = p.wheels[0].Hashes["sha256"]
	}
	return c
}

// artifact is what the package is installed from, as overlays call it; "" where that is
// not the same on all targets.
func (p *held) artifact() string {
	switch {
	case !p.built:
		return "wheel"
	case slices.ContainsFunc(p.wheels, func(f lock.File) bool { return f.FileName() != "" }):
		return ""
	}
	return "sdist"
}

// files are the digests of all that the locks have of the package, sorted.
func (p *held) files() []string {
	var out []string
	add := func(hashes map[string]string) {
		if sum := hashes["sha256"]; sum != "" {
			out = append(out, sum)
		}
	}
	for _, pkg := range append([]*lock.Package{p.pkg}, p.others...) {
		for _, f := range pkg.Wheels {
			add(f.Hashes)
		}
		if pkg.Sdist != nil {
			add(pkg.Sdist.Hashes)
		}
		if pkg.Archive != nil {
			add(pkg.Archive.Hashes)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// onlyOn are the targets, unless they are all there are.
func (h *holdings) onlyOn(targets []string) []string {
	if len(targets) == h.targets {
		return nil
	}
	return targets
}

// item is the package for vetting, with nothing known of its files yet.
func (h *holdings) item(p *held) vet.Item {
	return vet.Item{Component: p.component(), Via: p.via, Targets: h.onlyOn(p.targets), Files: p.files()}
}
