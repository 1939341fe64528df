package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/inventory"
	"snug/internal/licensetext"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/store"
	"snug/internal/supplychain"
	"snug/internal/vet"
)

// vetting gathers what a report depends on, for the runtimes of a project.
type vetting struct {
	engine  *Engine
	project *manifest.Project
	client  *index.Client
	input   vet.Input
	held    map[string]*holdings        // by runtime
	facts   map[string]*inventory.Facts // by the key of the tree that they are of
	lines   map[string]int              // where packages stand in the lock
	pythons struct {                    // sources, once made
		once sync.Once
		all  []interp.Source
	}
	// built tells the wheel that is built of a package here, where it is known.
	built func(context.Context, *lock.Package) (digest.SHA256, bool, error)
}

// vetting begins one for a project, by the data at advisories or by what is kept.
func (e *Engine) vetting(ctx context.Context, p *manifest.Project, advisories string) (*vetting, error) {
	decided, err := approvals.Read(filepath.Join(p.Root, approvals.FileName))
	if err != nil {
		return nil, err
	}
	rules, err := e.Policy(ctx, p)
	if err != nil {
		return nil, err
	}
	client, err := e.index(p)
	if err != nil {
		return nil, err
	}
	v := &vetting{engine: e, project: p, client: client, held: map[string]*holdings{}, facts: map[string]*inventory.Facts{}, built: builtBefore(p)}
	v.input = vet.Input{Fed: e.fed(p), Policy: rules, Approvals: decided, Now: e.Now()}
	v.input.Advisories, v.input.Missing, err = e.advisoriesAt(ctx, p, advisories)
	if v.input.Advisories != nil && advisories == "" {
		v.input.Unread = e.unread(p, v.input.Advisories.Info())
	}
	return v, err
}

func (v *vetting) close() {
	if v.input.Advisories != nil {
		_ = v.input.Advisories.Close() // it was only read
	}
}

// ask asks the indexes what they say of the locked releases now.
func (v *vetting) ask(ctx context.Context, locks []*lock.Lock) error {
	for _, l := range locks {
		signs, err := v.engine.releaseSigns(ctx, v.project, l)
		if err != nil {
			return err
		}
		v.input.Signs = append(v.input.Signs, signs.Findings...)
		v.input.Unasked = append(v.input.Unasked, signs.Unchecked...)
	}
	return nil
}

// report judges.
func (v *vetting) report(locks []*lock.Lock) *vet.Report {
	mend := v.engine.remedies(v.project, locks[0])
	v.input.Remedy = mend.of
	return vet.Vet(v.input)
}

// hold takes in what the named runtimes (nil: all) hold by the locks, with what is
// known of the files.
func (v *vetting) hold(ctx context.Context, locks []*lock.Lock, names []string) error {
	var order []string
	for _, name := range names {
		if _, ok := locks[0].Runtime(name); !ok {
			return fault.New(fault.Usage, "without a name all are checked", "the lock has no runtime %q", name)
		}
	}
	for _, r := range locks[0].Tool.Runtimes {
		if len(names) > 0 && !slices.Contains(names, r.Name) {
			continue
		}
		h, err := holdingsOf(locks, r.Name, ownOf(v.project))
		if err == nil {
			err = v.addBuilt(ctx, h)
		}
		if err != nil {
			return err
		}
		v.held[r.Name], order = h, append(order, r.Name)
	}
	if err := v.learn(ctx); err != nil {
		return err
	}
	v.signs(order)
	for _, name := range order {
		items, err := v.items(ctx, v.held[name])
		if err != nil {
			return err
		}
		v.input.Runtimes = append(v.input.Runtimes, vet.Runtime{Name: name, Items: items})
	}
	return nil
}

// learn reads the facts of all wheels and interpreters that the store has.
func (v *vetting) learn(ctx context.Context) error {
	var trees []*store.Tree
	seen := map[string]bool{}
	take := func(key string) {
		if seen[key] {
			return
		}
		seen[key] = true
		if t, ok := v.engine.store.Tree(key); ok {
			trees = append(trees, t)
		}
	}
	for _, h := range v.held {
		for _, p := range h.packages {
			for _, key := range p.trees {
				take(key)
			}
		}
		for _, lt := range h.interpreters {
			if key, ok := v.interpreterKey(ctx, lt); ok {
				take(key)
			}
		}
	}
	facts, err := inventory.Of(ctx, v.engine.store, trees...)
	if err != nil {
		return err
	}
	for i, f := range facts {
		v.facts[trees[i].Key] = f
	}
	return nil
}

// signs takes in the signs in the files of all packages, and says of which packages
// the files for other targets were not seen.
func (v *vetting) signs(order []string) {
	taken, elsewhere := map[string]bool{}, map[string]bool{}
	for _, name := range order {
		for _, p := range v.held[name].packages {
			facts := v.factsOf(p)
			for _, key := range p.trees {
				f := v.facts[key]
				if f == nil && len(facts) > 0 {
					elsewhere[p.pkg.Name] = true
				}
				if f == nil || taken[key] {
					continue
				}
				taken[key] = true
				for _, s := range supplychain.OfFacts(f) {
					s.Package, s.Version = p.pkg.Name, p.pkg.Version // METADATA may spell them otherwise
					v.input.Signs = append(v.input.Signs, s)
				}
			}
		}
	}
	if len(elsewhere) > 0 {
		v.input.Unasked = append(v.input.Unasked, fmt.Sprintf("the files for other targets of %d packages: they are not in the store; snug build vets them there", len(elsewhere)))
	}
}

// ownOf tells of what is the project itself: nobody else released it.
func ownOf(project *manifest.Project) func(*lock.Package) bool {
	return func(p *lock.Package) bool {
		return p.Directory != nil && slices.ContainsFunc(project.Own(), func(l *manifest.Local) bool { return pep508.NormalizeName(l.Name) == p.Name })
	}
}

// addBuilt notes the wheels that are built of packages here.
func (v *vetting) addBuilt(ctx context.Context, h *holdings) error {
	for _, p := range h.packages {
		if !p.built {
			continue
		}
		sum, ok, err := v.built(ctx, p.pkg)
		if err != nil {
			return err
		}
		if ok {
			p.made(sum)
		}
	}
	return nil
}

// builtBefore knows the wheels that are in the project's runtimes.
func builtBefore(p *manifest.Project) func(context.Context, *lock.Package) (digest.SHA256, bool, error) {
	sums := map[string]string{}
	for _, r := range p.Runtimes {
		room := roomOf(p.Root, r.Name)
		n, ok := room.Current()
		if !ok {
			continue
		}
		head, err := generation.ReadHead(room.Path(n))
		if err != nil {
			continue // damaged: as if it were not built
		}
		for _, pkg := range head.Packages {
			sums[pkg.Name+" "+pkg.Version] = pkg.SHA256
		}
	}
	return func(_ context.Context, p *lock.Package) (digest.SHA256, bool, error) {
		sum, err := digest.Parse(sums[p.Name+" "+p.Version])
		return sum, err == nil, nil
	}
}

// sources are those of the project's interpreters. To make them may start a program.
func (v *vetting) sources(ctx context.Context) []interp.Source {
	v.pythons.once.Do(func() { v.pythons.all = v.engine.sourcesFor(ctx, v.project) })
	return v.pythons.all
}

// interpreterKey names the tree of a target's interpreter.
func (v *vetting) interpreterKey(ctx context.Context, lt *lock.Target) (string, bool) {
	version, err := pep440.Parse(lt.Python)
	if err != nil || lt.Interpreter.Source == "" {
		return "", false
	}
	i := interp.Interpreter{Version: version, Target: lt.Name, Source: lt.Interpreter.Source, ID: lt.Interpreter.ID, SHA256: lt.Interpreter.SHA256}
	key, err := interp.Key(v.sources(ctx), i)
	return key, err == nil // else the source is not one of this machine
}

// items are the components of one runtime: its packages, its interpreters, and what
// is inside them.
func (v *vetting) items(ctx context.Context, h *holdings) ([]vet.Item, error) {
	packages := make([][]vet.Item, len(h.packages))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(v.engine.Jobs, 8)) // what is not kept is asked for
	for i, p := range h.packages {
		g.Go(func() (err error) {
			packages[i], err = v.ofPackage(ctx, h, p)
			return err
		})
	}
	err := g.Wait()
	return slices.Concat(append(packages, v.ofInterpreters(ctx, h))...), err
}

// ofPackage is a package with what it carries.
func (v *vetting) ofPackage(ctx context.Context, h *holdings, p *held) ([]vet.Item, error) {
	item := h.item(p)
	item.File, item.Line = LockName, v.lines[p.pkg.Name]
	item.Where = v.where(h, p.targets)
	item.Where.Artifact = p.artifact()
	facts := v.factsOf(p)
	if len(facts) == 0 {
		item.Unseen = "its wheel is not in the store, so that its files were not looked at; snug check --fetch brings it"
		item.License = v.declared(ctx, p)
		return []vet.Item{item}, nil
	}
	said, err := v.engine.declaredOf(facts[0])
	if err != nil {
		return nil, err
	}
	item.License = &vet.License{Declared: said, Texts: facts[0].Licenses}
	out := []vet.Item{item}
	seen := map[string]bool{}
	for _, f := range facts {
		for _, t := range f.Licenses {
			if !slices.ContainsFunc(out[0].License.Texts, func(have licensetext.Text) bool { return have.SHA256 == t.SHA256 && have.Path == t.Path }) {
				out[0].License.Texts = append(slices.Clip(out[0].License.Texts), t)
			}
		}
		out[0].Unread = append(out[0].Unread, f.Notes...)
		for _, one := range v.inside(f, item) {
			if id := strings.Join([]string{string(one.Class), one.Name, one.Version}, " "); !seen[id] {
				seen[id] = true
				out = append(out, one)
			}
		}
	}
	slices.Sort(out[0].Unread)
	out[0].Unread = slices.Compact(out[0].Unread)
	return out, nil
}

// inside are the components that a package or an interpreter carries.
func (v *vetting) inside(f *inventory.Facts, of vet.Item) []vet.Item {
	out := make([]vet.Item, 0, len(f.Components))
	for _, c := range f.Components {
		out = append(out, vet.Item{Component: c, Via: append(slices.Clone(of.Via), c.Name), Targets: of.Targets, Where: of.Where})
	}
	return out
}

// declared is the licence by the METADATA of a wheel, as the index gave it while
// resolving, or gives it now.
func (v *vetting) declared(ctx context.Context, p *held) *vet.License {
	m, err := v.metadata(ctx, p)
	if err != nil {
		return &vet.License{Missing: err.Error()}
	}
	return &vet.License{Declared: licensetext.Declared(m)}
}

var errNoWheel = errors.New("it has no wheel that an index gives metadata of")

func (v *vetting) metadata(ctx context.Context, p *held) (*dist.Metadata, error) {
	for _, f := range p.wheels {
		if text, ok := v.client.Kept(f.Hashes["sha256"]); ok {
			return dist.ParseMetadata(text)
		}
	}
	version, err := pep440.Parse(p.pkg.Version)
	if err != nil || len(p.wheels) == 0 || p.pkg.Archive != nil {
		return nil, errNoWheel
	}
	l, err := v.client.Listing(ctx, p.pkg.Name)
	if err != nil {
		return nil, err
	}
	r := l.Release(version)
	if r == nil {
		return nil, fmt.Errorf("%s has no %s %s any more", l.IndexURL, p.pkg.Name, p.pkg.Version)
	}
	files, err := r.Files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.Wheel != nil && f.Hashes.Sum("sha256") == p.wheels[0].Hashes["sha256"] {
			text, err := v.client.Metadata(ctx, l, f)
			if err != nil {
				return nil, err
			}
			return dist.ParseMetadata(text)
		}
	}
	return nil, errNoWheel
}

// factsOf are those of the wheels of a package that are in the store, one for each
// target that has its own.
func (v *vetting) factsOf(p *held) []*inventory.Facts {
	var out []*inventory.Facts
	for _, key := range p.trees {
		if f := v.facts[key]; f != nil {
			out = append(out, f)
		}
	}
	return out
}

// where is what overlays may ask about a package: a marker holds for it where it
// holds on all of its targets.
func (v *vetting) where(h *holdings, targets []string) advisory.Where {
	envs := sync.OnceValue(func() (envs []pep508.Environment) { // few are asked
		for _, lt := range h.interpreters {
			if env, _, _, err := contextOf(*lt); err == nil && slices.Contains(targets, lt.Name) {
				envs = append(envs, env)
			}
		}
		return envs
	})
	return advisory.Where{Marker: func(text string) (bool, error) {
		m, err := pep508.ParseMarker(text)
		for _, env := range envs() {
			if err != nil {
				return false, err
			}
			var holds bool
			if holds, err = m.Eval(env, pep508.Context{}); !holds {
				return false, err
			}
		}
		return len(envs()) > 0, err
	}}
}

// ofInterpreters are the interpreters of a runtime's targets, each version once, and
// what is inside those that the store has.
func (v *vetting) ofInterpreters(ctx context.Context, h *holdings) []vet.Item {
	at := map[string]int{}
	var out []vet.Item
	put := func(id string, item vet.Item, target string) *vet.Item {
		if _, ok := at[id]; !ok {
			at[id] = len(out)
			item.Targets = nil
			out = append(out, item)
		}
		one := &out[at[id]]
		if !slices.Contains(one.Targets, target) {
			one.Targets = append(one.Targets, target)
		}
		return one
	}
	for _, lt := range h.interpreters {
		item := vet.Item{Component: python(lt), Via: []string{"cpython"}, Unseen: "it is not in the store, so that what is inside it was not looked at; snug check --fetch brings it"}
		item = *put(lt.Python, item, lt.Name)
		key, ok := v.interpreterKey(ctx, lt)
		f := v.facts[key]
		if !ok || f == nil {
			continue
		}
		one := &out[at[lt.Python]]
		one.Unseen, one.Unread = "", f.Notes
		for _, c := range v.inside(f, item) {
			put(strings.Join([]string{lt.Python, string(c.Class), c.Name, c.Version}, " "), c, lt.Name)
		}
	}
	for i := range out {
		out[i].Targets = h.onlyOn(out[i].Targets)
	}
	return out
}

// python is the interpreter of a target as advisories know it.
func python(lt *lock.Target) component.Component {
	return component.Component{Class: component.Interpreter, Name: "cpython", Version: lt.Python, PURL: component.GenericURL("cpython", lt.Python),
		CPE: component.CPE("python:python", lt.Python), SHA256: lt.Interpreter.SHA256, How: []string{"lock"}}
}
