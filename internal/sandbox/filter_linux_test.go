package sandbox

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// verdict runs the filter over a call, on a machine of another make than the kernel's.
func verdict(t *testing.T, filter []unix.SockFilter, arch uint32, call uintptr, args ...uint32) uint32 {
	t.Helper()
	var raw []bpf.RawInstruction
	for _, i := range filter {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	program, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the filter holds what is no instruction")
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	// That machine reads with the high byte first.
	data := make([]byte, offArgs+6*8)
	binary.BigEndian.PutUint32(data[offNumber:], uint32(call))
	binary.BigEndian.PutUint32(data[offArch:], arch)
	for i, a := range args {
		binary.BigEndian.PutUint32(data[offArgs+8*i:], a)
	}
	out, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(out)
}

func TestFilter(t *testing.T) {
	const allow = uint32(unix.SECCOMP_RET_ALLOW)
	no := func(errno unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(errno) }
	cases := []struct {
		name  string
		level Level
		arch  uint32
		call  uintptr
		args  []uint32
		want  uint32
	}{
		{"another architecture", Hermetic, unix.AUDIT_ARCH_I386, unix.SYS_READ, nil, unix.SECCOMP_RET_KILL_PROCESS},
		{"the x32 variant", Hermetic, auditArch, unix.SYS_READ | x32Bit, nil, no(unix.ENOSYS)},
		{"read", Hermetic, auditArch, unix.SYS_READ, nil, allow},
		{"execve", Landlock, auditArch, unix.SYS_EXECVE, nil, allow},
		{"a process", Hermetic, auditArch, unix.SYS_CLONE, []uint32{uint32(unix.SIGCHLD)}, allow},
		{"a thread", Hermetic, auditArch, unix.SYS_CLONE, []uint32{unix.CLONE_VM | unix.CLONE_THREAD | unix.CLONE_SIGHAND}, allow},
		{"a namespace of users", Hermetic, auditArch, unix.SYS_CLONE, []uint32{unix.CLONE_NEWUSER | uint32(unix.SIGCHLD)}, no(unix.EPERM)},
		{"a network namespace", Hermetic, auditArch, unix.SYS_CLONE, []uint32{unix.CLONE_NEWNET}, no(unix.EPERM)},
		{"a pipe", Hermetic, auditArch, unix.SYS_MKNODAT, []uint32{0, 0, unix.S_IFIFO | 0o644}, allow},
		{"a disk", Hermetic, auditArch, unix.SYS_MKNODAT, []uint32{0, 0, unix.S_IFBLK | 0o644}, no(unix.EPERM)},
		{"a terminal's size", Hermetic, auditArch, unix.SYS_IOCTL, []uint32{0, unix.TIOCGWINSZ}, allow},
		{"typing", Hermetic, auditArch, unix.SYS_IOCTL, []uint32{0, unix.TIOCSTI}, no(unix.EPERM)},
		{"a limit of its own", Hermetic, auditArch, unix.SYS_PRLIMIT64, []uint32{0}, allow},
		{"a limit of another", Hermetic, auditArch, unix.SYS_PRLIMIT64, []uint32{1}, no(unix.EPERM)},
		{"IPv4", Hermetic, auditArch, unix.SYS_SOCKET, []uint32{unix.AF_INET}, allow},
		{"IPv4 at netless", Netless, auditArch, unix.SYS_SOCKET, []uint32{unix.AF_INET}, allow},
		{"IPv4 at landlock", Landlock, auditArch, unix.SYS_SOCKET, []uint32{unix.AF_INET}, no(unix.EACCES)},
		{"UNIX", Hermetic, auditArch, unix.SYS_SOCKET, []uint32{unix.AF_UNIX}, allow},
		{"UNIX at netless", Netless, auditArch, unix.SYS_SOCKET, []uint32{unix.AF_UNIX}, no(unix.EACCES)},
		{"a pair", Landlock, auditArch, unix.SYS_SOCKETPAIR, []uint32{unix.AF_UNIX}, allow},
		{"the machine around a virtual one", Hermetic, auditArch, unix.SYS_SOCKET, []uint32{unix.AF_VSOCK}, no(unix.EACCES)},
	}
	for _, c := range cases {
		filter, err := (&order{Level: c.level}).filter()
		if err != nil {
			t.Skip(err)
		}
		if got := verdict(t, filter, c.arch, c.call, c.args...); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
	}
	filter, err := (&order{Level: Hermetic}).filter()
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range unseemly {
		if got := verdict(t, filter, auditArch, call); got != no(unix.EPERM) {
			t.Errorf("call %d: %#x", call, got)
		}
	}
	for _, call := range unbuilt {
		if got := verdict(t, filter, auditArch, call); got != no(unix.ENOSYS) {
			t.Errorf("call %d: %#x", call, got)
		}
	}
}
