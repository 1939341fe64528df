//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// sdistPython is what the sdists are built for.
const sdistPython = "3.13"

//go:embed sdists.txt
var sdistList string

// sdistSettings are the flags of -sdists.
type sdistSettings struct {
	wanted bool
	only   string        // names, with commas; "": all
	limit  time.Duration // for one sdist, with its second build
	side   int           // at a time
}

// release is one line of the list.
type release struct {
	kind, name, version string
}

// readReleases reads lines of "KIND NAME VERSION".
func readReleases(text string) ([]release, error) {
	var out []release
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("sdists.txt: %q is not KIND NAME VERSION", strings.TrimSpace(line))
		}
		out = append(out, release{fields[0], fields[1], fields[2]})
	}
	return out, nil
}

// chosen are the releases of the given names, all for none.
func chosen(all []release, only string) ([]release, error) {
	if only == "" {
		return all, nil
	}
	var out []release
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(r release) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: %q is not in sdists.txt", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// runSdists builds each sdist of the list twice with a store of its own, and prints
// what came of it. It asks the index that this machine is set to.
func runSdists(ctx context.Context, s settings, out io.Writer) error {
	all, err := readReleases(sdistList)
	if err != nil {
		return err
	}
	todo, err := chosen(all, s.sdists.only)
	if err != nil {
		return err
	}
	home := filepath.Join(s.cache, "sdists")
	if err := remove(home); err != nil {
		return err
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	if !s.keep {
		defer remove(home)
	}
	b := &sdistBench{snug: filepath.Join(s.cache, "snug"), home: home, limit: s.sdists.limit}
	if err := plain(ctx, "go", "build", "-trimpath", "-o", b.snug, "./cmd/snug"); err != nil {
		return err
	}
	results := make([]sdistResult, len(todo))
	turn := make(chan struct{}, s.sdists.side)
	var running sync.WaitGroup
	for i, r := range todo {
		turn <- struct{}{}
		running.Go(func() {
			results[i] = b.rebuild(ctx, r)
			say("%s", results[i])
			<-turn
		})
	}
	running.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return printSdists(ctx, out, results)
}

// sdistBench rebuilds releases with one store.
type sdistBench struct {
	snug, home string
	limit      time.Duration
}

// rebuild is one release, built twice and compared.
func (b *sdistBench) rebuild(ctx context.Context, r release) sdistResult {
	limited, stop := context.WithTimeout(ctx, b.limit)
	defer stop()
	cmd := exec.CommandContext(limited, b.snug, "rebuild", r.name+"=="+r.version, "--check", "--json", "--no-progress", "--sandbox", "hermetic", "--python", sdistPython)
	cmd.Dir, cmd.Env = b.home, append(os.Environ(), "SNUG_HOME="+filepath.Join(b.home, "home"))
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, time.Minute
	var events, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &events, &said
	start := time.Now()
	err := cmd.Run()
	result := readEvents(events.Bytes())
	result.release, result.took = r, time.Since(start)
	switch {
	case limited.Err() != nil:
		result.failed = fmt.Sprintf("more than %s", b.limit)
	case err != nil && result.failed == "" && result.Again == nil:
		result.failed = fmt.Sprintf("%v: %s", err, firstLine(said.String()))
	}
	return result
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
