package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"snug/internal/event"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
)

// maxDenied bounds the packages that a note names.
const maxDenied = 5

// sayDenied tells which packages of a lock policy would refuse if they were chosen
// now. A lock is not out of date because the world has changed; `snug check` has the
// rest. For a build vetting says it.
func (e *Engine) sayDenied(ctx context.Context, p *manifest.Project, l *lock.Lock, req LockRequest) error {
	if req.by.builds {
		return nil
	}
	j, err := e.judgeOf(ctx, p)
	if j == nil || err != nil {
		return err
	}
	defer j.close()
	var named, names []string
	for _, pkg := range l.Packages {
		v, err := pep440.Parse(pkg.Version)
		if err == nil && pkg.Index != "" && j.Release(pkg.Name, v) != "" && !slices.Contains(names, pkg.Name) {
			named, names = append(named, pkg.Name+" "+pkg.Version), append(names, pkg.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	command := append(typed{"lock", "--upgrade"}, names...)
	if len(names) > maxDenied {
		named, command = append(named[:maxDenied], fmt.Sprintf("%d more", len(names)-maxDenied)), command[:2]
	}
	e.say("lock", event.Note, "", fmt.Sprintf("locked, and denied by policy now: %s (snug check says why, %s chooses anew)",
		strings.Join(named, ", "), append(command, e.asking(p, req).settings()...)))
	return nil
}
