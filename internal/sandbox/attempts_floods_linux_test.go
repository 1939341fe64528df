package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const mega = 1 << 20

// lingering is time for who looks to see, on a machine that is busy with others too.
const lingering = 2 * time.Second

func floodAttempts() []attempt {
	return []attempt{
		{name: "fork without end", limits: Limits{Processes: 40}, off: []defence{resources, watched}, inside: forkMany},
		{name: "fork without end, where the kernel does not count", limits: Limits{Processes: 40}, base: []defence{resources}, killed: "processes", off: []defence{watched}, inside: forkMany},
		{name: "take memory in one process", limits: Limits{Memory: 256 * mega}, off: []defence{resources, watched}, inside: func([]string) error {
			_, err := unix.Mmap(-1, 0, 512*mega, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
			return err
		}},
		{name: "take memory in many processes", limits: Limits{Memory: 256 * mega}, killed: "memory", off: []defence{watched}, inside: holdMany},
		{name: "take shared memory", limits: Limits{Memory: 160 * mega}, killed: "memory", off: []defence{watched}, inside: holdShared},
		{name: "take memory by files in /tmp", limits: Limits{Disk: 4 * mega}, off: []defence{resources}, inside: func([]string) error {
			return fill("/tmp/big", 8*mega)
		}},
		{name: "take memory by files in /dev/shm", limits: Limits{Disk: 4 * mega}, off: []defence{resources}, inside: func([]string) error {
			return fill("/dev/shm/big", 8*mega)
		}},
		{name: "write one large file", limits: Limits{FileSize: mega}, off: []defence{resources}, inside: func(args []string) error {
			return fill(filepath.Join(args[1], "big"), 2*mega)
		}},
		{name: "write many files", limits: Limits{Disk: 4 * mega}, killed: "disk", off: []defence{watched}, inside: func(args []string) error {
			for i := range 16 {
				if err := fill(filepath.Join(args[1], strconv.Itoa(i)), mega/2); err != nil {
					return err
				}
			}
			return linger(lingering)
		}},
		{name: "write many empty files", limits: Limits{Disk: 4 * mega}, killed: "disk", off: []defence{watched}, inside: func(args []string) error {
			for i := range 2000 {
				if err := fill(filepath.Join(args[1], strconv.Itoa(i)), 0); err != nil {
					return err
				}
			}
			return linger(lingering)
		}},
		{name: "open files without end", limits: Limits{Files: 64}, off: []defence{resources}, inside: func([]string) error {
			for range 128 {
				if _, err := unix.Open("/dev/null", unix.O_RDONLY, 0); err != nil {
					return err
				}
			}
			return nil
		}},
		{name: "write output without end", limits: Limits{Output: 64 << 10}, killed: "output", off: []defence{watched}, inside: func([]string) error {
			for range 64 {
				if _, err := os.Stdout.Write(make([]byte, 4<<10)); err != nil {
					return err
				}
			}
			return linger(lingering)
		}},
		{name: "hang", limits: Limits{Wall: 300 * time.Millisecond}, killed: "wall", off: []defence{watched}, inside: func([]string) error { return linger(lingering) }},
		{name: "compute without end", limits: Limits{CPU: 200 * time.Millisecond}, killed: "cpu", off: []defence{watched}, inside: func([]string) error { return compute(time.Second) }},
	}
}

func linger(d time.Duration) error {
	time.Sleep(d)
	return nil
}

// compute takes d of the processor's time.
func compute(d time.Duration) error {
	for {
		var ru unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
			return err
		}
		if time.Duration(ru.Utime.Nano()+ru.Stime.Nano()) > d {
			return nil
		}
	}
}

// fill writes a file of that many bytes, or says what stopped it.
func fill(path string, size int) error {
	signal.Ignore(unix.SIGXFSZ)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	part := make([]byte, 256<<10)
	for i := range part {
		part[i] = byte(i)
	}
	for left := size; left > 0 && err == nil; left -= len(part) {
		_, err = f.Write(part[:min(left, len(part))])
	}
	return errors.Join(err, f.Close())
}

// forkMany starts more processes than it may.
func forkMany([]string) error {
	for i := range 60 {
		if err := exec.Command("/bin/sleep", "3").Start(); err != nil {
			return fmt.Errorf("after %d: %w", i, err)
		}
	}
	return linger(lingering)
}

// holdMany takes in three processes what no one of them would be stopped for.
func holdMany([]string) error {
	for range 3 {
		cmd := exec.Command(os.Args[0], attemptRole, "hold", strconv.Itoa(100*mega))
		said, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if _, err := cmd.StdinPipe(); err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		if _, err := bufio.NewReader(said).ReadString('\n'); err != nil {
			return err
		}
	}
	return linger(lingering)
}

// holdShared takes memory that RLIMIT_DATA does not count.
func holdShared([]string) error {
	b, err := unix.Mmap(-1, 0, 256*mega, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	if err != nil {
		return err
	}
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	err = linger(lingering)
	runtime.KeepAlive(b)
	return err
}
