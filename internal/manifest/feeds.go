package manifest

import (
	"maps"
	"slices"

	"snug/internal/fault"
	"snug/internal/toml"
)

// FeedKinds are the keys of [tool.snug.advisories]: where advisories about each
// class of component come from, and the signals that are joined to them.
func FeedKinds() []string { return []string{"pypi", "cpython", "native", "cargo", "epss", "kev"} }

// readFeeds reads [tool.snug.advisories].
func (p *Project) readFeeds(t toml.Table) error {
	of, _, err := t.Table("advisories")
	if err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(of.Values)) {
		if !slices.Contains(FeedKinds(), kind) {
			return of.Bad(kind, fault.DidYouMean(kind, FeedKinds(), "the feeds are pypi, cpython, native, cargo, epss and kev"), "there is no advisory feed %q", kind)
		}
		source, err := of.Text(kind)
		if err != nil {
			return err
		}
		if source == "" {
			return of.Bad(kind, "an address or a path; leave the line out for the default", "%s is empty", kind)
		}
		if p.Feeds == nil {
			p.Feeds = map[string]string{}
		}
		p.Feeds[kind] = source
	}
	return nil
}
