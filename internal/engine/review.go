package engine

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/approvals"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/inventory"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/policy"
	"snug/internal/supplychain"
)

// ReviewRequest says what to compare. Paths are absolute.
type ReviewRequest struct {
	Old        string // a lock; "": what the approvals beside the project's lock remember
	New        string // a lock; "": the project's
	Advisories string // as of a check
}

// Review is what changed since the lock that was approved, package by package.
type Review struct {
	From    string     `json:"from"` // the file that was compared with
	To      string     `json:"to"`
	Changes []Reviewed `json:"changes"` // by package and version

	locked map[string][]string // versions, by package, of the newer side
}

// How a package changed.
const (
	Added   = "added"
	Removed = "removed"
	Moved   = "moved"         // to another version
	Refiled = "files changed" // other files at the same version
)

// Reviewed is one package that changed.
type Reviewed struct {
	Package string   `json:"package"`
	Kind    string   `json:"kind"`
	Before  string   `json:"before,omitempty"` // version
	After   string   `json:"after,omitempty"`
	Via     []string `json:"via,omitempty"` // the shortest chain from what is asked for to it
	In      []string `json:"runtimes,omitempty"`
	On      []string `json:"targets,omitempty"` // where not on all

	License   LicenseChange     `json:"license"`
	Texts     []TextChange      `json:"texts,omitempty"`
	Artifacts []string          `json:"artifacts,omitempty"` // SHA-256 of those of After
	Gone      []string          `json:"gone,omitempty"`      // of Before, those that After has not
	Signs     []finding.Finding `json:"signs,omitempty"`     // what the version before had not: native binaries, hooks, top-level names
	Findings  []finding.Finding `json:"findings,omitempty"`  // that are judged harder than allow, and were not there before
	Holds     []string          `json:"holds,omitempty"`     // what a new package brings: native binaries, code that runs at start
	Unseen    []string          `json:"unseen,omitempty"`    // what could not be compared, and why

	texts []string // SHA-256 of all licence texts of After
}

// LicenseChange is a package's licence before and after, with the verdict on the latter.
type LicenseChange struct {
	Before  string          `json:"before,omitempty"`
	After   string          `json:"after,omitempty"`
	Chosen  string          `json:"chosen,omitempty"` // of After's ORs one branch each, where there are some
	Verdict finding.Verdict `json:"verdict,omitempty"`
	Reasons []string        `json:"reasons,omitempty"`
	Known   bool            `json:"known,omitempty"` // a person decided it before: same licence, same texts
}

// Review compares the lock at req.New with that at req.Old, or with what was approved.
// What of it is in the store is compared to the bytes; of the rest it says so.
func (e *Engine) Review(ctx context.Context, p *manifest.Project, req ReviewRequest) (*Review, error) {
	decided, err := approvals.Read(filepath.Join(p.Root, approvals.FileName))
	if err != nil {
		return nil, err
	}
	rules, err := e.Policy(ctx, p)
	if err != nil {
		return nil, err
	}
	r := &reviewing{engine: e, rules: rules, decided: decided, out: &Review{From: approvals.FileName, To: LockName, Changes: []Reviewed{}}}
	if req.New != "" {
		r.out.To = manifest.Relative(p.Root, req.New)
	}
	if r.after, err = r.side(ctx, p, req.New, req.Advisories); err != nil {
		return nil, err
	}
	r.out.locked = map[string][]string{}
	for name, entries := range r.after.entries {
		for _, x := range entries {
			r.out.locked[name] = append(r.out.locked[name], x.version)
		}
	}
	if req.Old == "" {
		r.before = r.remembered()
	} else {
		r.out.From = manifest.Relative(p.Root, req.Old)
		if r.before, err = r.side(ctx, p, req.Old, req.Advisories); err != nil {
			return nil, err
		}
	}
	return r.out, r.compare(ctx, req.Old == "")
}

// reviewing is one comparison.
type reviewing struct {
	engine  *Engine
	rules   *policy.Policy
	decided *approvals.File
	before  *side
	after   *side
	out     *Review
}

// side is what one of two locks holds, or what is remembered of one.
type side struct {
	entries  map[string][]*entry // by package, in the order of versions
	findings []finding.Finding
}

// entry is one version of a package.
type entry struct {
	name, version string
	artifacts     []string
	wheels        []seenWheel
	via, in, on   []string
	license       string // as it is declared
	texts         []string
	facts         *inventory.Facts // nil: none of its wheels is in the store
	tree          string           // its folder in the store
}

// seenWheel is a wheel, and whether the store has it.
type seenWheel struct {
	name string
	seen bool
}

func (s *side) add(x *entry) {
	s.entries[x.name] = append(s.entries[x.name], x)
	slices.SortStableFunc(s.entries[x.name], func(a, b *entry) int { return compareVersions(a.version, b.version) })
}

func compareVersions(a, b string) int {
	v, err := pep440.Parse(a)
	w, otherErr := pep440.Parse(b)
	if err != nil || otherErr != nil {
		return strings.Compare(a, b)
	}
	return cmp.Or(v.Compare(w), strings.Compare(a, b))
}

// has finds the entry of a version.
func (s *side) has(name, version string) *entry {
	for _, x := range s.entries[name] {
		if x.version == version {
			return x
		}
	}
	return nil
}

// remembered is the side that approvals know: of each package the versions that were
// looked at, with what the store still has of them.
func (r *reviewing) remembered() *side {
	s := &side{entries: map[string][]*entry{}}
	for _, a := range r.decided.Approvals {
		x := &entry{name: a.Package, version: a.Version, artifacts: a.Artifacts, license: a.Says(), texts: a.Texts}
		s.add(x)
	}
	return s
}

// compare walks over all packages of both sides.
func (r *reviewing) compare(ctx context.Context, approved bool) error {
	names := map[string]bool{}
	for _, s := range []*side{r.before, r.after} {
		for name := range s.entries {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, now := r.before.entries[name], r.after.entries[name]
		for _, x := range now {
			if approved && r.isApproved(x) || !approved && r.same(x) {
				continue
			}
			if err := r.changed(ctx, name, r.forerunner(x, old, now), x); err != nil {
				return err
			}
		}
		if len(now) == 0 {
			last := old[len(old)-1]
			r.out.Changes = append(r.out.Changes, Reviewed{Package: name, Kind: Removed, Before: last.version, License: LicenseChange{Before: last.license}})
		}
	}
	return nil
}

func (r *reviewing) isApproved(x *entry) bool {
	_, ok := r.decided.Approved(x.name, x.artifacts, x.texts, r.engine.Now())
	return ok
}

// same tells whether the other lock has the same version with the same files.
func (r *reviewing) same(x *entry) bool {
	old := r.before.has(x.name, x.version)
	return old != nil && slices.Equal(old.artifacts, x.artifacts)
}

// forerunner is what x is compared with: the same version, else the newest one that is
// there no more, else the newest; nil where the package is new.
func (r *reviewing) forerunner(x *entry, old, now []*entry) *entry {
	if same := r.before.has(x.name, x.version); same != nil {
		return same
	}
	for _, o := range slices.Backward(old) {
		if !slices.ContainsFunc(now, func(n *entry) bool { return n.version == o.version }) {
			return o
		}
	}
	if len(old) > 0 {
		return old[len(old)-1]
	}
	return nil
}

// changed tells what differs between two versions of a package, or what a new one is.
func (r *reviewing) changed(ctx context.Context, name string, old, now *entry) error {
	c := Reviewed{Package: name, Kind: Added, After: now.version, Via: now.via, In: now.in, On: now.on, Artifacts: now.artifacts, texts: now.texts}
	if old != nil {
		c.Kind, c.Before, c.License.Before = Moved, old.version, old.license
		if old.version == now.version {
			c.Kind = Refiled
		}
		for _, sum := range old.artifacts {
			if !slices.Contains(now.artifacts, sum) {
				c.Gone = append(c.Gone, sum)
			}
		}
	}
	for _, w := range now.wheels {
		if !w.seen {
			c.Unseen = append(c.Unseen, w.name+" is not in the store: its files were not looked at")
		}
	}
	r.license(&c, now)
	if err := r.facts(ctx, &c, old, now); err != nil {
		return err
	}
	c.Findings = r.fresh(now)
	r.out.Changes = append(r.out.Changes, c)
	return nil
}

// license judges the licence by the rules of the innermost runtime that has the package.
func (r *reviewing) license(c *Reviewed, now *entry) {
	if now.name == interpreterName {
		return
	}
	c.License.After = now.license
	rules := r.rules
	if len(now.in) > 0 {
		rules = rules.For(now.in[0])
	}
	e := expressionOf(now.license)
	v, chosen, reasons := rules.License(now.name, now.version, e)
	c.License.Verdict, c.License.Reasons = v, reasons
	if len(chosen.Choices) > 0 {
		c.License.Chosen = chosen.Expression.String()
	}
	_, c.License.Known = r.decided.Licensed(now.name, now.license, now.texts, r.engine.Now())
}

// facts compares what is in the files.
func (r *reviewing) facts(ctx context.Context, c *Reviewed, old, now *entry) error {
	if now.facts == nil {
		return nil
	}
	if old == nil {
		old = &entry{}
	}
	if old.name != "" && old.facts == nil {
		if err := r.recall(ctx, old); err != nil {
			return err
		}
	}
	if old.name != "" && old.facts == nil {
		c.Unseen = append(c.Unseen, "version "+old.version+" is not in the store any more: what it had not (native binaries, hooks, names) and what its licence texts said cannot be told")
	}
	if old.name == "" {
		c.Holds = holdsOf(now.facts)
	}
	if old.facts != nil {
		c.Signs = supplychain.OfChange(old.facts, now.facts)
	}
	var err error
	c.Texts, err = compareTexts(old, now)
	return err
}

// recall finds what the store still has of a version that was approved.
func (r *reviewing) recall(ctx context.Context, x *entry) error {
	for _, key := range r.keysOf(x.artifacts) {
		if t, ok := r.engine.store.Tree(key); ok {
			facts, err := inventory.Of(ctx, r.engine.store, t)
			if err != nil {
				return err
			}
			x.facts, x.tree = facts[0], t.Dir
			return nil
		}
	}
	return nil
}

// fresh are the findings about a package, and what it carries, that are judged harder
// than allow and that the other side had not.
func (r *reviewing) fresh(x *entry) []finding.Finding {
	var out []finding.Finding
	for _, f := range r.after.findings {
		mine := f.Package == x.name && f.Version == x.version || f.Owner == x.name
		told := f.Class == finding.Unknown || f.Class == finding.License && f.ID == policy.LicenseRule // elsewhere on the page
		if mine && !told && f.Verdict != finding.Allow && !slices.ContainsFunc(r.before.findings, func(o finding.Finding) bool {
			return o.ID == f.ID && o.Package == f.Package && o.Owner == f.Owner && o.Class == f.Class
		}) {
			out = append(out, f)
		}
	}
	return out
}

// locksAt are the lock at path and those of its targets, or the project's.
func locksAt(p *manifest.Project, path string) ([]*lock.Lock, error) {
	if path == "" {
		return locksOf(p)
	}
	l, err := ReadLock(path)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fault.New(fault.NotFound, "name a lock that is there", "there is no %s", path)
	}
	return withApart(l, path)
}
