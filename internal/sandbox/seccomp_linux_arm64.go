package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// refusedHere are the rules for calls that only this architecture has.
var refusedHere = []rule{{call: unix.SYS_KEXEC_FILE_LOAD, errno: unix.ENOSYS}}
