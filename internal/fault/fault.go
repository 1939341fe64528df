// Package fault holds the failures that a user reads: what happened, what to do about it, and the
// exit code. It is not a logging or a stack-trace package. The one hard idea: an error is made with
// its remedy where the remedy is known, and is turned into text only at the front; whatever wraps it
// on the way keeps its code and its hint.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Code says what kind of failure it is. Its text is stable: it stands in JSON output.
type Code string

// The kinds of failure.
const (
	Usage       Code = "usage"       // the command line was wrong
	Input       Code = "input"       // a file of the user is malformed
	NotFound    Code = "not-found"   // a package, version, runtime, file does not exist
	Conflict    Code = "conflict"    // the requirements have no solution
	Network     Code = "network"     // a server could not be reached or answered wrongly
	Denied      Code = "denied"      // policy does not let it be
	Integrity   Code = "integrity"   // a wrong hash, an unsafe archive, a changed file
	Unsupported Code = "unsupported" // understood, and not done
	Busy        Code = "busy"        // another process holds it
	Failed      Code = "failed"      // anything else that went wrong
	Internal    Code = "internal"    // a broken invariant of snug itself
	Canceled    Code = "canceled"    // the user interrupted
)

// The exit codes of every command but `run` and `shell`, which pass on the code of what they ran.
const (
	ExitOK       = 0   // done
	ExitFailed   = 1   // it did not work: resolving, fetching, verifying, building
	ExitUsage    = 2   // the command, or a file that the user wrote, is wrong
	ExitCanceled = 130 // interrupted: 128 + SIGINT, as a shell says it
)

// Error is a failure with its code and remedy. Hint is "" when there is none.
type Error struct {
	Code    Code
	Message string
	Hint    string
	Err     error // the cause, nil when Message says it all
}

// New makes an Error. The format is that of fmt.Errorf; an error given with %w is found by
// errors.Is and errors.As, and stands in the text where the format places it.
func New(code Code, hint, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Code: code, Hint: hint, Message: err.Error()}
	if wraps(err) {
		e.Err = err
	}
	return e
}

func wraps(err error) bool {
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}

// Error is the message, followed by the cause unless the message already contains it (New with %w).
func (e *Error) Error() string {
	if e.Err == nil || e.Err.Error() == e.Message {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// HintOf is the outermost remedy in the chain of err, "" if there is none.
func HintOf(err error) string {
	for {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
}

// CodeOf is the outermost code in the chain of err. A canceled context is Canceled whatever wraps
// it; an error without a fault is Failed. CodeOf(nil) is "".
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.As(err, &e):
		return e.Code
	}
	return Failed
}

// ExitCode is what the process should end with for err.
func ExitCode(err error) int {
	switch CodeOf(err) {
	case "":
		return ExitOK
	case Usage, Input:
		return ExitUsage
	case Canceled:
		return ExitCanceled
	}
	return ExitFailed
}
