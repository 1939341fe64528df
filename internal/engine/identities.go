package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep740"
)

// settleIdentities gives the packages of locks the identities that publish them: those
// that the locks before them pin stay pinned, whatever the new files say (a change is
// told by releaseSigns, and accepted by a person who takes the lines out); and where the
// project asks for it, others are pinned to what verifies now.
func (e *Engine) settleIdentities(ctx context.Context, p *manifest.Project, before, made []*lock.Lock) error {
	pinned := map[string][]map[string]string{}
	for _, l := range before {
		for _, old := range l.Packages {
			if len(old.AttestationIdentities) > 0 {
				pinned[old.Name] = old.AttestationIdentities
			}
		}
	}
	for _, l := range made {
		for i := range l.Packages {
			if len(l.Packages[i].AttestationIdentities) == 0 {
				l.Packages[i].AttestationIdentities = pinned[l.Packages[i].Name]
			}
		}
	}
	if !p.PinIdentities {
		return nil
	}
	return e.pinIdentities(ctx, p, made)
}

// locksBefore are the locks that were there.
func locksBefore(l *lock.Lock, others map[string]*lock.Lock) []*lock.Lock {
	if l == nil {
		return nil
	}
	return append(slices.Collect(maps.Values(others)), l) // what the lock itself pins has the last word
}

// pinIdentities pins the packages that are not yet. What does not verify stays without,
// and is told.
func (e *Engine) pinIdentities(ctx context.Context, p *manifest.Project, made []*lock.Lock) error {
	root, err := e.trustedRoot(p)
	if err != nil {
		return err
	}
	if root == nil {
		return fault.New(fault.Input, "give Sigstore's trusted_root.json by --trusted-root FILE or trusted-root in [tool.snug], or leave attestations out",
			`attestations = "pin" needs a trusted root to verify them by`)
	}
	client, err := e.index(p)
	if err != nil {
		return err
	}
	a := &asker{engine: e, project: p, client: client, root: root}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(askedAtOnce)
	var unpinned []*lock.Package
	for _, l := range made {
		for i := range l.Packages {
			if pkg := &l.Packages[i]; len(pkg.AttestationIdentities) == 0 && (len(pkg.Wheels) > 0 || pkg.Sdist != nil) {
				unpinned = append(unpinned, pkg)
			}
		}
	}
	notes := make([]string, len(unpinned))
	for i, pkg := range unpinned {
		g.Go(func() (err error) {
			notes[i], err = a.pin(ctx, pkg)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, note := range notes {
		if note != "" {
			e.say("lock", event.Note, unpinned[i].Name, note)
		}
	}
	return nil
}

// pin gives the package the identities that verify now, or tells why it has none.
func (a *asker) pin(ctx context.Context, pkg *lock.Package) (note string, err error) {
	l, err := a.client.Listing(ctx, pkg.Name)
	if err != nil {
		return "", err
	}
	attested, _, err := a.attested(ctx, pkg, l)
	if err != nil {
		return "", err
	}
	by := map[string]map[string]string{}
	for _, one := range attested {
		if one.Err != nil {
			return fmt.Sprintf("%s: who published it is not pinned: %v", one.File, one.Err), nil
		}
		for _, v := range one.Verified {
			by[v.Identity.String()] = identityTable(v.Identity)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		pkg.AttestationIdentities = append(pkg.AttestationIdentities, by[key])
	}
	return "", nil
}

// identityTable is an identity as the lock pins it: without the environment, which only
// the index claims.
func identityTable(i pep740.Identity) map[string]string {
	i.Environment = ""
	return i.Table()
}
