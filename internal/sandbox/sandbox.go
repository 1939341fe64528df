// Package sandbox runs what strangers wrote (build backends, compilers driven by
// them) so that it sees its inputs and nothing else, and ends when it is told to.
// It is not a container runtime: it starts one command, without a network, and
// hands back how that ended. docs/sandbox.md says what each level promises.
//
// The one hard idea: the program re-executes itself twice. The guard is the first
// process of new namespaces; it arranges the view of the file system, then starts
// the inner stage, which gives up every right, puts on the last locks and becomes
// the command. The guard stays: it reaps, watches the limits, and takes everything
// down with itself. So a program that runs sandboxed commands calls Serve first.
package sandbox

import (
	"context"
	"io"
	"slices"
	"time"

	"snug/internal/fault"
)

// Level says how much the sandbox keeps away from the command.
type Level string

// The levels, from the weakest.
const (
	None     Level = "none"     // a clean environment and private folders, no isolation
	Landlock Level = "landlock" // files by Landlock, no sockets, by one's own process
	Netless  Level = "netless"  // besides, no network and processes of its own
	Hermetic Level = "hermetic" // nothing but its inputs is there
)

var levels = [...]Level{None, Landlock, Netless, Hermetic}

// AtLeast says whether l keeps away all that o does. A level that is not known is
// below all others.
func (l Level) AtLeast(o Level) bool {
	return slices.Index(levels[:], l) >= slices.Index(levels[:], o)
}

// ParseLevel reads a level's name.
func ParseLevel(text string) (Level, error) {
	if l := Level(text); slices.Contains(levels[:], l) {
		return l, nil
	}
	return "", fault.New(fault.Input, "the levels are hermetic, netless, landlock and none", "there is no sandbox level %q", text)
}

// Input is a file or folder of the host that the command may see.
type Input struct {
	Host     string // absolute
	Inside   string // absolute; where it is seen at Hermetic
	Writable bool   // a folder whose content the caller reads afterwards
}

// Command is what to run.
type Command struct {
	Argv   []string // Argv[0] without a slash is looked for on the PATH of Env
	Dir    string   // "" is the command's own /tmp
	Env    []string // the whole environment; below Hermetic HOME and TMPDIR are replaced by private folders
	Inputs []Input
	System bool // the host's compilers and libraries too: /usr, /bin, /lib* and what they need of /etc

	Hostname string // "" is "snug"
	Umask    int    // 0 is 022
	Limits   Limits
	Log      io.Writer // standard output and error in the order written; nil discards it
}

// Result is how a command ended.
type Result struct {
	Exit   int    // its exit code, 128 plus the number of the signal that ended it
	Killed string // the limit it was killed at: "wall", "cpu", "memory", "processes", "disk", "output"; "" if it was not
	Level  Level
	CPU    time.Duration // of all its processes
	Wall   time.Duration
	Peak   int64 // bytes of memory of all its processes at once, as far as it was seen
}

// Options are what a sandbox is opened with.
type Options struct {
	Least Level  // refuse to open with less; "" is None
	Temp  string // a folder for what only lives while a command runs; "" is the system's
}

// Sandbox runs commands at one level. It is safe for concurrent use.
type Sandbox struct {
	level Level
	temp  string
	machine
}

// Level is the level at which every command runs.
func (s *Sandbox) Level() Level { return s.level }

// Path is where a command sees the input.
func (s *Sandbox) Path(in Input) string {
	if s.level == Hermetic {
		return in.Inside
	}
	return in.Host
}

// Probed is what trying a level came to.
type Probed struct {
	Level  Level  `json:"level"`
	Works  bool   `json:"works"`
	Reason string `json:"reason,omitempty"` // why it does not work
	Remedy string `json:"remedy,omitempty"` // what would make it work; "" where nothing would
}

// Open finds the best level that works here by trying. Where that is less than
// o.Least the error is fault.Unsupported and names what would help.
func Open(ctx context.Context, o Options) (*Sandbox, error) {
	var why Probed
	for i := len(levels) - 1; i >= 0; i-- {
		if !levels[i].AtLeast(o.Least) {
			break
		}
		s := &Sandbox{level: levels[i], temp: o.Temp}
		p := s.probe(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p.Works {
			return s, nil
		}
		why = p
	}
	hint := why.Remedy
	if hint == "" {
		hint = "allow less with sandbox = \"none\" in [tool.snug]; snug sandbox shows what this machine gives"
	}
	return nil, fault.New(fault.Unsupported, hint, "this machine gives no %s sandbox: %s", o.Least, why.Reason)
}

// Probe tries every level by running a command in it, strongest first.
func Probe(ctx context.Context, temp string) []Probed {
	var out []Probed
	for _, l := range slices.Backward(levels[:]) {
		out = append(out, (&Sandbox{level: l, temp: temp}).probe(ctx))
	}
	return out
}
