package sandbox

import (
	"cmp"
	"time"
)

// Limits bound a command with all that it starts. Zero is that of DefaultLimits.
// docs/sandbox.md says which are hard and which are watched.
type Limits struct {
	CPU       time.Duration // of all processes together
	Wall      time.Duration
	Memory    int64 // bytes, of all processes together with what lies in /tmp
	Disk      int64 // bytes below the writable inputs, together
	FileSize  int64 // bytes of one file
	Output    int64 // bytes written to Log
	Processes int   // processes and threads
	Files     int   // open files of one process
}

// DefaultLimits are those of a build that may be large.
func DefaultLimits() Limits {
	return Limits{
		CPU: 4 * time.Hour, Wall: 2 * time.Hour,
		Memory: 4 << 30, Disk: 8 << 30, FileSize: 4 << 30, Output: 256 << 20,
		Processes: 1024, Files: 4096,
	}
}

// orDefault fills what is not set.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{
		CPU: cmp.Or(l.CPU, d.CPU), Wall: cmp.Or(l.Wall, d.Wall),
		Memory: cmp.Or(l.Memory, d.Memory), Disk: cmp.Or(l.Disk, d.Disk), FileSize: cmp.Or(l.FileSize, d.FileSize), Output: cmp.Or(l.Output, d.Output),
		Processes: cmp.Or(l.Processes, d.Processes), Files: cmp.Or(l.Files, d.Files),
	}
}
