package cli

import (
	"bytes"
	"testing"
	"time"

	"snug/internal/event"
)

// Each event comes at its time in milliseconds; what is printed is compared.
func TestTalk(t *testing.T) {
	const clear = "\r\x1b[2K"
	type step struct {
		at int
		event.Event
	}
	bytesOf := func(at int, done, total int64) step {
		return step{at, event.Event{Stage: "fetch", Kind: event.Progress, Done: done, Total: total, Unit: "bytes"}}
	}
	files := func(at int, done int64) step {
		return step{at, event.Event{Stage: "assemble", Kind: event.Progress, Subject: "prod", Done: done, Total: 100, Unit: "files"}}
	}
	building := func(at int, what string) step {
		return step{at, event.Event{Stage: "build", Kind: event.Progress, Subject: "x 1", Message: what}}
	}
	note := func(at int) step {
		return step{at, event.Event{Stage: "index", Kind: event.Note, Message: "find-links is ignored"}}
	}
	for name, c := range map[string]struct {
		terminal bool
		steps    []step
		want     string
	}{
		"short work":     {steps: []step{files(0, 1), files(499, 100)}},
		"plain lines":    {steps: []step{files(0, 1), files(500, 10), files(5400, 50), files(5600, 90)}, want: "assemble prod 10 of 100 files, 20/s\nassemble prod 90 of 100 files, 16/s\n"},
		"terminal":       {terminal: true, steps: []step{bytesOf(0, 0, 9), bytesOf(1000, 2e6, 4e6), bytesOf(1050, 3e6, 4e6), bytesOf(1100, 4e6, 4e6)}, want: clear + "fetch 2.0 MB of 4.0 MB, 2.0 MB/s" + clear + "fetch 4.0 MB of 4.0 MB, 3.6 MB/s"},
		"no flicker":     {terminal: true, steps: []step{bytesOf(0, 1, 4e6), files(0, 1), bytesOf(1000, 2e6, 4e6), files(1500, 30), files(2000, 50)}, want: clear + "fetch 2.0 MB of 4.0 MB, 2.0 MB/s" + clear + "assemble prod 50 of 100 files, 25/s"},
		"bytes first":    {terminal: true, steps: []step{files(0, 1), bytesOf(0, 1, 4e6), files(1000, 30), bytesOf(1200, 2e6, 4e6), files(1300, 50)}, want: clear + "assemble prod 30 of 100 files, 30/s" + clear + "fetch 2.0 MB of 4.0 MB, 1.7 MB/s"},
		"slow":           {steps: []step{files(0, 1), files(30000, 2)}, want: "assemble prod 2 of 100 files\n"},
		"a note between": {terminal: true, steps: []step{files(0, 1), files(1000, 50), note(1001)}, want: clear + "assemble prod 50 of 100 files, 50/s" + clear + "find-links is ignored\n"},
		"plain steps":    {steps: []step{building(0, "its needs"), building(300, "its wheel"), building(6000, "strip")}, want: "build x 1: its needs …\nbuild x 1: strip …\n"},
		"steps":          {terminal: true, steps: []step{building(0, "its needs"), building(300, "its wheel")}, want: clear + "build x 1: its needs …" + clear + "build x 1: its wheel …"},
		"unknown size":   {steps: []step{bytesOf(0, 0, 0)}, want: "fetch …\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			var now time.Time
			h := &talk{out: &out, terminal: c.terminal, now: func() time.Time { return now }}
			for _, s := range c.steps {
				now = time.Unix(0, 0).Add(time.Duration(s.at) * time.Millisecond)
				h.Handle(s.Event)
			}
			if out.String() != c.want {
				t.Errorf("got %q\nwant %q", out.String(), c.want)
			}
		})
	}
}
