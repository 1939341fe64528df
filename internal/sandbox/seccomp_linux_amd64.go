package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// refusedHere are the rules for calls that only this architecture has.
var refusedHere = []rule{
	{call: unix.SYS_MKNOD, errno: unix.EPERM, arg: 1, mask: unix.S_IFMT, values: []uint32{unix.S_IFCHR, unix.S_IFBLK}},
	{call: unix.SYS_IOPL, errno: unix.ENOSYS},
	{call: unix.SYS_IOPERM, errno: unix.ENOSYS},
	{call: unix.SYS_MODIFY_LDT, errno: unix.ENOSYS},
	{call: unix.SYS_KEXEC_FILE_LOAD, errno: unix.ENOSYS},
}
