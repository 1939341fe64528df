package generation

import (
	"os"
	"path/filepath"
	"strings"
)

// running tells whether a process of this machine runs the interpreter of the
// runtime at dir. Processes of other users show themselves to root only; one of
// a runtime that was made from a found Python runs that Python, and is not seen.
func running(dir string) bool {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	exes, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return false // only a malformed pattern
	}
	for _, exe := range exes {
		if path, err := os.Readlink(exe); err == nil && strings.HasPrefix(path, real+"/") {
			return true
		}
	}
	return false
}
