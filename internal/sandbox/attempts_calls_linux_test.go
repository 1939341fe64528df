package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// nowhere is an address that is not mapped.
const nowhere = 1

func callAttempts() []attempt {
	minusOne := ^uintptr(0)
	return []attempt{
		reaches("trace a process", unix.EPERM, unix.SYS_PTRACE, 0x4206, uintptr(1<<22), 0, 0),
		reaches("read another process's memory", unix.EPERM, unix.SYS_PROCESS_VM_READV, uintptr(1<<22), nowhere, 1, nowhere, 1, 0),
		reaches("go into other namespaces", unix.EPERM, unix.SYS_SETNS, minusOne, 0),
		reaches("make namespaces by unshare", unix.EPERM, unix.SYS_UNSHARE, 1),
		reaches("make namespaces by clone3", unix.ENOSYS, unix.SYS_CLONE3, nowhere, 0),
		reaches("keep keys in the kernel", unix.ENOSYS, unix.SYS_ADD_KEY, nowhere, nowhere, 0, 0, 0),
		reaches("look at keys", unix.ENOSYS, unix.SYS_KEYCTL, 0, minusOne, 0),
		reaches("load a program into the kernel", unix.ENOSYS, unix.SYS_BPF, minusOne, 0, 0),
		reaches("count events of the machine", unix.ENOSYS, unix.SYS_PERF_EVENT_OPEN, nowhere, minusOne, minusOne, minusOne, 0),
		reaches("handle faults of the kernel's", unix.ENOSYS, unix.SYS_USERFAULTFD, minusOne),
		reaches("queue calls past the filter", unix.ENOSYS, unix.SYS_IO_URING_SETUP, 0, nowhere),
		reaches("read the kernel's log", unix.ENOSYS, unix.SYS_SYSLOG, 10, 0, 0),
		reaches("load a module", unix.ENOSYS, unix.SYS_FINIT_MODULE, minusOne, nowhere, 0),
		reaches("open files by their handle", unix.EPERM, unix.SYS_NAME_TO_HANDLE_AT, minusOne, nowhere, nowhere, nowhere, 0),
		reaches("type into a terminal", unix.EPERM, unix.SYS_IOCTL, minusOne, unix.TIOCSTI, nowhere),
		reaches("change another process's limits", unix.EPERM, unix.SYS_PRLIMIT64, uintptr(1<<22), unix.RLIMIT_CORE, 0, 0),
		{name: "mount", off: []defence{callFilter}, inside: func([]string) error { return become("mount there", unix.CLONE_NEWUSER|unix.CLONE_NEWNS) }},
		{name: "make namespaces by clone", off: []defence{callFilter}, inside: func([]string) error { return become("be there", unix.CLONE_NEWUSER) }},
		{name: "gain rights by what is executed", off: []defence{noGain, callFilter}, inside: func([]string) error {
			if n, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil || n == 1 {
				return held("no new rights: %d, %v", n, err)
			}
			return nil
		}},
		{name: "keep a right of root", off: []defence{noRights, ownUser}, inside: keepRights},
		{name: "memory of no process, in a file", off: []defence{callFilter}, inside: memoryFile},
		{name: "memory of no process, of System V", off: []defence{callFilter}, inside: func([]string) error {
			id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 1<<20, unix.IPC_CREAT|0o600)
			if err != nil {
				return err
			}
			_, err = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
			return err
		}},
	}
}

// become runs a tool of this program in new namespaces, as their root.
func become(tool string, flags uintptr) error {
	cmd := exec.Command(os.Args[0], attemptRole, tool)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  flags,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	said, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

func keepRights([]string) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	if data[0].Effective|data[0].Permitted|data[1].Effective|data[1].Permitted == 0 {
		return held("no rights")
	}
	return nil
}

func memoryFile([]string) error {
	fd, err := unix.MemfdCreate("hidden", 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, make([]byte, 1<<20))
	return err
}
