package manifest

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"snug/internal/digest"
)

// Digest is over everything that was asked for. It does not depend on the
// files' formatting, on where things are written, on the order of
// requirements, on the project's folder, nor on credentials.
func (p *Project) Digest() digest.SHA256 {
	var b strings.Builder
	say := func(key string, values ...string) { fmt.Fprintf(&b, "%s %q\n", key, values) }
	say("python", p.Python, p.RequiresPython.String(), bare(p.PythonMirror))
	say("targets", slices.Sorted(slices.Values(p.Targets))...)
	say("index", bare(p.IndexURL))
	for _, ix := range p.Indexes {
		say("extra", ix.Name, bare(ix.URL), fmt.Sprint(ix.Explicit))
		if ix.Last {
			say("last", ix.Name)
		}
	}
	if !p.AsOf.IsZero() {
		say("as-of", p.AsOf.UTC().Format(time.RFC3339Nano))
	}
	if p.Strategy != (Strategy{}) {
		say("strategy", string(p.Strategy.Resolution), fmt.Sprint(p.Strategy.Prereleases))
	}
	for _, m := range []struct {
		key string
		m   map[string]string
	}{{"package", p.PackageIndex}, {"overlap", p.Overlaps}} {
		for _, k := range slices.Sorted(maps.Keys(m.m)) {
			say(m.key, k, m.m[k])
		}
	}
	p.sayMinAge(say)
	p.sayBuild(say)
	if p.PinIdentities {
		say("attestations", "pin")
	}
	if p.uv != "" {
		say("uv", p.uv)
	}
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		for _, s := range p.sources[name] {
			if s.marker != nil || len(p.sources[name]) > 1 { // the others are applied already
				say("source", name, s.text())
			}
		}
	}
	for _, e := range p.environments {
		say("environment", e.marker.String())
	}
	if len(p.Prereleases) > 0 {
		say("prereleases", slices.Sorted(slices.Values(p.Prereleases))...)
	}
	if p.Local != nil {
		say("local", p.Name)
	}
	p.sayRuntimes(say)
	say("constraints", asked(p.Constraints)...)
	if len(p.Overrides)+len(p.Excludes) > 0 {
		say("overrides", asked(p.Overrides)...)
		say("exclude", asked(p.Excludes)...)
	}
	return digest.Of([]byte(b.String()))
}

// sayRuntimes adds the runtimes to the digest.
func (p *Project) sayRuntimes(say func(key string, values ...string)) {
	for _, rt := range p.Runtimes {
		say("runtime", rt.Name, rt.Contains, fmt.Sprint(rt.Isolated), fmt.Sprint(rt.NoBytecode), rt.Slim)
		say("entry-points", slices.Sorted(slices.Values(rt.EntryPoints))...)
		say("requirements", asked(rt.Requirements)...)
		for _, m := range rt.Members {
			say("member", m.Name, m.Dir, m.Marker.String())
		}
	}
}

// Digest is over what a runtime holds of the project itself: its METADATA,
// entry points and import roots. It is "" for nil.
func (l *Local) Digest() string {
	if l == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q %q\n", digest.Of(l.Metadata), l.Paths, l.Version)
	for _, ep := range l.EntryPoints {
		fmt.Fprintf(&b, "%q %q %q %q\n", ep.Group, ep.Name, ep.Module, ep.Attr)
	}
	return digest.Of([]byte(b.String())).String()
}

// uvText is what [tool.uv] says of where packages come from, which is read with
// uv's other configuration (internal/index), in one order and without logins.
func uvText(doc map[string]any) string {
	var b strings.Builder
	for _, key := range []string{"index", "index-url", "extra-index-url", "no-index"} {
		if v := at(doc, "tool", "uv", key); v != nil {
			fmt.Fprintf(&b, "%s %v\n", key, v) // maps are printed sorted
		}
	}
	return withoutLogin(b.String())
}

// withoutLogin is a text without the logins of the addresses in it.
func withoutLogin(text string) string { return login().ReplaceAllString(text, "//") }

var login = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`//[^/@\s]*@`) })

// asked is the requirements as sorted canonical texts, once each.
func asked(reqs []Requirement) []string {
	var out []string
	for _, r := range reqs {
		hashes := slices.Sorted(slices.Values(r.Hashes))
		text := fmt.Sprintf("%s %q %q %q %t", r.Key(), canonical(r), hashes, []string{r.Index, r.Path}, r.Editable)
		if r.within != "" {
			text += " " + r.within
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func canonical(r Requirement) string {
	plain := r.Requirement
	plain.Name = r.Key()
	return plain.String()
}

// bare is a URL without credentials.
func bare(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	u.User = nil
	return u.String()
}
