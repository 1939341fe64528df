package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep508"
	"snug/internal/supplychain"
)

// sayNames tells who adds requirements what there is to know of their names: that a
// project is new, or looks like another one. It stops nothing: what could not be asked is
// told, and the error is that of a context that ended, or of a shared policy that cannot
// be read.
func (e *Engine) sayNames(ctx context.Context, p *manifest.Project, l *lock.Lock, reqs []string) error {
	added := namesIn(reqs)
	known, err := e.knownNames(l, added)
	if err != nil {
		e.say("lock", event.Note, "", fmt.Sprintf("names were not compared with those that advisories speak of: %v", err))
	}
	client, err := e.index(p)
	if err != nil {
		return err
	}
	judging, err := e.Policy(ctx, p)
	if err != nil {
		return err
	}
	for _, name := range added {
		if !slices.ContainsFunc(l.Packages, func(p lock.Package) bool { return p.Name == name && (p.Sdist != nil || len(p.Wheels) > 0) }) {
			continue // of no index
		}
		found, err := e.ofName(ctx, client, name, supplychain.Near(name, slices.Values(known)))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			e.say("lock", event.Note, name, fmt.Sprintf("%s was not compared with names that look like it: %v", name, err))
		}
		for _, f := range found {
			if v, _ := judging.Judge(f); v != finding.Allow {
				e.say("lock", event.Note, name, fmt.Sprintf("%s: %s (%s)", name, f.Summary, strings.Join(f.Evidence, "; ")))
			}
		}
	}
	return nil
}

// namesIn are the packages that requirements ask for.
func namesIn(reqs []string) []string {
	var out []string
	for _, text := range reqs {
		if r, err := pep508.Parse(text); err == nil { // what is none was refused before
			out = append(out, pep508.NormalizeName(r.Name))
		}
	}
	return out
}

// knownNames are names of packages that people use: those that the project locks besides
// what is added now, and those that advisories speak of. With an error they are those of
// the lock alone.
func (e *Engine) knownNames(l *lock.Lock, added []string) ([]string, error) {
	var out []string
	for _, p := range l.Packages {
		if !slices.Contains(added, p.Name) {
			out = append(out, p.Name)
		}
	}
	db, err := e.advisoryStore().Newest()
	if fault.CodeOf(err) == fault.NotFound {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	defer db.Close() // only read from
	names, err := db.Names(component.Package)
	return append(out, names...), err
}

func (e *Engine) ofName(ctx context.Context, client *index.Client, name string, near []string) ([]finding.Finding, error) {
	own, err := client.Listing(ctx, name)
	if err != nil {
		return nil, err
	}
	var others []*index.Listing
	for _, other := range near {
		l, err := client.Listing(ctx, other)
		if fault.CodeOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		others = append(others, l)
	}
	return supplychain.OfName(own, others, e.Now())
}
