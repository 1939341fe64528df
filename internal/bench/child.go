//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// command is a program with its whole environment.
type command struct {
	dir  string
	argv []string
	env  []string
	exit int // the code that it is to end with
}

// cost is what commands took, one after another.
type cost struct {
	wall time.Duration
	cpu  time.Duration // of all processes
	peak int64         // KB resident, of the largest process
}

// time runs the commands and measures them.
func (t *tools) time(ctx context.Context, commands ...command) (cost, error) {
	var total cost
	if err := quiet(); err != nil {
		return total, err
	}
	for _, c := range commands {
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, &said, &said
		start := time.Now()
		err := cmd.Run()
		total.wall += time.Since(start)
		var ended *exec.ExitError
		if err == nil && c.exit != 0 || err != nil && !(errors.As(err, &ended) && ended.ExitCode() == c.exit) {
			return total, fmt.Errorf("%s: ended with %v, not with code %d\n%s", strings.Join(c.argv, " "), err, c.exit, said.Bytes())
		}
		total.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			total.peak = max(total.peak, usage.Maxrss)
		}
	}
	return total, nil
}

// quiet writes back what earlier runs left to be written, and forgets this
// process's own peak memory: Linux starts a child's peak with its parent's
// (setmax_mm_hiwater_rss in exec_mmap).
func quiet() error {
	debug.FreeOSMemory()
	syscall.Sync()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// remove deletes a tree that may hold read-only folders.
func remove(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o755)
		}
		if os.IsNotExist(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
