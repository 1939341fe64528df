package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// slotFolder is of root alone and of the whole machine: two snug processes never
// give two commands the same user.
const slotFolder = "/run/snug/sandbox"

// Users for commands are taken from where no distribution, container tool or
// directory service puts any; in a container with few users, from the last ones.
const (
	slots       = 256
	firstUID    = 1_900_000_000
	lastGuest   = 65_000 // the top of the small range
	maxProcText = 1 << 20
)

// slot is a user that one command has for itself.
type slot struct {
	uid  int
	lock *os.File
}

// takeSlot takes the first free one. The lock goes with the process.
func takeSlot(dir string) (*slot, error) {
	base, err := firstMapped()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for i := range slots {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("user-%d.lock", base+i)), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return &slot{uid: base + i, lock: f}, nil
		}
		f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, err
		}
	}
	return nil, fault.New(fault.Busy, "wait for other builds to end", "%d sandboxed commands run on this machine already", slots)
}

func (s *slot) release() { s.lock.Close() }

// endUser ends what is left of a command's own user. Below hermetic and netless that is
// what a guard left behind that was killed, since it was not done in time.
func endUser(uid int) error {
	for end := time.Now().Add(killGrace); ; time.Sleep(time.Millisecond) {
		left := processesOf(uid)
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fault.New(fault.Failed, "end them, then build again", "%d processes of the command (user %d) cannot be ended", len(left), uid)
		}
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
		}
	}
}

// processesOf are the processes of a user that still run.
func processesOf(uid int) []int {
	var out []int
	for _, pid := range processes() {
		text, err := readBounded("/proc/"+strconv.Itoa(pid)+"/status", 16<<10)
		if err != nil {
			continue // it has ended
		}
		if isOf, alive := userIn(text, uid); isOf && alive {
			out = append(out, pid)
		}
	}
	return out
}

// userIn reads of proc_pid_status(5) whose the process is, and whether it runs.
func userIn(text []byte, uid int) (isOf, alive bool) {
	for line := range bytes.Lines(text) {
		f := bytes.Fields(line)
		switch {
		case len(f) < 2:
		case string(f[0]) == "State:":
			alive = string(f[1]) != "Z" && string(f[1]) != "X"
		case string(f[0]) == "Uid:":
			isOf = string(f[1]) == strconv.Itoa(uid)
		}
	}
	return isOf, alive
}

// firstMapped is the first of the users to take, by those that exist here.
func firstMapped() (int, error) {
	text, err := readBounded("/proc/self/uid_map", maxProcText)
	if err != nil {
		return 0, err
	}
	base, ok := slotBase(text)
	if !ok {
		return 0, fault.New(fault.Unsupported, "", "there are too few users here for one to be a command's own")
	}
	return base, nil
}

// slotBase finds room for all slots in a process's map of users; there is none where
// only one user is mapped.
func slotBase(uidMap []byte) (base int, ok bool) {
	for _, base := range []int64{firstUID, lastGuest - slots} {
		for line := range bytes.Lines(uidMap) {
			var inside, outside, n int64
			if _, err := fmt.Sscan(string(line), &inside, &outside, &n); err == nil && inside <= base && base+slots <= inside+n {
				return int(base), true
			}
		}
	}
	return 0, false
}

// readBounded reads a file of the kernel's, which has no size of its own.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
