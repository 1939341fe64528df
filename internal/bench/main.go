//go:build linux

// Command bench compares snug with uv, in turn on the same lists, and prints
// the table of docs/benchmarks.md. Run by `make bench`:
//
//	go run ./internal/bench [-runs N] [-rows REGEXP] [-lists web,mid,data,big] [-cache DIR] [-keep] [-serve]
//
// It measures audits beside pip-audit and osv-scanner too, or those alone:
//
//	go run ./internal/bench -audit [-runs N] [-advisories FILE]
//
// or, by `make sdists`, builds a list of sdists twice each and prints what came of it:
//
//	go run ./internal/bench -sdists [-only NAME,…] [-limit TIME] [-side N] [-out FILE]
//
// It is no part of snug: it starts programs and listens on the loopback, which
// the product leaves to interp and fetch. Nothing that it times depends on the
// network: both tools ask a mirror on 127.0.0.1 that was filled by letting them
// ask once (mirror.go, record.go). A run during which the mirror had to ask
// outside does not count.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings are the flags.
type settings struct {
	runs  int
	rows  *regexp.Regexp
	lists []string
	cache string // mirror, tools and folders of the runs
	keep  bool   // leave the folders of the runs, for profiling
	serve bool   // only serve the mirror
	out   string // file for the table; "": standard output

	sdists sdistSettings
	audit  auditSettings
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := readSettings()
	if err == nil {
		err = s.run(ctx)
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
	out := flag.String("out", "", "`FILE` for the table (default: standard output)")
	var sdists sdistSettings
	flag.BoolVar(&sdists.wanted, "sdists", false, "build the sdists of sdists.txt instead")
	flag.StringVar(&sdists.only, "only", "", "of the sdists only these `NAMES`, with commas")
	flag.DurationVar(&sdists.limit, "limit", 20*time.Minute, "`TIME` for each sdist")
	flag.IntVar(&sdists.side, "side", 1, "sdists at a time")
	var audit auditSettings
	flag.BoolVar(&audit.wanted, "audit", false, "only compare audits with pip-audit and osv-scanner")
	flag.StringVar(&audit.zip, "advisories", filepath.Join("..", "shared", "advisories", "pypa-2024-10-10.zip"), "OSV bulk export `FILE` for audits")
	flag.Parse()
	match, err := regexp.Compile(*rows)
	if err != nil {
		return settings{}, fmt.Errorf("-rows: %w", err)
	}
	if audit.zip, err = filepath.Abs(audit.zip); err != nil { // tools run in folders of their own
		return settings{}, err
	}
	dir, err := filepath.Abs(*cache)
	return settings{runs: max(1, *runs), rows: match, lists: strings.Split(*lists, ","), cache: dir, keep: *keep, serve: *serve, out: *out, sdists: sdists, audit: audit}, err
}

// run does what the flags say, with the table to where they say.
func (s settings) run(ctx context.Context) error {
	var table bytes.Buffer
	measure := compare
	if s.sdists.wanted {
		measure = runSdists
	}
	if s.audit.wanted {
		measure = runAudit
	}
	if err := measure(ctx, s, &table); err != nil {
		return err
	}
	if s.out == "" {
		_, err := table.WriteTo(os.Stdout)
		return err
	}
	return os.WriteFile(s.out, table.Bytes(), 0o644)
}

// compare prepares the tools and the mirror, and then measures row by row.
func compare(ctx context.Context, s settings, out io.Writer) error {
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
	if err := printReport(ctx, out, t, results); err != nil {
		return err
	}
	return runAudit(ctx, s, out)
}
