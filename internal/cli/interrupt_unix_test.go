//go:build unix

package cli

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/index/indextest"
)

// Ctrl-C ends a build that waits for the network, with its own exit code, and
// what was in use stays.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	x := indextest.New(indextest.Spec{Name: "pkg0", Version: "1.0"}, indextest.Spec{Name: "pkg1", Version: "1.0"}, indextest.Spec{Name: "pkg2", Version: "1.0"})
	server := httptest.NewServer(x)
	t.Cleanup(server.Close)
	m, dir := machine{t.TempDir(), server.URL + "/simple/"}, project(t, "pkg0")
	before := m.trees(t, dir)

	ask(t, dir, "pkg1")
	never, asked := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(never) })
	x.Inject("files/pkg1-1.0-py3-none-any.whl", indextest.Fault{Hold: never, Held: asked}, 1)
	cmd := m.command(t, dir, "build")
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-asked:
	case <-time.After(time.Minute): // it never asked: the test is over
		t.Error("the wheel was not asked for")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // its exit code is looked at
	if code := cmd.ProcessState.ExitCode(); code != fault.ExitCanceled || !strings.Contains(said.String(), "snug: interrupted") || !strings.Contains(said.String(), "hint: ") {
		t.Errorf("exit code %d: %s", code, said.String())
	}
	if got := treesIn(t, dir); got != before {
		t.Errorf("in use is\n%s\nand was\n%s", got, before)
	}
	m.whole(t, dir, true)
}
