//go:build !unix

package interp

import (
	"os"
	"os/exec"
)

// forwarded are the signals that Exec passes to its child.
var forwarded = []os.Signal{os.Interrupt}

func alone(*exec.Cmd) {}

func signalOf(*os.ProcessState) int { return 0 }
