package cpython

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/repro"
)

// nativesIn reads every native file of a tree. One that needs more than the C library
// is refused: what is linked in and listed would not be all there is.
func nativesIn(dir string) ([]repro.Native, error) {
	names, err := elfFiles(dir)
	if err != nil {
		return nil, err
	}
	var out []repro.Native
	for _, name := range names {
		n, err := readNative(dir, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if n == nil {
			continue
		}
		for _, lib := range n.Needs {
			if !ofLibc(lib) {
				return nil, fault.New(fault.Failed, "configure took a library of this machine that snug's recipe does not know of: tell snug's maintainers", "%s needs %s, which is no part of the C library", name, lib)
			}
		}
		if len(n.RunPath) > 0 {
			return nil, fault.New(fault.Failed, "tell snug's maintainers which compiler this machine has", "%s looks for libraries in %s", name, strings.Join(n.RunPath, ":"))
		}
		out = append(out, *n)
	}
	return out, nil
}

func readNative(dir, name string) (*repro.Native, error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	n, err := repro.ReadNative(name, f)
	return n, errors.Join(err, f.Close())
}

// ofLibc tells whether a library is a part of glibc or is musl's one.
func ofLibc(name string) bool {
	base, _, _ := strings.Cut(name, ".so")
	return slices.Contains([]string{"libc", "libm", "libdl", "libpthread", "librt", "libutil"}, base) ||
		strings.HasPrefix(name, "ld-linux") || strings.HasPrefix(name, "libc.musl-")
}
