package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A command that looks around takes a moment; a machine that is busy, a while.
var probeLimits = Limits{Wall: 30 * time.Second, CPU: 10 * time.Second, Memory: 1 << 30, Disk: 16 << 20, Output: 64 << 10, Processes: 64, Files: 256}

// probe runs this program itself at the level, to look at what it can reach.
func (s *Sandbox) probe(ctx context.Context) Probed {
	p := Probed{Level: s.level}
	err := s.try(ctx)
	if p.Works = err == nil; !p.Works {
		p.Reason, p.Remedy = machineFacts().why(s.level, err)
	}
	return p
}

func (s *Sandbox) try(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	secret, err := os.MkdirTemp(s.temp, "snug-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(secret)
	in := Input{Host: self, Inside: "/snug"}
	var said bytes.Buffer
	r, err := s.Run(ctx, Command{Argv: []string{s.Path(in), probeRole, string(s.level), secret}, Inputs: []Input{in}, System: true, Limits: probeLimits, Log: &said})
	switch {
	case err != nil:
		return err
	case r.Killed != "":
		return fmt.Errorf("the probe was killed at its limit of %s", r.Killed)
	case r.Exit != 0:
		return fmt.Errorf("%s", strings.TrimSpace(said.String()))
	}
	return nil
}

// privileged says whether this process may mount and change users as the real root.
func privileged() bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if os.Geteuid() != 0 || unix.Capget(&hdr, &data[0]) != nil {
		return false
	}
	if _, err := firstMapped(); err != nil { // a root of one user only, in a namespace
		return false
	}
	if text, err := readBounded("/proc/self/setgroups", 16); err == nil && string(bytes.TrimSpace(text)) == "deny" {
		return false
	}
	need := uint32(1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_CHOWN | 1<<unix.CAP_KILL | 1<<unix.CAP_DAC_READ_SEARCH)
	return data[0].Effective&need == need
}

// probeMain runs inside and says what it can reach that it should not.
func probeMain(args []string) int {
	if len(args) != 2 {
		return 1
	}
	if err := lookAround(Level(args[0]), args[1]); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// lookAround is nil if all that the level promises can be seen to hold.
func lookAround(level Level, secret string) error {
	if level == None {
		return nil
	}
	if _, err := os.ReadDir(secret); err == nil {
		return errors.New("a folder that is no input can be read")
	}
	if n, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil || n != 1 {
		return errors.New("a command could gain rights")
	}
	if n, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil || n != unix.SECCOMP_MODE_FILTER {
		return errors.New("system calls are not filtered")
	}
	if level == Landlock {
		return noSockets()
	}
	return onlyLoopback()
}

func noSockets() error {
	for _, family := range []int{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6} {
		if s, err := unix.Socket(family, unix.SOCK_STREAM, 0); err == nil {
			unix.Close(s)
			return fmt.Errorf("a socket of family %d can be made", family)
		}
	}
	return nil
}

func onlyLoopback() error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
			return fmt.Errorf("the network interface %s is there", i.Name)
		}
	}
	return nil
}
