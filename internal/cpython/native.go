package cpython

import (
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/repro"
)

// nativesIn reads every native file of a tree. One that needs more than the C library
// is refused: what is linked in and listed would not be all there is. So is one that shows
// symbols of what is linked in: extensions that bring a copy of their own would be bound to ours.
func nativesIn(dir string) ([]repro.Native, error) {
	natives, err := repro.Natives(dir)
	if err != nil {
		return nil, err
	}
	for _, n := range natives {
		for _, lib := range n.Needs {
			if !ofLibc(lib) {
				return nil, fault.New(fault.Failed, "configure took a library of this machine that snug's recipe does not know of: tell snug's maintainers", "%s needs %s, which is no part of the C library", n.Path, lib)
			}
		}
		if len(n.RunPath) > 0 {
			return nil, fault.New(fault.Failed, "tell snug's maintainers which compiler this machine has", "%s looks for libraries in %s", n.Path, strings.Join(n.RunPath, ":"))
		}
		for _, e := range n.Exports {
			return nil, fault.New(fault.Failed, "tell snug's maintainers which linker this machine has: it did not follow --exclude-libs", "%s shows %d symbols of %s, such as %s, to extensions", n.Path, e.Symbols, e.Library, e.First)
		}
	}
	return natives, nil
}

// ofLibc tells whether a library is a part of glibc or is musl's one.
func ofLibc(name string) bool {
	base, _, _ := strings.Cut(name, ".so")
	return slices.Contains([]string{"libc", "libm", "libdl", "libpthread", "librt", "libutil"}, base) ||
		strings.HasPrefix(name, "ld-linux") || strings.HasPrefix(name, "libc.musl-")
}
