package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"snug/internal/fault"
)

func secretPath(w *world) []string { return []string{w.secret} }

func readSecret(args []string) error {
	_, err := os.ReadFile(args[2])
	return err
}

// writeTo is an attempt's inside: it writes to the file that it is given.
func writeTo(path func(args []string) string) func([]string) error {
	return func(args []string) error {
		f, err := os.OpenFile(path(args), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("changed")
		return errors.Join(err, f.Close())
	}
}

func fileAttempts() []attempt {
	inFile := func(args []string) string { return filepath.Join(args[0], "file") }
	return []attempt{
		{name: "read a file of the host", args: secretPath, inside: readSecret, off: []defence{ownRoot}},
		{name: "write into another build's folder", args: secretPath, inside: writeTo(func(a []string) string { return a[2] }), off: []defence{ownRoot}},
		{name: "write into the store", inside: writeTo(inFile), off: []defence{readOnly}},
		{name: "change a time in the store", inside: func(a []string) error { return unix.Utimes(inFile(a), nil) }, off: []defence{readOnly}},
		{name: "make the store writable", inside: remount, off: []defence{callFilter, ownUser, noRights}},
		{name: "read a disk", inside: readDisk, off: []defence{ownRoot}},
		{name: "use a device in an input", rooted: true, off: []defence{noDevices}, before: placeDevice, inside: func(a []string) error {
			f, err := os.Open(filepath.Join(a[0], "zero"))
			if err != nil {
				return err
			}
			return f.Close()
		}},
		{name: "make a device", rooted: true, off: []defence{callFilter, ownUser, noRights}, inside: func(a []string) error {
			return unix.Mknod(filepath.Join(a[1], "disk"), unix.S_IFBLK|0o666, int(unix.Mkdev(7, 0)))
		}},
		{name: "leave a link that leads out", before: placeVictim, args: secretPath, worked: victimChanged, off: []defence{noLinks},
			inside: func(a []string) error { return os.Symlink(a[2], filepath.Join(a[1], "link")) }},
		{name: "write through a hard link", before: linkSecret, refuse: fault.Integrity, worked: secretChanged, off: []defence{noLinks},
			inside: writeTo(func(a []string) string { return filepath.Join(a[1], "hard") })},
		{name: "leave a program that runs as its owner", worked: setuidLeft, off: []defence{noSetuid}, inside: func(a []string) error {
			return errors.Join(os.WriteFile(filepath.Join(a[1], "tool"), nil, 0o755), os.Chmod(filepath.Join(a[1], "tool"), 0o755|os.ModeSetuid))
		}},
		{name: "run a program as its owner", rooted: true, before: placeSetuid, off: []defence{noSetuid, noGain, ownUser, callFilter}, inside: runSetuid},
	}
}

// remount takes the mount's lock away, then writes.
func remount(args []string) error {
	if err := unix.Mount("", args[0], "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_RELATIME, ""); err != nil {
		return err
	}
	return writeTo(func(a []string) string { return filepath.Join(a[0], "file") })(args)
}

// readDisk looks for any device that is not one of the five.
func readDisk([]string) error {
	entries, err := os.ReadDir("/dev")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type()&os.ModeDevice != 0 && !strings.Contains("null zero full random urandom", e.Name()) {
			return nil
		}
	}
	return held("only %d entries in /dev, no other device", len(entries))
}

func placeDevice(t *testing.T, w *world) {
	path := filepath.Join(w.in.Host, "zero")
	if err := errors.Join(unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
}

// placeVictim gives the secret a bit that taking a folder back would take away.
func placeVictim(t *testing.T, w *world) {
	if err := os.Chmod(w.secret, 0o666|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
}

func victimChanged(w *world) bool {
	info, err := os.Stat(w.secret)
	return err != nil || info.Mode()&os.ModeSticky == 0
}

func linkSecret(t *testing.T, w *world) {
	if err := os.Link(w.secret, filepath.Join(w.out.Host, "hard")); err != nil {
		t.Fatal(err)
	}
}

func secretChanged(w *world) bool {
	text, err := os.ReadFile(w.secret)
	return err != nil || string(text) != "as it was"
}

func setuidLeft(w *world) bool {
	info, err := os.Stat(filepath.Join(w.out.Host, "tool"))
	return err != nil || info.Mode()&os.ModeSetuid != 0
}

func placeSetuid(t *testing.T, w *world) {
	path := filepath.Join(w.in.Host, "setuid")
	if err := errors.Join(copyFile(w.exe.Host, path), os.Chown(path, nobody, nobody), os.Chmod(path, 0o755|os.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
}

func runSetuid(args []string) error {
	var out strings.Builder
	code, err := call(&out, nil, filepath.Join(args[0], "setuid"), attemptRole, "user")
	if err != nil {
		return err
	}
	if code == os.Geteuid()%100 {
		return held("it ran as %s", out.String())
	}
	return nil
}
