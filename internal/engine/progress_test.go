package engine

import (
	"testing"
	"time"

	"snug/internal/event"
)

type heard []event.Event

func (h *heard) Handle(e event.Event) { *h = append(*h, e) }

// TestPaced: of progress that comes at one moment the first and the end are
// told, and nothing else is held back.
func TestPaced(t *testing.T) {
	var got heard
	e := &Engine{Options: Options{Events: &got, Now: func() time.Time { return time.Unix(1, 0) }}}
	for n := range int64(100) {
		paced{e}.Handle(event.Event{Stage: "assemble", Kind: event.Progress, Done: n + 1, Total: 100, Unit: "files"})
	}
	paced{e}.Handle(event.Event{Stage: "assemble", Kind: event.Note, Message: "a"})
	paced{e}.Handle(event.Event{Stage: "assemble", Kind: event.Note, Message: "b"})
	if len(got) != 4 || got[1].Done != 100 {
		t.Errorf("heard %+v", got)
	}
}
