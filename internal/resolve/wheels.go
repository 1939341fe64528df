package resolve

import (
	"slices"
	"strings"

	"snug/internal/index"
	"snug/internal/pytag"
)

// wheelsOf says what the wheels of the newest refused version are for.
func (p *problem) wheelsOf(name string, f Fact, on targets) string {
	releases := p.views[name].releases
	r := releases[slices.IndexFunc(releases, func(r *release) bool { return r.version.String() == f.Versions[0] })]
	for i := range on.each {
		if r.has(i) {
			continue
		}
		offers, err := r.offered.Offers(nil)
		if err != nil {
			return ""
		}
		have := p.places[i].foreign(offers)
		if len(have) > maxTags {
			have = append(have[:maxTags:maxTags], "others")
		}
		if whose := "its"; len(have) > 0 {
			if len(f.Versions) > 1 {
				whose = "the newest's"
			}
			return "; " + whose + " wheels are for " + inWords(have)
		}
	}
	return ""
}

// maxTags bounds the tags that a line names.
const maxTags = 6

// foreign is what wheels that do not fit a place are for, said by what keeps
// them from it: the Pythons where the platform fits, else the platforms.
func (at *place) foreign(offers []index.Offer) []string {
	platforms, families := map[string]bool{"any": true}, map[string]bool{}
	for _, t := range at.tags.Tags() {
		platforms[t.Platform], families[family(t.Platform)] = true, true
	}
	var pythons, elsewhere []string
	for _, o := range offers {
		tags, err := pytag.ParseTags(o.TagText())
		if err != nil {
			continue // an sdist
		}
		for _, t := range tags {
			switch {
			case platforms[t.Platform]:
				pythons = append(pythons, t.Python)
			case families[family(t.Platform)]:
				elsewhere = append(elsewhere, t.Platform)
			default:
				elsewhere = append(elsewhere, family(t.Platform))
			}
		}
	}
	out := elsewhere
	if len(pythons) > 0 {
		out = pythons
	}
	slices.SortFunc(out, natural)
	return slices.Compact(out)
}

// family is a platform tag without the versions in it: "manylinux_x86_64".
func family(platform string) string {
	for _, os := range []string{"manylinux", "musllinux", "macosx"} {
		if rest, ok := strings.CutPrefix(platform, os); ok {
			return os + "_" + strings.TrimLeft(rest, "0123456789_")
		}
	}
	return platform
}

// natural orders cp39 before cp310.
func natural(a, b string) int {
	if len(a) != len(b) && strings.TrimRight(a, "0123456789") == strings.TrimRight(b, "0123456789") {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
