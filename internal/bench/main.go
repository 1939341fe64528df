//go:build linux

// Command bench compares snug with uv, in turn on the same lists, and prints
// the table of docs/benchmarks.md. Run by `make bench`:
//
//	go run ./internal/bench [-runs N] [-rows REGEXP] [-lists web,mid,data,big] [-cache DIR] [-keep] [-serve]
//
// It is no part of snug: it starts programs and listens on the loopback, which
// the product leaves to interp and fetch. Nothing that it times depends on the
// network: both tools ask a mirror on 127.0.0.1 that was filled by letting them
// ask once (mirror.go, record.go). A run during which the mirror had to ask
// outside does not count.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// settings are the flags.
type settings struct {
	runs  int
	rows  *regexp.Regexp
	lists []string
	cache string // mirror, tools and folders of the runs
	keep  bool   // leave the folders of the runs, for profiling
	serve bool   // only serve the mirror
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := readSettings()
	if err == nil {
		err = run(ctx, s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func readSettings() (settings, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return settings{}, err
	}
	runs := flag.Int("runs", 10, "timed runs of each tool in each row")
	rows := flag.String("rows", "", "only the rows that match `REGEXP`")
	lists := flag.String("lists", "web,mid,data,big", "requirement `LISTS` to use")
	cache := flag.String("cache", filepath.Join(base, "snug-bench"), "`DIR` for the mirror, uv and the runs")
	keep := flag.Bool("keep", false, "leave the folders of the runs")
	serve := flag.Bool("serve", false, "only serve the mirror, until interrupted")
	flag.Parse()
	match, err := regexp.Compile(*rows)
	if err != nil {
		return settings{}, fmt.Errorf("-rows: %w", err)
	}
	dir, err := filepath.Abs(*cache)
	return settings{runs: max(1, *runs), rows: match, lists: strings.Split(*lists, ","), cache: dir, keep: *keep, serve: *serve}, err
}

// run prepares the tools and the mirror, and then measures row by row.
func run(ctx context.Context, s settings) error {
	m, err := openMirror(ctx, filepath.Join(s.cache, "mirror"), os.Getenv)
	if err != nil {
		return err
	}
	defer m.close()
	if s.serve {
		fmt.Println("SNUG_INDEX_URL="+m.base+"/simple/", "GOPROXY="+m.base+"/goproxy")
		<-ctx.Done()
		return nil
	}
	t, err := prepareTools(ctx, s.cache, m)
	if err != nil {
		return err
	}
	work := filepath.Join(s.cache, "runs")
	if err := remove(work); err != nil {
		return err
	}
	if !s.keep {
		defer remove(work)
	}
	var results []result
	for _, name := range s.lists {
		text, err := lists.ReadFile("lists/" + name + ".txt")
		if err != nil {
			return fmt.Errorf("there is no list %q", name)
		}
		b := &bench{list: name, text: text, builds: slices.ContainsFunc(rowsFor(name, s.rows), func(r row) bool { return !r.locks() }), dir: filepath.Join(work, name), tools: t, mirror: m}
		if err := b.warm(ctx); err != nil {
			return err
		}
		more, err := b.measure(ctx, s)
		if err != nil {
			return err
		}
		results = append(results, more...)
	}
	return printReport(ctx, os.Stdout, t, results)
}
