package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"snug/internal/event"
)

func noon() time.Time { return time.Date(2026, 1, 2, 13, 0, 0, 0, time.FixedZone("", 3600)) }

func TestJSONLine(t *testing.T) {
	var out bytes.Buffer
	h := event.NewJSON(&out, noon)
	h.Handle(event.Event{Stage: "lock", Kind: event.Started})
	h.Handle(event.Event{Stage: "fetch", Kind: event.Progress, Subject: "django", Done: 1, Total: 2, Unit: "bytes"})
	want := `{"time":"2026-01-02T12:00:00Z","stage":"lock","kind":"started"}
{"time":"2026-01-02T12:00:00Z","stage":"fetch","kind":"progress","subject":"django","done":1,"total":2,"unit":"bytes"}
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestJSONKeepsAnEventWithUnprintableData(t *testing.T) {
	var out bytes.Buffer
	event.NewJSON(&out, noon).Handle(event.Event{Stage: "lock", Kind: event.Failed, Data: map[string]any{"x": math.NaN()}})
	if !strings.Contains(out.String(), `"kind":"failed"`) || !strings.Contains(out.String(), "unprintable") {
		t.Errorf("got %q", out.String())
	}
}

func TestJSONLinesDoNotMix(t *testing.T) {
	var out bytes.Buffer
	h := event.NewJSON(&out, noon)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() { h.Handle(event.Event{Stage: "fetch", Kind: event.Done, Message: "ok"}) })
	}
	wait.Wait()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 50 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

type counted struct{ writes, lines int }

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// Many events at once are as many lines in one Write; a handler that knows nothing
// of that gets them one by one.
func TestAll(t *testing.T) {
	events := []event.Event{{Stage: "a", Kind: event.Note}, {Stage: "b", Kind: event.Note}}
	var out counted
	event.All(event.NewJSON(&out, noon), events)
	if out.writes != 1 || out.lines != 2 {
		t.Errorf("%+v", out)
	}
	out = counted{}
	event.All(event.WithoutProgress(event.NewJSON(&out, noon)), events)
	if out.lines != 2 {
		t.Errorf("%+v", out)
	}
}

type closedPipe struct{ writes int }

func (p *closedPipe) Write([]byte) (int, error) { p.writes++; return 0, errors.New("broken pipe") }

func TestJSONStopsAfterAFailedWrite(t *testing.T) {
	p := &closedPipe{}
	h := event.NewJSON(p, noon)
	h.Handle(event.Event{Stage: "a", Kind: event.Done})
	h.Handle(event.Event{Stage: "b", Kind: event.Done})
	if p.writes != 1 {
		t.Errorf("%d writes", p.writes)
	}
}

// What is held comes in order when it is released, and not at all without that;
// progress does not wait.
func TestHold(t *testing.T) {
	var out bytes.Buffer
	said := func(h event.Handler) {
		h.Handle(event.Event{Stage: "a", Kind: event.Note})
		h.Handle(event.Event{Stage: "b", Kind: event.Progress})
		h.Handle(event.Event{Stage: "c", Kind: event.Note})
	}
	stages := func() string {
		var all string
		for line := range strings.Lines(out.String()) {
			var e event.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			all += e.Stage
		}
		return all
	}
	held, release := event.Hold(event.NewJSON(&out, noon))
	said(held)
	if got := stages(); got != "b" {
		t.Errorf("before: %q", got)
	}
	release()
	release()
	if got := stages(); got != "bac" {
		t.Errorf("after: %q", got)
	}
}
