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

// tryLock takes a lock among processes, or says busy; the lock ends with the
// process.
func tryLock(f *os.File, how int) (busy bool, err error) {
	err = windows.LockFileEx(windows.Handle(f.Fd()), uint32(how)|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, math.MaxUint32, math.MaxUint32, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return true, nil
	}
	return false, err
}

// links is how many names a file has, as far as a listing tells: on Windows
// that is one, so only a tree's age counts there.
func links(fs.FileInfo) uint64 { return 1 }

// sameFileSystem is never so here: symbolic links need a right that few have.
func sameFileSystem(_, _ fs.FileInfo) bool { return false }
