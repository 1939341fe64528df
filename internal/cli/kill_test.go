package cli

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/generation"
	"snug/internal/lock"
)

const kills = 20

// A build that is killed at any moment leaves the lock and the runtime in use
// whole, and the next build ends where an undisturbed one would have.
func TestKilledBuildGoesOn(t *testing.T) {
	t.Parallel()
	index := newIndex(t)
	calm := machine{t.TempDir(), index}
	want := calm.trees(t, project(t, "pkg4"))
	_, events, _ := calm.run(t, project(t, "pkg4"), "build", "--json")
	warm := strings.Count(events, "\n")

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d events in a build", seed, warm)
	dice := rand.New(rand.NewPCG(seed, 0))
	reached := map[string]int{}
	for i := range kills {
		m := machine{t.TempDir(), index}
		dir, before := project(t, "pkg4"), ""
		if i%2 == 1 { // with a runtime in use, of another lock, and a store that has seen kills before
			m = calm
			ask(t, dir, "pkg6")
			before = m.trees(t, dir)
			ask(t, dir, "pkg4")
		}
		if i%3 == 2 {
			share(t, dir)
		}
		stage := m.killed(t, dir, dice.IntN(warm+2), time.Duration(dice.IntN(3000))*time.Microsecond)
		reached[stage]++
		m.whole(t, dir, before != "")
		if got := m.trees(t, dir); got != want {
			t.Fatalf("kill %d in %q: the next build ends with\n%s\nwant\n%s", i, stage, got, want)
		}
		m.whole(t, dir, true)
	}
	t.Logf("killed in %v", reached)
}

// killed runs a build and kills it when it has said so many lines and a moment
// has passed. It returns the stage that spoke last.
func (m machine) killed(t *testing.T, dir string, lines int, moment time.Duration) (stage string) {
	t.Helper()
	cmd := m.command(t, dir, "build", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { cmd.Process.Kill() } // an error says that it has ended: that is a moment too
	if lines == 0 {
		time.AfterFunc(moment, kill)
	}
	said := bufio.NewScanner(out)
	stage = "start"
	for n := 1; said.Scan(); n++ {
		if _, rest, ok := strings.Cut(said.Text(), `"stage":"`); ok {
			stage, _, _ = strings.Cut(rest, `"`)
		}
		if n == lines {
			time.AfterFunc(moment, kill)
		}
	}
	cmd.Wait() // killed, or done before: both are moments
	return stage
}

// whole holds what a user has to what a killed build may leave: a lock that is
// whole or absent, runtimes that verify or are absent.
func (m machine) whole(t *testing.T, dir string, inUse bool) {
	t.Helper()
	path := filepath.Join(dir, "pylock.toml")
	data, err := os.ReadFile(path)
	if err == nil {
		_, err = lock.Parse(data, path)
	}
	if err != nil && (inUse || !os.IsNotExist(err)) {
		t.Fatal(err)
	}
	for _, name := range []string{"prod", "test", "dev"} {
		var said bytes.Buffer
		code := Run(t.Context(), World{Args: []string{"verify", name}, Dir: dir, Env: []string{"SNUG_HOME=" + m.store()},
			Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said, Now: time.Now})
		if code != 0 && (inUse || !strings.Contains(said.String(), "not built")) {
			t.Fatalf("%s after the kill: %s", name, said.String())
		}
	}
}

// At every moment of a build there is a runtime in use, whole, and a lock that
// is whole: whoever looks sees the old ones or the new ones.
func TestSomethingIsAlwaysInUse(t *testing.T) {
	t.Parallel()
	m, dir := machine{t.TempDir(), newIndex(t)}, project(t, "pkg6")
	m.trees(t, dir)
	for _, name := range []string{"pkg4", "pkg5", "pkg6"} {
		ask(t, dir, name)
		cmd := m.command(t, dir, "build")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() }) // where a look fails
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for looks, busy := 0, true; busy; looks++ {
			select {
			case err := <-ended:
				busy = false
				if err != nil || looks == 0 {
					t.Errorf("%s: %v after %d looks", name, err, looks)
				}
			default:
			}
			for _, runtime := range []string{"prod", "test", "dev"} {
				if _, err := generation.ReadHead(filepath.Join(dir, ".snug", runtime, "current")); err != nil {
					t.Fatalf("look %d: %v", looks, err)
				}
			}
			data, err := os.ReadFile(filepath.Join(dir, "pylock.toml"))
			if err == nil {
				_, err = lock.Parse(data, "pylock.toml")
			}
			if err != nil {
				t.Fatalf("look %d: %v", looks, err)
			}
		}
	}
}
