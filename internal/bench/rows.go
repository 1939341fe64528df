//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	lockName = "pylock.toml"
	venvName = "env"
)

// row is one thing that both tools do.
type row struct {
	name    string
	theirs  string  // whose default it is
	ratio   float64 // goal against uv; 0: none
	most    int     // runs, because they take long or much room; 0: as asked
	changes bool    // one runtime follows another
	run     func(ctx context.Context, b *bench, tool string) (cost, error)
}

func rows() []row {
	return []row{
		{name: "lock, warm", theirs: "both", ratio: 0.7, run: locks{}.run},
		{name: "lock, warm, revalidating", theirs: "both, after 10 minutes", ratio: 0.7, run: locks{index: stale}.run},
		{name: "lock, warm, offline", theirs: "neither", ratio: 0.7, run: locks{offline: true}.run},
		{name: "lock, cold", theirs: "both, first time", run: locks{cold: true}.run},
		{name: "lock, cold, 20 ms a request", theirs: "both, first time", ratio: 0.8, run: locks{cold: true, index: slow}.run},
		{name: "build, warm, no bytecode", theirs: "uv", ratio: 0.6, run: builds{runtime: linked}.run},
		{name: "build, warm, no bytecode, copies to edit", theirs: "snug's dev", run: builds{runtime: dev}.run},
		{name: "build, warm, bytecode", theirs: "snug's test and prod", ratio: 0.2, run: builds{runtime: prod}.run},
		{name: "build again, unchanged", theirs: "both", ratio: 0.7, run: again},
		{name: "build, one package changed", theirs: "both", ratio: 0.5, changes: true, run: oneChanged},
		{name: "build, another project has it", theirs: "shared = true", ratio: 0.05, changes: true, run: elsewhere},
		{name: "startup (--version)", theirs: "both", ratio: 1.5, run: startup},
		{name: "build, cold, no bytecode", theirs: "uv", ratio: 0.9, most: 5, run: builds{cold: true, runtime: linked}.run},
		{name: "build, cold, bytecode", theirs: "snug's test and prod", most: 3, run: builds{cold: true, runtime: prod}.run},
	}
}

// largest is the list of 500 packages and more, on which snug's peak memory is
// to be no more than uv's.
const largest = "big"

// rowsFor are the rows that match and that are run on a list: of the largest
// nothing is built, which would take 10 GB a run, and the list of 150 is there
// for what changes in a runtime of that size.
func rowsFor(list string, match *regexp.Regexp) []row {
	return slices.DeleteFunc(rows(), func(r row) bool {
		return !match.MatchString(r.name) || list == largest && !r.locks() || list == "data" && !r.changes
	})
}

// locks tells whether the row builds nothing.
func (r row) locks() bool { return strings.HasPrefix(r.name, "lock") }

// project makes a folder with the list in it, and the lock if wanted. The last
// part of its name is always the same: it is the project's name.
func (b *bench) project(name string, locked bool) (string, error) {
	dir := filepath.Join(b.dir, name, "app")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	files := map[string][]byte{"requirements.txt": b.text, "pyproject.toml": b.pyproject()}
	if locked {
		files[lockName] = b.lock[filepath.Base(name)]
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// The runtimes of the project. All hold the same packages.
const (
	linked = "linked" // links, no bytecode: what uv makes
	prod   = "prod"   // links, with bytecode
	dev    = "dev"    // text files are copies, no bytecode
	common = "common" // with bytecode, shared by all projects with the same lock
)

// pyproject asks for the list, in each kind of runtime.
func (b *bench) pyproject() []byte {
	var asks []string
	for line := range strings.Lines(string(b.text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			asks = append(asks, strconv.Quote(line))
		}
	}
	return fmt.Appendf(nil, `[project]
name = "app"
version = "1"
dependencies = [%s]

[tool.snug]
python = %q
python-mirror = %q
package = false

[tool.snug.runtimes]
linked = { isolated = true, bytecode = false }
prod = { contains = "linked", isolated = true }
common = { contains = "prod", isolated = true, shared = true }
dev = { contains = "common" }
`, strings.Join(asks, ", "), pythonVersion, b.mirror.base+"/no-such-mirror")
}

// fresh is a new project, and a new empty cache where it is to be cold.
func (b *bench) fresh(tool string, locked, cold bool) (project, cache string, err error) {
	b.made++
	root := fmt.Sprintf("fresh-%d", b.made)
	project, err = b.project(filepath.Join(root, tool), locked)
	if cold {
		return project, filepath.Join(b.dir, root, "cache"), err
	}
	return project, b.warmCache(tool, fresh), err
}

// locking is the command that resolves and writes a pylock.toml.
func (b *bench) locking(tool, project, cache string, k kind, more ...string) command {
	if tool == "snug" {
		return b.tools.snugCommand(project, cache, k, append([]string{"lock"}, more...)...)
	}
	return b.tools.uvCommand(project, cache, k, append([]string{"pip", "compile", "--only-binary", ":all:", "--python", b.tools.python, "requirements.txt", "-o", lockName}, more...)...)
}

// building are the commands that make one runtime or environment of a lock.
func (b *bench) building(tool, project, cache, runtime string) []command {
	if tool == "snug" {
		return []command{b.tools.snugCommand(project, cache, fresh, "build", runtime)}
	}
	return b.intoVenv(project, cache, runtime == prod, "sync", lockName)
}

// intoVenv makes an environment and installs into it.
func (b *bench) intoVenv(project, cache string, bytecode bool, args ...string) []command {
	args = append(append([]string{"pip"}, args...), "--python", filepath.Join(venvName, "bin", "python"), "--only-binary", ":all:")
	if bytecode {
		args = append(args, "--compile-bytecode")
	}
	return []command{
		b.tools.uvCommand(project, cache, fresh, "venv", "--python", b.tools.python, venvName),
		b.tools.uvCommand(project, cache, fresh, args...),
	}
}

// locks are rows in which there is no lock yet.
type locks struct {
	index         kind
	offline, cold bool
}

func (l locks) run(ctx context.Context, b *bench, tool string) (cost, error) {
	project, cache, err := b.fresh(tool, false, l.cold)
	if err != nil {
		return cost{}, err
	}
	if l.index == stale {
		cache = b.warmCache(tool, stale)
	}
	var more []string
	if l.offline {
		more = []string{"--offline"}
	}
	return b.tools.time(ctx, b.locking(tool, project, cache, l.index, more...))
}

// builds are rows in which the runtime is not there: warm, there are a lock and
// all trees; cold, there is nothing but the interpreter.
type builds struct {
	runtime string
	cold    bool
}

func (r builds) run(ctx context.Context, b *bench, tool string) (cost, error) {
	project, cache, err := b.fresh(tool, !r.cold, r.cold)
	if err != nil {
		return cost{}, err
	}
	commands := b.building(tool, project, cache, r.runtime)
	if r.cold && tool == "uv" { // in one step, without a lock: its quickest way
		commands = b.intoVenv(project, cache, r.runtime == prod, "install", "-r", "requirements.txt")
	}
	if r.cold && tool == "snug" {
		if err := b.interpreterInto(ctx, cache, r.runtime == prod); err != nil {
			return cost{}, err
		}
	}
	return b.tools.time(ctx, commands...)
}

// interpreterInto gives an empty store the interpreter, with its own bytecode
// where that counts: uv takes its interpreter as it is and compiles packages.
func (b *bench) interpreterInto(ctx context.Context, home string, bytecode bool) error {
	if !bytecode {
		_, err := b.tools.time(ctx, b.tools.installPython(home))
		return err
	}
	nothing := &bench{dir: filepath.Dir(home), mirror: b.mirror}
	dir, err := nothing.project("nothing", false)
	if err != nil {
		return err
	}
	_, err = b.tools.time(ctx, b.tools.snugCommand(dir, home, fresh, "build", prod))
	return err
}

// again builds what is built already.
func again(ctx context.Context, b *bench, tool string) (cost, error) {
	return b.buildAfter(ctx, tool, func(string) error { return nil })
}

// buildAfter times the second build of a project, with something done to it between.
func (b *bench) buildAfter(ctx context.Context, tool string, between func(project string) error) (cost, error) {
	project, cache, err := b.fresh(tool, true, false)
	if err != nil {
		return cost{}, err
	}
	commands := b.building(tool, project, cache, linked)
	if _, err := b.tools.time(ctx, commands...); err != nil {
		return cost{}, err
	}
	if err := between(project); err != nil {
		return cost{}, err
	}
	return b.tools.time(ctx, commands[len(commands)-1])
}
