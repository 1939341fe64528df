package sandbox

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// lowerAttempts are those at the levels that share the host's file system.
func lowerAttempts() []attempt {
	in := func(args []string) string { return filepath.Join(args[0], "file") }
	var out []attempt
	for _, level := range []Level{Netless, Landlock} {
		on := " at " + string(level)
		network := []defence{ownNetwork}
		if level == Landlock {
			network = []defence{callFilter, landlocked}
		}
		out = append(out,
			attempt{name: "read a file of the host" + on, level: level, args: secretPath, inside: readSecret, off: []defence{landlocked}},
			attempt{name: "write into the store" + on, level: level, inside: writeTo(in), off: []defence{readOnly}},
			attempt{name: "see the host's processes" + on, level: level, before: setSecret, args: pidOf, inside: seeProcess, off: []defence{landlocked}},
			dialAttempt("dial out by IPv4"+on, level, "tcp4", at("127.0.0.1:0"), network...),
			dialAttempt("dial a socket in the file system"+on, level, "unix", inFolder, callFilter, landlocked),
			dialAttempt("dial an abstract socket"+on, level, "unix", abstract, append([]defence{callFilter, landlocked}, network...)...),
			attempt{name: "end the host's processes" + on, level: level, off: []defence{landlocked, ownProcesses, ownUser}, before: placeSleeper, args: pidOf, inside: endProcess},
			attempt{name: "outlive the build" + on, level: level, off: []defence{endAll, ownProcesses}, inside: leaveBehind, worked: beats},
			attempt{name: "take memory in many processes" + on, level: level, limits: Limits{Memory: 256 * mega}, killed: "memory", off: []defence{watched}, inside: holdMany},
		)
	}
	return out
}

// runLeaving is a snug of its own: it runs a command that never ends.
func runLeaving(args []string) error {
	level, exe, out := Level(args[0]), args[1], args[2]
	box := &Sandbox{level: level, temp: filepath.Dir(out)}
	if len(args) > 3 {
		box.off = switches{diesWithUs}
	}
	w := world{exe: Input{Host: exe, Inside: "/attempt"}, out: Input{Host: out, Inside: "/out", Writable: true}}
	_, err := box.Run(context.Background(), Command{
		Argv:   []string{box.Path(w.exe), attemptRole, "beat", w.path(w.out, box, "heart")},
		Inputs: []Input{w.exe, w.out}, System: true, Log: os.Stdout,
	})
	return err
}

// A command ends when snug is killed, at every level that starts a guard; without the
// defence it does not.
func TestEndsWithSnug(t *testing.T) {
	exe := copyOfSelf(t)
	for _, level := range levels {
		for _, off := range []bool{false, true} {
			name := string(level)
			if off {
				name += " without"
			}
			t.Run(name, func(t *testing.T) {
				open(t, level)
				w := newWorld(t, exe)
				args := []string{attemptRole, "sandbox", string(level), exe, w.out.Host}
				if off {
					args = append(args, "without")
				}
				cmd := exec.Command(exe, args...)
				said, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if line, err := bufio.NewReader(said).ReadString('\n'); err != nil || line != "up\n" {
					t.Fatalf("%q %v", line, err)
				}
				if err := errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait())); err != nil {
					t.Fatal(err)
				}
				if off {
					if !beats(w) {
						t.Error("it ended without the defence too")
					}
					return
				}
				waitForLock(t, filepath.Join(w.out.Host, "heart"))
			})
		}
	}
}

func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// waitForLock returns when nobody holds the file any more; the test's own time limit
// is the bound.
func waitForLock(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}
