//go:build unix

package cli

import (
	"os/signal"
	"strconv"
	"syscall"
)

// fileLimitVar bounds the size of every file that a child writes, which fails
// its writes half-way as a full disk does.
const fileLimitVar = "SNUG_TEST_FILE_LIMIT"

func starve(limit string) error {
	if limit == "" {
		return nil
	}
	n, err := strconv.ParseUint(limit, 10, 63)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails instead
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}
