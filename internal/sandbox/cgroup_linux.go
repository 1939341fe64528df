package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroups is where groups of version 2 are made, and what they have to be able to.
type cgroups struct {
	mount string
	own   string   // this process's group, from the mount on
	need  []string // controllers
}

// What the guard itself may take besides its command.
const (
	guardThreads = 64
	guardMemory  = 128 << 20
)

func hostCgroups() cgroups {
	text, err := readBounded("/proc/self/cgroup", 64<<10)
	if err != nil {
		return cgroups{}
	}
	c := cgroups{mount: "/sys/fs/cgroup", need: []string{"memory", "pids"}}
	for line := range strings.Lines(string(text)) {
		if own, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			c.own = own
		}
	}
	return c
}

// cgroup is one command's. A nil one does nothing.
type cgroup struct {
	path string
	dir  *os.File
}

// make makes a group with the limits, in the nearest group above that gives its
// children the controllers and lets this process write there. It is nil where there is
// none: the guard watches in any case.
func (c cgroups) make(l Limits) *cgroup {
	if c.own == "" {
		return nil
	}
	for at := filepath.Join(c.mount, c.own); ; at = filepath.Dir(at) {
		if g := c.makeIn(at, l); g != nil {
			return g
		}
		if at == c.mount || len(at) <= len(c.mount) {
			return nil
		}
	}
}

func (c cgroups) makeIn(parent string, l Limits) *cgroup {
	text, err := readBounded(filepath.Join(parent, "cgroup.subtree_control"), 4<<10)
	if err != nil {
		return nil
	}
	given := strings.Fields(string(text))
	for _, controller := range c.need {
		if !slices.Contains(given, controller) {
			return nil
		}
	}
	path, err := os.MkdirTemp(parent, "snug-")
	if err != nil {
		return nil
	}
	g := &cgroup{path: path}
	if g.limit(l, c.need) != nil {
		g.remove()
		return nil
	}
	if g.dir, err = os.OpenFile(path, unix.O_PATH|unix.O_DIRECTORY, 0); err != nil {
		g.remove()
		return nil
	}
	return g
}

func (g *cgroup) limit(l Limits, controllers []string) error {
	var errs []error
	if slices.Contains(controllers, "memory") {
		errs = append(errs, g.write("memory.max", l.Memory+guardMemory), g.write("memory.oom.group", 1))
		if err := g.write("memory.swap.max", 0); !errors.Is(err, fs.ErrNotExist) { // a kernel without swap has none
			errs = append(errs, err)
		}
	}
	if slices.Contains(controllers, "pids") {
		errs = append(errs, g.write("pids.max", int64(l.Processes)+guardThreads))
	}
	return errors.Join(errs...)
}

func (g *cgroup) write(name string, n int64) error {
	f, err := os.OpenFile(filepath.Join(g.path, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(f, n)
	return errors.Join(err, f.Close())
}

// outOfMemory says whether the kernel ended the group at its limit of memory.
func (g *cgroup) outOfMemory() bool {
	if g == nil {
		return false
	}
	text, err := readBounded(filepath.Join(g.path, "memory.events"), 4<<10)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "oom_kill" {
			n, err := strconv.Atoi(f[1])
			return err == nil && n > 0
		}
	}
	return false
}

// removeLimit bounds how long a group may be busy with processes that have just ended.
const removeLimit = 2 * time.Second

// remove ends what is left in the group, and the group. One that stays is empty and
// costs nothing: there is nobody to tell.
func (g *cgroup) remove() {
	if g == nil {
		return
	}
	if g.dir != nil {
		g.dir.Close()
	}
	_ = g.write("cgroup.kill", 1) // Linux 5.14
	for end := time.Now().Add(removeLimit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if err := os.Remove(g.path); !errors.Is(err, unix.EBUSY) {
			return
		}
	}
}
