package manifest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
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
	}
	if !p.AsOf.IsZero() {
		say("as-of", p.AsOf.UTC().Format(time.RFC3339Nano))
	}
	for _, m := range []struct {
		key string
		m   map[string]string
	}{{"package", p.PackageIndex}, {"overlap", p.Overlaps}} {
		for _, k := range slices.Sorted(maps.Keys(m.m)) {
			say(m.key, k, m.m[k])
		}
	}
	if p.Local != nil {
		say("local", p.Name)
	}
	for _, rt := range p.Runtimes {
		say("runtime", rt.Name, rt.Contains, fmt.Sprint(rt.Isolated), fmt.Sprint(rt.NoBytecode), rt.Slim)
		say("entry-points", slices.Sorted(slices.Values(rt.EntryPoints))...)
		say("requirements", asked(rt.Requirements)...)
	}
	say("constraints", asked(p.Constraints)...)
	return digest.Of([]byte(b.String()))
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

// asked is the requirements as sorted canonical texts, once each.
func asked(reqs []Requirement) []string {
	var out []string
	for _, r := range reqs {
		hashes := slices.Sorted(slices.Values(r.Hashes))
		out = append(out, fmt.Sprintf("%s %q %q %q %t", r.Key(), canonical(r), hashes, []string{r.Index, r.Path}, r.Editable))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func canonical(r Requirement) string {
	plain := r.Requirement
	plain.Name = r.Key()
	plain.URL = bare(plain.URL)
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
