package engine

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/advisory"
	"snug/internal/component"
	"snug/internal/fault"
	"snug/internal/manifest"
)

func (e *Engine) advisoryStore() *advisory.Store {
	return advisory.Open(filepath.Join(e.Home, "advisories"))
}

// AdvisoryFeeds are where advisories come from: what was asked for before the
// project, which may be nil, and OSV's export of Python packages where neither names
// another. In the order of their kinds.
func (e *Engine) AdvisoryFeeds(p *manifest.Project) []advisory.Feed {
	sources := map[advisory.Kind]string{advisory.Packages: advisory.DefaultSource}
	if p != nil {
		for kind, source := range p.Feeds {
			sources[advisory.Kind(kind)] = placeOf(p, source)
		}
	}
	for _, f := range e.Feeds {
		sources[f.Kind] = f.Source
	}
	var out []advisory.Feed
	for _, kind := range advisory.Kinds() {
		if source := strings.TrimSuffix(sources[kind], "/"); source != "" {
			out = append(out, advisory.Feed{Kind: kind, Source: source})
		}
	}
	return out
}

// UpdateAdvisories brings the feeds up to date; whole fetches all of them, and not
// only what has changed.
func (e *Engine) UpdateAdvisories(ctx context.Context, p *manifest.Project, whole bool) (advisory.Info, error) {
	return e.advisoryStore().Update(ctx, e.fetch, e.AdvisoryFeeds(p), whole, e.Now(), e.Events)
}

// ImportAdvisories reads a feed from a path in place of what there was of its kind.
func (e *Engine) ImportAdvisories(ctx context.Context, kind advisory.Kind, path string) (advisory.Info, error) {
	return e.advisoryStore().Import(ctx, advisory.Feed{Kind: kind, Source: path}, e.Now())
}

// Advisories opens the snapshot in use, as the project, which may be nil, corrects
// it. Close it. fault.NotFound where there is none: nothing can be checked then.
func (e *Engine) Advisories(p *manifest.Project) (*advisory.DB, error) {
	d, err := e.advisoryStore().Newest()
	if err != nil {
		return nil, err
	}
	return e.corrected(d, p)
}

// advisories is the data to vet by: what stands at from, else what is kept. Without
// any, missing says so. The caller closes db.
func (e *Engine) advisories(ctx context.Context, from string) (db *advisory.DB, missing string, err error) {
	if from != "" {
		db, err = advisory.Load(ctx, from, e.Now())
		return db, "", err
	}
	db, err = e.advisoryStore().Newest()
	if fault.CodeOf(err) == fault.NotFound {
		return nil, err.Error(), nil
	}
	return db, "", err
}

// advisoriesAt is advisories as the project, which may be nil, corrects them.
func (e *Engine) advisoriesAt(ctx context.Context, p *manifest.Project, from string) (db *advisory.DB, missing string, err error) {
	if db, missing, err = e.advisories(ctx, from); db == nil || err != nil {
		return nil, missing, err
	}
	db, err = e.corrected(db, p)
	return db, "", err
}

// corrected is db with the overlays of the project and the feeds that are set; it is
// closed where they cannot be read.
func (e *Engine) corrected(db *advisory.DB, p *manifest.Project) (*advisory.DB, error) {
	db = db.Wants(e.AdvisoryFeeds(p))
	if p == nil {
		return db, nil
	}
	overlays, err := advisory.ReadOverlays(p.Root, e.Now())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db.With(overlays), nil
}

// fed tells whether a feed is set for a class of component.
func (e *Engine) fed(p *manifest.Project) func(component.Class) bool {
	feeds := e.AdvisoryFeeds(p)
	return func(class component.Class) bool {
		return slices.ContainsFunc(feeds, func(f advisory.Feed) bool { return f.Kind == advisory.Kind(class) })
	}
}

// unread are the feeds about exploitation that are set and were not read; those about
// components are missed with the components.
func (e *Engine) unread(p *manifest.Project, info advisory.Info) []string {
	var out []string
	for _, f := range e.AdvisoryFeeds(p) {
		if _, ok := info.Feed(f.Kind); !ok && (f.Kind == advisory.KEV || f.Kind == advisory.EPSS) {
			out = append(out, string(f.Kind))
		}
	}
	return out
}

// AdvisoryStatus tells what advisory data there is, and what of the feeds that are
// set has not been read.
func (e *Engine) AdvisoryStatus(p *manifest.Project) (info advisory.Info, missing []advisory.Feed, err error) {
	d, err := e.Advisories(p)
	if fault.CodeOf(err) == fault.NotFound {
		return info, e.AdvisoryFeeds(p), nil
	}
	if err != nil {
		return info, nil, err
	}
	defer d.Close()
	missing = slices.DeleteFunc(e.AdvisoryFeeds(p), func(f advisory.Feed) bool {
		_, ok := d.Info().Feed(f.Kind)
		return ok
	})
	return d.Info(), missing, nil
}
