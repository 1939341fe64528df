package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"snug/internal/fault"
)

func TestRemedy(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Usage, "its own", "x: %w", syscall.ENOSPC), "its own"},
		{fmt.Errorf("write: %w", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), "make room"},
		{fault.New(fault.Failed, "", "x: %w", syscall.EFBIG), "make room"},
		{errors.Join(errors.New("other"), syscall.EACCES), "may not write"},
		{syscall.EROFS, "may not write"},
		{syscall.EISDIR, "a file lies where"},
		{syscall.EMFILE, "ulimit -n"},
		{errors.New("unheard of"), lastResort},
	} {
		if got := remedy(c.err); !strings.Contains(got, c.want) {
			t.Errorf("%v: hint %q, want %q", c.err, got, c.want)
		}
	}
}
