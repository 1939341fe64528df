package build

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"snug/internal/digest"
	"snug/internal/fault"
)

// ZigVersion is the release of the package ziglang that is taken.
const ZigVersion = "0.17.1"

// DefaultGlibc is what zig builds for where nothing is asked: what every Linux
// distribution that is still maintained has.
const DefaultGlibc = "2.28"

var glibcVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^2\.[1-9][0-9]?$`) })

// ZigToolchain is the C compiler of the package ziglang, unpacked in a folder
// (its site-packages/ziglang) whose digest identifies it. Unlike the host's
// compiler it is the same everywhere, and needs no more of glibc than it is told.
func ZigToolchain(folder, version string, tree digest.SHA256, glibc string) (Toolchain, error) {
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	if runtime.GOOS != "linux" || arch == "" {
		return Toolchain{}, fault.New(fault.Unsupported, `choose toolchain = "host"`, "zig is offered on Linux for x86_64 and aarch64 only")
	}
	if glibc == "" {
		glibc = DefaultGlibc
	}
	if !glibcVersion().MatchString(glibc) {
		return Toolchain{}, fault.New(fault.Input, `such as "2.28"`, "%q is no version of glibc", glibc)
	}
	zig := filepath.Join(folder, "zig")
	if _, err := os.Stat(zig); err != nil {
		return Toolchain{}, fault.New(fault.Integrity, "", "the package ziglang in %s has no program: %w", folder, err)
	}
	return Toolchain{Name: ToolchainZig, Arch: arch, Glibc: glibc, zig: folder,
		Tools: []Tool{{Name: "ziglang", Path: folder, Version: version, SHA256: tree.String()}}}, nil
}

// zigPrograms are what build tools call, and what zig calls it.
var zigPrograms = map[string]string{"cc": "cc", "gcc": "cc", "c++": "c++", "g++": "c++", "ar": "ar", "ranlib": "ranlib"}

func (t Toolchain) furnishZig(r *room) error {
	r.at.zig = r.show(t.zig, "/zig", false)
	bin := filepath.Join(r.dir, "in", "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	for name, command := range zigPrograms {
		words := []string{path.Join(r.at.zig, "zig"), command}
		if command == "cc" || command == "c++" {
			words = append(words, "-target", fmt.Sprintf("%s-linux-gnu.%s", t.Arch, t.Glibc), "-fno-sanitize=all")
		}
		script := "#!/bin/sh\nexec " + strings.Join(words, " ") + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(bin, name), 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (t Toolchain) environmentZig(set map[string]string, r *room) {
	set["ZIG_GLOBAL_CACHE_DIR"] = path.Join(r.at.temp, "zig")
	set["ZIG_LOCAL_CACHE_DIR"] = path.Join(r.at.temp, "zig")
}
