package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/resolve"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// handler turns events into what the user asked to see.
func (a *app) handler() event.Handler {
	if a.events != nil {
		return a.events
	}
	switch {
	case a.json && a.handsOn():
		a.events = event.NewJSON(a.Stderr, a.Now)
	case a.json:
		a.events = event.NewJSON(a.Stdout, a.Now)
	case a.quiet:
		a.events = event.Discard()
	default:
		a.talk = &talk{out: a.Stderr, terminal: a.Terminal, now: a.Now}
		a.events = a.talk
	}
	if a.noBar {
		a.events = event.WithoutProgress(a.events)
	}
	return a.events
}

// finish ends a progress line that is still on the screen.
func (a *app) finish() {
	if a.talk != nil {
		a.talk.mu.Lock()
		defer a.talk.mu.Unlock()
		a.talk.clear()
	}
}

// succeed ends the stream of events: what follows is nothing.
func (a *app) succeed() {
	if a.json && a.command != "" && !a.handsOn() {
		a.handler().Handle(event.Event{Stage: a.command, Kind: event.Done})
	}
}

// ended ends the stream of a command that did its work and has a verdict to tell.
func (a *app) ended(code int) {
	if a.json && !a.handsOn() {
		a.handler().Handle(event.Event{Stage: a.command, Kind: event.Done, Data: map[string]int{"exit": code}})
	}
}

// handsOn says whether standard output belongs to the program that is run.
func (a *app) handsOn() bool { return a.command == "run" || a.command == "shell" }

// fail prints an error with its remedy.
func (a *app) fail(err error) {
	if a.json {
		data := failure{Code: fault.CodeOf(err), Hint: remedy(err), Exit: a.exit(err)}
		errors.As(err, &data.Conflict) // nil where it is none
		a.handler().Handle(event.Event{Stage: cmp.Or(a.command, "snug"), Kind: event.Failed, Message: err.Error(), Data: data})
		return
	}
	fmt.Fprintf(a.Stderr, "snug: %v\n", err)
	fmt.Fprintf(a.Stderr, "hint: %s\n", remedy(err))
}

// failure is the data of the event that a failed command ends with.
type failure struct {
	Code fault.Code `json:"code"`
	Hint string     `json:"hint,omitempty"`
	Exit int        `json:"exit"`

	Conflict *resolve.Conflict `json:"conflict,omitempty"`
}

// result is one thing that the user asked for, as an event for --json.
func (a *app) result(data any) {
	a.handler().Handle(event.Event{Stage: a.command, Kind: event.Finding, Data: data})
}

// listing prints items as events, or as a table with a head.
func listing[T any](a *app, head []string, items []T, row func(T) []string) error {
	rows := [][]string{head}
	for _, item := range items {
		if a.json {
			a.result(item)
		}
		rows = append(rows, row(item))
	}
	if a.json {
		return nil
	}
	return a.table(rows)
}

// say prints talk, unless --quiet or --json.
func (a *app) say(format string, args ...any) {
	if !a.quiet && !a.json {
		fmt.Fprintf(a.Stderr, format+"\n", args...)
	}
}

// table prints rows in columns on standard output; the first row is the head.
func (a *app) table(rows [][]string) error {
	w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(r, "\t"), "\t"))
	}
	return w.Flush()
}
