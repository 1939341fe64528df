package sandbox

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// facts are the settings of a machine that take a level away.
type facts struct {
	proc       string // where /proc is
	privileged bool
	root       bool
}

func machineFacts() facts {
	return facts{proc: "/proc", privileged: privileged(), root: os.Geteuid() == 0}
}

// setting is a kernel setting by its sysctl name, "" where there is none.
func (f facts) setting(name string) string {
	text, err := readBounded(filepath.Join(f.proc, "sys", filepath.FromSlash(strings.ReplaceAll(name, ".", "/"))), 4<<10)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}

// filtered says whether somebody else filters this process's system calls, as
// container engines do.
func (f facts) filtered() bool {
	text, err := readBounded(filepath.Join(f.proc, "self", "status"), 64<<10)
	return err == nil && bytes.Contains(text, []byte("\nSeccomp:\t2\n"))
}

// Settings that stand against namespaces of users, each with the value that does, and
// whether it does for root too.
var against = []struct {
	name, value, remedy string
	root                bool
}{
	{"user.max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000", true},
	{"kernel.unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1", false},
	{"kernel.apparmor_restrict_unprivileged_userns", "1", "an AppArmor profile that gives snug userns (docs/sandbox.md has it), or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", false},
}

// why says in words what stopped a level, and what would help.
func (f facts) why(level Level, err error) (reason, remedy string) {
	reason = err.Error()
	var step *stageFault
	if !errors.As(err, &step) {
		return reason, ""
	}
	reason = step.Error()
	switch {
	case step.Step == stepLandlock && errors.Is(step, unix.ENOSYS):
		return "the kernel has no Landlock", "Linux 5.13 or newer; in a container, an engine whose filter of system calls knows landlock_create_ruleset"
	case step.Step == stepLandlock && errors.Is(step, unix.EOPNOTSUPP):
		return "the kernel has Landlock and does not use it", "landlock added to lsm= on the kernel's command line"
	case level.AtLeast(Netless) && refusedBy(step):
		return f.noNamespaces(step)
	}
	return reason, ""
}

// refusedBy says whether the kernel refused, rather than something being amiss.
func refusedBy(err error) bool {
	for _, errno := range []unix.Errno{unix.EPERM, unix.EACCES, unix.ENOSPC, unix.EUSERS, unix.ENOSYS, unix.EINVAL} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// noNamespaces is why no namespaces are given: the sysctls say it, or else something
// around this process does.
func (f facts) noNamespaces(step *stageFault) (reason, remedy string) {
	reason = step.Error()
	for _, s := range against {
		if (s.root || !f.privileged) && f.setting(s.name) == s.value {
			return reason + " (" + s.name + " is " + s.value + ")", s.remedy
		}
	}
	switch {
	case step.Step == stepProc:
		return reason + " (parts of /proc are masked, as in a container)", "docker run --security-opt systempaths=unconfined, podman run --security-opt unmask=ALL; or snug outside of a container"
	case f.filtered():
		return reason + " (system calls are filtered, as in a container)", "docker run --security-opt seccomp=FILE with a profile that allows clone, unshare, mount and pivot_root, or --privileged; or snug outside of a container"
	case f.root && !f.privileged:
		return reason + " (this root has not all the rights of root)", "docker run --cap-add SYS_ADMIN, or snug as an ordinary user"
	case errors.Is(step, unix.EINVAL), errors.Is(step, unix.ENOSYS):
		return reason + " (the kernel was built without such namespaces)", "a kernel with CONFIG_USER_NS, CONFIG_PID_NS and CONFIG_NET_NS"
	case errors.Is(step, unix.ENOSPC), errors.Is(step, unix.EUSERS):
		return reason + " (too many namespaces exist, or they are nested too deep)", "a larger user.max_user_namespaces"
	}
	return reason + " (a security module, SELinux or AppArmor, may have refused)", "see the kernel's log for what was denied; in a container, docker run --privileged"
}
