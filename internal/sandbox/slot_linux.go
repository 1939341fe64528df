package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

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
