package build

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/sandbox"
)

//go:embed hosttools.sh
var askTools string

const maxTools = 1 << 16 // bytes of what is said of them

// HostToolchain is the compiler that the machine has, known by the digests of what
// it is made of. They are kept in the file memo ("" is nowhere), and taken from
// there as long as none of these files changed its size or time. A machine without
// a compiler is fault.Unsupported.
func HostToolchain(ctx context.Context, box *sandbox.Sandbox, memo string) (Toolchain, error) {
	if t, ok := remembered(memo); ok {
		return t, nil
	}
	var said bytes.Buffer
	result, err := box.Run(ctx, sandbox.Command{Argv: []string{"/bin/sh", "-c", askTools}, Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, System: true,
		Limits: sandbox.Limits{Wall: time.Minute, Output: maxTools}, Log: &said})
	if err != nil {
		return Toolchain{}, err
	}
	if result.Killed != "" {
		return Toolchain{}, fault.New(fault.Failed, "", "the compiler of this machine did not say what it is: killed at the limit of %s", result.Killed)
	}
	t := Toolchain{Name: ToolchainHost, Arch: map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]}
	for line := range strings.Lines(said.String()) {
		if err := t.add(strings.TrimSuffix(line, "\n")); err != nil {
			return Toolchain{}, err
		}
	}
	if !t.has("cc") || !t.has("cc1") && !strings.Contains(t.tool("cc").Version, "clang") {
		return Toolchain{}, fault.New(fault.Unsupported, `install a C compiler (Debian: build-essential; Fedora: gcc gcc-c++ make; Alpine: build-base), or choose toolchain = "zig"`, "this machine has no C compiler")
	}
	return t, remember(memo, t)
}

// add reads one line of hosttools.sh; a tool that is not there is none.
func (t *Toolchain) add(line string) error {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 || !filepath.IsAbs(fields[1]) {
		return nil
	}
	file, err := filepath.EvalSymlinks(fields[1])
	if err != nil {
		return nil // what the sandbox sees and the host has not is no tool of the host
	}
	sum, err := digest.OfFile(file)
	if err != nil {
		return err
	}
	t.Tools = append(t.Tools, Tool{Name: fields[0], Path: file, Version: fields[2], SHA256: sum.String()})
	return nil
}

func (t *Toolchain) tool(name string) Tool {
	for _, tool := range t.Tools {
		if tool.Name == name {
			return tool
		}
	}
	return Tool{}
}

func (t *Toolchain) has(name string) bool { return t.tool(name).Name != "" }

// stamped is a Toolchain with what tells that its files are still the same.
type stamped struct {
	Toolchain
	Stamps map[string]stamp `json:"stamps"`
}

type stamp struct {
	Size int64 `json:"size"`
	Time int64 `json:"time"`
}

func stampOf(file string) (stamp, error) {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), info.ModTime().UnixNano()}, nil
}

func remembered(memo string) (Toolchain, bool) {
	text, err := os.ReadFile(memo)
	var s stamped
	if err != nil || json.Unmarshal(text, &s) != nil || s.Name != ToolchainHost {
		return Toolchain{}, false
	}
	for _, tool := range s.Tools {
		now, err := stampOf(tool.Path)
		if err != nil || s.Stamps[tool.Path] != now {
			return Toolchain{}, false
		}
	}
	return s.Toolchain, len(s.Tools) > 0
}

func remember(memo string, t Toolchain) error {
	if memo == "" {
		return nil
	}
	s := stamped{t, map[string]stamp{}}
	for _, tool := range t.Tools {
		at, err := stampOf(tool.Path)
		if err != nil {
			return err
		}
		s.Stamps[tool.Path] = at
	}
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(memo), ".tools-")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if cerr := temp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), memo)
}
