package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

// devices are the only ones that a command gets.
var devices = []string{"null", "zero", "full", "random", "urandom"}

// Where the host keeps its compilers and libraries; those of its configuration that
// they need.
var (
	systemRoots = []string{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/nix/store"}
	systemFiles = []string{"/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"}
)

// Files of a small system: one user, one host.
var written = map[string]string{
	"/etc/passwd":        "root:x:0:0::/:/bin/false\nbuild:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
	"/etc/group":         "root:x:0:\nbuild:x:1000:\nnogroup:x:65534:\n",
	"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}

// partMounts parts the guard's mounts from the host's, and has /proc number processes
// as the guard does: users are mapped for a process by its number.
func partMounts() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return failed(err, stepMounts)
	}
	return mountProc("/proc")
}

// makeRoot makes the command's own file system and goes there; the host's is gone.
// It runs in a mount namespace of its own. Every step that fails ends it.
func (p *plan) makeRoot() error {
	root := filepath.Join(p.Work, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return failed(err, "make the root")
	}
	if err := tmpfs(root, 16<<20, 0o755); err != nil {
		return err
	}
	steps := []func(string) error{p.addSystem, addDevices, p.addProc, p.addScratch, addFiles, p.addInputs, enter}
	for _, step := range steps {
		if err := step(root); err != nil {
			return err
		}
	}
	return nil
}

func tmpfs(dir string, size int64, mode uint32) error {
	inodes := max(size/(8<<10), 1<<10)
	options := fmt.Sprintf("size=%d,nr_inodes=%d,mode=%o", size, inodes, mode)
	return failed(unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options), "mount a tmpfs at %s", dir)
}

// addSystem shows the host's programs, read-only. What is a link on the host, as
// /bin is today, is one inside.
func (p *plan) addSystem(root string) error {
	if !p.System {
		return nil
	}
	for _, path := range slices.Concat(systemRoots, systemFiles) {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return failed(err, "look for the system's %s", path)
		case info.Mode()&fs.ModeSymlink != 0:
			err = copyLink(path, root+path)
		default:
			err = p.bind(Input{Host: path, Inside: path}, root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyLink(path, to string) error {
	target, err := os.Readlink(path)
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Symlink(target, to))
	}
	return failed(err, "repeat the link %s", path)
}

func (p *plan) addInputs(root string) error {
	inputs := slices.Clone(p.Inputs)
	slices.SortStableFunc(inputs, func(a, b Input) int { return cmp.Compare(len(a.Inside), len(b.Inside)) })
	for _, in := range inputs {
		if err := p.bind(in, root); err != nil {
			return err
		}
	}
	return nil
}

// bind shows the input, below root.
func (p *plan) bind(in Input, root string) error {
	info, err := os.Stat(in.Host)
	if err != nil {
		return failed(err, "look at %s", in.Host)
	}
	if err := place(root, in.Inside, info.IsDir()); err != nil {
		return failed(err, "make a place for %s", in.Inside)
	}
	to := root + in.Inside
	if err := unix.Mount(in.Host, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return failed(err, "bind %s at %s", in.Host, in.Inside)
	}
	return lockMounts(to, p.locks(in))
}

// locks are the flags that an input's mounts get.
func (p *plan) locks(in Input) uintptr {
	var flags uintptr
	if !in.Writable && p.Off.on(readOnly) {
		flags |= unix.MS_RDONLY
	}
	if p.Off.on(noSetuid) {
		flags |= unix.MS_NOSUID
	}
	if p.Off.on(noDevices) {
		flags |= unix.MS_NODEV
	}
	return flags
}

// place makes the folder or the empty file that a mount covers. What is inside
// another input must be there: a place is not made in the host's folders.
func place(root, inside string, dir bool) error {
	path := root
	for part := range strings.SplitSeq(strings.Trim(inside, "/"), "/") {
		path += "/" + part
		info, err := os.Lstat(path)
		last := path == root+inside
		switch {
		case errors.Is(err, fs.ErrNotExist) && last && !dir:
			err = os.WriteFile(path, nil, 0o644)
		case errors.Is(err, fs.ErrNotExist):
			err = os.Mkdir(path, 0o755)
		case err == nil && info.Mode()&fs.ModeSymlink != 0:
			err = fault.New(fault.Input, "", "%s is a link", strings.TrimPrefix(path, root))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lockMounts takes what a mount, and those below it, may do. In a namespace of users
// a flag that the host set cannot be left out, so those are repeated.
func lockMounts(dir string, flags uintptr) error {
	mounts, err := mountsBelow(dir)
	if err != nil {
		return failed(err, "list the mounts below %s", dir)
	}
	for _, m := range mounts {
		if err := relock(m, flags); err != nil {
			return failed(err, "lock the mount %s", m)
		}
	}
	return nil
}

// relock adds flags to the mount at path, and sees that they hold.
func relock(path string, flags uintptr) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return err
	}
	for kept, flag := range map[int64]uintptr{
		unix.ST_RDONLY: unix.MS_RDONLY, unix.ST_NOSUID: unix.MS_NOSUID, unix.ST_NODEV: unix.MS_NODEV, unix.ST_NOEXEC: unix.MS_NOEXEC,
		unix.ST_NOATIME: unix.MS_NOATIME, unix.ST_NODIRATIME: unix.MS_NODIRATIME, unix.ST_RELATIME: unix.MS_RELATIME,
	} {
		if int64(st.Flags)&kept != 0 {
			flags |= flag
		}
	}
	// EINVAL: another mount lies above this one, and that has a line of its own.
	if err := unix.Mount("", path, "", flags|unix.MS_BIND|unix.MS_REMOUNT, ""); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := unix.Statfs(path, &st); err != nil {
		return err
	}
	for flag, shown := range map[uintptr]int64{unix.MS_RDONLY: unix.ST_RDONLY, unix.MS_NOSUID: unix.ST_NOSUID, unix.MS_NODEV: unix.ST_NODEV} {
		if flags&flag != 0 && int64(st.Flags)&shown == 0 {
			return fault.New(fault.Failed, "", "it stays open")
		}
	}
	return nil
}

// mountsBelow lists dir and the mounts under it.
func mountsBelow(dir string) ([]string, error) {
	text, err := readBounded("/proc/self/mountinfo", 16<<20)
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 6 {
			continue
		}
		if path := unescape(f[4]); path == dir || strings.HasPrefix(path, dir+"/") {
			out = append(out, path)
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Failed, "", "%s is no mount", dir)
	}
	return out, nil
}

// unescape undoes how mountinfo writes a blank, a tab, a newline and a backslash.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

func addDevices(root string) error {
	if err := os.Mkdir(root+"/dev", 0o755); err != nil {
		return failed(err, "make /dev")
	}
	for _, name := range devices {
		to := root + "/dev/" + name
		if err := os.WriteFile(to, nil, 0o644); err != nil {
			return failed(err, "make a place for /dev/%s", name)
		}
		if err := unix.Mount("/dev/"+name, to, "", unix.MS_BIND, ""); err != nil {
			return failed(err, "bind /dev/%s", name)
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(target, root+"/dev/"+name); err != nil {
			return failed(err, "make /dev/%s", name)
		}
	}
	return nil
}

func (p *plan) addProc(root string) error {
	if err := os.Mkdir(root+"/proc", 0o555); err != nil {
		return failed(err, "make /proc")
	}
	return mountProc(root + "/proc")
}

func mountProc(dir string) error {
	return failed(unix.Mount("proc", dir, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""), stepProc)
}

const (
	stepMounts = "part the mounts from the host's"
	stepProc   = "mount a /proc of its own"
)

// addScratch makes the places that a command may write to: its memory is the limit.
func (p *plan) addScratch(root string) error {
	for _, dir := range []string{"/tmp", "/dev/shm", "/var"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			return failed(err, "make %s", dir)
		}
	}
	if err := os.Symlink("/tmp", root+"/var/tmp"); err != nil {
		return failed(err, "make /var/tmp")
	}
	size := min(p.Order.Limits.Memory/2, p.Order.Limits.Disk)
	if !p.Off.on(resources) {
		size = 1 << 30
	}
	if err := tmpfs(root+"/tmp", size, 0o1777); err != nil {
		return err
	}
	return tmpfs(root+"/dev/shm", min(size, 64<<20), 0o1777)
}

func addFiles(root string) error {
	for path, text := range written {
		if err := os.MkdirAll(filepath.Dir(root+path), 0o755); err != nil {
			return failed(err, "make the folder of %s", path)
		}
		if err := os.WriteFile(root+path, []byte(text), 0o644); err != nil {
			return failed(err, "write %s", path)
		}
	}
	return nil
}

// enter makes root the root, lets go of the host's and shuts the new one.
func enter(root string) error {
	if err := os.Chdir(root); err != nil {
		return failed(err, "go to the new root")
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return failed(err, "change the root")
	}
	// The host's root lies over the new one now.
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return failed(err, "let go of the host's files")
	}
	if err := os.Chdir("/"); err != nil {
		return failed(err, "go to the root")
	}
	return failed(unix.Mount("", "/", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""), "shut the root")
}
