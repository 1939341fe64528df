package engine

import (
	"path/filepath"
	"slices"

	"snug/internal/cooldown"
	"snug/internal/event"
	"snug/internal/index"
	"snug/internal/manifest"
)

// index is the client for this project's indexes.
func (e *Engine) index(p *manifest.Project) (*index.Client, error) {
	cfg, err := e.indexes(p)
	if err != nil {
		return nil, err
	}
	e.noted.Do(func() {
		for _, note := range cfg.Notes {
			e.say("index", event.Note, "", note)
		}
	})
	return index.New(e.fetch, cfg.WithLogins(e.Env), filepath.Join(e.Home, "cache", "index")), nil
}

// indexes are this project's: flags first, then the project, then pip's and
// uv's own configuration.
func (e *Engine) indexes(p *manifest.Project) (index.Config, error) {
	cfg, err := index.ReadConfig(e.Env, e.UserHome, p.Root)
	if err != nil {
		return cfg, err
	}
	if p.IndexURL != "" {
		cfg.IndexURL = p.IndexURL
	}
	if e.IndexURL != "" {
		cfg.IndexURL = e.IndexURL
	}
	if e.IndexURL != "" || p.IndexURL != "" {
		cfg.NoIndex = false // it was said to pip; to snug an index was named
	}
	extra := slices.Clone(e.Extra)
	for _, x := range p.Indexes {
		if x.URL == "" {
			x.URL = index.DefaultURL()
		}
		extra = append(extra, index.Extra{Name: x.Name, URL: x.URL, Explicit: x.Explicit, Last: x.Last})
	}
	cfg.Extra = append(extra, cfg.Extra...)
	cfg.PackageIndex = p.PackageIndex
	cfg.Logins = p.Logins
	cfg.AsOf = p.AsOf
	return cfg, nil
}

// byAddress is the project's cooldown with its indexes by their addresses, as
// listings and locks name them.
func byAddress(p *manifest.Project) cooldown.Policy {
	out := p.MinAge
	out.Indexes = nil
	for _, x := range p.Indexes {
		if age, ok := p.MinAge.Indexes[x.Name]; ok {
			if out.Indexes == nil {
				out.Indexes = map[string]cooldown.Age{}
			}
			out.Indexes[index.BareURL(x.URL)] = age
		}
	}
	return out
}
