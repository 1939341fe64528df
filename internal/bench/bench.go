//go:build linux

package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

//go:embed lists/*.txt
var lists embed.FS

// maxRepeats is how often a run is repeated because the mirror asked outside.
const maxRepeats = 20

// bench is the measuring of one list.
type bench struct {
	list   string
	text   []byte
	builds bool // some of its rows build
	dir    string
	tools  *tools
	mirror *mirror
	lock   map[string][]byte // by tool
	made   int               // fresh folders so far

	changedLock map[string][]byte // by tool, of the list with one package changed
}

// result is one row.
type result struct {
	list string
	row  row
	runs int
	uv   summary
	snug summary
}

// summary is what the runs of one tool came to.
type summary struct {
	median, least time.Duration // wall
	cpu           time.Duration // median
	peak          int64
}

// warm lets both tools do everything, which fills their caches; from the start
// again if the mirror had to be filled for that.
func (b *bench) warm(ctx context.Context) error {
	for range maxRepeats {
		say("%s: warming the caches", b.list)
		if err := remove(b.dir); err != nil {
			return err
		}
		b.mirror.settle()
		b.lock, b.changedLock = map[string][]byte{}, map[string][]byte{}
		before := b.mirror.recorder.asked.Load()
		if err := b.once(ctx); err != nil || b.mirror.recorder.asked.Load() == before {
			return err
		}
	}
	return fmt.Errorf("%s: the tools ask the mirror for something new each time", b.list)
}

// once does with each tool what the rows will time, in their warm caches.
func (b *bench) once(ctx context.Context) error {
	for _, tool := range []string{"uv", "snug"} {
		p, err := b.project(filepath.Join("warm", tool), false)
		if err != nil {
			return err
		}
		for _, k := range []kind{stale, fresh} {
			if err := os.RemoveAll(filepath.Join(p, lockName)); err != nil {
				return err
			}
			if _, err := b.tools.time(ctx, b.locking(tool, p, b.warmCache(tool, k), k)); err != nil {
				return err
			}
		}
		if b.lock[tool], err = os.ReadFile(filepath.Join(p, lockName)); err != nil {
			return err
		}
		if !b.builds {
			continue
		}
		for _, runtime := range []string{linked, prod} {
			if _, err := b.tools.time(ctx, b.building(tool, p, b.warmCache(tool, fresh), runtime)...); err != nil {
				return err
			}
			if tool == "uv" {
				if err := remove(filepath.Join(p, venvName)); err != nil {
					return err
				}
			}
		}
		if err := b.warmChange(ctx, tool, p); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) warmCache(tool string, k kind) string {
	return filepath.Join(b.dir, "cache-"+tool+strings.ReplaceAll(string(k), "/", "-"))
}

// measure runs the rows, the tools in turn.
func (b *bench) measure(ctx context.Context, s settings) ([]result, error) {
	var out []result
	for _, r := range rowsFor(b.list, s.rows) {
		runs := s.runs
		if r.most > 0 {
			runs = min(runs, r.most)
		}
		costs := map[string][]cost{}
		for n := range runs {
			for _, tool := range turn(n) {
				c, err := b.counted(ctx, r, tool)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", b.list, r.name, err)
				}
				costs[tool] = append(costs[tool], c)
			}
		}
		done := result{b.list, r, runs, summarise(costs["uv"]), summarise(costs["snug"])}
		out = append(out, done)
		say("%s", done) // a long run that is stopped has said something
		if r.most > 0 {
			if err := b.tidy(ctx); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// rest is how long ext4 without a journal does not use freed inodes again (its
// RECENTCY_MIN); looking for others makes each new folder slow.
const rest = 61 * time.Second

// tidy removes the folders of the runs so far, for their room. Nothing else is
// removed before the end: see rest.
func (b *bench) tidy(ctx context.Context) error {
	old, err := filepath.Glob(filepath.Join(b.dir, "fresh-*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		if err := remove(dir); err != nil {
			return err
		}
	}
	syscall.Sync()
	select {
	case <-time.After(rest):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// turn lets each tool be first as often as the other.
func turn(n int) []string {
	if n%2 == 0 {
		return []string{"uv", "snug"}
	}
	return []string{"snug", "uv"}
}

// counted is one run during which the mirror did not ask outside.
func (b *bench) counted(ctx context.Context, r row, tool string) (cost, error) {
	for range maxRepeats {
		before := b.mirror.recorder.asked.Load()
		c, err := r.run(ctx, b, tool)
		if err != nil || b.mirror.recorder.asked.Load() == before {
			return c, err
		}
	}
	return cost{}, fmt.Errorf("%s asks the mirror for something new each time", tool)
}

func summarise(costs []cost) summary {
	var s summary
	var walls, cpus []time.Duration
	for _, c := range costs {
		walls, cpus = append(walls, c.wall), append(cpus, c.cpu)
		s.peak = max(s.peak, c.peak)
	}
	s.median, s.cpu, s.least = median(walls), median(cpus), slices.Min(walls)
	return s
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
