//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/fault"
)

// machine: only Linux has more than None.
type machine struct{}

// Serve does nothing: commands are started directly.
func Serve() {}

const outputWait = 2 * time.Second // for what is left in the output when the command has ended

// Run runs c with a clean environment and private folders, and nothing more: the
// only limits are the time and the output.
func (s *Sandbox) Run(ctx context.Context, c Command) (*Result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(s.temp, "snug-sandbox-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	limits := c.Limits.orDefault()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(limits.Wall, func() { cancel(killedAt("wall")) })
	defer timer.Stop()
	name, err := lookPath(c)
	if err != nil {
		return nil, fault.New(fault.NotFound, "", "in the sandbox: %w", err)
	}
	cmd := exec.CommandContext(ctx, name, c.Argv[1:]...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = privateEnv(c.Env, work), c.Dir, outputWait
	if cmd.Dir == "" {
		cmd.Dir = work
	}
	log := &limited{to: c.Log, left: limits.Output, full: func() { cancel(killedAt("output")) }}
	cmd.Stdout, cmd.Stderr = log, log
	return finished(ctx, cmd)
}

func finished(ctx context.Context, cmd *exec.Cmd) (*Result, error) {
	begun := time.Now()
	err := cmd.Run()
	r := &Result{Level: None, Wall: time.Since(begun)}
	if cmd.ProcessState != nil {
		r.Exit, r.CPU = cmd.ProcessState.ExitCode(), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	}
	var killed killedAt
	var exit *exec.ExitError
	switch {
	case errors.As(context.Cause(ctx), &killed):
		r.Killed, r.Exit = string(killed), 137
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.As(err, &exit):
		return nil, err
	}
	return r, nil
}

// killedAt is the limit that ended a command.
type killedAt string

func (k killedAt) Error() string { return "killed at its limit of " + string(k) }

// limited hands on what is written until the limit.
type limited struct {
	to   io.Writer
	left int64
	full func()
}

func (l *limited) Write(b []byte) (int, error) {
	if l.left -= int64(len(b)); l.left < 0 {
		l.full()
		return len(b), nil
	}
	if l.to == nil {
		return len(b), nil
	}
	return l.to.Write(b)
}

func lookPath(c Command) (string, error) {
	if filepath.IsAbs(c.Argv[0]) {
		return c.Argv[0], nil
	}
	for _, kv := range c.Env {
		if name, dirs, _ := strings.Cut(kv, "="); name == "PATH" {
			for _, dir := range filepath.SplitList(dirs) {
				if found, err := exec.LookPath(filepath.Join(dir, c.Argv[0])); err == nil {
					return found, nil
				}
			}
		}
	}
	return "", exec.ErrNotFound
}

// probe: None works everywhere, nothing else does here.
func (s *Sandbox) probe(context.Context) Probed {
	if s.level == None {
		return Probed{Level: None, Works: true}
	}
	return Probed{Level: s.level, Reason: "it needs Linux", Remedy: "build on Linux, in a virtual machine or a container of one's own"}
}
