package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// Each known cause is named, with its remedy.
func TestWhy(t *testing.T) {
	start := func(errno unix.Errno) error { return failed(errno, stepStart) }
	cases := []struct {
		name                string
		files               map[string]string
		level               Level
		err                 error
		reason, remedy      string
		asRoot, noPrivilege bool
	}{
		{name: "no namespaces", files: map[string]string{"sys/user/max_user_namespaces": "0\n"}, level: Hermetic, err: start(unix.ENOSPC), reason: "user.max_user_namespaces is 0", remedy: "sysctl -w user.max_user_namespaces"},
		{name: "Debian's switch", files: map[string]string{"sys/kernel/unprivileged_userns_clone": "0\n"}, level: Netless, err: start(unix.EPERM), reason: "kernel.unprivileged_userns_clone is 0", remedy: "unprivileged_userns_clone=1"},
		{name: "Ubuntu's switch", files: map[string]string{"sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}, level: Hermetic, err: failed(unix.EACCES, stepMounts), reason: "kernel.apparmor_restrict_unprivileged_userns is 1", remedy: "AppArmor profile"},
		{name: "a container", files: map[string]string{"self/status": "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"}, level: Hermetic, err: start(unix.EPERM), reason: "filtered", remedy: "seccomp="},
		{name: "a masked /proc", level: Hermetic, err: failed(unix.EPERM, stepProc), reason: "masked", remedy: "systempaths=unconfined"},
		{name: "half a root", level: Hermetic, err: start(unix.EPERM), asRoot: true, reason: "not all the rights", remedy: "SYS_ADMIN"},
		{name: "an old kernel", level: Landlock, err: failed(unix.ENOSYS, stepLandlock), reason: "no Landlock", remedy: "5.13"},
		{name: "Landlock not used", level: Landlock, err: failed(unix.EOPNOTSUPP, stepLandlock), reason: "does not use it", remedy: "lsm="},
		{name: "SELinux", level: Hermetic, err: failed(unix.EACCES, "mount a tmpfs at /x"), reason: "security module", remedy: "log"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			proc := t.TempDir()
			for name, text := range c.files {
				path := filepath.Join(proc, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			reason, remedy := facts{proc: proc, root: c.asRoot}.why(c.level, fmt.Errorf("probe: %w", c.err))
			if !strings.Contains(reason, c.reason) || !strings.Contains(remedy, c.remedy) {
				t.Errorf("%q, remedy %q", reason, remedy)
			}
		})
	}
}

// poorRole is a process on a machine that gives less: it makes that machine first.
const poorRole = "poor"

// poor is the other side of poorMachine.
func poor(kind, temp string) int {
	runtime.LockOSThread()
	if err := impoverish(kind); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, openErr := Open(context.Background(), Options{Least: Hermetic, Temp: temp})
	out := struct {
		Probed []Probed
		Code   fault.Code
		Hint   string
	}{Probe(context.Background(), temp), fault.CodeOf(openErr), fault.HintOf(openErr)}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return 1
	}
	return 0
}

// impoverish makes this process one of a machine without namespaces of users: by the
// sysctl, which counts for the namespace it was set in; or by a filter like that of a
// container engine.
func impoverish(kind string) error {
	if kind == "sysctl" {
		return os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0)
	}
	rules := []rule{
		{call: unix.SYS_UNSHARE, errno: unix.EPERM}, {call: unix.SYS_MOUNT, errno: unix.EPERM}, {call: unix.SYS_CLONE3, errno: unix.ENOSYS},
		{call: unix.SYS_CLONE, errno: unix.EPERM, arg: 0, mask: newNamespaces, values: []uint32{0}, unless: true},
	}
	filter, err := assemble(rules)
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if step, errno := lock(nil, filter); errno != 0 {
		return failed(errno, "%s", step)
	}
	return nil
}

// On a machine that gives less, really: Landlock is reached, more is refused, and the
// cause has its name.
func TestPoorMachines(t *testing.T) {
	open(t, Hermetic) // there is something to take away
	for kind, cause := range map[string]string{"sysctl": "user.max_user_namespaces is 0", "filter": "filtered"} {
		t.Run(kind, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", poorRole, kind, t.TempDir())
			cmd.Env, cmd.Stderr = []string{}, os.Stderr
			if kind == "sysctl" {
				// In a namespace of users, as its root: not that of the machine.
				cmd.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  unix.CLONE_NEWUSER,
					UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
				}
			}
			said, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var out struct {
				Probed []Probed
				Code   fault.Code
				Hint   string
			}
			if err := json.Unmarshal(said, &out); err != nil || len(out.Probed) != len(levels) {
				t.Fatalf("%v: %s", err, said)
			}
			for _, p := range out.Probed {
				switch want := !p.Level.AtLeast(Netless); {
				case p.Works != want:
					t.Errorf("%s works: %v (%s)", p.Level, p.Works, p.Reason)
				case !want && (!strings.Contains(p.Reason, cause) || p.Remedy == ""):
					t.Errorf("%s: %q, remedy %q", p.Level, p.Reason, p.Remedy)
				}
			}
			if out.Code != fault.Unsupported || out.Hint == "" {
				t.Errorf("asked for hermetic: %s, hint %q", out.Code, out.Hint)
			}
		})
	}
}
