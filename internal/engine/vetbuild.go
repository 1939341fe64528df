package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/advisory"
	"snug/internal/approvals"
	"snug/internal/digest"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/generation"
	"snug/internal/inventory"
	"snug/internal/lock"
	"snug/internal/store"
	"snug/internal/vet"
)

// vet holds what is about to be assembled to advisories, licences and policy. What
// is denied stops the build before anything of it is made; the rest is said in a
// line and kept as evidence. The indexes are not asked: that is snug check's. A lock
// that was vetted today, by the same data and decisions, is not vetted again.
func (e *Engine) vet(ctx context.Context, pl *plan) error {
	if len(pl.runtimes) == 0 {
		return nil
	}
	kept, err := e.vettedPath(ctx, pl)
	if err != nil {
		return err
	}
	if pl.vetted, err = readVetted(kept); err != nil {
		return err
	}
	anew := pl.vetted == nil
	if anew {
		if pl.vetted, err = e.vetAnew(ctx, pl); err != nil {
			return err
		}
	}
	if pl.vetted.Verdict == finding.Deny {
		return pl.denied()
	}
	e.sayVetted(pl.vetted)
	if anew {
		return keepVetted(kept, pl.vetted)
	}
	return nil
}

// keepVetted keeps a report by which a build may go on.
func keepVetted(path string, r *vet.Report) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return store.WriteFile(path, append(data, '\n'), 0o644)
}

func (e *Engine) vetAnew(ctx context.Context, pl *plan) (*vet.Report, error) {
	v, err := e.vetting(ctx, pl.project, "")
	if err != nil {
		return nil, err
	}
	defer v.close()
	if pl.sources != nil {
		v.built = func(ctx context.Context, p *lock.Package) (digest.SHA256, bool, error) {
			b, err := pl.build(ctx, p, sourceFile(p))
			return b.SHA256, err == nil, err
		}
	}
	locks := []*lock.Lock{pl.lockHere()}
	if err := v.hold(ctx, locks, pl.runtimes); err != nil {
		return nil, err
	}
	return v.report(locks), nil
}

// lockHere is what the lock says of this machine's target.
func (pl *plan) lockHere() *lock.Lock {
	only := *pl.lock
	only.Tool.Targets = []lock.Target{pl.locked}
	return &only
}

// denied is the error for what policy does not let be built.
func (pl *plan) denied() error {
	var lines []string
	more := 0
	for _, f := range pl.vetted.Findings {
		if f.Verdict != finding.Deny {
			continue
		}
		if len(lines) == shownDenied {
			more++
			continue
		}
		line := strings.TrimSpace(f.Package+" "+f.Version) + ": " + f.ID
		if f.Remedy != "" {
			line += "; " + f.Remedy
		}
		lines = append(lines, "  "+line)
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return fault.New(fault.Denied, "snug check shows all of it with its reasons; snug waive ID --until DATE --reason TEXT lets one pass for a while",
		"policy denies %s; the runtimes in use are untouched\n%s", findings(len(lines)-min(more, 1)+more), strings.Join(lines, "\n"))
}

func findings(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// shownDenied is how many findings a denied build names.
const shownDenied = 5

// sayVetted sums up in a line what a report has to say, and in one more what could
// not be checked.
func (e *Engine) sayVetted(r *vet.Report) {
	count := map[finding.Verdict]int{}
	unknown, why := 0, ""
	for _, f := range r.Findings {
		switch {
		case f.Class == finding.Unknown && f.Verdict != finding.Allow:
			if unknown++; why == "" {
				why = f.Summary
			}
		default:
			count[f.Verdict]++
		}
	}
	if n, m := count[finding.Warn], count[finding.Review]; n+m > 0 {
		e.say("vet", event.Note, "", fmt.Sprintf("vetted: %d findings to be warned of, %d to be reviewed; snug check shows them", n, m))
	}
	if unknown > 0 {
		e.say("vet", event.Note, "", fmt.Sprintf("not all was vetted: %s", why))
	}
}

// vettedPath is where the report is kept of these runtimes of this lock, by all that
// it depends on: the data of advisories, their feeds and overlays, the policy, what was
// approved, what was built, and the day.
func (e *Engine) vettedPath(ctx context.Context, pl *plan) (string, error) {
	decided, err := approvals.Read(filepath.Join(pl.project.Root, approvals.FileName))
	if err != nil {
		return "", err
	}
	data, err := e.advisoryStore().Snapshot()
	if err != nil {
		return "", err
	}
	overlays, err := overlaySums(pl.project.Root)
	if err != nil {
		return "", err
	}
	rules, err := e.Policy(ctx, pl.project)
	if err != nil {
		return "", err
	}
	made, err := pl.made(ctx)
	if err != nil {
		return "", err
	}
	by := []any{e.Version, inventory.Schema, pl.lockSum, pl.target.String(), string(decided.Marshal()), data, e.AdvisoryFeeds(pl.project), overlays, made, e.Now().UTC().Format(time.DateOnly)}
	for _, name := range pl.runtimes {
		by = append(by, name, rules.For(name).Rules())
	}
	text, err := json.Marshal(by)
	if err != nil {
		return "", err
	}
	key := digest.Of(text).String()
	return filepath.Join(e.Home, "cache", "vetted", key[:2], key[2:]), nil
}

// overlaySums are the digests of a project's overlays, in the order of their names.
func overlaySums(root string) ([]string, error) {
	dir := filepath.Join(root, advisory.OverlayDir)
	all, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range all {
		if !e.Type().IsRegular() {
			continue
		}
		sum, err := digest.OfFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, e.Name(), sum.String())
	}
	return out, nil
}

// made are the wheels that were built for this plan: how they came out is in no lock.
// Where nothing was fetched, nothing was built either.
func (pl *plan) made(ctx context.Context) ([]string, error) {
	if pl.sources == nil {
		return nil, nil
	}
	here := []*lock.Lock{pl.lockHere()}
	var out []string
	for _, name := range pl.runtimes {
		h, err := holdingsOf(here, name, ownOf(pl.project))
		if err != nil {
			return nil, err
		}
		for _, p := range h.packages {
			if !p.built {
				continue
			}
			b, err := pl.build(ctx, p.pkg, sourceFile(p.pkg))
			if err != nil {
				return nil, err
			}
			out = append(out, p.pkg.Name, b.SHA256.String())
		}
	}
	return out, nil
}

// readVetted is a kept report, nil where there is none or it cannot be read: then it
// is made again.
func readVetted(path string) (*vet.Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil
	}
	var r vet.Report
	if json.Unmarshal(data, &r) != nil || r.Verdict == "" {
		return nil, nil
	}
	return &r, nil
}

// document adds what goes along with a runtime that is delivered: its bills of
// materials, what is known against it, and the notices. Of one in the project they
// are made when they are asked for.
func (pl *plan) document(ctx context.Context, to generation.Evidence, dir string, m *generation.Manifest) error {
	about := known{findings: pl.vetted.Findings}
	if pl.vetted.Advisories != nil {
		about.at = pl.vetted.Advisories.Made
	}
	docs, err := pl.engine.documents(ctx, pl.project, dir, m, about)
	if err != nil {
		return err
	}
	for name, text := range docs {
		if len(text) > 0 {
			to[name] = text
		}
	}
	n, err := pl.engine.noticesOf(ctx, dir, m, pl.project)
	if err != nil {
		return err
	}
	n.Project = projectName(pl.project)
	to[generation.Notices], err = textOf(n, dir)
	return err
}
