package sandbox

import (
	"os"

	"snug/internal/elf"
)

// needsLoader tells whether this program is linked to libraries of the host, as the
// tests of a package that uses cgo are. What ships is not. Such a program cannot be
// started where nothing of the host is there, so its commands always see the system.
func needsLoader() bool {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return false // starting it says what is wrong
	}
	defer self.Close()
	f, ok, err := elf.Open(self)
	if err != nil || !ok {
		return false
	}
	_, dynamic := f.Segment(elf.SegmentInterp)
	return dynamic
}
