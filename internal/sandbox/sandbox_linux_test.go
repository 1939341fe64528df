package sandbox

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
)

func TestMain(m *testing.M) {
	Serve()
	if len(os.Args) == 4 && os.Args[1] == poorRole {
		os.Exit(poor(os.Args[2], os.Args[3]))
	}
	if len(os.Args) > 2 && os.Args[1] == attemptRole {
		os.Exit(attemptMain(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

// open is a sandbox at the level, or a skip where something is known that would raise
// this machine to it.
func open(t testing.TB, level Level) *Sandbox {
	t.Helper()
	s := &Sandbox{level: level, temp: t.TempDir()}
	switch p := s.probe(context.Background()); {
	case !p.Works && p.Remedy == "":
		t.Fatalf("the %s sandbox does not work: %s", level, p.Reason)
	case !p.Works:
		t.Skipf("this machine gives no %s sandbox: %s", level, p.Reason)
	}
	return s
}

func sh(script string) Command {
	return Command{Argv: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin", "HOME=/tmp"}, System: true}
}

// run runs c and returns what it wrote.
func run(t testing.TB, s *Sandbox, c Command) (*Result, string) {
	t.Helper()
	var log bytes.Buffer
	c.Log = &log
	r, err := s.Run(context.Background(), c)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return r, log.String()
}

func TestHermeticCommand(t *testing.T) {
	s := open(t, Hermetic)
	in, out := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(in, "given"), []byte("given\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(in, 0o755); err != nil {
		t.Fatal(err)
	}
	c := sh("cat /in/given; cp /in/given /out/made; id -u; hostname 2>/dev/null || cat /proc/sys/kernel/hostname; pwd; umask; echo $GREETING; ls /; exit 7")
	c.Env = append(c.Env, "GREETING=hello")
	c.Inputs = []Input{{Host: in, Inside: "/in"}, {Host: out, Inside: "/out", Writable: true}}
	r, said := run(t, s, c)
	if r.Exit != 7 || r.Killed != "" || r.Level != Hermetic {
		t.Errorf("%+v", r)
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	want := "given 1000 snug /tmp 0022 hello bin dev etc in lib lib64 out proc sbin tmp usr var"
	if got := strings.Join(lines, " "); got != want && strings.ReplaceAll(got, " lib32", "") != want {
		t.Errorf("it said %q, want %q", got, want)
	}
	made, err := os.ReadFile(filepath.Join(out, "made"))
	if string(made) != "given\n" {
		t.Errorf("it made %q: %v", made, err)
	}
	info, err := os.Lstat(filepath.Join(out, "made"))
	if err != nil || ownerOf(info) != os.Geteuid() {
		t.Errorf("what it made belongs to %d: %v", ownerOf(info), err)
	}
}

func TestEveryLevelPassesOnHowItEnded(t *testing.T) {
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			s := open(t, level)
			if r, _ := run(t, s, sh("exit 3")); r.Exit != 3 || r.Level != level {
				t.Errorf("%+v", r)
			}
			if r, _ := run(t, s, sh("kill -9 $$")); r.Exit != 137 || r.Killed != "" {
				t.Errorf("%+v", r)
			}
			c := sh("echo to out; echo to err >&2; cat; while :; do :; done")
			c.Limits.Wall = 300 * time.Millisecond
			if r, said := run(t, s, c); r.Killed != "wall" || said != "to out\nto err\n" {
				t.Errorf("%+v, it said %q", r, said)
			}
		})
	}
}

func TestNoSuchCommand(t *testing.T) {
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			c := Command{Argv: []string{"no-such-command"}, Env: []string{"PATH=/usr/bin:/bin"}}
			if _, err := open(t, level).Run(context.Background(), c); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCanceled(t *testing.T) {
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			c := sh("echo started; while :; do :; done")
			c.Log = writer(func(b []byte) { cancel() })
			if _, err := open(t, level).Run(ctx, c); fault.CodeOf(err) != fault.Canceled {
				t.Errorf("%v", err)
			}
		})
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

func TestLevels(t *testing.T) {
	for i, l := range levels {
		for j, o := range levels {
			if l.AtLeast(o) != (i >= j) {
				t.Errorf("%s at least %s: %v", l, o, l.AtLeast(o))
			}
		}
		if got, err := ParseLevel(string(l)); got != l || err != nil {
			t.Errorf("%s: %s %v", l, got, err)
		}
		if !l.AtLeast("") || Level("").AtLeast(l) {
			t.Errorf("%s and no level at all", l)
		}
	}
	if _, err := ParseLevel("strong"); fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}
