// Package event is the one stream of what a command is doing. Text, JSON and a web page are
// handlers of it; it prints nothing by itself. The one hard idea: the stream stays complete with all
// progress removed, so that a handler may drop progress and nothing else.
package event

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"snug/internal/finding"
)

// Kind says what an event means for its subject.
type Kind string

// The kinds of event.
const (
	Started  Kind = "started"
	Progress Kind = "progress" // may be dropped
	Finding  Kind = "finding"  // a result that the user asked for
	Note     Kind = "note"     // something decided or not done, that the user should know
	Done     Kind = "done"
	Failed   Kind = "failed"
)

// Event is one thing that happened. Only Stage and Kind are always set. A handler fills Time where
// it is zero and it needs one.
type Event struct {
	Time    time.Time `json:"time"`
	Stage   string    `json:"stage"`
	Kind    Kind      `json:"kind"`
	Subject string    `json:"subject,omitempty"` // a package, a runtime, …
	Message string    `json:"message,omitempty"`
	Done    int64     `json:"done,omitempty"`  // of progress, in Unit
	Total   int64     `json:"total,omitempty"` // 0 when it is not known
	Unit    string    `json:"unit,omitempty"`  // "bytes", "packages"
	Data    any       `json:"data,omitempty"`  // what the kind and the stage say: docs/formats.md

	*finding.Finding // of vetting, with Kind Finding: its fields stand beside these
}

// Handler receives events. Handle must be safe for concurrent use and must not block for long.
type Handler interface{ Handle(Event) }

// Discard is a handler that drops everything.
func Discard() Handler { return discard{} }

type discard struct{}

func (discard) Handle(Event) {}

// WithoutProgress hands on to h everything but progress.
func WithoutProgress(h Handler) Handler { return withoutProgress{h} }

type withoutProgress struct{ to Handler }

func (w withoutProgress) Handle(e Event) {
	if e.Kind != Progress {
		w.to.Handle(e)
	}
}

// Hold is a handler that hands on progress to h at once, and everything else when
// release is called; without that it is dropped.
func Hold(h Handler) (held Handler, release func()) {
	w := &waiting{to: h}
	return w, w.release
}

type waiting struct {
	to     Handler
	mu     sync.Mutex
	events []Event
}

func (w *waiting) Handle(e Event) {
	if e.Kind == Progress {
		w.to.Handle(e)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

func (w *waiting) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		w.to.Handle(e)
	}
	w.events = nil
}

// NewJSON is a handler that writes an object a line to w, each in one Write, or in one
// with others that come by All. An event without a time
// gets now(). After a failed write nothing more is written: the reader has gone, and the work that
// the events tell of goes on.
func NewJSON(w io.Writer, now func() time.Time) Handler {
	return &jsonHandler{w: w, now: now}
}

type jsonHandler struct {
	mu   sync.Mutex
	w    io.Writer
	now  func() time.Time
	dead bool
}

func (h *jsonHandler) Handle(e Event) { h.handleAll([]Event{e}) }

// All hands on many events at once: a handler that writes does so in few
// Writes, each of whole lines.
func All(h Handler, events []Event) {
	if many, ok := h.(interface{ handleAll([]Event) }); ok {
		many.handleAll(events)
		return
	}
	for _, e := range events {
		h.Handle(e)
	}
}

func (h *jsonHandler) handleAll(events []Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead {
		return
	}
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	for i, e := range events {
		if h.append(to, e); out.Len() < manyBytes && i < len(events)-1 {
			continue
		}
		if _, err := h.w.Write(out.Bytes()); err != nil {
			h.dead = true
			return
		}
		out.Reset()
	}
}

// manyBytes is when lines that come together are written.
const manyBytes = 64 << 10

// append adds the line of an event.
func (h *jsonHandler) append(to *json.Encoder, e Event) {
	if e.Time.IsZero() {
		e.Time = h.now()
	}
	e.Time = e.Time.UTC()
	if e.Finding != nil {
		e.Finding = e.Finding.Written()
	}
	if err := to.Encode(e); err != nil { // Data held something that JSON cannot say, and nothing was written: the event itself must not be lost
		e.Data = map[string]any{"unprintable": err.Error()}
		_ = to.Encode(e) // fails for a year beyond 9999 in Time; no clock gives one
	}
}
