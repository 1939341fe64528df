//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// What is compared, pinned.
const (
	pipAuditVersion   = "2.10.1"
	osvScannerVersion = "v2.5.0"
)

// peerRuns is how often pip-audit runs: it takes half a minute each time.
const peerRuns = 3

// auditSettings are the flags of -audit.
type auditSettings struct {
	wanted bool
	zip    string // OSV's bulk export for Python packages
}

// auditBench compares `snug audit` with pip-audit and osv-scanner on the same pins
// and the same data.
type auditBench struct {
	dir      string // tools
	work     string // folders of the runs
	zip      string
	pins     int
	tools    *tools // for its clock and its snug
	osv, pip string
	api      *osvStandIn
}

// auditRow is one line of the table: snug's cost beside its peers', each with the
// number of times that snug must be faster.
type auditRow struct {
	name           string
	snug, pip, osv summary
	goal           float64
}

// runAudit measures auditing.
func runAudit(ctx context.Context, s settings, out io.Writer) error {
	if _, err := os.Stat(s.audit.zip); err != nil {
		fmt.Fprintf(out, "auditing: not measured, there is no advisory data at %s (-advisories FILE)\n", s.audit.zip)
		return nil
	}
	b := &auditBench{dir: s.cache, work: filepath.Join(s.cache, "audit"), zip: s.audit.zip, tools: &tools{dir: s.cache, snug: filepath.Join(s.cache, "snug")}}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer b.api.close()
	defer remove(b.work)
	rows, err := b.compare(ctx, s)
	if err != nil {
		return err
	}
	alone, err := b.alone(ctx, s)
	if err != nil {
		return err
	}
	return b.print(ctx, out, rows, alone)
}

// prepare makes the pins, the tools, the peers' data and snug's index.
func (b *auditBench) prepare(ctx context.Context) error {
	data, err := readAdvisories(b.zip)
	if err != nil {
		return err
	}
	if err := remove(b.work); err != nil {
		return err
	}
	database := filepath.Join(b.work, "osv", "osv-scalibr", "PyPI")
	for _, d := range []string{database, filepath.Join(b.dir, "home"), filepath.Join(b.dir, "tmp")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	pins := data.pins()
	b.pins = len(pins)
	if err := os.WriteFile(b.list(), list(pins), 0o644); err != nil {
		return err
	}
	zip, err := os.ReadFile(b.zip)
	if err == nil {
		err = os.WriteFile(filepath.Join(database, "all.zip"), zip, 0o644)
	}
	if err != nil {
		return err
	}
	if err := b.install(ctx); err != nil {
		return err
	}
	if b.api, err = serveOSV(ctx, b.zip, data); err != nil {
		return err
	}
	_, err = b.tools.time(ctx, b.importing(b.home()))
	return err
}

// install fetches the peers with this machine's settings, once, and builds snug.
func (b *auditBench) install(ctx context.Context) error {
	venv := filepath.Join(b.dir, "pip-audit-"+pipAuditVersion)
	b.pip = filepath.Join(venv, "bin", "pip-audit")
	if _, err := os.Stat(b.pip); err != nil {
		if err := plain(ctx, "python3", "-m", "venv", venv); err != nil {
			return err
		}
		if err := plain(ctx, filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "pip-audit=="+pipAuditVersion); err != nil {
			return err
		}
	}
	bin := filepath.Join(b.dir, "osv-scanner-"+osvScannerVersion, "bin")
	b.osv = filepath.Join(bin, "osv-scanner")
	if _, err := os.Stat(b.osv); err != nil {
		say("building osv-scanner %s takes four minutes, once", osvScannerVersion)
		if err := plain(ctx, "env", "GOBIN="+bin, "go", "install", "github.com/google/osv-scanner/v2/cmd/osv-scanner@"+osvScannerVersion); err != nil {
			return err
		}
	}
	return plain(ctx, "go", "build", "-trimpath", "-o", b.tools.snug, "./cmd/snug")
}

func (b *auditBench) list() string { return filepath.Join(b.work, "requirements.txt") }
func (b *auditBench) home() string { return filepath.Join(b.work, "home") }

// found is how all three say that there are holes.
const found = 1

func (b *auditBench) snug(home string, exit int, args ...string) command {
	return command{dir: b.work, argv: append([]string{b.tools.snug, "--quiet"}, args...), env: b.tools.environment("SNUG_HOME=" + home), exit: exit}
}

func (b *auditBench) importing(home string) command {
	return b.snug(home, 0, "advisories", "import", b.zip)
}

func (b *auditBench) pipAudit() command {
	return command{dir: b.work, exit: found, env: b.tools.environment(), argv: []string{b.pip, "-r", b.list(), "--no-deps", "--disable-pip", "-s", "osv", "--osv-url", b.api.url + "/v1/query",
		"-f", "json", "--progress-spinner", "off", "--cache-dir", filepath.Join(b.work, "pip-audit")}}
}

func (b *auditBench) osvScanner() command {
	return command{dir: b.work, exit: found, env: b.tools.environment("OSV_SCALIBR_LOCAL_DB_CACHE_DIRECTORY=" + filepath.Join(b.work, "osv")), argv: []string{b.osv, "scan", "source", "--offline",
		"--no-resolve", "--all-vulns", "-L", b.list(), "--format", "json", "--output-file", filepath.Join(b.work, "osv.json")}}
}

// compare lets the tools take turns: snug with its index and from the zip, its
// peers once for both rows.
func (b *auditBench) compare(ctx context.Context, s settings) ([]auditRow, error) {
	var compiled, raw, pip, osv []cost
	for n := range s.runs {
		turn := []struct {
			to      *[]cost
			command command
		}{
			{&compiled, b.snug(b.home(), found, "audit", b.list(), "--json")},
			{&osv, b.osvScanner()},
			{&raw, b.snug(filepath.Join(b.work, fmt.Sprintf("empty-%d", n)), found, "audit", b.list(), "--json", "--advisories", b.zip)},
			{&pip, b.pipAudit()},
		}
		for _, t := range turn {
			if t.to == &pip && n >= peerRuns {
				continue
			}
			c, err := b.tools.time(ctx, t.command)
			if err != nil {
				return nil, err
			}
			*t.to = append(*t.to, c)
		}
		say("audit: run %d of %d", n+1, s.runs)
	}
	peers := auditRow{pip: summarise(pip), osv: summarise(osv)}
	first, second := peers, peers
	first.name, first.snug, first.goal = "index compiled before", summarise(compiled), 20
	second.name, second.snug, second.goal = "from the raw zip, empty home", summarise(raw), 3
	return []auditRow{first, second}, nil
}

// aloneRow is a time that has a limit and no rival.
type aloneRow struct {
	name  string
	snug  summary
	limit time.Duration
}

// alone measures what no peer does.
func (b *auditBench) alone(ctx context.Context, s settings) ([]aloneRow, error) {
	var compile []cost
	for n := range s.runs {
		c, err := b.tools.time(ctx, b.importing(filepath.Join(b.work, fmt.Sprintf("import-%d", n))))
		if err != nil {
			return nil, err
		}
		compile = append(compile, c)
	}
	again, err := b.rematched(ctx, s.runs)
	if err != nil {
		return nil, err
	}
	return []aloneRow{
		{"compiling the zip (`snug advisories import`, empty home)", summarise(compile), time.Second},
		{fmt.Sprintf("%d locks of %d packages, matched again after one new advisory", rematchedLocks, lockedEach), summarise(again), time.Second},
	}, nil
}

func (b *auditBench) print(ctx context.Context, out io.Writer, rows []auditRow, alone []aloneRow) error {
	fmt.Fprintf(out, "\nsnug %s, pip-audit %s, osv-scanner %s; %d pins, one vulnerable version of each package of the data; whole processes in turn, JSON out; medians, least in brackets; pip-audit asks an OSV API on the loopback.\n\n",
		revision(ctx), pipAuditVersion, osvScannerVersion, b.pins)
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| audit\t| snug ms\t| pip-audit ms\t| osv-scanner ms\t| pip-audit / snug\t| osv-scanner / snug\t| goal\t| met\t| snug cpu\t| pip-audit cpu\t| osv-scanner cpu\t| snug MB\t| pip-audit MB\t| osv-scanner MB\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range rows {
		pip, osv := times(r.pip, r.snug), times(r.osv, r.snug)
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %s\t| %.1f\t| %.1f\t| ≥ %g\t| %s\t| %.0f\t| %.0f\t| %.0f\t| %d\t| %d\t| %d\t|\n", r.name, r.snug, r.pip, r.osv, pip, osv, r.goal, yes(pip >= r.goal && osv >= r.goal),
			ms(r.snug.cpu), ms(r.pip.cpu), ms(r.osv.cpu), r.snug.peak>>10, r.pip.peak>>10, r.osv.peak>>10)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| snug alone\t| ms\t| goal\t| met\t| cpu\t| MB\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range alone {
		fmt.Fprintf(w, "| %s\t| %s\t| ≤ %.0f\t| %s\t| %.0f\t| %d\t|\n", r.name, r.snug, ms(r.limit), yes(r.snug.median <= r.limit), ms(r.snug.cpu), r.snug.peak>>10)
	}
	return w.Flush()
}

// times is how often the one goes into the other.
func times(peer, snug summary) float64 { return peer.median.Seconds() / snug.median.Seconds() }

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "**no**"
}
