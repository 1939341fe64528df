// Package pytag knows which wheels run where: the compatibility tags of PEP 425 with the platform tags of PEP 600
// (manylinux), PEP 656 (musllinux) and macOS, and the targets that snug locks and builds for.
//
// It never asks the machine what an interpreter supports: a target is a value, so a lock for macOS can be made on Linux.
// It covers CPython with the GIL only. The one hard idea is the order: Supported lists tags from the most to the least
// specific exactly as packaging.tags does for that interpreter on that platform, and a wheel's rank is its best place there.
package pytag

import (
	"fmt"
	"strings"
	"unicode"
)

// MaxTags bounds how many tags one compressed tag set may stand for.
const MaxTags = 1024

// Tag is one compatibility tag, in lower case.
type Tag struct{ Python, ABI, Platform string }

// String gives the dashed form, "cp314-cp314-win_amd64".
func (t Tag) String() string { return t.Python + "-" + t.ABI + "-" + t.Platform }

// ParseTags expands a compressed tag set (PEP 425, "Compressed Tag Sets") such as "py2.py3-none-any", in the order
// written. It refuses empty parts, interpreters that are no identifiers, and sets of more than MaxTags tags.
func ParseTags(compressed string) ([]Tag, error) {
	parts := strings.Split(strings.ToLower(compressed), "-")
	if len(parts) != 3 {
		return nil, fmt.Errorf("tag %q: want python-abi-platform", compressed)
	}
	pythons, abis, platforms := strings.Split(parts[0], "."), strings.Split(parts[1], "."), strings.Split(parts[2], ".")
	for _, set := range [][]string{pythons, abis, platforms} {
		for _, part := range set {
			if part == "" {
				return nil, fmt.Errorf("tag %q: empty part", compressed)
			}
		}
	}
	for _, python := range pythons {
		if !isIdentifier(python) {
			return nil, fmt.Errorf("tag %q: %q is no interpreter", compressed, python)
		}
	}
	if n := len(pythons) * len(abis) * len(platforms); n > MaxTags {
		return nil, fmt.Errorf("tag set of %d tags, more than %d", n, MaxTags)
	}
	tags := make([]Tag, 0, len(pythons)*len(abis)*len(platforms))
	for _, python := range pythons {
		for _, abi := range abis {
			for _, platform := range platforms {
				tags = append(tags, Tag{python, abi, platform})
			}
		}
	}
	return tags, nil
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}
