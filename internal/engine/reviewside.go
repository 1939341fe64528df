package engine

import (
	"context"
	"slices"

	"snug/internal/digest"
	"snug/internal/interp"
	"snug/internal/inventory"
	"snug/internal/licensetext"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/vet"
	"snug/internal/wheel"
)

// interpreterName is what approvals call the interpreter.
const interpreterName = "cpython"

// side reads what a lock holds in all its runtimes, with what vetting says of it.
func (r *reviewing) side(ctx context.Context, p *manifest.Project, path, advisories string) (*side, error) {
	locks, err := locksAt(p, path)
	if err != nil {
		return nil, err
	}
	v, err := r.engine.vetting(ctx, p, advisories)
	if err != nil {
		return nil, err
	}
	defer v.close()
	if err := v.hold(ctx, locks, nil); err != nil {
		return nil, err
	}
	if err := v.ask(ctx, locks); err != nil {
		return nil, err
	}
	report := v.report(locks)
	s := &side{entries: map[string][]*entry{}, findings: report.Findings}
	for _, rt := range locks[0].Tool.Runtimes { // innermost first
		h := v.held[rt.Name]
		for _, p := range h.packages {
			s.hold(rt.Name, h, p, v)
		}
		for _, lt := range h.interpreters {
			s.interpreter(ctx, rt.Name, lt, v)
		}
	}
	for _, x := range s.entries[interpreterName] {
		if len(s.entries[interpreterName]) == 1 {
			x.on = nil // on all
		}
	}
	for _, rt := range v.input.Runtimes {
		for _, item := range rt.Items {
			if x := s.has(item.Name, item.Version); x != nil && item.License != nil && item.Owner == "" {
				x.declared(item.License)
			}
		}
	}
	return s, nil
}

func (x *entry) declared(l *vet.License) {
	if x.license == "" {
		x.license = licensetext.With(l.Declared, l.Texts).Expression.String()
	}
}

// hold takes in one package of a runtime.
func (s *side) hold(runtime string, h *holdings, p *held, v *vetting) {
	x := s.has(p.pkg.Name, p.pkg.Version)
	if x == nil {
		x = &entry{name: p.pkg.Name, version: p.pkg.Version, artifacts: p.files(), via: p.via, on: h.onlyOn(p.targets)}
		for i, key := range p.trees {
			f := v.facts[key]
			name := "the wheel that is built of it"
			if i < len(p.wheels) {
				name = p.wheels[i].FileName()
			}
			x.wheels = append(x.wheels, seenWheel{name, f != nil})
			x.see(f, key, v)
		}
		s.add(x)
	}
	x.in = append(x.in, runtime)
}

// see takes in the facts of one of the files.
func (x *entry) see(f *inventory.Facts, key string, v *vetting) {
	if f == nil {
		return
	}
	if x.facts == nil {
		x.facts = f
		if t, ok := v.engine.store.Tree(key); ok {
			x.tree = t.Dir
		}
	}
	for _, t := range f.Licenses {
		if !slices.Contains(x.texts, t.SHA256) {
			x.texts = append(x.texts, t.SHA256)
		}
	}
}

// interpreter takes in the Python of a target. One without a digest (found on this
// machine) is nothing that can be approved.
func (s *side) interpreter(ctx context.Context, runtime string, lt *lock.Target, v *vetting) {
	sum := lt.Interpreter.SHA256
	if _, err := digest.Parse(sum); err != nil {
		return
	}
	x := s.has(interpreterName, lt.Python)
	if x == nil {
		x = &entry{name: interpreterName, version: lt.Python, via: []string{interpreterName}}
		s.add(x)
	}
	if !slices.Contains(x.in, runtime) {
		x.in = append(x.in, runtime)
	}
	if slices.Contains(x.on, lt.Name) {
		return
	}
	x.on = append(x.on, lt.Name)
	if !slices.Contains(x.artifacts, sum) {
		x.artifacts = append(x.artifacts, sum)
		slices.Sort(x.artifacts)
	}
	key, ok := v.interpreterKey(ctx, lt)
	f := v.facts[key]
	x.wheels = append(x.wheels, seenWheel{lt.Interpreter.ID, ok && f != nil})
	x.see(f, key, v)
}

// keysOf are the trees that files may be installed as, for the Pythons of the lock.
func (r *reviewing) keysOf(artifacts []string) []string {
	var out []string
	for _, python := range r.after.entries[interpreterName] {
		version, err := pep440.Parse(python.version)
		if err != nil {
			continue
		}
		minor := interp.Interpreter{Version: version}.Minor()
		for _, text := range artifacts {
			if sum, err := digest.Parse(text); err == nil {
				out = append(out, wheel.TreeKey(sum, minor, ""))
			}
		}
	}
	return out
}
