package inventory

import (
	"cmp"
	"slices"
	"strings"

	"snug/internal/component"
)

// maxComponents bounds what is inside one package, maxParts what is found of it.
const (
	maxComponents = 5_000
	maxParts      = 20_000
)

// part is a component that was found once. Weak ones are parts of a library whose
// version another file tells: libssl where libcrypto has the version.
type part struct {
	component.Component
	weak bool
}

// add notes a component that was found.
func (r *reading) add(p part) {
	if len(r.parts) == maxParts {
		r.note("more than %d components are told; the rest is left out", maxParts)
	}
	if len(r.parts) <= maxParts {
		r.parts = append(r.parts, p)
	}
}

// native is a library as a component.
func (f found) component() component.Component {
	if f.crate {
		return crate(f.name, f.version, f.how)
	}
	return component.Component{Class: component.Library, Name: f.name, Version: f.version, CPE: component.CPE(f.cpe, f.version), PURL: component.GenericURL(f.name, f.version), How: []string{f.how}}
}

// crate is a Rust crate as a component.
func crate(name, version, how string) component.Component {
	return component.Component{Class: component.Crate, Name: name, Version: version, PURL: component.CrateURL(name, version), How: []string{how}}
}

// merged makes one component of what was found of one thing in several ways: by the
// same package URL, or by name where the versions agree. A bill of materials that names
// the package of a distribution agrees with the release that this is built from.
func merged(owner string, parts []part) []component.Component {
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmpBool(a.weak, b.weak), compare(a.Component, b.Component))
	})
	var out []component.Component
	byName := map[string][]int{} // places in out
	for _, p := range parts {
		p.Owner = owner
		var same []int
		for _, name := range []string{p.Name, strings.TrimPrefix(p.Name, "lib")} {
			for _, i := range byName[name] {
				if p.same(out[i]) && !slices.Contains(same, i) {
					same = append(same, i)
				}
			}
		}
		if len(same) == 0 || len(same) > 1 && p.Version == "" { // of which of them, nothing tells
			byName[p.Name] = append(byName[p.Name], len(out))
			out = append(out, p.Component)
			continue
		}
		out[same[0]] = joined(out[same[0]], p.Component)
	}
	for i := range out {
		c := &out[i]
		slices.Sort(c.Paths)
		c.Paths = slices.Compact(c.Paths)
		if c.Paths = c.Paths[:min(len(c.Paths), maxPaths)]; len(c.Paths) != 1 {
			c.SHA256 = "" // of one file only
		}
		slices.Sort(c.How)
		c.How = slices.Compact(c.How)
	}
	slices.SortFunc(out, compare)
	return out
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// same tells whether the part is of that component.
func (p part) same(c component.Component) bool {
	if p.Class != c.Class || p.Name != c.Name && !(p.weak && p.Name == "lib"+c.Name) { // "libkeyutils" is a file of "keyutils"
		return false
	}
	return upstream(p.Version) == upstream(c.Version) || p.weak && p.Version == ""
}

// upstream is the release that a distribution's version is of: without its epoch
// and its own revision.
func upstream(version string) string {
	if _, rest, ok := strings.Cut(version, ":"); ok {
		version = rest
	}
	version, _, _ = strings.Cut(version, "-")
	return version
}

// joined is one component of two. What a bill of materials says of where it came from
// says more than the name.
func joined(a, b component.Component) component.Component {
	if strings.HasPrefix(a.PURL, "pkg:generic/") && b.PURL != "" && !strings.HasPrefix(b.PURL, "pkg:generic/") {
		a.PURL = b.PURL
	}
	if len(b.Version) > 0 && (a.Version == "" || len(b.Version) < len(a.Version)) {
		a.Version = b.Version
	}
	a.CPE, a.SHA256 = cmp.Or(a.CPE, b.CPE), cmp.Or(a.SHA256, b.SHA256)
	a.Paths, a.How = append(a.Paths, b.Paths...), append(a.How, b.How...)
	return a
}
