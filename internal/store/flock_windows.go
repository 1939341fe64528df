package store

import (
	"errors"
	"io/fs"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

const (
	shared    = 0
	exclusive = windows.LOCKFILE_EXCLUSIVE_LOCK
)

// lockFile takes a lock among processes; it ends with the process.
func lockFile(path string, how int) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), uint32(how), 0, math.MaxUint32, math.MaxUint32, new(windows.Overlapped))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, nil // closing gives up the lock
}

// links is how many names a file has, as far as a listing tells: on Windows
// that is one, so only a tree's age counts there.
func links(fs.FileInfo) uint64 { return 1 }
