package cli

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"snug/internal/advisory/advisorytest"
)

// storyBucket publishes what is in a folder at a host, over what it had.
func storyBucket(ts *testscript.TestScript, _ bool, args []string) {
	h := storyOf(ts).net[args[0]]
	if h == nil {
		h = &host{bucket: advisorytest.New()}
		storyOf(ts).net[args[0]] = h
	}
	ts.Check(h.bucket.Files(os.DirFS(ts.MkAbs(args[1]))))
}

// storyCut lets answers of the host end half-way; ! cut mends them.
func storyCut(ts *testscript.TestScript, neg bool, args []string) {
	b := storyOf(ts).net[args[0]].bucket
	if b.Mend(); !neg {
		b.Cut(args[1])
	}
}

// storyAsked says what the host was asked for since the last time.
func storyAsked(ts *testscript.TestScript, _ bool, args []string) {
	want := strings.Join(args[1:], " ")
	if got := strings.Join(storyOf(ts).net[args[0]].bucket.Asked(), " "); got != want {
		ts.Fatalf("%s was asked for %q, want %q", args[0], got, want)
	}
}
