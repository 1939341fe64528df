package sandbox

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// machine is what a sandbox knows of Linux.
type machine struct {
	off    switches
	groups *cgroups // nil: the host's
}

const (
	killGrace = 3 * time.Second // for the guard to take its processes down by itself
	drainTime = 2 * time.Second // for what is left in the pipe of the output
)

// Run runs c to its end and returns how it ended; a command that fails is a
// Result, not an error. An error means that the sandbox did not do its work, that
// there is no such command (fault.NotFound), or that ctx ended.
func (s *Sandbox) Run(ctx context.Context, c Command) (*Result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(s.temp, "snug-sandbox-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	p, err := s.plan(c, work)
	if err != nil {
		return nil, err
	}
	if p.Privileged {
		slot, err := takeSlot(slotFolder)
		if err != nil {
			return nil, err
		}
		defer slot.release()
		p.UID = slot.uid
	}
	takeBack, err := handOver(p)
	if err != nil {
		return nil, err
	}
	r, err := s.start(ctx, p, c.Log)
	if p.Order.Search && p.Off.on(endAll) {
		if endErr := endUser(p.UID); endErr != nil {
			return nil, errors.Join(err, endErr)
		}
	}
	if backErr := takeBack(); err == nil {
		err = backErr
	}
	if err != nil {
		return nil, explained(err)
	}
	return r, nil
}

// explained gives what went wrong in a stage its code.
func explained(err error) error {
	var f *stageFault
	switch {
	case fault.CodeOf(err) != fault.Failed || !errors.As(err, &f):
		return err
	case f.Step == stepFind:
		return fault.New(fault.NotFound, "only the inputs are there, and the host's programs where they were asked for", "in the sandbox: %s", f.Text)
	}
	return fault.New(fault.Failed, "snug sandbox shows what this machine gives", "the sandbox could not be made: %w", err)
}

// plan is what has to be done for c.
func (s *Sandbox) plan(c Command, work string) (*plan, error) {
	p := &plan{
		Level: s.level, Privileged: privileged(), Work: work, System: c.System, Hostname: c.Hostname, Off: s.off,
		Order: order{Argv: c.Argv, Dir: c.Dir, Env: c.Env, Umask: c.Umask, Limits: c.Limits.orDefault(), Level: s.level, Off: s.off},
	}
	p.Order.Alone = p.Privileged || s.level.AtLeast(Netless) && countsByNamespace()
	p.Order.Search = p.Privileged && s.level != Hermetic && p.Off.on(ownUser)
	if p.Hostname == "" {
		p.Hostname = "snug"
	}
	if p.Order.Umask == 0 {
		p.Order.Umask = 0o022
	}
	for _, in := range c.Inputs {
		host, err := filepath.EvalSymlinks(in.Host)
		if err != nil {
			return nil, fault.New(fault.Input, "every input of a sandboxed command must exist", "input %s: %w", in.Host, err)
		}
		if p.Privileged && s.level == Hermetic && !in.Writable {
			if err := openToOthers(host); err != nil {
				return nil, err
			}
		}
		p.Inputs = append(p.Inputs, Input{Host: host, Inside: filepath.Clean(in.Inside), Writable: in.Writable})
	}
	if s.level != Hermetic {
		p.Order.Env = privateEnv(c.Env, p.home())
	}
	if p.Order.Dir == "" {
		p.Order.Dir = p.tmp()
	}
	if s.level.AtLeast(Landlock) && s.level != Hermetic && p.Off.on(landlocked) {
		p.Order.Rules = p.accesses()
	}
	if !p.Off.on(cleanEnv) {
		p.Order.Env = append(os.Environ(), p.Order.Env...)
	}
	return p, nil
}

// openToOthers refuses an input that the command's own user could not read.
func openToOthers(host string) error {
	info, err := os.Stat(host)
	if err != nil {
		return err
	}
	need := fs.FileMode(0o004)
	if info.IsDir() {
		need = 0o005
	}
	if info.Mode()&need != need {
		return fault.New(fault.Input, "chmod -R a+rX "+host, "%s is closed to others, and where snug is root its sandboxed commands are another user", host)
	}
	return nil
}

// home is the command's private folder below Hermetic.
func (p *plan) home() string { return filepath.Join(p.Work, "home") }

// tmp is where the command may write what nobody reads.
func (p *plan) tmp() string {
	if p.Level == Hermetic {
		return "/tmp"
	}
	return p.home()
}

// started is a guard at work.
type started struct {
	cmd    *exec.Cmd
	pipes  *pipes
	out    *os.File // what the command writes comes out here
	killed atomic.Pointer[string]
	once   sync.Once
	ended  chan struct{}
}

// start runs the guard with the plan and waits for what comes of it.
func (s *Sandbox) start(ctx context.Context, p *plan, log io.Writer) (*Result, error) {
	begun := time.Now()
	group := s.cgroup(p)
	defer group.remove()
	g, err := launch(p, group)
	if err != nil {
		return nil, err
	}
	limits := p.Order.Limits
	if !p.Off.on(watched) {
		limits.Wall, limits.Output = math.MaxInt64, math.MaxInt64
	}
	copied := make(chan error, 1)
	go func() { copied <- g.copy(log, limits.Output) }()
	stopWatch := g.watch(ctx, limits.Wall)
	var said report
	sendErr := send(g.pipes.control, p)
	sayErr := receive(g.pipes.report, &said)
	waitErr := g.wait()
	stopWatch()
	_ = g.out.SetReadDeadline(time.Now().Add(drainTime)) // a process that got away at a lower level may hold it open
	copyErr := <-copied
	g.out.Close()
	g.pipes.close()
	r := &Result{Exit: said.Exit, Killed: said.Killed, Level: s.level, CPU: said.CPU, Wall: time.Since(begun), Peak: said.Peak}
	if why := g.killed.Load(); why != nil {
		r.Killed = *why
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case sayErr != nil && group.outOfMemory():
		r.Exit, r.Killed = 128+int(unix.SIGKILL), "memory"
		return r, nil
	case said.Fault != nil:
		return nil, said.Fault
	case r.Killed != "":
		r.Exit = 128 + int(unix.SIGKILL)
		return r, nil
	case copyErr != nil && !errors.Is(copyErr, os.ErrDeadlineExceeded):
		return nil, failed(copyErr, "keep the output")
	case sayErr != nil:
		return nil, failed(errors.Join(sendErr, waitErr), "the guard ended without a word")
	}
	return r, nil
}

// cgroup is one for the plan, nil where none can be made.
func (s *Sandbox) cgroup(p *plan) *cgroup {
	if !p.Off.on(resources) {
		return nil
	}
	groups := s.groups
	if groups == nil {
		host := hostCgroups()
		groups = &host
	}
	return groups.make(p.Order.Limits)
}

// launch starts the guard. The goroutine that started it keeps its thread until
// the guard has ended: the kernel takes the thread's end for the parent's death.
func launch(p *plan, group *cgroup) (*started, error) {
	ch, err := newPipes()
	if err != nil {
		return nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		ch.closeChild()
		ch.close()
		return nil, err
	}
	g := &started{pipes: ch, out: outR, ended: make(chan struct{})}
	start := func(group *cgroup) error {
		g.cmd = &exec.Cmd{
			Path: "/proc/self/exe", Args: []string{guardRole}, Env: []string{}, Dir: "/",
			Stdin: stdin(p), Stdout: outW, Stderr: outW, ExtraFiles: []*os.File{ch.childControl, ch.childSays},
			SysProcAttr: guardAttributes(p),
		}
		if group != nil {
			g.cmd.SysProcAttr.UseCgroupFD, g.cmd.SysProcAttr.CgroupFD = true, int(group.dir.Fd())
		}
		return g.cmd.Start()
	}
	startErr := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := start(group)
		if err != nil && group != nil {
			err = start(nil) // who may make a group may not always move into it
		}
		startErr <- err
		if err == nil {
			<-g.ended
		}
	}()
	err = <-startErr
	outW.Close()
	ch.closeChild()
	if err != nil {
		outR.Close()
		ch.close()
		return nil, failed(err, stepStart)
	}
	return g, nil
}

// stdin is nothing: a command that asks gets no answer.
func stdin(p *plan) io.Reader {
	if p.Off.on(emptyInput) {
		return nil
	}
	return os.Stdin
}

// Steps that are told apart later.
const (
	stepStart = "start a process in namespaces of its own"
	stepFind  = "find the command"
)

// guardAttributes are the namespaces and the identity of the guard.
func guardAttributes(p *plan) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	// Where the guard's end is that of all, it goes at once. Elsewhere it sees that its
	// orders end, and takes the rest down first.
	if p.Off.on(diesWithUs) && p.own() {
		attr.Pdeathsig = unix.SIGKILL
	}
	switch p.Level {
	case Hermetic:
		attr.Cloneflags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP
	case Netless:
		attr.Cloneflags = unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC
	}
	for d, flag := range map[defence]uintptr{ownNetwork: unix.CLONE_NEWNET, ownProcesses: unix.CLONE_NEWPID, ownIPC: unix.CLONE_NEWIPC} {
		if !p.Off.on(d) {
			attr.Cloneflags &^= flag
		}
	}
	if attr.Cloneflags != 0 && !p.Privileged {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		inside := 0
		if p.Level == Netless { // where the command cannot have a namespace of users of its own
			inside = guestID
			attr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_KILL, unix.CAP_DAC_READ_SEARCH}
		}
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: inside, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: inside, HostID: os.Getegid(), Size: 1}}
	}
	return attr
}

// watch stops the guard when ctx ends or the time is up.
func (g *started) watch(ctx context.Context, wall time.Duration) (stop func()) {
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		timer := time.NewTimer(wall)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			g.kill("canceled")
		case <-timer.C:
			g.kill("wall")
		case <-done:
		}
	})
	return func() { close(done); ended.Wait() }
}

// kill makes the guard end all, the first reason counts. A guard that does not
// obey is killed, and at the upper levels the kernel ends the rest with it.
func (g *started) kill(why string) {
	g.once.Do(func() {
		g.killed.Store(&why)
		g.pipes.control.Close()
		go func() {
			select {
			case <-g.ended:
			case <-time.After(killGrace):
				_ = g.cmd.Process.Kill() // it may just have ended
			}
		}()
	})
}

func (g *started) wait() error {
	err := g.cmd.Wait()
	close(g.ended)
	return err
}

// copy hands on what the command writes, until the limit.
func (g *started) copy(log io.Writer, limit int64) error {
	if log == nil {
		log = io.Discard
	}
	n, err := io.Copy(log, io.LimitReader(g.out, limit))
	if err == nil && n == limit {
		if extra, _ := io.CopyN(io.Discard, g.out, 1); extra > 0 {
			g.kill("output")
		}
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		g.kill("log")
	}
	return err
}
