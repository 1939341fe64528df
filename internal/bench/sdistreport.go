//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// The goals of docs/benchmarks.md.
const (
	builtGoal = 0.9  // of all sdists: 54 of 60
	equalGoal = 0.95 // of those that build
)

// difference is what `snug rebuild` says of two wheels.
type difference struct {
	Verdict string `json:"verdict"`
	Files   []struct {
		Path string `json:"path"`
	} `json:"files"`
}

// rebuilt is what it says of one release.
type rebuilt struct {
	Wheel     string      `json:"wheel"`
	Sandbox   string      `json:"sandbox"`
	Again     *difference `json:"again"`
	Published *difference `json:"published"`
}

// sdistResult is a row of the table.
type sdistResult struct {
	release
	rebuilt
	failed string // why there is no wheel, or no second one
	took   time.Duration
}

// readEvents finds the result, or the cause of there being none, in the lines of
// `snug rebuild --json`.
func readEvents(lines []byte) sdistResult {
	var out sdistResult
	for line := range bytes.Lines(lines) {
		var e struct {
			Stage   string          `json:"stage"`
			Kind    string          `json:"kind"`
			Message string          `json:"message"`
			Data    json.RawMessage `json:"data"`
		}
		if json.Unmarshal(line, &e) != nil || e.Stage != "rebuild" {
			continue
		}
		switch e.Kind {
		case "failed":
			out.failed = firstLine(e.Message)
		case "finding":
			if err := json.Unmarshal(e.Data, &out.rebuilt); err != nil {
				out.failed = err.Error()
			}
		}
	}
	return out
}

// built tells whether there is a wheel, which was made in the hermetic sandbox.
func (r sdistResult) built() bool { return r.Wheel != "" && r.Sandbox == "hermetic" }

func (r sdistResult) equal() bool { return r.built() && r.Again != nil && r.Again.Verdict == "equal" }

// String is the row.
func (r sdistResult) String() string {
	made := "**no**: " + strings.NewReplacer("|", `\|`, "\n", " ").Replace(r.failed)
	if r.Wheel != "" {
		made = tagOf(r.Wheel)
	}
	return fmt.Sprintf("| %s %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %.0f\t|", r.name, r.version, r.kind, made, cmp.Or(r.Sandbox, "–"), r.again(), r.published(), r.took.Seconds())
}

// tagOf is the part of a wheel's file name that says where it may be installed.
func tagOf(wheel string) string {
	parts := strings.Split(strings.TrimSuffix(wheel, ".whl"), "-")
	return strings.Join(parts[max(0, len(parts)-3):], "-")
}

// maxNamed is how many files that differ are named.
const maxNamed = 3

func (r sdistResult) again() string {
	switch {
	case r.Again == nil:
		return "–"
	case r.Again.Verdict == "equal":
		return "yes"
	}
	var paths []string
	for _, f := range r.Again.Files {
		paths = append(paths, f.Path)
	}
	if more := len(paths) - maxNamed; more > 0 {
		paths = append(paths[:maxNamed], fmt.Sprintf("%d more", more))
	}
	return "**no**: " + strings.Join(paths, ", ")
}

func (r sdistResult) published() string {
	switch {
	case !r.built():
		return "–"
	case r.Published == nil:
		return "none"
	}
	return r.Published.Verdict
}

// printSdists writes Markdown that docs/benchmarks.md takes as it is.
func printSdists(ctx context.Context, out io.Writer, results []sdistResult) error {
	fmt.Fprintf(out, "snug %s, %s/%s, %d cores, for Python %s; seconds are of all that the command does: fetching, both builds, comparing.\n\n",
		revision(ctx), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), sdistPython)
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| sdist\t| kind\t| built\t| sandbox\t| bit-equal again\t| published wheel\t| s\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range results {
		fmt.Fprintln(w, r)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s", totals(results))
	return err
}

// totals says how many were built and came out equal, and whether that is enough.
func totals(results []sdistResult) string {
	var text strings.Builder
	line := func(what string, of []sdistResult) (built, equal int) {
		for _, r := range of {
			if r.built() {
				built++
			}
			if r.equal() {
				equal++
			}
		}
		fmt.Fprintf(&text, "- %s: %d of %d built in the hermetic sandbox, %d of these bit-equal again\n", what, built, len(of), equal)
		return built, equal
	}
	var kinds []string
	for _, r := range results {
		if !slices.Contains(kinds, r.kind) {
			kinds = append(kinds, r.kind)
		}
	}
	for _, kind := range kinds {
		line(kind, slices.DeleteFunc(slices.Clone(results), func(r sdistResult) bool { return r.kind != kind }))
	}
	built, equal := line("all", results)
	fmt.Fprintf(&text, "- goals: %s built (%.0f %%), %s of these equal (%.0f %%)\n",
		verdict(built, len(results), builtGoal), builtGoal*100, verdict(equal, built, equalGoal), equalGoal*100)
	return text.String()
}

func verdict(part, whole int, goal float64) string {
	if whole > 0 && float64(part) >= goal*float64(whole) {
		return "enough"
	}
	return "**not enough**"
}
