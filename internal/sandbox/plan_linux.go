package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// The names under which the program starts itself again.
const (
	guardRole = "snug-sandbox-guard"
	innerRole = "snug-sandbox-inner"
	probeRole = "snug-sandbox-probe"
)

// What a stage finds open besides the standard streams.
const (
	controlFD = 3 // its orders come in here; for the guard, its end means stop
	reportFD  = 4 // what it has to say goes out here
)

// maxMessage bounds what stages tell each other.
const maxMessage = 16 << 20

// guestID is the user and the group that a command seems to be, everywhere it can be arranged.
const guestID = 1000

// plan is what the guard is told.
type plan struct {
	Level      Level
	Privileged bool   // the guard is root in truth, so the command gets a user of its own
	UID        int    // that user, where Privileged
	Work       string // a folder of the host for this run alone
	Inputs     []Input
	System     bool
	Hostname   string
	Order      order
	Off        switches
}

// order is what the inner stage is told.
type order struct {
	Argv   []string
	Dir    string
	Env    []string
	Umask  int
	Limits Limits
	Level  Level
	Alone  bool     // its user is nobody else's, so the kernel can count its processes
	Search bool     // it keeps the right to search closed folders
	Rules  []access // what it may touch, below Hermetic
	Off    switches
}

// ready is what the inner stage says first.
type ready struct{}

// report is what the guard says at the end.
type report struct {
	Exit   int
	Killed string
	CPU    time.Duration
	Peak   int64
	Fault  *stageFault
}

// stageFault is a step of a stage that did not work, in a form that can be sent.
type stageFault struct {
	Step  string
	Errno syscall.Errno // 0 where the kernel did not say it
	Text  string
}

func (f *stageFault) Error() string { return f.Step + ": " + f.Text }

func (f *stageFault) Unwrap() error {
	if f.Errno == 0 {
		return nil
	}
	return f.Errno
}

// failed makes a stageFault of err, nil of nil.
func failed(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	f := &stageFault{Step: fmt.Sprintf(format, args...), Text: err.Error()}
	errors.As(err, &f.Errno) // stays 0 where it is none
	return f
}

// asFault is err as something that can be sent.
func asFault(err error) *stageFault {
	var f *stageFault
	if !errors.As(failed(err, "sandbox"), &f) {
		return nil
	}
	var inner *stageFault
	if errors.As(err, &inner) {
		return inner
	}
	return f
}

func send(w io.Writer, message any) error {
	return json.NewEncoder(w).Encode(message)
}

func receive(r io.Reader, message any) error {
	return json.NewDecoder(io.LimitReader(r, maxMessage)).Decode(message)
}

// pipes are the two channels between a stage and the one it starts.
type pipes struct {
	control, report         *os.File // our ends
	childControl, childSays *os.File
}

func newPipes() (*pipes, error) {
	cr, cw, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	rr, rw, err := os.Pipe()
	if err != nil {
		cr.Close()
		cw.Close()
		return nil, err
	}
	return &pipes{control: cw, report: rr, childControl: cr, childSays: rw}, nil
}

// closeChild closes the ends that the child has now.
func (p *pipes) closeChild() {
	p.childControl.Close()
	p.childSays.Close()
}

func (p *pipes) close() {
	p.control.Close()
	p.report.Close()
}
