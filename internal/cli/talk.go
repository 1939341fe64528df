package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"snug/internal/event"
)

// talk is the event handler for people: notes as lines, progress as one line
// that is redrawn on a terminal, and as an occasional plain line elsewhere.
type talk struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	mu    sync.Mutex
	shown bool                 // a progress line is on the screen
	last  time.Time            // when progress was last printed
	stage string               // whose that was
	until time.Time            // no other stage takes the line before that
	begun map[string]time.Time // stage and subject -> the first progress
}

// When progress is printed.
const (
	redraw    = 100 * time.Millisecond
	plainLine = 5 * time.Second
	silence   = 500 * time.Millisecond // shorter work says nothing
	hold      = time.Second            // two stages side by side do not flicker; bytes are shown rather
)

func (t *talk) Handle(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e.Kind {
	case event.Progress:
		t.progress(e)
	case event.Note, event.Finding:
		t.clear()
		fmt.Fprintln(t.out, withSubject(e))
	}
}

func withSubject(e event.Event) string {
	if e.Subject == "" || strings.Contains(e.Message, e.Subject) {
		return e.Message
	}
	return e.Subject + ": " + e.Message
}

func (t *talk) progress(e event.Event) {
	now := t.now()
	since := now.Sub(t.start(e, now))
	unmeasured := e.Done == 0 && e.Total == 0 // nothing may follow for long
	if !t.terminal && e.Message != "" && since > 0 && now.Sub(t.last) < plainLine {
		return // one more step of what was told
	}
	if !unmeasured && (since < silence || now.Sub(t.last) < t.every()) || e.Stage != t.stage && now.Before(t.until) && e.Unit != "bytes" {
		return
	}
	t.last, t.stage, t.until = now, e.Stage, now.Add(hold)
	if e.Done == e.Total {
		t.until = now
	}
	line := progressText(e, since)
	if !t.terminal {
		fmt.Fprintln(t.out, line)
		return
	}
	fmt.Fprintf(t.out, "\r\x1b[2K%s", line)
	t.shown = true
}

func (t *talk) every() time.Duration {
	if t.terminal {
		return redraw
	}
	return plainLine
}

// start is when the work began that e tells of.
func (t *talk) start(e event.Event, now time.Time) time.Time {
	if t.begun == nil {
		t.begun = map[string]time.Time{}
	}
	key := e.Stage + " " + e.Subject
	if _, ok := t.begun[key]; !ok {
		t.begun[key] = now
	}
	return t.begun[key]
}

// clear takes the progress line off the screen.
func (t *talk) clear() {
	if t.shown {
		fmt.Fprint(t.out, "\r\x1b[2K")
		t.shown = false
	}
}

// progressText is what is done, how much of it, and how fast.
func progressText(e event.Event, since time.Duration) string {
	line := e.Stage
	if e.Subject != "" {
		line += " " + e.Subject
	}
	if e.Message != "" {
		line += ": " + e.Message
	}
	number, unit := func(n int64) string { return fmt.Sprint(n) }, " "+e.Unit
	if e.Unit == "bytes" {
		number, unit = megabytes, ""
	}
	switch {
	case e.Total > 0:
		line += " " + number(e.Done) + " of " + number(e.Total) + unit
	case e.Done > 0:
		line += " " + number(e.Done) + unit
	default:
		return line + " …"
	}
	if s := since.Seconds(); s > 0 && float64(e.Done) >= s {
		line += ", " + number(int64(float64(e.Done)/s)) + "/s"
	}
	return line
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
