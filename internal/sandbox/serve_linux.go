package sandbox

import (
	"os"

	"golang.org/x/sys/unix"
)

// Serve is the first thing that main, and the TestMain of a package that runs
// sandboxed commands, does. In a process that a sandbox started it does not
// return; in any other it does nothing.
func Serve() {
	switch os.Args[0] {
	case guardRole:
		os.Exit(guardMain())
	case innerRole:
		os.Exit(innerMain())
	}
	if len(os.Args) > 1 && os.Args[1] == probeRole {
		os.Exit(probeMain(os.Args[2:]))
	}
}

// channels are the two files a stage was started with. What it starts does not
// get them.
func channels() (control, says *os.File) {
	unix.CloseOnExec(controlFD)
	unix.CloseOnExec(reportFD)
	return os.NewFile(controlFD, "control"), os.NewFile(reportFD, "report")
}
