package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// What a command leaves is the caller's: closed folders are open to it, pipes and
// sockets are gone, links lead where they led.
func TestTakenBack(t *testing.T) {
	s := open(t, Hermetic)
	w := newWorld(t, "/bin/true")
	c := sh("mkdir -p d/shut; echo a > d/shut/file; chmod 0 d/shut/file d/shut; mkfifo pipe; ln -s /etc/passwd link; ln d/../pipe other 2>/dev/null; echo x > plain; ln plain twin")
	c.Dir, c.Inputs = "/out", []Input{w.out}
	if r, said := run(t, s, c); r.Exit != 0 {
		t.Fatalf("%+v %s", r, said)
	}
	var names []string
	err := filepath.WalkDir(w.out.Host, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && ownerOf(info) != os.Geteuid() {
			t.Errorf("%s belongs to %d", path, ownerOf(info))
		}
		names = append(names, strings.TrimPrefix(path, w.out.Host))
		return err
	})
	if got := strings.Join(names, " "); err != nil || got != " /d /d/shut /d/shut/file /link /plain /twin" {
		t.Errorf("%q %v", got, err)
	}
}

// A folder that already holds two names of one file may be written to: both are inside.
func TestLinksInside(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(dir+"/a", nil, 0o644), os.Link(dir+"/a", dir+"/b")); err != nil {
		t.Fatal(err)
	}
	if err := noLinksOut(dir); err != nil {
		t.Error(err)
	}
	if err := os.Link(dir+"/a", filepath.Join(t.TempDir(), "c")); err != nil {
		t.Fatal(err)
	}
	if err := noLinksOut(dir); fault.CodeOf(err) != fault.Integrity || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

// What is taken back is the folder's own, whatever leads out of it: a link that takes
// the place of a folder or file between two steps is not followed.
func TestTakenBackInside(t *testing.T) {
	out, dir := t.TempDir(), t.TempDir()
	if err := errors.Join(os.WriteFile(out+"/secret", nil, 0o600), os.Symlink(out, dir+"/folder"), os.Symlink(out+"/secret", dir+"/file")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, mode := range map[string]fs.FileMode{"folder": fs.ModeDir | 0o777, "file": 0o777} { // as they were a moment ago
		_ = owned(root, name, mode) // refused or not, nothing outside has changed
	}
	for path, want := range map[string]fs.FileMode{out: 0o755, out + "/secret": 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

// Folders so deep that no path can say it are refused, not half taken back.
func TestTooDeep(t *testing.T) {
	s := open(t, Hermetic)
	w := newWorld(t, "/bin/true")
	name := strings.Repeat("d", 250)
	c := sh("i=0; while [ $i -lt 20 ]; do mkdir " + name + " && cd -P " + name + " || exit 1; i=$((i+1)); done")
	c.Dir, c.Inputs = "/out", []Input{w.out}
	if r, err := s.Run(context.Background(), c); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("%+v %v", r, err)
	}
}

// As root a command is somebody else, so an input that only root can read is refused
// with what helps, rather than failing somewhere inside.
func TestClosedInput(t *testing.T) {
	if !privileged() {
		t.Skip("an ordinary user's command is that user")
	}
	s := open(t, Hermetic)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := sh("ls /in")
	c.Inputs = []Input{{Host: dir, Inside: "/in"}}
	if _, err := s.Run(context.Background(), c); fault.CodeOf(err) != fault.Input || !strings.Contains(fault.HintOf(err), "chmod") {
		t.Errorf("%v", err)
	}
}

// A guard does not end by a signal of its command's.
func TestGuardWithstandsSignals(t *testing.T) {
	for _, level := range []Level{Hermetic, Netless} {
		t.Run(string(level), func(t *testing.T) {
			s := open(t, level)
			if r, said := run(t, s, sh("for s in HUP INT QUIT ILL ABRT FPE SEGV PIPE ALRM TERM USR1 USR2 BUS TRAP KILL STOP; do kill -$s 1 2>/dev/null; done; exit 9")); r.Exit != 9 {
				t.Errorf("%+v %s", r, said)
			}
		})
	}
}

func TestParseStat(t *testing.T) {
	line := "42 (a) b (c) R 7 1 1 0 -1 4194560 1 0 0 0 30 20 0 0 20 0 5 0 100 1000 8 184467 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0\n"
	got, ok := parseStat([]byte(line))
	want := stat{parent: 7, threads: 5, cpu: 50 * clockTick, resident: 8 * int64(os.Getpagesize())}
	if !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	for _, bad := range []string{"", "42 (a", "42 (a) R", "42 (a) R x 1 1", strings.Repeat("(", 5000)} {
		if _, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q is read", bad)
		}
	}
	if got := kilobytes([]byte("Rss: 9 kB\nPss:               123 kB\nPss_Anon: 7 kB\n"), "Pss:"); got != 123<<10 {
		t.Error(got)
	}
	self, ok := statOf(os.Getpid())
	if !ok || self.parent != os.Getppid() || self.threads < 1 || self.resident < 1<<20 {
		t.Errorf("of this process: %+v %v", self, ok)
	}
}

// A mount below a read-only input is read-only too, with the flags that the host gave it.
func TestMountsBelow(t *testing.T) {
	if !privileged() {
		t.Skip("only root can mount on the host")
	}
	s := open(t, Hermetic)
	w := newWorld(t, "/bin/true")
	below := filepath.Join(w.in.Host, "below here")
	if err := os.Mkdir(below, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", below, "tmpfs", unix.MS_NOEXEC, "mode=777,size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(below, 0); err != nil {
			t.Error(err)
		}
	})
	c := sh(`echo x > "/in/below here/new"; grep -c ' /in/below\\040here ro,nosuid,nodev,noexec' /proc/self/mountinfo`)
	c.Inputs = []Input{w.in}
	if r, said := run(t, s, c); !strings.Contains(said, "Read-only file system") || r.Exit != 0 {
		t.Errorf("%+v %s", r, said)
	}
	if _, err := os.Stat(filepath.Join(below, "new")); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("%v", err)
	}
}
