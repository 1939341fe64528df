//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// maxPeak is the goal for memory, in every row.
const maxPeak = 300 << 10 // KB

// printReport writes Markdown that docs/benchmarks.md takes as it is.
func printReport(ctx context.Context, out io.Writer, t *tools, results []result) error {
	floor, err := t.time(ctx, command{dir: t.dir, argv: []string{"/bin/true"}})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "snug %s and uv %s, %s/%s, %d cores, CPython %s for both, index of %s on the loopback; medians, least in brackets; cpu is of all processes.\nPeak memory is never shown below %d MB, which is the benchmark's own.\n\n",
		revision(ctx), uvVersion, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), pythonVersion, asOf.Format(time.DateOnly), floor.peak>>10)
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| list\t| row\t| default of\t| uv ms\t| snug ms\t| snug / uv\t| goal\t| met\t| uv cpu\t| snug cpu\t| uv MB\t| snug MB\t| runs\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range results {
		fmt.Fprintln(w, r)
	}
	return w.Flush()
}

// revision is what is measured.
func revision(ctx context.Context) string {
	text, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// String is the row of the table.
func (r result) String() string {
	return fmt.Sprintf("| %s\t| %s\t| %s\t| %s\t| %s\t| %.2f\t| %s\t| %s\t| %.0f\t| %.0f\t| %d\t| %d\t| %d\t|", r.list, r.row.name, r.row.theirs,
		r.uv, r.snug, r.ratio(), r.row.goal(), r.met(), ms(r.uv.cpu), ms(r.snug.cpu), r.uv.peak>>10, r.snug.peak>>10, r.runs)
}

func (s summary) String() string {
	return fmt.Sprintf("%.0f (%.0f)", ms(s.median), ms(s.least))
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }

func (r result) ratio() float64 { return r.snug.median.Seconds() / r.uv.median.Seconds() }

func (r row) goal() string {
	if r.ratio == 0 {
		return "none"
	}
	return fmt.Sprintf("≤ %.2g", r.ratio)
}

// met says whether time and memory are within their goals.
func (r result) met() string {
	var missed []string
	if r.row.ratio > 0 && r.ratio() > r.row.ratio {
		missed = append(missed, "time")
	}
	if r.snug.peak > maxPeak || r.list == largest && r.snug.peak > r.uv.peak {
		missed = append(missed, "memory")
	}
	if len(missed) > 0 {
		return "**no: " + strings.Join(missed, ", ") + "**"
	}
	return "yes"
}
