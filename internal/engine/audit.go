package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/component"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/policy"
	"snug/internal/supplychain"
	"snug/internal/vet"
)

// AuditRequest says what is audited, and by what.
type AuditRequest struct {
	Dir        string   // where paths start
	Paths      []string // locks, lists, folders, images, bills of materials
	Advisories string   // a zip, a folder, a record, or an address of one of them; "": the store's newest
	Policy     string   // a file; "": the built-in rules
}

// maxAdvisoryZip bounds what an address of advisories answers with.
const maxAdvisoryZip = 4 << 30

// Audit tells what is known against what lies at the paths. It writes no lock,
// installs nothing, and asks the network only for advisories that are named by an
// address. Data that cannot be read make everything unknown, never clean.
func (e *Engine) Audit(ctx context.Context, req AuditRequest) (*vet.Report, error) {
	rules, err := e.auditRules(ctx, req.Policy)
	if err != nil {
		return nil, err
	}
	var all []*audited
	for _, path := range req.Paths {
		more, err := e.subjects(ctx, place{req.Dir, path})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	db, missing, err := e.auditData(ctx, req.Advisories)
	if err != nil {
		return nil, err
	}
	if db != nil {
		defer db.Close()
	}
	fed := e.fed(nil)
	if req.Advisories != "" {
		fed = fedBy(db)
	}
	in := vet.Input{Advisories: db, Missing: missing, Fed: fed, Policy: rules, Approvals: &approvals.File{}, Now: e.Now(), Remedy: auditRemedy}
	report := &vet.Report{Unchecked: []vet.Unchecked{}, Verdict: finding.Allow}
	for _, s := range all {
		e.introduce(s)
		in.Runtimes, in.Signs, in.Unasked = []vet.Runtime{{Name: s.name, Items: s.items, Signs: s.strays}}, s.signs(), s.unasked()
		join(report, s.explained(vet.Vet(in)))
	}
	finding.Sort(report.Findings)
	return report, nil
}

// join adds what was found in one more subject. Findings of two are two, also where
// they are of the same release: they are mended in two places.
func join(to, more *vet.Report) {
	to.Runtimes = append(to.Runtimes, more.Runtimes...)
	if to.Findings == nil {
		to.Findings = more.Findings // of most audits all there are
	} else {
		to.Findings = append(to.Findings, more.Findings...)
	}
	to.Unchecked = append(to.Unchecked, more.Unchecked...)
	for _, n := range more.Notes {
		if !slices.Contains(to.Notes, n) {
			to.Notes = append(to.Notes, n)
		}
	}
	to.Advisories, to.Verdict, to.Incomplete = more.Advisories, finding.Worst(to.Verdict, more.Verdict), to.Incomplete || more.Incomplete
}

// auditRules are the rules of a policy file, else the built-in ones.
func (e *Engine) auditRules(ctx context.Context, path string) (*policy.Policy, error) {
	if path == "" {
		return policy.Default(), nil
	}
	p, err := e.PolicyFile(ctx, path, path)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, fault.New(fault.Input, fault.HintOf(err), "--policy: %w", err)
	}
	return p, err
}

// auditData opens the advisories; missing says why there are none. Only a context
// that ended is an error: what cannot be read is unknown.
func (e *Engine) auditData(ctx context.Context, from string) (db *advisory.DB, missing string, err error) {
	switch {
	case from == "":
		db, err = e.Advisories(nil)
	case strings.Contains(from, "://"):
		db, err = e.fetchedAdvisories(ctx, from)
	default:
		db, err = advisory.Load(ctx, from, e.Now())
	}
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	if err != nil {
		return nil, err.Error(), nil
	}
	return db, "", nil
}

// fetchedAdvisories loads the zip at an address; that of a feed stands for its
// all.zip.
func (e *Engine) fetchedAdvisories(ctx context.Context, address string) (*advisory.DB, error) {
	if !strings.HasSuffix(address, ".zip") && !strings.HasSuffix(address, ".json") {
		address = strings.TrimSuffix(address, "/") + "/all.zip"
	}
	dir, err := os.MkdirTemp(e.Home, "audit-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	body, _, err := e.fetch.Download(ctx, address, maxAdvisoryZip)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	to := filepath.Join(dir, filepath.Base(address))
	f, err := os.Create(to)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return advisory.Load(ctx, to, e.Now())
}

// fedBy tells for which classes data that was named has a feed: for packages always.
func fedBy(db *advisory.DB) func(component.Class) bool {
	return func(c component.Class) bool {
		if c == component.Package || db == nil {
			return c == component.Package
		}
		_, ok := db.Info().Feed(advisory.Kind(c))
		return ok
	}
}

// auditRemedy says what mends a finding where nothing is known of how the project is
// kept.
func auditRemedy(f finding.Finding) string {
	switch {
	case f.Class == finding.Malware:
		return "remove " + cmp.Or(f.Owner, f.Package) + ", and treat every machine that it ran on as taken over"
	case f.Class != finding.Vulnerability || f.Status == finding.NotAffected:
		return ""
	case len(f.Fixed) == 0:
		return "no release mends it: do without " + cmp.Or(f.Owner, f.Package) + ", or decide to live with it"
	case f.Component == component.Interpreter:
		return "run it with Python " + f.Fixed[0] + " or newer"
	case f.Owner != "":
		return "take a release of " + f.Owner + " that carries " + f.Package + " " + f.Fixed[0] + " or newer"
	case len(f.Via) > 1:
		return fmt.Sprintf("pin %s>=%s; if %s does not allow it, raise %s", f.Package, f.Fixed[0], f.Via[len(f.Via)-2], f.Via[0])
	}
	return fmt.Sprintf("pin %s>=%s", f.Package, f.Fixed[0])
}

// introduce says what of a subject is not looked at.
func (e *Engine) introduce(s *audited) {
	for _, n := range s.notes {
		e.say("audit", event.Note, s.name, n)
	}
	if len(s.own) > 0 {
		e.say("audit", event.Note, s.name, "code of the project's own, of which no advisory speaks: "+strings.Join(s.own, ", "))
	}
	if s.listed {
		e.say("audit", event.Note, s.name, s.name+" says versions: licences and files are not looked at")
	}
}

// unasked tells of components that no feed of snug's speaks of.
func (s *audited) unasked() []string {
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(s.others)) {
		out = append(out, fmt.Sprintf("%d of %s in %s: snug has no advisories about them", s.others[kind], kind, s.name))
	}
	return out
}

// signs are those of the files that are installed.
func (s *audited) signs() []finding.Finding {
	var out []finding.Finding
	for _, f := range s.facts {
		out = append(out, supplychain.OfInstalled(f)...)
	}
	return out
}

// explained is the report with the subject's own words on what it has no version of.
func (s *audited) explained(r *vet.Report) *vet.Report {
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Class != finding.Unknown || f.Version != "" {
			continue
		}
		if l, ok := s.loose[f.Package]; ok {
			f.Summary, f.Remedy = l.why, l.remedy
		}
	}
	return r
}
