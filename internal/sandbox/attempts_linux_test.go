package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// attempt is something that a hostile build may try. It is made twice: with all
// defences it must fail, and without those that hold it, it must work: a defence that
// nothing needs, and an attempt that could not work anyway, prove nothing.
type attempt struct {
	name   string
	level  Level                        // "" is Hermetic
	inside func(args []string) error    // runs in the sandbox; nil means that it worked
	args   func(w *world) []string      // for inside, made on the host
	worked func(w *world) bool          // looks from the host whether it worked, where inside cannot tell
	limits Limits                       // besides the usual
	killed string                       // the limit at which it is killed
	refuse fault.Code                   // the command is not even started
	base   []defence                    // off both times: another defence of the same is what is tried
	off    []defence                    // off the second time
	rooted bool                         // only the real root can show it working, or prepare it
	absent func(w *world) string        // why this machine cannot show it working; nil or "" if it can
	before func(t *testing.T, w *world) // prepares the host
}

const (
	attemptRole = "attempt"
	exitWorked  = 0
	exitHeld    = 42 // what an attempt that failed ends with
)

// attemptMain is an attempt's other side.
func attemptMain(name string, args []string) int {
	for _, a := range attempts() {
		if a.name != name {
			continue
		}
		if err := a.inside(args); err != nil {
			fmt.Println(err)
			return exitHeld
		}
		return exitWorked
	}
	if tool := tools[name]; tool != nil {
		return tool(args)
	}
	return 3
}

// world is the host as one attempt finds it.
type world struct {
	dir    string // everything of this attempt, open to all
	exe    Input  // this program
	in     Input  // a folder to read, with a file that anybody may write by its mode
	out    Input  // a folder to write
	secret string // a file that is no input
	data   any    // what before left
}

func (w *world) path(dir Input, box *Sandbox, name string) string {
	return filepath.Join(box.Path(dir), name)
}

func newWorld(t *testing.T, exe string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{
		dir: dir, exe: Input{Host: exe, Inside: "/attempt"}, secret: filepath.Join(dir, "secret"),
		in: Input{Host: filepath.Join(dir, "in"), Inside: "/in"}, out: Input{Host: filepath.Join(dir, "out"), Inside: "/out", Writable: true},
	}
	for _, d := range []string{filepath.Dir(dir), dir, w.in.Host, w.out.Host} {
		if err := errors.Join(os.MkdirAll(d, 0o755), os.Chmod(d, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{w.secret, filepath.Join(w.in.Host, "file")} {
		if err := errors.Join(os.WriteFile(f, []byte("as it was"), 0o666), os.Chmod(f, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestAttempts makes every attempt as who runs the tests.
func TestAttempts(t *testing.T) {
	skipRaced(t)
	exe := copyOfSelf(t)
	for _, a := range attempts() {
		if a.inside == nil {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			open(t, a.at())
			if a.rooted && !privileged() {
				if a.before != nil {
					t.Skip("only root can prepare it; the half of the tests that runs as root does")
				}
				a.mustFail(t, exe)
				return
			}
			a.mustFail(t, exe)
			a.mustWork(t, exe)
		})
	}
}

func (a attempt) at() Level {
	if a.level == "" {
		return Hermetic
	}
	return a.level
}

func (a attempt) mustFail(t *testing.T, exe string) {
	t.Helper()
	w, r, said, err := a.make(t, exe, a.base)
	switch {
	case a.refuse != "":
		if fault.CodeOf(err) != a.refuse {
			t.Errorf("it was not refused: %v", err)
		}
	case err != nil:
		t.Errorf("%v", err)
	case a.worked != nil:
		if a.worked(w) {
			t.Errorf("it worked: %+v %s", r, said)
		}
		if r.Killed != a.killed {
			t.Errorf("it was not killed: %+v %s", r, said)
		}
	case a.killed != "" && r.Killed == a.killed:
	case a.killed != "" || r.Killed != "" || r.Exit != exitHeld:
		t.Errorf("it did not fail as it should: %+v %s", r, said)
	}
}

func (a attempt) mustWork(t *testing.T, exe string) {
	t.Helper()
	w, r, said, err := a.make(t, exe, append(slices.Clone(a.base), a.off...))
	if a.absent != nil {
		if why := a.absent(w); why != "" {
			t.Logf("without the defence: %s", why)
			return
		}
	}
	switch {
	case err != nil:
		t.Errorf("without the defence: %v", err)
	case a.worked != nil && !a.worked(w):
		t.Errorf("it does not work without the defence %v: %+v %s", a.off, r, said)
	case a.worked == nil && r.Exit != exitWorked:
		t.Errorf("it does not work without the defence %v: %+v %s", a.off, r, said)
	}
}

func (a attempt) make(t *testing.T, exe string, off []defence) (*world, *Result, string, error) {
	t.Helper()
	w := newWorld(t, exe)
	if a.before != nil {
		a.before(t, w)
	}
	box := &Sandbox{level: a.at(), temp: w.dir, machine: machine{off: off}}
	c := Command{
		Argv: []string{box.Path(w.exe), attemptRole, a.name}, Env: []string{"PATH=/usr/bin:/bin", "GOTRACEBACK=none"},
		Inputs: []Input{w.exe, w.in, w.out}, System: true, Limits: a.limits,
	}
	for _, d := range []Input{w.in, w.out} {
		c.Argv = append(c.Argv, box.Path(d))
	}
	if a.args != nil {
		c.Argv = append(c.Argv, a.args(w)...)
	}
	if !switches(off).on(ownRoot) && a.at() == Hermetic {
		c.Argv[0] = w.exe.Host
		c.Argv[3], c.Argv[4] = w.in.Host, w.out.Host
		c.Dir = w.dir
	}
	var log bytes.Buffer
	c.Log = &log
	r, err := box.Run(context.Background(), c)
	return w, r, log.String(), err
}

// copyOfSelf is this program where everybody can execute it.
func copyOfSelf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "attempt")
	if err := copyFile("/proc/self/exe", to); err != nil {
		t.Fatal(err)
	}
	return to
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close(), os.Chmod(to, 0o755))
}

// nobody is the user of the other half.
const nobody = 65534

// TestAsNobody runs the tests of this package once more, as a user without rights.
func TestAsNobody(t *testing.T) {
	skipRaced(t)
	if !privileged() {
		t.Skip("this is not root: the tests run as an ordinary user anyway")
	}
	exe := copyOfSelf(t)
	temp, err := os.MkdirTemp("", "snug") // short: the name of a socket has to have room
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(temp); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(os.Chmod(temp, 0o755), os.Chown(temp, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	args := []string{"-test.run=^(Test.*)$", "-test.timeout=5m"}
	if testing.Verbose() {
		args = append(args, "-test.v")
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir, cmd.Env = temp, []string{"TMPDIR=" + temp, "PATH=/usr/bin:/bin", "HOME=" + temp}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	said, err := cmd.CombinedOutput()
	if testing.Verbose() || err != nil {
		t.Logf("%s", said)
	}
	if err != nil {
		t.Errorf("as nobody: %v", err)
	}
}

// skipRaced leaves the attempts to the run without the race detector: that takes more
// memory than an attempt may have, and a second at the end of every process.
func skipRaced(t *testing.T) {
	t.Helper()
	if raced {
		t.Skip("not under the race detector, which takes more memory than an attempt may have; go test without -race makes them")
	}
}

// held says what stopped an attempt.
func held(format string, args ...any) error { return fmt.Errorf("held: "+format, args...) }

// reaches is an attempt that a system call gets to the kernel: with arguments that are
// nonsense, so that any answer but the filter's own is the kernel's.
func reaches(name string, filtered unix.Errno, call uintptr, args ...uintptr) attempt {
	inside := func([]string) error {
		var a [6]uintptr
		copy(a[:], args)
		_, _, errno := unix.Syscall6(call, a[0], a[1], a[2], a[3], a[4], a[5])
		if errno == filtered {
			return held("%v", errno)
		}
		return nil
	}
	absent := func(*world) string {
		if err := inside(nil); err != nil {
			return "this kernel answers as the filter does: " + err.Error()
		}
		return ""
	}
	return attempt{name: name, off: []defence{callFilter}, inside: inside, absent: absent}
}

// attempts are all of them, and the tools that they use.
func attempts() []attempt {
	return slices.Concat(fileAttempts(), networkAttempts(), callAttempts(), processAttempts(), floodAttempts(), lowerAttempts())
}
