package build

import (
	"maps"
	"path"
	"strings"
)

// Names of the toolchains.
const (
	ToolchainHost = "host"
	ToolchainZig  = "zig"
)

// Toolchain is what native code is compiled with, made by HostToolchain or
// ZigToolchain. The zero value is none: a build that asks for a compiler then
// fails by name, and the caller may try again with one.
type Toolchain struct {
	Name  string `json:"name"`  // "", ToolchainHost or ToolchainZig
	Arch  string `json:"arch"`  // "x86_64", "aarch64": some flags depend on it
	Glibc string `json:"glibc"` // of zig: the floor, "2.28"
	Tools []Tool `json:"tools"` // what decides the bytes, for Key and the provenance; sorted by name
	Rust  *Rust  `json:"rust"`  // nil: none

	zig string // folder of the package ziglang
}

// Tool is one program or library of a toolchain.
type Tool struct {
	Name    string `json:"name"`
	Path    string `json:"path"` // on the host, without links
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// noCompiler is the name that a build without a toolchain fails to start.
const noCompiler = "no-compiler-was-offered"

const compilerRemedy = `install a C compiler, or set toolchain = "zig" in [tool.snug.build]`

// Every compilation and link has these. They replace the interpreter's own flags,
// which name another machine's compiler and paths, so they are the whole set.
var (
	compileFlags = []string{"-O2", "-DNDEBUG", "-fwrapv", "-fPIC", "-g0", "-fstack-protector-strong", "-fstack-clash-protection", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"}
	archFlags    = map[string]string{"x86_64": "-fcf-protection=full", "aarch64": "-mbranch-protection=standard"}
	linkFlags    = []string{"-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,--build-id=none", "-Wl,--as-needed"}
)

// furnish makes the toolchain's files visible.
func (t Toolchain) furnish(r *room) error {
	if t.Rust != nil {
		if err := t.Rust.furnish(r); err != nil {
			return err
		}
	}
	if t.Name == ToolchainZig {
		return t.furnishZig(r)
	}
	return nil
}

// environment adds what makes build tools use the toolchain.
func (t Toolchain) environment(set map[string]string, r *room) {
	if t.Rust != nil {
		maps.Copy(set, t.Rust.environment(r))
	}
	if t.Name == "" {
		set["CC"], set["CXX"] = noCompiler, noCompiler
		return
	}
	flags := t.compileFlags(r)
	link := strings.Join(t.linkFlags(), " ")
	maps.Copy(set, map[string]string{
		"CC": "cc", "CXX": "c++", "AR": "ar", "LDSHARED": "cc -shared", "LDCXXSHARED": "c++ -shared",
		"CFLAGS": flags, "CXXFLAGS": flags, "LDFLAGS": link,
	})
	if r.at.headers != "" && path.Dir(r.at.headers) != path.Join(r.at.python, "include") {
		set["C_INCLUDE_PATH"], set["CPLUS_INCLUDE_PATH"] = r.at.headers, r.at.headers
	}
	if t.Name == ToolchainZig {
		t.environmentZig(set, r)
	}
}

func (t Toolchain) compileFlags(r *room) string {
	flags := append([]string{}, compileFlags...)
	if flag := archFlags[t.Arch]; flag != "" {
		flags = append(flags, flag)
	}
	// Below hermetic a place may have a space in it, and would be two words.
	for _, at := range [][2]string{{r.at.source, "/build/" + r.job.Name}, {r.at.temp, "/build-tmp"}} {
		if !strings.Contains(at[0], " ") {
			flags = append(flags, "-ffile-prefix-map="+at[0]+"="+at[1])
		}
	}
	return strings.Join(flags, " ")
}

func (t Toolchain) linkFlags() []string {
	if t.Name == ToolchainZig {
		return append([]string{"-Wl,--strip-all"}, linkFlags...) // it has no strip of its own
	}
	return linkFlags
}
