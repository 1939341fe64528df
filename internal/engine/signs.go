package engine

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep740"
	"snug/internal/supplychain"
)

// Signs are what indexes say of a lock's packages now.
type Signs struct {
	Findings []finding.Finding // of the classes supply-chain and unknown, in the order of the lock
	// Unchecked tells what was not looked at because nothing is set for it. It is no
	// finding: nobody asked for it.
	Unchecked []string
}

// askedAtOnce is how many packages indexes are asked about side by side.
const askedAtOnce = 16

// releaseSigns asks the project's indexes what they have of each locked package now, and
// holds the lock to that. Offline it is what they said last; what they never said is a
// finding of the class unknown. The error is of the project's configuration, or of a
// trusted root that cannot be read.
func (e *Engine) releaseSigns(ctx context.Context, p *manifest.Project, l *lock.Lock) (*Signs, error) {
	now := *p
	now.AsOf = time.Time{} // the lock may be of a day in the past, what is said of it is of today
	client, err := e.index(&now)
	if err != nil {
		return nil, err
	}
	root, err := e.trustedRoot(p)
	if err != nil {
		return nil, err
	}
	a := &asker{engine: e, project: p, client: client, root: root}
	found, bare := make([][]finding.Finding, len(l.Packages)), make([]bool, len(l.Packages))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(askedAtOnce)
	for i := range l.Packages {
		g.Go(func() (err error) {
			found[i], bare[i], err = a.ask(ctx, &l.Packages[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := &Signs{Findings: slices.Concat(found...)}
	if n := len(slices.DeleteFunc(bare, func(b bool) bool { return !b })); n > 0 {
		out.Unchecked = append(out.Unchecked, fmt.Sprintf("attestations (PEP 740) of %d packages: no trusted root is set (--trusted-root FILE, trusted-root in [tool.snug])", n))
	}
	return out, nil
}

// trustedRoot is the root that attestations are verified by, nil where none is set.
func (e *Engine) trustedRoot(p *manifest.Project) (*pep740.Root, error) {
	path := cmp.Or(e.TrustedRoot, placeOf(p, p.TrustedRoot))
	if path == "" {
		return nil, nil
	}
	if info, err := os.Stat(path); err == nil && info.Size() > pep740.MaxRoot {
		return nil, fault.New(fault.Input, "give the trusted_root.json that Sigstore publishes", "%s: a trusted root has at most %d bytes", path, pep740.MaxRoot)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Input, "give the trusted_root.json that Sigstore publishes, or leave trusted-root out", "trusted root: %w", err)
	}
	root, err := pep740.ParseRoot(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return root, nil
}

// asker asks about packages.
type asker struct {
	engine  *Engine
	project *manifest.Project
	client  *index.Client
	root    *pep740.Root
}

// ask is what indexes say of a package; bare tells that it has attestations which nothing
// is set to verify.
func (a *asker) ask(ctx context.Context, p *lock.Package) (found []finding.Finding, bare bool, err error) {
	if len(p.Wheels) == 0 && p.Sdist == nil {
		return nil, false, nil // of no index
	}
	release, err := a.release(ctx, p)
	switch {
	case ctx.Err() != nil:
		return nil, false, context.Cause(ctx)
	case err != nil:
		return []finding.Finding{supplychain.NotAsked(p.Name, p.Version, err.Error(), cmp.Or(fault.HintOf(err), "run it again"))}, false, nil
	}
	if found, err = supplychain.OfRelease(*release); err != nil || release.Listing == nil {
		return found, false, err
	}
	a.date(found, release.Listing)
	identities, bare, err := a.identities(ctx, p, release.Listing)
	return append(found, identities...), bare, err
}

// release gathers the listings.
func (a *asker) release(ctx context.Context, p *lock.Package) (*supplychain.Release, error) {
	out := &supplychain.Release{Package: *p, Now: a.engine.Now()}
	l, err := a.client.Listing(ctx, p.Name)
	if fault.CodeOf(err) == fault.NotFound {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Listing, out.MinAge = l, byAddress(a.project).For(p.Name, l.IndexURL)
	out.Others, err = a.client.Elsewhere(ctx, l)
	return out, err
}

// date says of findings how old the listing is that they are from, where nobody was asked.
func (a *asker) date(found []finding.Finding, l *index.Listing) {
	if !a.engine.Offline || l.At.IsZero() {
		return
	}
	for i := range found {
		found[i].Evidence = append(found[i].Evidence, "as "+l.IndexURL+" said on "+l.At.UTC().Format(time.DateOnly))
	}
}

// identities verifies the attestations of the locked files.
func (a *asker) identities(ctx context.Context, p *lock.Package, l *index.Listing) (found []finding.Finding, bare bool, err error) {
	attested, offered, err := a.attested(ctx, p, l)
	if err != nil {
		return nil, false, err
	}
	switch {
	case offered > 0 && a.root == nil && len(p.AttestationIdentities) > 0:
		return []finding.Finding{supplychain.NotAsked(p.Name, p.Version, "the lock pins who publishes it, and no trusted root is set to verify that by",
			"--trusted-root FILE, or trusted-root in [tool.snug]")}, false, nil
	case a.root == nil:
		return nil, offered > 0, nil
	case offered == 0 && len(p.AttestationIdentities) > 0:
		return []finding.Finding{supplychain.NotAsked(p.Name, p.Version, "the lock pins who publishes it, and "+l.IndexURL+" has no attestation of it", "ask an index that has it")}, false, nil
	}
	return supplychain.OfIdentities(p, attested), false, nil
}

// attested fetches and verifies what the index has of the locked files; offered is how
// many it has. Without a root none is fetched.
func (a *asker) attested(ctx context.Context, p *lock.Package, l *index.Listing) (out []supplychain.Attested, offered int, err error) {
	v, err := pep440.Parse(p.Version)
	release := l.Release(v)
	if err != nil || release == nil {
		return nil, 0, nil // told as withdrawn
	}
	files, err := release.Files()
	if err != nil {
		return nil, 0, err
	}
	for _, f := range files {
		sum, locked := lockedSum(p, f.Name)
		if !locked || f.Provenance == "" {
			continue
		}
		if offered++; a.root != nil {
			one := supplychain.Attested{File: f.Name}
			if one.Verified, one.Err = a.verify(ctx, f, sum); ctx.Err() != nil {
				return nil, 0, context.Cause(ctx)
			}
			out = append(out, one)
		}
	}
	return out, offered, nil
}

func (a *asker) verify(ctx context.Context, f index.File, sum digest.SHA256) ([]pep740.Verified, error) {
	text, err := a.client.Provenance(ctx, f, pep740.MaxProvenance)
	if err != nil {
		return nil, err
	}
	provenance, err := pep740.Parse(text)
	if err != nil {
		return nil, err
	}
	return a.root.Verify(provenance, f.Name, sum)
}

// lockedSum is the SHA-256 that the lock has of a file by that name.
func lockedSum(p *lock.Package, name string) (digest.SHA256, bool) {
	files := p.Wheels
	if p.Sdist != nil {
		files = append(slices.Clone(files), *p.Sdist)
	}
	for _, f := range files {
		if f.FileName() == name {
			sum, err := digest.Parse(strings.ToLower(f.Hashes["sha256"]))
			return sum, err == nil
		}
	}
	return digest.SHA256{}, false
}
