package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// How often the guard looks at what its processes use. Looking takes longer where the
// machine has many processes, and is done less often then.
const (
	watchEvery = 50 * time.Millisecond
	watchShare = 20
)

// maxProcesses bounds how many are looked at; the limit is far below.
const maxProcesses = 1 << 16

// watch sees to the limits that the kernel holds for one process only.
type watch struct {
	limits Limits
	pids   func() []int
	tmp    string // a file system of the command's own, "" for none
	peak   int64
	cpu    time.Duration // of processes that live, when last seen
}

func (p *plan) newWatch() *watch {
	w := &watch{limits: p.Order.Limits}
	if p.Level == Hermetic && p.Off.on(ownRoot) {
		w.tmp = "/tmp"
	}
	switch self := os.Getpid(); {
	case !p.own():
		w.pids = func() []int { return descendants(self) }
	case p.Level == Hermetic && p.Off.on(ownRoot):
		w.pids = func() []int { return without(processes(), self) }
	default: // this /proc is the host's
		w.pids = sameNamespace
	}
	return w
}

// look measures and says which limit was passed, "" for none.
func (w *watch) look() string {
	var memory int64
	var live time.Duration
	threads := 0
	pids := w.pids()
	for _, pid := range pids {
		s, ok := statOf(pid)
		if !ok {
			continue // it has ended
		}
		memory += s.resident
		live += s.cpu
		threads += s.threads
	}
	if memory > w.limits.Memory {
		memory = proportional(pids) // what they share counts once
	}
	memory += used(w.tmp)
	w.peak, w.cpu = max(w.peak, memory), live
	_, cpu := w.sum()
	switch {
	case memory > w.limits.Memory:
		return "memory"
	case threads > w.limits.Processes:
		return "processes"
	case cpu > w.limits.CPU:
		return "cpu"
	}
	return ""
}

// sum is what was used until now: the most memory, and the time of those that live
// and of those that have ended.
func (w *watch) sum() (peak int64, cpu time.Duration) {
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_CHILDREN, &ru) != nil {
		return w.peak, w.cpu
	}
	ended := time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
	return max(w.peak, int64(ru.Maxrss)<<10), ended + w.cpu
}

// used is how much of a file system is taken.
func used(dir string) int64 {
	var st unix.Statfs_t
	if dir == "" || unix.Statfs(dir, &st) != nil {
		return 0
	}
	return int64(st.Blocks-st.Bfree) * st.Bsize
}

// processes are the numbers that /proc lists.
func processes() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	var out []int
	names, _ := dir.Readdirnames(maxProcesses) // what was read until an error counts
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

func without(pids []int, not int) []int {
	var out []int
	for _, pid := range pids {
		if pid != not {
			out = append(out, pid)
		}
	}
	return out
}

// sameNamespace are the processes in the guard's own namespace of processes, as the
// host's /proc numbers them, without the guard.
func sameNamespace() []int {
	self, err := os.Readlink("/proc/self")
	own, err2 := os.Readlink("/proc/self/ns/pid")
	if err != nil || err2 != nil {
		return nil
	}
	var out []int
	for _, pid := range processes() {
		name := strconv.Itoa(pid)
		if ns, err := os.Readlink("/proc/" + name + "/ns/pid"); err == nil && ns == own && name != self {
			out = append(out, pid)
		}
	}
	return out
}

// descendants are the processes below pid.
func descendants(pid int) []int {
	children := map[int][]int{}
	for _, p := range processes() {
		if s, ok := statOf(p); ok {
			children[s.parent] = append(children[s.parent], p)
		}
	}
	var out []int
	for queue := children[pid]; len(queue) > 0; {
		out = append(out, queue[0])
		queue = append(queue[1:], children[queue[0]]...)
	}
	return out
}

// stat is what /proc/PID/stat says of a process.
type stat struct {
	parent   int
	threads  int
	cpu      time.Duration
	resident int64
}

// clockTick is that of every architecture Go runs on.
const clockTick = time.Second / 100

func statOf(pid int) (stat, bool) {
	text, err := readBounded("/proc/"+strconv.Itoa(pid)+"/stat", 4<<10)
	if err != nil {
		return stat{}, false
	}
	return parseStat(text)
}

// parseStat reads proc_pid_stat(5). The name in parentheses is the process's own
// to choose, so what counts begins after the last one.
func parseStat(text []byte) (stat, bool) {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return stat{}, false
	}
	fields := bytes.Fields(text[end+1:]) // from the third on
	number := func(n int) int64 {
		if n-3 >= len(fields) {
			return -1
		}
		v, err := strconv.ParseInt(string(fields[n-3]), 10, 64)
		if err != nil {
			return -1
		}
		return v
	}
	s := stat{
		parent: int(number(4)), threads: int(number(20)), cpu: time.Duration(number(14)+number(15)) * clockTick,
		resident: number(24) * int64(os.Getpagesize()),
	}
	return s, s.parent >= 0 && s.threads >= 0 && s.cpu >= 0 && s.resident >= 0
}

// proportional is the memory of all with every shared page counted once.
func proportional(pids []int) int64 {
	var sum int64
	for _, pid := range pids {
		text, err := readBounded("/proc/"+strconv.Itoa(pid)+"/smaps_rollup", 4<<10)
		if err != nil {
			continue // it has ended
		}
		sum += kilobytes(text, "Pss:")
	}
	return sum
}

// kilobytes is the value of a line "NAME   123 kB", in bytes.
func kilobytes(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		f := bytes.Fields(line)
		if len(f) == 3 && string(f[0]) == name {
			if n, err := strconv.ParseInt(string(f[1]), 10, 64); err == nil {
				return n << 10
			}
		}
	}
	return 0
}
