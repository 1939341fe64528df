package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/sandbox"
)

// cause builds and wants a failure.
func (b *bench) cause(t *testing.T, job Job) *Failure {
	t.Helper()
	out, err := b.Wheel(context.Background(), job)
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %+v, %v", out, err)
	}
	return f
}

// A build that takes too much is ended, and its failure says at which limit.
func TestLimitsAreTold(t *testing.T) {
	b := newBench(t)
	cases := []struct {
		lines  string
		limits sandbox.Limits
		want   string
	}{
		{"import time; time.sleep(600)", sandbox.Limits{Wall: time.Second}, "wall"},
		{"hog = [bytearray(1 << 20) for i in range(1 << 20)]", sandbox.Limits{Memory: 200 << 20}, "memory"},
		{"while True: print('x' * 1000)", sandbox.Limits{Output: 1 << 20}, "output"},
		{"import time\nwhile True:\n    if os.fork() == 0: time.sleep(600)", sandbox.Limits{Processes: 40}, "processes"},
	}
	for _, c := range cases {
		t.Run(c.want, func(t *testing.T) {
			job := b.job(t, c.lines)
			job.Limits = c.limits
			if c.limits.Wall == 0 {
				job.Limits.Wall = 30 * time.Second
			}
			f := b.cause(t, job)
			if f.Cause.Kind != causeLimit || f.Cause.Name != c.want || !strings.Contains(f.Cause.Text, c.want) {
				t.Errorf("%+v", f.Cause)
			}
		})
	}
}

// What the backend does outside of its own folders fails, and is not there afterwards.
func TestBuildsStayInside(t *testing.T) {
	b := newBench(t)
	if !b.box.Level().AtLeast(sandbox.Landlock) {
		t.Skipf("this machine gives the sandbox %s, which does not hold a build in", b.box.Level())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hidden"), 0o600); err != nil {
		t.Fatal(err)
	}
	attempts := map[string]string{
		"read a file of the host":   fmt.Sprintf("open(%q).read()", secret),
		"write into the runtime":    "open(sys.prefix + '/bin/planted', 'w')",
		"write into the driver":     "open(sys.argv[0], 'a')",
		"write into the system":     "open('/usr/planted', 'w')",
		"dial a server of the host": fmt.Sprintf("import socket; socket.create_connection((%q, %s), 5)", host, port),
		"ask for a name":            "import socket; socket.getaddrinfo('index.example', 443)",
	}
	for what, lines := range attempts {
		t.Run(what, func(t *testing.T) {
			job := b.job(t, "import sys\ntry:\n    "+lines+"\nexcept OSError as e:\n    print('refused', e)\nelse:\n    print('done')")
			var log bytes.Buffer
			job.Log = &log
			if _, err := b.Wheel(context.Background(), job); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(log.String(), "refused") || strings.Contains(log.String(), "done") {
				t.Errorf("log: %s", log.String())
			}
		})
	}
	if _, err := os.Stat(filepath.Join(b.runtime, "bin", "planted")); err == nil {
		t.Error("the runtime was written to")
	}
}

// What is left running ends with the build: it cannot change the wheel that was checked.
func TestNothingOutlivesTheBuild(t *testing.T) {
	b := newBench(t)
	job := b.job(t, `
def build_wheel(f, *a):
    import time
    if os.fork() == 0:
        os.setsid()
        while True:
            open(f + "/alive", "w").write(str(time.time()))
            time.sleep(0.01)
    return honest(f)`)
	r, err := b.enter(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	defer r.leave()
	var name string
	if err := r.ask(context.Background(), "wheel", &name); err != nil {
		t.Fatal(err)
	}
	alive := filepath.Join(r.dir, "out", "alive")
	if err := os.RemoveAll(alive); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	if _, err := os.Stat(alive); err == nil && r.result.Level.AtLeast(sandbox.Landlock) {
		t.Error("a process of the build is still there")
	}
}
