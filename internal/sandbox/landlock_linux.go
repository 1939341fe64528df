package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a command may do with files, by the Landlock version that knows the right. A
// right that is not handled is not held back, so each version's are added.
const (
	rightsToRead  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	rightsOfFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	firstRights   = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1 // version 1 has all up to this
	scopes        = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
)

// Versions of Landlock that brought something.
const (
	versionRefer    = 2
	versionTruncate = 3
	versionTCP      = 4
	versionIoctl    = 5
	versionScopes   = 6
)

// Files of the host that programs look at and that tell little: users, names, the
// processor. What lies below /proc/PID is not among them.
var publicFiles = []string{
	"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/localtime",
	"/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/sys/vm/overcommit_memory",
}

// access is a file or folder with what may be done to it and below it.
type access struct {
	Path     string
	Write    bool
	Optional bool // it may be missing
}

// accesses are what a command may touch below Hermetic.
func (p *plan) accesses() []access {
	out := []access{{Path: p.home(), Write: true}}
	for _, in := range p.Inputs {
		out = append(out, access{Path: in.Host, Write: in.Writable || !p.Off.on(readOnly)})
	}
	for _, name := range devices {
		out = append(out, access{Path: "/dev/" + name, Write: true})
	}
	public := publicFiles
	if p.System {
		public = slices.Concat(public, systemRoots, systemFiles)
	}
	for _, path := range public {
		out = append(out, access{Path: path, Optional: true})
	}
	return out
}

// landlockVersion is what the kernel has.
func landlockVersion() (int, error) {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, errno
	}
	return int(v), nil
}

// handled are the rights that are held back but where a rule gives them.
func handled(version int, level Level) unix.LandlockRulesetAttr {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: firstRights}
	for since, right := range map[int]uint64{
		versionRefer: unix.LANDLOCK_ACCESS_FS_REFER, versionTruncate: unix.LANDLOCK_ACCESS_FS_TRUNCATE, versionIoctl: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV,
	} {
		if version >= since {
			attr.Handled_access_fs |= right
		}
	}
	if version >= versionTCP && level == Landlock {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= versionScopes {
		attr.Scoped = scopes
	}
	return attr
}

// newRuleset makes the rules; the thread is under them after restrict.
func newRuleset(list []access, level Level) (fd int, err error) {
	version, err := landlockVersion()
	if err != nil {
		return 0, failed(err, stepLandlock)
	}
	attr := handled(version, level)
	// The size tells the kernel how much of the structure is meant.
	size := unsafe.Offsetof(attr.Handled_access_net)
	if version >= versionTCP {
		size = unsafe.Offsetof(attr.Scoped)
	}
	if version >= versionScopes {
		size = unsafe.Offsetof(attr.Quiet_access_fs)
	}
	got, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return 0, failed(errno, stepLandlock)
	}
	for _, a := range list {
		if err := a.allow(int(got), attr.Handled_access_fs); err != nil && !(a.Optional && errors.Is(err, fs.ErrNotExist)) {
			unix.Close(int(got))
			return 0, failed(err, "allow %s", a.Path)
		}
	}
	return int(got), nil
}

const stepLandlock = "ask for Landlock"

// allow adds the rule of a to the rules.
func (a access) allow(rules int, handled uint64) error {
	f, err := os.OpenFile(a.Path, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	rights := uint64(rightsToRead)
	if a.Write {
		rights = handled
	}
	if !info.IsDir() {
		rights &= rightsOfFiles
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights & handled, Parent_fd: int32(f.Fd())}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	return errnoOrNil(errno)
}

// restrict puts the thread, and what it becomes and starts, under the rules.
func restrict(rules int) error {
	defer unix.Close(rules)
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0)
	return errnoOrNil(errno)
}

func errnoOrNil(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
