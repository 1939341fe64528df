package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guardMain is the first stage: what it starts cannot outlive it where it is the
// first process of its namespace, and has it as its parent in the end elsewhere.
func guardMain() int {
	runtime.LockOSThread() // the command ends with the thread that started it
	control, says := channels()
	unix.Umask(0o022)
	var p plan
	if err := receive(control, &p); err != nil {
		return 1
	}
	r, err := p.guard(control)
	if err != nil {
		r = &report{Fault: asFault(err)}
	}
	if err := send(says, r); err != nil {
		return 1
	}
	return 0
}

func (p *plan) guard(control io.Reader) (*report, error) {
	// The command may send signals: those with a handler do not end the guard.
	signal.Notify(make(chan os.Signal, 1))
	if err := p.surround(); err != nil {
		return nil, err
	}
	pid, ch, err := p.startInner()
	if err != nil {
		return nil, failed(err, "start the inner stage")
	}
	defer ch.close()
	// The inner stage is up already, since its libraries may be on the host only; it goes
	// to the new root with the guard.
	words := json.NewDecoder(io.LimitReader(ch.report, maxMessage))
	if err := words.Decode(new(ready)); err != nil {
		return nil, failed(err, "wait for the inner stage")
	}
	if p.Level == Hermetic && p.Off.on(ownRoot) {
		if err := p.makeRoot(); err != nil {
			return nil, err
		}
	}
	// From here on no process of the command may look into the guard or at its executable.
	if p.Off.on(shutMemory) {
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
			return nil, failed(err, "shut the guard's own memory")
		}
	}
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, control) // its end is all that counts
		if p.Off.on(diesWithUs) {
			close(stop)
		}
	}()
	if err := send(ch.control, p.Order); err != nil {
		return nil, failed(err, "instruct the inner stage")
	}
	var f stageFault
	switch err := words.Decode(&f); {
	case err == nil:
		return nil, &f
	case !errors.Is(err, io.EOF):
		return nil, failed(err, "hear the inner stage")
	}
	return p.attend(pid, stop)
}

// surround sees to what the command finds besides files.
func (p *plan) surround() error {
	if p.Level == Hermetic {
		if err := partMounts(); err != nil && p.Off.on(ownProcesses) {
			return err
		}
		if err := unix.Sethostname([]byte(p.Hostname)); err != nil {
			return failed(err, "set the host's name")
		}
		if err := unix.Setdomainname([]byte("(none)")); err != nil {
			return failed(err, "set the domain's name")
		}
	}
	if p.Level.AtLeast(Netless) && p.Off.on(ownNetwork) {
		if err := raiseLoopback(); err != nil {
			return failed(err, "raise the loopback")
		}
	}
	if !p.own() {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return failed(err, "become the parent of all that is orphaned")
		}
	}
	if p.Privileged {
		if err := syscall.Setgroups(nil); err != nil {
			return failed(err, "leave the groups of root")
		}
	}
	if p.Order.Search {
		// access(2) would not count the right to search, and tell compilers that their
		// folders are closed. What else the bit keeps, the inner stage's start takes.
		if err := unix.Prctl(unix.PR_SET_SECUREBITS, keepRightsOnAccess, 0, 0, 0); err != nil && !errors.Is(err, unix.EPERM) {
			return failed(err, "let access(2) tell what is so")
		}
	}
	return nil
}

// keepRightsOnAccess is SECBIT_NO_SETUID_FIXUP, which x/sys does not name.
const keepRightsOnAccess = 1 << 2

// own says whether the guard is the first process of a namespace.
func (p *plan) own() bool { return p.Level.AtLeast(Netless) && p.Off.on(ownProcesses) }

func raiseLoopback() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo)
}

// startInner starts the second stage as the command's user.
func (p *plan) startInner() (pid int, ch *pipes, err error) {
	ch, err = newPipes()
	if err != nil {
		return 0, nil, err
	}
	null, err := os.Open("/dev/null")
	if err != nil {
		ch.closeChild()
		ch.close()
		return 0, nil, err
	}
	defer null.Close()
	input := null.Fd()
	if !p.Off.on(emptyInput) {
		input = 0
	}
	pid, err = syscall.ForkExec("/proc/self/exe", []string{innerRole}, &syscall.ProcAttr{
		Dir: "/", Env: []string{},
		Files: []uintptr{input, 1, 2, ch.childControl.Fd(), ch.childSays.Fd()},
		Sys:   p.innerAttributes(),
	})
	ch.closeChild()
	if err != nil {
		ch.close()
		return 0, nil, err
	}
	return pid, ch, nil
}

// innerAttributes are the identity of the command: a namespace of users in which it
// is nobody special and which owns none of the others, so that it has no right over
// the mounts and the network. Below Hermetic a user with its own number can reach
// inputs under closed folders only by the right to search them.
func (p *plan) innerAttributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
	if !p.Off.on(ownUser) {
		return attr
	}
	outer := 0
	if p.Privileged {
		outer = p.UID
	}
	switch {
	case p.Level == Hermetic:
		attr.Cloneflags = unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: guestID, HostID: outer, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: guestID, HostID: outer, Size: 1}}
		attr.Credential = &syscall.Credential{Uid: guestID, Gid: guestID, NoSetGroups: true}
	case p.Order.Search:
		attr.Credential = &syscall.Credential{Uid: uint32(outer), Gid: uint32(outer), NoSetGroups: true}
		attr.AmbientCaps = []uintptr{unix.CAP_DAC_READ_SEARCH}
	}
	return attr
}

// attend waits for the command's end, or for the order to stop, or for a limit, and
// then ends all that is left.
func (p *plan) attend(pid int, stop <-chan struct{}) (*report, error) {
	r := &report{}
	w := p.newWatch()
	ended, reaped := make(chan syscall.WaitStatus, 1), make(chan struct{})
	go reap(pid, ended, reaped)
	full, done := make(chan struct{}, 1), make(chan struct{})
	var looking sync.WaitGroup
	next := time.NewTimer(watchEvery)
	defer next.Stop()
	if p.Off.on(watched) {
		looking.Go(func() { watchDisk(p.writable(), p.Order.Limits.Disk, full, done) })
	} else {
		next.Stop()
	}
	for waiting := true; waiting; {
		select {
		case status := <-ended:
			r.Exit, waiting = exitCode(status), false
		case <-stop:
			waiting = false
		case <-full:
			r.Killed, waiting = "disk", false
		case begun := <-next.C:
			r.Killed = w.look()
			waiting = r.Killed == ""
			next.Reset(max(watchEvery, watchShare*time.Since(begun)))
		}
	}
	if p.Off.on(endAll) {
		p.killAll(reaped)
	}
	close(done)
	looking.Wait()
	r.Peak, r.CPU = w.sum()
	return r, nil
}

// reap collects every process that ends, until none is left.
func reap(pid int, ended chan<- syscall.WaitStatus, done chan<- struct{}) {
	defer close(done)
	for {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return // ECHILD: there is no other
		case got == pid:
			ended <- status
		}
	}
}

func exitCode(s syscall.WaitStatus) int {
	if s.Signaled() {
		return 128 + int(s.Signal())
	}
	return s.ExitStatus()
}

// killAll ends what is left and waits until it has gone.
func (p *plan) killAll(reaped <-chan struct{}) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if p.own() {
			_ = unix.Kill(-1, unix.SIGKILL) // ESRCH: there is none
		} else {
			for _, pid := range descendants(os.Getpid()) {
				_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
			}
		}
		select {
		case <-reaped:
			return
		case <-tick.C:
		}
	}
}
