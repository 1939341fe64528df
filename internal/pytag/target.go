package pytag

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// Target is a platform that a runtime is made for. It is comparable; the zero value is no target.
type Target struct {
	OS   string // "linux", "macos", "windows"
	Arch string // "x86_64", "aarch64" (Linux), "arm64" (macOS, Windows)
	Libc string // "glibc" or "musl" on Linux, else ""
	// Floor is the oldest libc (Linux) or macOS that the target must run on; wheels that need a newer one do not fit.
	// Zero on Windows.
	Floor [2]int
}

// The default floors: what current wheels are built for, and old enough for every supported distribution.
var (
	floorGlibc = [2]int{2, 28}
	floorMusl  = [2]int{1, 2}
	floorMacOS = [2]int{13, 0}
)

// Known lists the target names that ParseTarget takes, without floors.
func Known() []string {
	return []string{
		"linux-x86_64", "linux-aarch64", "linux-x86_64-musl", "linux-aarch64-musl",
		"macos-arm64", "macos-x86_64", "windows-x86_64", "windows-arm64",
	}
}

// ParseTarget reads a target name such as "linux-x86_64", "linux-aarch64-musl", "linux-x86_64-glibc2.35",
// "linux-x86_64-musl1.2" or "macos-arm64-14.0". The error is a fault.Usage that lists the known names.
func ParseTarget(name string) (Target, error) {
	parts := strings.Split(name, "-")
	if len(parts) < 2 || len(parts) > 3 {
		return Target{}, unknownTarget(name)
	}
	t := Target{OS: parts[0], Arch: parts[1]}
	suffix := ""
	if len(parts) == 3 {
		if suffix = parts[2]; suffix == "" {
			return Target{}, unknownTarget(name)
		}
	}
	var ok bool
	switch t.OS + "-" + t.Arch {
	case "linux-x86_64", "linux-aarch64":
		ok = t.setLinuxFloor(suffix)
	case "macos-arm64", "macos-x86_64":
		ok = t.setMacOSFloor(suffix)
	case "windows-x86_64", "windows-arm64":
		ok = suffix == ""
	}
	if !ok {
		return Target{}, unknownTarget(name)
	}
	return t, nil
}

func unknownTarget(name string) error {
	return fault.New(fault.Usage, "known targets: "+strings.Join(Known(), ", ")+
		"; a floor may follow, as in linux-x86_64-glibc2.35, linux-x86_64-musl1.2 or macos-arm64-14.0",
		"unknown target %q", name)
}

func (t *Target) setLinuxFloor(suffix string) bool {
	t.Libc, t.Floor = "glibc", floorGlibc
	if suffix == "" {
		return true
	}
	if version, ok := strings.CutPrefix(suffix, "musl"); ok {
		t.Libc, t.Floor = "musl", floorMusl
		if version == "" {
			return true
		}
		t.Floor, ok = parseFloor(version)
		return ok && t.Floor[0] == 1 && t.Floor[1] >= 1
	}
	version, ok := strings.CutPrefix(suffix, "glibc")
	if !ok {
		return false
	}
	t.Floor, ok = parseFloor(version)
	return ok && t.Floor[0] == 2 && t.Floor[1] >= 17
}

func (t *Target) setMacOSFloor(suffix string) bool {
	t.Floor = floorMacOS
	if suffix == "" {
		return true
	}
	var ok bool
	t.Floor, ok = parseFloor(suffix)
	return ok && (t.Floor[0] >= 11 || t.Arch == "x86_64" && t.Floor[0] == 10 && t.Floor[1] >= 9)
}

// parseFloor reads "MAJOR.MINOR" without signs or leading zeros, each below 100.
func parseFloor(s string) ([2]int, bool) {
	major, minor, found := strings.Cut(s, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	ok := found && errA == nil && errB == nil && a > 0 && a < 100 && b >= 0 && b < 100
	return [2]int{a, b}, ok && s == fmt.Sprintf("%d.%d", a, b)
}

// String gives the name that ParseTarget reads back to the same target; a default floor is left out.
func (t Target) String() string {
	name := t.OS + "-" + t.Arch
	floor := fmt.Sprintf("%d.%d", t.Floor[0], t.Floor[1])
	switch {
	case t.Libc == "musl" && t.Floor == floorMusl:
		return name + "-musl"
	case t.Libc == "musl":
		return name + "-musl" + floor
	case t.Libc == "glibc" && t.Floor != floorGlibc:
		return name + "-glibc" + floor
	case t.OS == "macos" && t.Floor != floorMacOS:
		return name + "-" + floor
	}
	return name
}

// Host is the target of this machine with the default floor. The error is a fault.Unsupported.
func Host() (Target, error) {
	name, ok := map[string]string{
		"linux/amd64": "linux-x86_64", "linux/arm64": "linux-aarch64",
		"darwin/arm64": "macos-arm64", "darwin/amd64": "macos-x86_64",
		"windows/amd64": "windows-x86_64", "windows/arm64": "windows-arm64",
	}[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return Target{}, fault.New(fault.Unsupported, "name one with --target: "+strings.Join(Known(), ", "),
			"snug cannot build for this machine (%s on %s)", runtime.GOOS, runtime.GOARCH)
	}
	if runtime.GOOS == "linux" && isMuslHost() {
		name += "-musl"
	}
	return ParseTarget(name)
}

// isMuslHost looks for the dynamic loaders: a machine that has only musl's is a musl one.
func isMuslHost() bool {
	for _, glibc := range []string{"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"} {
		if _, err := os.Stat(glibc); err == nil {
			return false
		}
	}
	loaders, err := filepath.Glob("/lib/ld-musl-*.so.1")
	return err == nil && len(loaders) > 0 // the pattern is constant and valid: err is never set
}

// Environment gives the marker values (PEP 508) of CPython py on t. platform_release and platform_version are "":
// no target can know them.
func Environment(t Target, py pep440.Version) pep508.Environment {
	env := pep508.Environment{
		OSName:                       "posix",
		PlatformMachine:              t.Arch,
		PlatformPythonImplementation: "CPython",
		ImplementationName:           "cpython",
		PythonVersion:                fmt.Sprintf("%d.%d", py.Major(), py.Minor()),
		PythonFullVersion:            py.String(),
		ImplementationVersion:        py.String(),
	}
	switch t.OS {
	case "linux":
		env.SysPlatform, env.PlatformSystem = "linux", "Linux"
	case "macos":
		env.SysPlatform, env.PlatformSystem = "darwin", "Darwin"
	case "windows":
		env.OSName, env.SysPlatform, env.PlatformSystem = "nt", "win32", "Windows"
		env.PlatformMachine = map[string]string{"x86_64": "AMD64", "arm64": "ARM64"}[t.Arch]
	}
	return env
}
