package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// together starts all commands before it waits for any, and fails unless every
// one ends well.
func together(t *testing.T, commands ...*exec.Cmd) {
	t.Helper()
	var wait sync.WaitGroup
	for _, cmd := range commands {
		var out, errOut strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %v\n%s%s", cmd.Args[1:], err, out.String(), errOut.String())
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// Several builds at once, on one project and on projects that share a store,
// end well and with the runtimes that one alone makes.
func TestBuildsAtOnce(t *testing.T) {
	t.Parallel()
	index := newIndex(t)
	alone := machine{t.TempDir(), index}
	want := alone.trees(t, project(t, "pkg4"))
	other := alone.trees(t, project(t, "pkg3", "pkg5"))
	for round := range 2 {
		m := machine{t.TempDir(), index} // a cold store each time
		one, two := project(t, "pkg4"), project(t, "pkg3", "pkg5")
		build := func(dir string) *exec.Cmd { return m.command(t, dir, "build") }
		together(t, build(one), build(one), build(two), build(one))
		if got := treesIn(t, one); got != want {
			t.Errorf("round %d made\n%s\nwant\n%s", round, got, want)
		}
		if got := treesIn(t, two); got != other {
			t.Errorf("round %d made of the other project\n%s\nwant\n%s", round, got, other)
		}
		m.whole(t, one, true)
		m.whole(t, two, true)
	}
}

// Projects that share their runtimes build them together, while garbage is
// collected; what each gets is what it would get alone.
func TestSharingAtOnce(t *testing.T) {
	t.Parallel()
	index := newIndex(t)
	want := machine{t.TempDir(), index}.trees(t, project(t, "pkg4"))
	m := machine{t.TempDir(), index}
	var dirs []string
	var all []*exec.Cmd
	for range 3 {
		dir := project(t, "pkg4")
		share(t, dir)
		dirs = append(dirs, dir)
		all = append(all, m.command(t, dir, "build"), m.command(t, dir, "gc"))
	}
	together(t, all...)
	for _, dir := range dirs {
		if got := treesIn(t, dir); got != want {
			t.Errorf("made\n%s\nwant\n%s", got, want)
		}
		m.whole(t, dir, true)
	}
	made, err := filepath.Glob(filepath.Join(m.store(), "store", "shared", "*", "[0-9]*"))
	if err != nil || len(made) != 2 {
		t.Errorf("%d shared runtimes, want prod and test once: %v", len(made), err)
	}
}

// What else may run beside a build: collecting garbage, locking, running.
func TestBuildBesideOthers(t *testing.T) {
	t.Parallel()
	m := machine{t.TempDir(), newIndex(t)}
	want := m.trees(t, project(t, "pkg4"))
	dir := project(t, "pkg6")
	m.trees(t, dir)
	ask(t, dir, "pkg4")
	var all []*exec.Cmd
	for range 2 {
		for _, args := range []string{"build", "gc", "lock", "run prod -- true", "verify prod", "list prod"} {
			all = append(all, m.command(t, dir, strings.Fields(args)...))
		}
	}
	together(t, all...)
	m.whole(t, dir, true)
	if got := m.trees(t, dir); got != want {
		t.Errorf("in the end there is\n%s\nwant\n%s", got, want)
	}
}

// Several additions at once are all kept.
func TestAddsAtOnce(t *testing.T) {
	t.Parallel()
	m, dir := machine{t.TempDir(), newIndex(t)}, project(t, "pkg7")
	names := []string{"pkg1", "pkg3", "pkg4", "pkg5", "pkg6"}
	var all []*exec.Cmd
	for _, name := range names {
		all = append(all, m.command(t, dir, "add", name))
	}
	together(t, all...)
	text, err := os.ReadFile(filepath.Join(dir, "pyproject.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains(string(text), `"`+name+`"`) {
			t.Errorf("%s was lost:\n%s", name, text)
		}
	}
	m.trees(t, dir)
	m.whole(t, dir, true)
}
