package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"snug/internal/finding"
	"snug/internal/manifest"
	"snug/internal/policy"
	"snug/internal/vet"
)

// PolicyTest says which rules to try on what.
type PolicyTest struct {
	Policy     string   // absolute path of a shared policy; "": the project's, against what is built in
	Name       string   // what messages call it
	Locks      []string // absolute; none: the project's
	Advisories string   // as of a check
}

// PolicyTested is what other rules would change in one lock.
type PolicyTested struct {
	Lock    string                  `json:"lock"`
	Changes []VerdictChange         `json:"changes"` // the hardest first
	Before  map[finding.Verdict]int `json:"before"`  // findings by verdict
	After   map[finding.Verdict]int `json:"after"`
	Denied  int                     `json:"denied"` // that were not denied before
	Harder  int                     `json:"harder"` // those included
}

// VerdictChange is one finding of which the verdict would be another.
type VerdictChange struct {
	Package string          `json:"package"`
	Version string          `json:"version"`
	Owner   string          `json:"owner,omitempty"`
	ID      string          `json:"id"`
	Summary string          `json:"summary,omitempty"`
	Runtime string          `json:"runtime"`
	Before  finding.Verdict `json:"before"`
	After   finding.Verdict `json:"after"`
	Reasons []string        `json:"reasons"` // for After
}

// TestPolicy vets locks by two policies and tells what differs. It changes nothing.
func (e *Engine) TestPolicy(ctx context.Context, p *manifest.Project, t PolicyTest) ([]PolicyTested, error) {
	own, err := e.Policy(ctx, p)
	if err != nil {
		return nil, err
	}
	before, after := policy.Default(), own
	if t.Policy != "" {
		before = own
		if after, err = e.PolicyFile(ctx, t.Name, t.Policy); err != nil {
			return nil, err
		}
	}
	if len(t.Locks) == 0 {
		t.Locks = []string{""}
	}
	var out []PolicyTested
	for _, path := range t.Locks {
		one, err := e.testLock(ctx, p, path, t.Advisories, before, after)
		if err != nil {
			return nil, err
		}
		out = append(out, *one)
	}
	return out, nil
}

// testLock gathers what is known of one lock once, and judges it twice.
func (e *Engine) testLock(ctx context.Context, p *manifest.Project, path, advisories string, before, after *policy.Policy) (*PolicyTested, error) {
	locks, err := locksAt(p, path)
	if err != nil {
		return nil, err
	}
	v, err := e.vetting(ctx, p, advisories)
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
	judge := func(rules *policy.Policy) map[string]verdictOf {
		v.input.Policy = rules
		return verdictsOf(v.report(locks))
	}
	was, is := judge(before), judge(after)
	out := &PolicyTested{Lock: LockName}
	if path != "" {
		out.Lock = manifest.Relative(p.Root, path)
	}
	out.compare(was, is)
	return out, nil
}

// verdictOf is a finding in one runtime.
type verdictOf struct {
	finding.Finding
	runtime string
}

// verdictsOf are the findings of a report by what they are about. One that is allowed
// and not told is not there.
func verdictsOf(r *vet.Report) map[string]verdictOf {
	out := map[string]verdictOf{}
	for _, f := range r.Findings {
		for _, rt := range f.Runtimes {
			key := strings.Join([]string{string(f.Component), f.Package, f.Version, f.Owner, string(f.Class), f.ID, rt}, "\x00")
			out[key] = verdictOf{f, rt}
		}
	}
	return out
}

func (t *PolicyTested) compare(was, is map[string]verdictOf) {
	t.Changes = []VerdictChange{}
	t.Before, t.After = map[finding.Verdict]int{}, map[finding.Verdict]int{}
	keys := map[string]bool{}
	for key, f := range was {
		t.Before[f.Verdict]++
		keys[key] = true
	}
	for key, f := range is {
		t.After[f.Verdict]++
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		before, after := cmp.Or(was[key].Verdict, finding.Allow), cmp.Or(is[key].Verdict, finding.Allow)
		if before == after {
			continue
		}
		f, told := is[key]
		if !told {
			f = was[key]
			f.Reasons = []string{"nothing in it asks for more than allow"}
		}
		t.Changes = append(t.Changes, VerdictChange{Package: f.Package, Version: f.Version, Owner: f.Owner, ID: f.ID, Summary: f.Summary, Runtime: f.runtime,
			Before: before, After: after, Reasons: f.Reasons})
		if finding.Worst(before, after) == after {
			t.Harder++
		}
		if after == finding.Deny {
			t.Denied++
		}
	}
	slices.SortStableFunc(t.Changes, func(a, b VerdictChange) int {
		order := finding.Verdicts()
		return cmp.Compare(slices.Index(order, b.After), slices.Index(order, a.After))
	})
}
