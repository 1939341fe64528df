package resolve

import (
	"fmt"
	"strings"
	"testing"

	"snug/internal/lock"
)

// What became of a lock of another tool, on linux and windows: the versions of
// prod, and what moved with the reason.
func TestMoves(t *testing.T) {
	const onWindows, onLinux = "sys_platform == 'win32'", "sys_platform == 'linux'"
	for _, c := range []struct{ name, index, asks, locked, want, moved string }{
		{"kept", "a 1\na 2", "a", "a 1", "a 1; a 1", ""},
		{"a version for each target", "a 1\na 2\na 3", "a", "a 1 | " + onWindows + "\na 2 | " + onLinux, "a 2; a 1", ""},
		// Only what these targets would have in two versions keeps them from being solved together.
		{"a second version for nobody here", "a 1\na 2\nb 1\nb 2 | tag=cp314-cp314-manylinux_2_17_x86_64", "a & b", "a 1 | sys_platform == 'darwin'\na 2 | sys_platform != 'darwin'",
			"a 2, b 1; a 2, b 1", ""},
		{"gone", "a 2", "a", "a 1", "a 2; a 2", "a 1 -> 2 []: the index does not have it"},
		{"a build that is not there", "a 1\na 2", "a", "a 1+cpu", "a 1; a 1", "a 1+cpu -> 1 []: the index does not have it"},
		{"yanked", "a 1 | yanked\na 2", "a", "a 1", "a 2; a 2", "a 1 -> 2 []: yanked"},
		{"only an sdist", "a 1 | sdist\na 2", "a", "a 1", "a 2; a 2", "a 1 -> 2 []: it has only an sdist, and nothing here builds it"},
		{"no wheel for one target", "a 1 | tag=cp314-cp314-win_amd64\na 2", "a", "a 1", "a 2; a 2", "a 1 -> 2 []: no wheel for linux-x86_64 and Python 3.14.0"},
		{"no wheel for the other target", "a 1 | tag=cp314-cp314-manylinux_2_17_x86_64\na 2", "a", "a 1", "a 2; a 2", "a 1 -> 2 []: no wheel for windows-x86_64 and Python 3.14.0"},
		{"another Python", "a 1 | python<3.10\na 2", "a", "a 1", "a 2; a 2", "a 1 -> 2 []: needs Python <3.10, not 3.14.0"},
		{"the project asks otherwise", "a 1\na 2", "a>1", "a 1", "a 2; a 2", "a 1 -> 2 []: it does not fit what the project asks"},
		{"another package asks otherwise", "a 1\na 2\nb 1 | a>1", "b", "a 1\nb 1", "a 2, b 1; a 2, b 1", "a 1 -> 2 []: it does not fit what other packages need"},
		{"moved on one target only", "a 1 | tag=cp314-cp314-win_amd64\na 2 | tag=cp314-cp314-manylinux_2_17_x86_64\nb 1\nb 2", "a & b", "a 1\nb 1 | " + onWindows + "\nb 2 | " + onLinux,
			"a 2, b 2; a 1, b 1", "a 1 -> 2 [linux-x86_64]: no wheel for linux-x86_64 and Python 3.14.0"},
		{"not needed", "a 1\nb 1", "a", "a 1\nb 1", "a 1; a 1", ""},
		{"two that no marker tells apart", "a 1\na 2", "a", "a 1\na 2", "a 1; a 1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, asks(t, c.asks), world(t, c.index), "linux-x86_64", "windows-x86_64")
			in.Locked = &lock.Lock{}
			for line := range strings.Lines(c.locked) {
				pin, marker, _ := strings.Cut(strings.TrimSpace(line), " | ")
				name, version, _ := strings.Cut(pin, " ")
				in.Locked.Packages = append(in.Locked.Packages, lock.Package{Name: name, Version: version, Marker: marker})
			}
			var moved []string
			in.Moved = func(moves []Move) {
				for _, m := range moves {
					moved = append(moved, fmt.Sprintf("%s %s -> %s %v: %s", m.Name, m.Before, m.After, m.Targets, m.Why))
				}
			}
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := versions(t, l, in, 0, "prod") + "; " + versions(t, l, in, 1, "prod"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := strings.Join(moved, "\n"); got != c.moved {
				t.Errorf("moved: got %q, want %q", got, c.moved)
			}
		})
	}
}
