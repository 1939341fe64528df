//go:build live && linux

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that is really full: store and project on file systems of every size
// from far too small to nearly enough. It needs the right to mount one.
func TestLiveFullDisk(t *testing.T) {
	index := newIndex(t)
	want := machine{t.TempDir(), index}.trees(t, project(t, "pkg4"))
	failed := 0
	for size := 64; size <= 16<<10; size += size / 2 {
		disk := t.TempDir()
		mount := func(flags uintptr, kilobytes int) {
			if err := syscall.Mount("tmpfs", disk, "tmpfs", flags, fmt.Sprintf("size=%dk", kilobytes)); err != nil {
				t.Fatalf("mount a small disk (as root, or with CAP_SYS_ADMIN): %v", err)
			}
		}
		mount(0, size)
		t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
		m, dir := machine{filepath.Join(disk, "home"), index}, filepath.Join(disk, "shop")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		ask(t, dir, "pkg4")
		code, out, errOut := m.run(t, dir, "build")
		if code == 0 {
			break
		}
		failed++
		if code != 1 || strings.Count(errOut, "no space left on device") != 1 || !strings.Contains(errOut, "hint: make room") {
			t.Errorf("%d kB: exit code %d\n%s%s", size, code, out, errOut)
		}
		t.Logf("%d kB: %s", size, strings.Split(errOut, "\n"))
		m.whole(t, dir, false)
		mount(syscall.MS_REMOUNT, 64<<10)
		if got := m.trees(t, dir); got != want {
			t.Errorf("%d kB: with room it ends with\n%s\nwant\n%s", size, got, want)
		}
	}
	if failed < 5 {
		t.Errorf("only %d disks were too small", failed)
	}
}
