package build

import (
	"errors"
	"fmt"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
)

// Failure is a build that did not give a wheel.
type Failure struct {
	Name, Version string
	Step          string        // the hook
	Cause         Cause         //
	Tail          []string      // the last lines of the log
	Log           digest.SHA256 // of all of it
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s cannot be built: %s", strings.TrimSpace(f.Name+" "+f.Version), f.Cause.Text)
}

// WantsCompiler tells whether err is the failure of a build for want of a compiler.
func WantsCompiler(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Cause.Kind == causeCompiler
}

// failed makes the error of a hook that did not answer well.
func (r *room) failed(step string, said answer) error {
	return r.failure(step, find(r.log.tail(), said, r.result, r.job.Recipe))
}

// lied makes the error of an answer that is not true.
func (r *room) lied(step, format string, args ...any) error {
	return r.failure(step, Cause{Kind: causeOutput, Text: fmt.Sprintf(format, args...), Remedy: "tell the package's publisher, or choose another version"})
}

func (r *room) failure(step string, cause Cause) error {
	f := &Failure{Name: r.job.Name, Version: r.job.Version, Step: step, Cause: cause, Tail: lastLines(r.log.tail(), tailLines), Log: r.log.sum()}
	e := fault.New(fault.Failed, cause.Remedy, "%s", f.Error())
	e.Err = f
	return e
}
