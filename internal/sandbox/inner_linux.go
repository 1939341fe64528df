package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// innerMain is the second stage: it gives up what it may do and becomes the command.
// All of it happens on one thread, whose rights are those that the command gets.
func innerMain() int {
	runtime.LockOSThread()
	control, says := channels()
	var o order
	if err := send(says, ready{}); err != nil {
		return 1
	}
	if err := receive(control, &o); err != nil {
		return 1
	}
	err := o.become()
	_ = send(says, asFault(err)) // if the guard is gone, so is this process in a moment
	return 1
}

// become does not return but with an error.
func (o *order) become() error {
	unix.Umask(o.Umask)
	if err := os.Chdir(o.Dir); err != nil {
		return failed(err, "go to %s", o.Dir)
	}
	// When the machine runs out of memory, a build goes before anything else.
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return failed(err, "offer itself to the kernel's killer")
	}
	path, err := find(o.Argv[0], o.Env)
	if err != nil {
		return failed(err, stepFind)
	}
	image, err := newImage(path, o.Argv, o.Env)
	if err != nil {
		return failed(err, "prepare the command")
	}
	filter, err := o.filter()
	if err != nil {
		return err
	}
	if err := o.giveUp(); err != nil {
		return err
	}
	if !o.Off.on(closedFiles) {
		_, err1 := unix.FcntlInt(controlFD, unix.F_SETFD, 0)
		_, err2 := unix.FcntlInt(reportFD, unix.F_SETFD, 0)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
	}
	// Nothing between here and exec may need a thread, a file or memory of the kernel's.
	if step, errno := lock(o.resources(), filter); errno != 0 {
		return failed(errno, "%s", step)
	}
	return failed(image.exec(), "execute %s", path)
}

// giveUp leaves the thread without rights, and without a way to get any.
func (o *order) giveUp() error {
	if o.Off.on(noGain) {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return failed(err, "give up gaining rights")
		}
	}
	if len(o.Rules) > 0 {
		rules, err := newRuleset(o.Rules, o.Level)
		if err != nil {
			return err
		}
		if err := restrict(rules); err != nil {
			return failed(err, "put on Landlock's rules")
		}
	}
	if o.Search || !o.Off.on(noRights) {
		return nil
	}
	return failed(dropCapabilities(), "give up capabilities")
}

// find looks the command up as a shell would.
func find(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		_, err := os.Stat(name)
		return name, err
	}
	for _, kv := range env {
		dirs, ok := strings.CutPrefix(kv, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(dirs) {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); filepath.IsAbs(dir) && err == nil && info.Mode().IsRegular() && unix.Access(path, unix.X_OK) == nil {
				return path, nil
			}
		}
	}
	return "", fault.New(fault.NotFound, "", "there is no command %q on its PATH", name)
}

// image is a command in the form that the kernel takes.
type image struct {
	path      *byte
	argv, env []*byte
}

func newImage(path string, argv, env []string) (*image, error) {
	p, err1 := syscall.BytePtrFromString(path)
	a, err2 := syscall.SlicePtrFromStrings(argv)
	e, err3 := syscall.SlicePtrFromStrings(env)
	return &image{p, a, e}, errors.Join(err1, err2, err3)
}

func (i *image) exec() error {
	_, _, errno := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(i.path)), uintptr(unsafe.Pointer(&i.argv[0])), uintptr(unsafe.Pointer(&i.env[0])))
	return errno
}

// dropCapabilities gives up all that the thread has, and could hand on.
func dropCapabilities() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	var none [2]unix.CapUserData
	return unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
}

// resource is a limit that the kernel holds.
type resource struct {
	which int
	limit unix.Rlimit
}

// resources are the limits as the kernel counts them: CPU, memory and file size for
// one process, processes for a user.
func (o *order) resources() []resource {
	l := o.Limits
	if !o.Off.on(resources) {
		return nil
	}
	cap := func(which int, n int64) resource { return resource{which, unix.Rlimit{Cur: uint64(n), Max: uint64(n)}} }
	seconds := max(1, int64(l.CPU.Seconds()+0.5))
	out := []resource{
		{unix.RLIMIT_CPU, unix.Rlimit{Cur: uint64(seconds), Max: uint64(seconds + 1)}},
		cap(unix.RLIMIT_FSIZE, l.FileSize),
		cap(unix.RLIMIT_NOFILE, int64(l.Files)),
		cap(unix.RLIMIT_CORE, 0),
		cap(unix.RLIMIT_DATA, l.Memory),
	}
	if o.Alone {
		out = append(out, cap(unix.RLIMIT_NPROC, int64(l.Processes)))
	}
	return out
}

// countsByNamespace says whether the kernel counts a user's processes in each
// namespace of users apart, as it does since 5.14.
func countsByNamespace() bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	var major, minor int
	_, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor)
	return err == nil && (major > 5 || major == 5 && minor >= 14)
}

// lock puts on the resource limits and the filter of system calls, in raw calls: the
// Go runtime must not find itself short of a thread or a file between them.
func lock(limits []resource, filter []unix.SockFilter) (step string, errno syscall.Errno) {
	for i := range limits {
		r := &limits[i]
		if _, _, errno := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, uintptr(r.which), uintptr(unsafe.Pointer(&r.limit)), 0, 0, 0); errno != 0 {
			return "set a resource limit", errno
		}
	}
	if len(filter) == 0 {
		return "", 0
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	return "filter system calls", errno
}
