package cli

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"snug/internal/event"
	"snug/internal/fault"
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
		a.events = &talk{app: a}
	}
	return a.events
}

// finish ends a progress line that is still on the screen.
func (a *app) finish() {
	if t, ok := a.events.(*talk); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.clear()
	}
}

// succeed ends the stream of events: what follows is nothing.
func (a *app) succeed() {
	if a.json && a.command != "" && !a.handsOn() {
		a.handler().Handle(event.Event{Stage: a.command, Kind: event.Done})
	}
}

// handsOn says whether standard output belongs to the program that is run.
func (a *app) handsOn() bool { return a.command == "run" || a.command == "shell" }

// fail prints an error with its remedy.
func (a *app) fail(err error) {
	if a.json {
		a.handler().Handle(event.Event{Stage: cmp.Or(a.command, "snug"), Kind: event.Failed, Message: err.Error(),
			Data: failure{Code: fault.CodeOf(err), Hint: fault.HintOf(err), Exit: fault.ExitCode(err)}})
		return
	}
	fmt.Fprintf(a.Stderr, "snug: %v\n", err)
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintf(a.Stderr, "hint: %s\n", hint)
	}
}

// failure is the data of the event that a failed command ends with.
type failure struct {
	Code fault.Code `json:"code"`
	Hint string     `json:"hint,omitempty"`
	Exit int        `json:"exit"`
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

// talk is the event handler for people: notes as lines, progress as one line
// that is redrawn on a terminal, and as an occasional plain line elsewhere.
type talk struct {
	app   *app
	mu    sync.Mutex
	shown bool                 // a progress line is on the screen
	last  time.Time            // when progress was last printed
	begun map[string]time.Time // stage -> its first progress
}

// Progress is repeated no more often than this.
const (
	redraw    = 100 * time.Millisecond
	plainLine = 5 * time.Second
	silence   = 500 * time.Millisecond // shorter work says nothing
)

func (t *talk) Handle(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e.Kind {
	case event.Progress:
		t.progress(e)
	case event.Note, event.Finding:
		t.clear()
		fmt.Fprintln(t.app.Stderr, withSubject(e))
	}
}

func withSubject(e event.Event) string {
	if e.Subject == "" || strings.Contains(e.Message, e.Subject) {
		return e.Message
	}
	return e.Subject + ": " + e.Message
}

func (t *talk) progress(e event.Event) {
	if t.app.noBar {
		return
	}
	now := t.app.Now()
	if t.begun == nil {
		t.begun = map[string]time.Time{}
	}
	start, ok := t.begun[e.Stage]
	if !ok {
		start = now
		t.begun[e.Stage] = now
	}
	every := plainLine
	if t.app.Terminal {
		every = redraw
	}
	if now.Sub(start) < silence || now.Sub(t.last) < every {
		return
	}
	t.last = now
	line := progressText(e, now.Sub(start))
	if !t.app.Terminal {
		fmt.Fprintln(t.app.Stderr, line)
		return
	}
	fmt.Fprintf(t.app.Stderr, "\r\x1b[2K%s", line)
	t.shown = true
}

func (t *talk) clear() {
	if t.shown {
		fmt.Fprint(t.app.Stderr, "\r\x1b[2K")
		t.shown = false
	}
}

func progressText(e event.Event, since time.Duration) string {
	var b strings.Builder
	b.WriteString(e.Stage)
	if e.Subject != "" {
		b.WriteString(" " + e.Subject)
	}
	switch {
	case e.Unit == "bytes":
		fmt.Fprintf(&b, " %s", megabytes(e.Done))
		if e.Total > 0 {
			fmt.Fprintf(&b, " of %s", megabytes(e.Total))
		}
		if s := since.Seconds(); s > 0 {
			fmt.Fprintf(&b, ", %s/s", megabytes(int64(float64(e.Done)/s)))
		}
	case e.Total > 0:
		fmt.Fprintf(&b, " %d of %d %s", e.Done, e.Total, e.Unit)
	case e.Done > 0:
		fmt.Fprintf(&b, " %d %s", e.Done, e.Unit)
	}
	return b.String()
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
