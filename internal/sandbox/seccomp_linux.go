package sandbox

import (
	"golang.org/x/sys/unix"
)

// rule refuses a system call, or those uses of it that an argument tells.
type rule struct {
	call  uintptr
	errno unix.Errno
	// A test of an argument's lower half: refused if (arg & mask) is one of values, or
	// with unless, if it is none of them. Without a mask every use is refused.
	arg    int
	mask   uint32
	values []uint32
	unless bool
}

// x/sys has no name for this ioctl's family of terminals' tricks.
const tiocLinux = 0x541C

const newNamespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWTIME

// Calls that change what a process sees or reach into another: refused as they are to
// anybody without rights.
var unseemly = []uintptr{
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR, unix.SYS_SETNS, unix.SYS_UNSHARE,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
	unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_VHANGUP, unix.SYS_REBOOT,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_MOVE_PAGES, unix.SYS_MIGRATE_PAGES,
}

// Calls that have let many out of a sandbox, or that keep memory which belongs to no
// process: as on a kernel that was built without them. Programs know that, and do
// without; so they do with clone3, whose arguments no filter can see.
var unbuilt = []uintptr{
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_KEXEC_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_SYSLOG, unix.SYS_FANOTIFY_INIT,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_CLONE3,
	unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET, unix.SYS_SHMGET, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
}

// refused are the rules of every level with a filter.
func refused() []rule {
	rules := append([]rule{
		{call: unix.SYS_CLONE, errno: unix.EPERM, arg: 0, mask: newNamespaces, values: []uint32{0}, unless: true},
		{call: unix.SYS_IOCTL, errno: unix.EPERM, arg: 1, mask: ^uint32(0), values: []uint32{unix.TIOCSTI, tiocLinux}},
		{call: unix.SYS_MKNODAT, errno: unix.EPERM, arg: 2, mask: unix.S_IFMT, values: []uint32{unix.S_IFCHR, unix.S_IFBLK}},
		{call: unix.SYS_PRLIMIT64, errno: unix.EPERM, arg: 0, mask: ^uint32(0), values: []uint32{0}, unless: true},
	}, refusedHere...)
	for _, call := range unseemly {
		rules = append(rules, rule{call: call, errno: unix.EPERM})
	}
	for _, call := range unbuilt {
		rules = append(rules, rule{call: call, errno: unix.ENOSYS})
	}
	return rules
}

// filter is that of the level, nil at None.
func (o *order) filter() ([]unix.SockFilter, error) {
	if o.Level == None || !o.Off.on(callFilter) {
		return nil, nil
	}
	return assemble(append(refused(), socketRules(o.Level)...))
}

// socketRules say which sockets there are. A network namespace does not hold every
// family: one leads to the machine that a virtual machine runs on. Landlock does not
// hold connections to a socket in the file system, and one to the user's own service
// manager, or to a container engine, is a way to run anything; so below Hermetic
// there is no such socket, but pairs. Landlock alone holds TCP only, and only since
// its fourth version.
func socketRules(level Level) []rule {
	allowed := map[Level][]uint32{
		Hermetic: {unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK},
		Netless:  {unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK},
	}[level]
	if len(allowed) == 0 {
		return []rule{{call: unix.SYS_SOCKET, errno: unix.EACCES}}
	}
	return []rule{{call: unix.SYS_SOCKET, errno: unix.EACCES, arg: 0, mask: ^uint32(0), values: allowed, unless: true}}
}

// Offsets in struct seccomp_data; the lower half of an argument comes first on both architectures.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// x32Bit marks the calls of the x32 ABI, which share the architecture's number.
const x32Bit = 0x40000000

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(test uint16, k uint32, yes, no int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: k, Jt: uint8(yes), Jf: uint8(no)}
}

func ret(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

func refuse(errno unix.Errno) unix.SockFilter {
	return ret(unix.SECCOMP_RET_ERRNO | uint32(errno))
}

// assemble makes the program: another architecture's calls end the process, since its
// numbers mean other calls; then each rule in turn.
func assemble(rules []rule) ([]unix.SockFilter, error) {
	if auditArch == 0 {
		return nil, failed(unix.ENOSYS, "filter system calls on this architecture")
	}
	out := []unix.SockFilter{
		load(offArch), jump(unix.BPF_JEQ, auditArch, 1, 0), ret(unix.SECCOMP_RET_KILL_PROCESS),
		load(offNumber), jump(unix.BPF_JGE, x32Bit, 0, 1), refuse(unix.ENOSYS),
	}
	for _, r := range rules {
		out = append(out, r.program()...)
	}
	return append(out, ret(unix.SECCOMP_RET_ALLOW)), nil
}

// program is entered, and left, with the number of the call loaded.
func (r rule) program() []unix.SockFilter {
	if r.mask == 0 {
		return []unix.SockFilter{jump(unix.BPF_JEQ, uint32(r.call), 0, 1), refuse(r.errno)}
	}
	n := len(r.values)
	body := []unix.SockFilter{load(offArgs + 8*uint32(r.arg)), {Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: r.mask}}
	for i, v := range r.values {
		body = append(body, jump(unix.BPF_JEQ, v, n-i, 0)) // past what follows the tests
	}
	if r.unless {
		body = append(body, refuse(r.errno), load(offNumber))
	} else {
		body = append(body, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: 1}, refuse(r.errno), load(offNumber))
	}
	return append([]unix.SockFilter{jump(unix.BPF_JEQ, uint32(r.call), 0, len(body))}, body...)
}
