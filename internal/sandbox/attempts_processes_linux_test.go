package sandbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// secretVariable is in the environment of who runs the sandbox.
const secretVariable = "SNUG_TEST_SECRET"

func setSecret(t *testing.T, w *world) {
	t.Setenv(secretVariable, "secret")
	w.data = os.Getpid()
}

func pidOf(w *world) []string { return []string{strconv.Itoa(w.data.(int))} }

func processAttempts() []attempt {
	return []attempt{
		{name: "inherit variables", before: setSecret, off: []defence{cleanEnv}, inside: func([]string) error {
			if os.Getenv(secretVariable) == "" {
				return held("%q", os.Environ())
			}
			return nil
		}},
		{name: "see the host's processes", before: setSecret, args: pidOf, off: []defence{ownRoot, ownProcesses}, inside: seeProcess},
		{name: "look into the guard", off: []defence{shutMemory, ownUser, noRights}, inside: func([]string) error {
			_, err := os.ReadFile("/proc/1/environ")
			return err
		}},
		{name: "open snug's own program", off: []defence{shutMemory, ownUser, noRights}, inside: func([]string) error {
			f, err := os.Open("/proc/1/exe")
			if err != nil {
				return err
			}
			return f.Close()
		}},
		{name: "find open files", off: []defence{closedFiles}, inside: findPipes},
		{name: "read an answer", off: []defence{emptyInput}, before: placeAnswer, inside: func([]string) error {
			if n, err := os.Stdin.Read(make([]byte, 8)); n == 0 {
				return held("%v", err)
			}
			return nil
		}},
		{name: "end the host's processes", off: []defence{ownProcesses, ownRoot, ownUser}, before: placeSleeper, args: pidOf, inside: endProcess},
		{name: "outlive the build", off: []defence{endAll, ownProcesses, ownRoot}, inside: leaveBehind, worked: beats},
		{name: "use the host's System V memory", off: []defence{ownIPC}, before: placeSegment, args: pidOf, inside: func(args []string) error {
			id, err := strconv.Atoi(args[2])
			if err != nil {
				return err
			}
			_, err = unix.SysvShmAttach(id, 0, 0)
			return err
		}},
		{name: "leave a core", off: []defence{resources}, absent: noCores, inside: func([]string) error {
			return unix.Prlimit(0, unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}, nil)
		}},
	}
}

// seeProcess reads what the process with the number was called with.
func seeProcess(args []string) error {
	line, err := os.ReadFile("/proc/" + args[2] + "/cmdline")
	if err != nil {
		return err
	}
	if !bytes.Contains(line, []byte("-test.")) {
		return held("process %s is %q", args[2], line)
	}
	return nil
}

func findPipes([]string) error {
	for fd := 3; fd < 64; fd++ {
		if to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil && strings.HasPrefix(to, "pipe:") {
			return nil
		}
	}
	return held("no pipe is open")
}

// placeAnswer puts something to read on standard input.
func placeAnswer(t *testing.T, _ *world) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("answer\n"); err != nil {
		t.Fatal(err)
	}
	real := os.Stdin
	os.Stdin = r
	t.Cleanup(func() {
		os.Stdin = real
		r.Close()
		w.Close()
	})
}

// placeSleeper starts a process of the test's that an attempt may try to end.
func placeSleeper(t *testing.T, w *world) {
	cmd := exec.Command("/bin/sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	w.data = cmd.Process.Pid
}

func endProcess(args []string) error {
	pid, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	return unix.Kill(pid, unix.SIGKILL)
}

func placeSegment(t *testing.T, w *world) {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, unix.IPC_CREAT|0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
	w.data = id
}

func noCores(*world) string {
	var now unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_CORE, nil, &now); err != nil || now.Max < 1<<20 {
		return "nobody may have cores here"
	}
	return ""
}

// leaveBehind starts a process that tries all to stay, and ends when that is up.
func leaveBehind(args []string) error {
	cmd := exec.Command(os.Args[0], attemptRole, "beat", filepath.Join(args[1], "heart"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, err = bufio.NewReader(said).ReadString('\n')
	return err
}

// beats says whether the process that was left behind still lives: it holds a lock.
func beats(w *world) bool {
	f, err := os.Open(filepath.Join(w.out.Host, "heart"))
	if err != nil {
		return false
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil
}

// tools are what attempts start.
var tools = map[string]func(args []string) int{
	"be there":    func([]string) int { return 0 },
	"mount there": func([]string) int { return codeOf(unix.Mount("tmpfs", "/tmp", "tmpfs", 0, "")) },
	"user": func([]string) int {
		fmt.Print(os.Geteuid())
		return os.Geteuid() % 100
	},
	"beat": beat,
	"hold": hold,
	"sandbox": func(args []string) int {
		return codeOf(runLeaving(args))
	},
}

func codeOf(err error) int {
	if err != nil {
		fmt.Println(err)
		return exitHeld
	}
	return 0
}

// beat holds a lock on the file as long as that is there, in the middle of all signals
// that can be ignored; and at most for a minute.
func beat(args []string) int {
	signal.Ignore(unix.SIGHUP, unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGPIPE)
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return codeOf(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return codeOf(err)
	}
	fmt.Println("up")
	for range 600 {
		if _, err := os.Stat(args[0]); err != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	runtime.KeepAlive(f)
	return 0
}

// hold takes memory, says so and keeps it until it is ended.
func hold(args []string) int {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return codeOf(err)
	}
	b := touch(n)
	fmt.Println("up")
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(b)
	return 0
}

func touch(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	return b
}

// call runs a program of the attempt's to its end.
func call(out io.Writer, env []string, name string, args ...string) (int, error) {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}
