package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree makes files below a folder, as the kernel shows groups.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The nearest group above that hands the controllers on is taken; there the limits are
// written. A folder is no group, so the files to write to do not appear by themselves:
// that shows that a group which cannot be limited is not used.
func TestCgroupThatCannotBeLimited(t *testing.T) {
	mount := tree(t, map[string]string{
		"cgroup.subtree_control":        "cpu memory pids\n",
		"user/cgroup.subtree_control":   "cpu\n",
		"user/a/cgroup.subtree_control": "",
	})
	c := cgroups{mount: mount, own: "/user/a", need: []string{"memory", "pids"}}
	if g := c.make(DefaultLimits()); g != nil {
		t.Errorf("%s is used without limits", g.path)
	}
	if left, err := filepath.Glob(mount + "/*/snug-*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if (cgroups{}).make(DefaultLimits()) != nil {
		t.Error("a group without a place")
	}
}

func TestCgroupLimits(t *testing.T) {
	g := &cgroup{path: tree(t, map[string]string{"memory.max": "", "memory.swap.max": "", "memory.oom.group": "", "pids.max": "", "memory.events": "low 0\noom 3\noom_kill 2\n"})}
	if err := g.limit(Limits{Memory: 1 << 30, Processes: 10}, []string{"memory", "pids"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"memory.max": "1207959552", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "74"} {
		if got, err := os.ReadFile(filepath.Join(g.path, name)); string(got) != want {
			t.Errorf("%s is %q: %v", name, got, err)
		}
	}
	if !g.outOfMemory() || (*cgroup)(nil).outOfMemory() {
		t.Error("the kernel ended it, and nobody said so")
	}
}

// A command really runs in a group of its own where one can be made, and the group is
// gone afterwards. Which controllers it has is the machine's; this needs none.
func TestCgroup(t *testing.T) {
	if !privileged() {
		t.Skip("an ordinary user may make groups only where that was handed on")
	}
	var c cgroups
	for _, mount := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(mount + "/cgroup.controllers"); err == nil {
			c = cgroups{mount: mount, own: "/"}
		}
	}
	if c.mount == "" {
		t.Skip("this machine has no cgroups of version 2")
	}
	s := open(t, Hermetic)
	s.groups = &c
	s.off = switches{ownRoot, ownProcesses} // to see the host's /proc
	r, said := run(t, s, sh("cat /proc/self/cgroup; ls -d "+c.mount+"/snug-*"))
	if r.Exit != 0 || !strings.Contains(said, c.mount+"/snug-") || !strings.Contains(said, "0::/\n") {
		t.Errorf("%+v %s", r, said)
	}
	if left, err := filepath.Glob(c.mount + "/snug-*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
}
