package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/sandbox"
)

// Rust is a Rust toolchain: a folder that holds bin/cargo, bin/rustc and lib/rustlib.
type Rust struct {
	Folder string `json:"folder"`
	Tools  []Tool `json:"tools"`
}

// RustToolchain is the Rust of this machine: that of rustup's default, or the one
// on PATH. The programs of rustup are not it: they choose and fetch one, which no
// build may. A machine without any is fault.NotFound.
func RustToolchain(ctx context.Context, box *sandbox.Sandbox, env func(string) string) (*Rust, error) {
	for _, folder := range rustFolders(env) {
		if _, err := os.Stat(filepath.Join(folder, "lib", "rustlib")); err != nil {
			continue
		}
		r := &Rust{Folder: folder}
		for _, name := range []string{"cargo", "rustc"} {
			tool, err := r.identify(ctx, box, name)
			if err != nil {
				return nil, err
			}
			r.Tools = append(r.Tools, tool)
		}
		return r, nil
	}
	return nil, fault.New(fault.NotFound, "install Rust (rustup, or your distribution's cargo and rustc)", "this machine has no Rust toolchain")
}

// rustFolders are where a toolchain may lie, best first, without links.
func rustFolders(env func(string) string) []string {
	var folders []string
	add := func(folder string) {
		if real, err := filepath.EvalSymlinks(folder); err == nil && filepath.IsAbs(real) {
			folders = append(folders, real)
		}
	}
	home := env("RUSTUP_HOME")
	if home == "" && env("HOME") != "" {
		home = filepath.Join(env("HOME"), ".rustup")
	}
	if home != "" {
		var settings struct {
			Default string `toml:"default_toolchain"`
		}
		text, err := os.ReadFile(filepath.Join(home, "settings.toml"))
		if err == nil && toml.Unmarshal(text, &settings) == nil && local(settings.Default) {
			add(filepath.Join(home, "toolchains", settings.Default))
		}
	}
	for _, dir := range filepath.SplitList(env("PATH")) {
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "cargo")); err == nil && filepath.Base(real) == "cargo" {
			add(filepath.Dir(filepath.Dir(real)))
		}
	}
	return folders
}

func (r *Rust) identify(ctx context.Context, box *sandbox.Sandbox, name string) (Tool, error) {
	file := filepath.Join(r.Folder, "bin", name)
	sum, err := digest.OfFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Tool{}, fault.New(fault.NotFound, "install the whole toolchain", "the Rust toolchain in %s has no %s", r.Folder, name)
	}
	if err != nil {
		return Tool{}, err
	}
	in := sandbox.Input{Host: r.Folder, Inside: "/rust"}
	at := box.Path(in)
	var said bytes.Buffer
	result, err := box.Run(ctx, sandbox.Command{Argv: []string{path.Join(at, "bin", name), "--version"}, Env: []string{"HOME=/tmp"}, Inputs: []sandbox.Input{in}, System: true,
		Limits: sandbox.Limits{Wall: time.Minute, Output: maxTools}, Log: &said})
	if err != nil {
		return Tool{}, err
	}
	if result.Exit != 0 {
		return Tool{}, fault.New(fault.Failed, "", "%s does not run: %s", file, strings.Join(lastLines(said.String(), 1), ""))
	}
	return Tool{Name: name, Path: file, Version: strings.Join(lastLines(said.String(), 1), ""), SHA256: sum.String()}, nil
}

// furnish shows the toolchain and the vendored crates.
func (r *Rust) furnish(room *room) error {
	room.at.rust = room.show(r.Folder, "/rust", false)
	home := filepath.Join(room.dir, "tmp", "cargo")
	if err := os.Mkdir(home, 0o755); err != nil {
		return err
	}
	config := "[net]\noffline = true\n"
	if room.job.Crates != "" {
		room.at.crates = room.show(room.job.Crates, "/build-crates", false)
		config += fmt.Sprintf("[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = %q\n", room.at.crates)
	}
	return os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o644)
}

func (r *Rust) environment(room *room) map[string]string {
	flags := []string{"-Clink-arg=-Wl,-z,relro,-z,now", "-Clink-arg=-Wl,--build-id=none", "-Cdebuginfo=0",
		"--remap-path-prefix=" + room.at.source + "=/build/" + room.job.Name,
		"--remap-path-prefix=" + room.at.temp + "=/build-tmp"}
	if room.at.crates != "" {
		flags = append(flags, "--remap-path-prefix="+room.at.crates+"=/build-crates")
	}
	return map[string]string{
		"CARGO_HOME": path.Join(room.at.temp, "cargo"), "CARGO_NET_OFFLINE": "true", "CARGO_TERM_COLOR": "never", "CARGO_INCREMENTAL": "0",
		"CARGO": path.Join(room.at.rust, "bin", "cargo"), "RUSTC": path.Join(room.at.rust, "bin", "rustc"),
		"CARGO_ENCODED_RUSTFLAGS": strings.Join(flags, "\x1f"),
	}
}

// rustBackends are the build requirements by which a package shows that it is built
// with cargo. That a Cargo.lock lies somewhere among the sources shows nothing: those
// of other projects, that tests are made of, lie there too.
var rustBackends = []string{"maturin", "setuptools-rust"}

// NeedsRust tells whether a package is built with cargo: by its static build
// requirements, or because its recipe says so.
func NeedsRust(requires []string, recipe *Recipe) bool {
	if recipe != nil && recipe.Rust {
		return true
	}
	return slices.ContainsFunc(requires, func(text string) bool {
		r, err := pep508.Parse(text)
		return err == nil && slices.Contains(rustBackends, r.Key())
	})
}
