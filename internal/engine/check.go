package engine

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/vet"
)

// CheckRequest says what to vet, and by which data.
type CheckRequest struct {
	Runtimes   []string // nil: all of the lock's
	Advisories string   // a zip, a folder or a record in place of the data that is kept
	Fetch      bool     // bring the wheels that the store lacks, for this machine's target, so that their files can be looked at
}

// Check vets what the lock of a project says its runtimes hold: by the advisories,
// the licences, what the indexes say of the releases now, and policy. It builds and
// changes nothing.
func (e *Engine) Check(ctx context.Context, p *manifest.Project, req CheckRequest) (*vet.Report, error) {
	locks, err := locksOf(p)
	if err != nil {
		return nil, err
	}
	if req.Fetch {
		if err := e.fetchLocked(ctx, p, req.Runtimes); err != nil {
			return nil, err
		}
	}
	v, err := e.vetting(ctx, p, req.Advisories)
	if err != nil {
		return nil, err
	}
	defer v.close()
	v.lines = packageLines(filepath.Join(p.Root, LockName))
	if err := v.hold(ctx, locks, req.Runtimes); err != nil {
		return nil, err
	}
	v.input.Whole = len(req.Runtimes) == 0
	if err := v.ask(ctx, locks); err != nil {
		return nil, err
	}
	return v.report(locks), nil
}

// fetchLocked brings what this machine's runtimes are assembled from into the store,
// as a build would.
func (e *Engine) fetchLocked(ctx context.Context, p *manifest.Project, names []string) error {
	path := filepath.Join(p.Root, LockName)
	l, err := ReadHostLock(path)
	if err != nil {
		return err
	}
	req := BuildRequest{Runtimes: names, Rebuild: true}
	if names, err = wantedRuntimes(p, req); err != nil {
		return err
	}
	pl, err := e.plan(p, &Locked{Lock: l, Path: path}, names, req)
	if err != nil {
		return err
	}
	return e.fetchAll(ctx, pl)
}

// locksOf are the project's lock and those of targets that have one of their own.
func locksOf(p *manifest.Project) ([]*lock.Lock, error) {
	path := filepath.Join(p.Root, LockName)
	l, err := ReadLock(path)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fault.New(fault.NotFound, "snug lock makes it; snug audit FILE checks what another tool wrote", "there is no %s in %s", LockName, p.Root)
	}
	return withApart(l, path)
}

// withApart is the lock at path with those of targets that have one of their own.
func withApart(l *lock.Lock, path string) ([]*lock.Lock, error) {
	others, err := readApart(l, path)
	if err != nil {
		return nil, err
	}
	locks := []*lock.Lock{l}
	for _, target := range slices.Sorted(maps.Keys(others)) {
		locks = append(locks, others[target])
	}
	return locks, nil
}

// packageLines are the lines of a lock that name its packages, the first of each; none
// where it cannot be read any more.
func packageLines(path string) map[string]int {
	out := map[string]int{}
	text, err := os.ReadFile(path)
	if err != nil {
		return out
	}
	table := ""
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			table = line
		}
		name, ok := strings.CutPrefix(line, `name = "`)
		if name = strings.TrimSuffix(name, `"`); ok && table == "[[packages]]" && out[name] == 0 {
			out[name] = n
		}
	}
	return out
}
