package cli

import (
	"errors"
	"io/fs"
	"syscall"

	"snug/internal/fault"
)

// lastResort is the hint of a failure that nobody foresaw.
const lastResort = "run it again; if it fails again, report it with the command and with what snug --version says"

// remedy is the hint for an error: its own, else what helps against the machine
// that it came from, else lastResort.
func remedy(err error) string {
	if hint := fault.HintOf(err); hint != "" {
		return hint
	}
	is := func(causes ...error) bool {
		for _, c := range causes {
			if errors.Is(err, c) {
				return true
			}
		}
		return false
	}
	switch {
	case is(syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG):
		return "make room on that disk, or put the store on another with SNUG_HOME; snug gc removes what no runtime uses, and snug build goes on from here"
	case is(fs.ErrPermission, syscall.EROFS):
		return "this user may not write there: change the folder's owner or mode, or name another place (--home DIR, --project DIR)"
	case is(syscall.EISDIR, syscall.ENOTDIR):
		return "a file lies where a folder belongs, or the other way round: move it away"
	case is(syscall.EMFILE, syscall.ENFILE):
		return "too many files are open: try --jobs 1, or raise the limit (ulimit -n)"
	}
	return lastResort
}
