// Package archive reads zip and tar files that somebody else made: every entry has a path that stays
// inside, a bounded size, and one meaning only. It writes nothing to disk and knows nothing of
// wheels. The one hard idea: whatever two readers could read in two ways (a name twice, a local
// header that differs from the directory, entries that overlap) is refused with the entry's name,
// so that what was checked is what is unpacked.
package archive

import (
	"fmt"
	"io/fs"

	"snug/internal/fault"
)

// Limits bound what an archive may unpack to.
type Limits struct {
	Files int     // entries, directories included
	Entry int64   // bytes of one entry
	Total int64   // bytes of all entries
	Ratio float64 // unpacked bytes for each packed byte of the whole archive, once beyond ratioFloor
}

// The bounds that no caller may move.
const (
	maxName      = 4096     // bytes of a path
	maxComponent = 255      // bytes of one component: what file systems hold
	maxDepth     = 64       // components of a path
	ratioFloor   = 64 << 20 // a small archive of zeros is no bomb
)

// DefaultLimits fit the largest wheels and interpreters there are, with room.
func DefaultLimits() Limits {
	return Limits{Files: 200_000, Entry: 8 << 30, Total: 16 << 30, Ratio: 200}
}

// UnsafeError says which entry of which archive was refused, and why. Archive is "" until a caller
// that knows the name sets it; Entry is "" when the archive as a whole is at fault.
type UnsafeError struct{ Archive, Entry, Reason string }

func (e *UnsafeError) Error() string {
	text := "unsafe archive"
	if e.Archive != "" {
		text += " " + e.Archive
	}
	if e.Entry != "" {
		text += fmt.Sprintf(": entry %.200q", e.Entry)
	}
	return text + ": " + e.Reason
}

// Unwrap gives the error its code and hint.
func (e *UnsafeError) Unwrap() error {
	return &fault.Error{
		Code:    fault.Integrity,
		Message: e.Reason,
		Hint:    "the archive is damaged or was made to do harm: do not unpack it by other means; use another version and tell its maintainers",
	}
}

func unsafe(entry, format string, args ...any) *UnsafeError {
	return &UnsafeError{Entry: entry, Reason: fmt.Sprintf(format, args...)}
}

// permission is all that is taken of an archive's mode: executable or not.
func permission(executable bool) fs.FileMode {
	if executable {
		return 0o755
	}
	return 0o644
}

// budget counts what has been announced or unpacked so far.
type budget struct {
	lim   Limits
	files int
	total int64
}

// add refuses the entry that goes over a limit.
func (b *budget) add(name string, size int64) *UnsafeError {
	b.files++
	switch {
	case b.files > b.lim.Files:
		return unsafe(name, "more than %d entries", b.lim.Files)
	case size < 0 || size > b.lim.Entry:
		return unsafe(name, "%d bytes, more than the %d allowed for one entry", size, b.lim.Entry)
	case size > b.lim.Total-b.total:
		return unsafe(name, "more than %d bytes in all", b.lim.Total)
	}
	b.total += size
	return nil
}

// bomb reports whether total bytes out of packed bytes is more than the ratio allows.
func (l Limits) bomb(total, packed int64) bool {
	return total > ratioFloor && float64(total) > l.Ratio*float64(max(packed, 1))
}
