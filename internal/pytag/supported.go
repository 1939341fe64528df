package pytag

import (
	"fmt"
	"strings"

	"snug/internal/pep440"
)

// Set is the tags that one interpreter on one target accepts, best first. It is read-only and safe for concurrent use.
type Set struct {
	tags    []Tag
	rank    map[Tag]int
	pythons map[string]bool // those of rank, as are the abis: most files are told by these
	abis    map[string]bool
}

// NewSet makes a set of tags listed best first; a repeated tag keeps its first place.
func NewSet(tags []Tag) *Set {
	s := &Set{rank: make(map[Tag]int, len(tags)), pythons: map[string]bool{}, abis: map[string]bool{}}
	for _, tag := range tags {
		if _, seen := s.rank[tag]; seen {
			continue
		}
		s.rank[tag], s.pythons[tag.Python], s.abis[tag.ABI] = len(s.tags), true, true
		s.tags = append(s.tags, tag)
	}
	return s
}

// Tags lists the set, best first. The slice is the caller's.
func (s *Set) Tags() []Tag { return append([]Tag(nil), s.tags...) }

// Rank gives the best place of any of tags in the set; smaller is better. ok is false when none fits.
func (s *Set) Rank(tags []Tag) (rank int, ok bool) {
	for _, tag := range tags {
		if r, found := s.rank[tag]; found && (!ok || r < rank) {
			rank, ok = r, true
		}
	}
	return rank, ok
}

// RankText is Rank of what ParseTags makes of a compressed tag set in lower case, without making it. What ParseTags refuses
// may have a rank all the same: it is for texts that were read before.
func (s *Set) RankText(compressed string) (rank int, ok bool) {
	pythons, rest, _ := strings.Cut(compressed, "-")
	abis, platforms, _ := strings.Cut(rest, "-")
	for python := range strings.SplitSeq(pythons, ".") {
		if !s.pythons[python] {
			continue
		}
		for abi := range strings.SplitSeq(abis, ".") {
			if !s.abis[abi] {
				continue
			}
			for platform := range strings.SplitSeq(platforms, ".") {
				if r, found := s.rank[Tag{python, abi, platform}]; found && (!ok || r < rank) {
					rank, ok = r, true
				}
			}
		}
	}
	return rank, ok
}

// Supported lists what CPython py (with the GIL) accepts on t, in the order of packaging.tags: its own ABI, abi3,
// no ABI, abi3 of older minors, then pure Python for the platform and for any.
func Supported(t Target, py pep440.Version) *Set {
	platforms := t.platforms()
	major, minor := int(py.Major()), int(py.Minor())
	own := fmt.Sprintf("cp%d%d", major, minor)
	var tags []Tag
	each := func(python, abi string) {
		for _, platform := range platforms {
			tags = append(tags, Tag{python, abi, platform})
		}
	}
	each(own, own)
	each(own, "abi3")
	each(own, "none")
	for older := minor - 1; older >= 2; older-- { // the stable ABI began with 3.2 (PEP 384)
		each(fmt.Sprintf("cp%d%d", major, older), "abi3")
	}
	pure := pythons(major, minor)
	for _, python := range pure {
		each(python, "none")
	}
	tags = append(tags, Tag{own, "none", "any"})
	for _, python := range pure {
		tags = append(tags, Tag{python, "none", "any"})
	}
	return NewSet(tags)
}

// pythons lists the py tags of a version: py314, py3, py313, … py30.
func pythons(major, minor int) []string {
	list := []string{fmt.Sprintf("py%d%d", major, minor), fmt.Sprintf("py%d", major)}
	for older := minor - 1; older >= 0; older-- {
		list = append(list, fmt.Sprintf("py%d%d", major, older))
	}
	return list
}

// platforms lists the platform tags of the target, best first.
func (t Target) platforms() []string {
	switch {
	case t.OS == "windows":
		return []string{map[string]string{"x86_64": "win_amd64", "arm64": "win_arm64"}[t.Arch]}
	case t.OS == "macos":
		return macPlatforms(t.Floor, t.Arch)
	case t.Libc == "musl":
		var list []string
		for minor := t.Floor[1]; minor >= 0; minor-- {
			list = append(list, fmt.Sprintf("musllinux_%d_%d_%s", t.Floor[0], minor, t.Arch))
		}
		return append(list, "linux_"+t.Arch)
	}
	return append(manylinux(t.Floor, t.Arch), "linux_"+t.Arch)
}

// manylinux lists the PEP 600 tags from the floor down to the oldest, with the aliases of PEP 513, 571 and 599.
func manylinux(floor [2]int, arch string) []string {
	oldest := 17
	if arch == "x86_64" {
		oldest = 5
	}
	aliases := map[int]string{17: "manylinux2014_", 12: "manylinux2010_", 5: "manylinux1_"}
	var list []string
	for minor := floor[1]; minor >= oldest; minor-- {
		list = append(list, fmt.Sprintf("manylinux_%d_%d_%s", floor[0], minor, arch))
		if alias, ok := aliases[minor]; ok {
			list = append(list, alias+arch)
		}
	}
	return list
}

// macPlatforms lists macOS platform tags: one a year since 11, and for Intel everything back to 10.4; on Apple silicon
// the old numbers stay for universal2 files, which were tagged 10_x too.
func macPlatforms(floor [2]int, arch string) []string {
	var list []string
	add := func(major, minor int, formats []string) {
		for _, format := range formats {
			list = append(list, fmt.Sprintf("macosx_%d_%d_%s", major, minor, format))
		}
	}
	for major := floor[0]; major > 10; major-- {
		add(major, 0, macFormats([2]int{major, 0}, arch))
	}
	newest10 := 16
	if floor[0] == 10 {
		newest10 = floor[1]
	}
	for minor := newest10; minor >= 4; minor-- {
		if arch == "x86_64" {
			add(10, minor, macFormats([2]int{10, minor}, arch))
		} else {
			add(10, minor, []string{"universal2"})
		}
	}
	return list
}

// macFormats lists the binary formats that arch runs on a macOS version, its own first.
func macFormats(version [2]int, arch string) []string {
	switch {
	case arch != "x86_64":
		return []string{arch, "universal2"}
	case version[0] == 10 && version[1] < 4:
		return nil
	}
	return []string{"x86_64", "intel", "fat64", "fat3", "universal2", "universal"}
}
