package sandbox

import "slices"

// defence is one thing that holds a command. Each can be switched off by the tests of
// this package alone, which show by that what it is good for.
type defence string

const (
	ownRoot      defence = "root"      // a file system of its own
	ownNetwork   defence = "network"   // a network namespace
	ownProcesses defence = "processes" // a namespace of processes
	ownIPC       defence = "ipc"       // a namespace of System V's memory and queues
	ownUser      defence = "user"      // a user that is nobody special
	noRights     defence = "rights"    // no capability
	noGain       defence = "gain"      // no new rights by what is executed
	callFilter   defence = "calls"     // the filter of system calls
	landlocked   defence = "landlock"  // Landlock's rules
	readOnly     defence = "read-only" // inputs that are not writable
	noDevices    defence = "devices"   // device nodes in inputs do not work
	noSetuid     defence = "setuid"    // programs in inputs do not run as their owner
	shutMemory   defence = "memory"    // the guard cannot be looked into
	closedFiles  defence = "files"     // what the stages have open is not handed on
	cleanEnv     defence = "env"       // no variable of snug's own
	emptyInput   defence = "stdin"     // standard input ends at once
	resources    defence = "resources" // what the kernel limits
	watched      defence = "watch"     // what the guard and its parent limit by looking
	endAll       defence = "end"       // what is left is ended with the command
	diesWithUs   defence = "orphan"    // the guard ends with who started it
	noLinks      defence = "links"     // links in writable inputs, both kinds
)

// switches are the defences that are off: none, but in tests.
type switches []defence

func (s switches) on(d defence) bool { return !slices.Contains(s, d) }
