package engine

import (
	"context"
	"path/filepath"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/generation"
	"snug/internal/manifest"
	"snug/internal/pep508"
	"snug/internal/policy"
	"snug/internal/sbom"
	"snug/internal/vet"
)

// knownOf holds what is in a runtime to the advisories: those at from, else those that
// are kept. p is the project whose policy and decisions count, nil where there is none.
// missing says why nothing is known.
func (e *Engine) knownOf(ctx context.Context, d *described, p *manifest.Project, from string) (k known, missing string, err error) {
	in := vet.Input{Fed: e.fed(p), Policy: policy.Default(), Approvals: &approvals.File{}, Now: e.Now(), Runtimes: []vet.Runtime{{Name: d.Runtime, Items: d.vetted()}}}
	if p != nil {
		if in.Policy, err = e.Policy(ctx, p); err != nil {
			return k, "", err
		}
		if in.Approvals, err = approvals.Read(filepath.Join(p.Root, approvals.FileName)); err != nil {
			return k, "", err
		}
	}
	if in.Advisories, missing, err = e.advisoriesAt(ctx, p, from); err != nil || in.Advisories == nil {
		return k, missing, err
	}
	defer in.Advisories.Close()
	report := vet.Vet(in)
	k.at = report.Advisories.Made
	for _, f := range report.Findings {
		if sbom.Statable(f) {
			k.findings = append(k.findings, f)
		}
	}
	return k, "", nil
}

// vetted are the items as vetting takes them.
func (d *described) vetted() []vet.Item {
	where := advisory.Where{Marker: func(text string) (bool, error) {
		m, err := pep508.ParseMarker(text)
		if err != nil {
			return false, err
		}
		return m.Eval(d.held.env, pep508.Context{})
	}}
	out := make([]vet.Item, len(d.Items))
	for i, item := range d.Items {
		out[i] = vet.Item{Component: item.Component, Where: where}
		if item.URL != "" {
			out[i].Where.Artifact = "wheel"
		}
	}
	return out
}

// subjectOf is what the runtime is described as, and the project whose decisions are
// about it: the one at hand, if it is that of which the runtime was made.
func (e *Engine) subjectOf(ctx context.Context, t thing, m *generation.Manifest, p *manifest.Project) (subject, *manifest.Project, error) {
	of := subject{name: e.projectOf(t), policy: policy.Default().For(m.Runtime)}
	if p == nil || projectName(p) != of.name {
		return of, nil, nil
	}
	rules, err := e.Policy(ctx, p)
	if err != nil {
		return of, nil, err
	}
	of.policy = rules.For(m.Runtime)
	return of, p, nil
}
