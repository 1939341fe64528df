package engine

import (
	"context"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/resolve"
)

// interpreters picks one interpreter for every target, the same full version
// where possible.
func (e *Engine) interpreters(ctx context.Context, p *manifest.Project) ([]resolve.TargetPython, error) {
	targets := make([]pytag.Target, len(p.Targets))
	for i, name := range p.Targets {
		t, err := pytag.ParseTarget(name)
		if err != nil {
			return nil, err
		}
		targets[i] = t
	}
	if p.PythonBuild != nil && e.Sources == nil {
		if err := e.buildsPythonFor(targets); err != nil {
			return nil, err
		}
	}
	chosen, said, err := interp.Choose(ctx, e.sourcesFor(ctx, p), p.Python, p.RequiresPython, targets)
	if err != nil {
		return nil, err
	}
	for _, line := range said {
		e.say("interpreter", event.Note, "", line)
	}
	for _, t := range targets {
		if _, ok := chosen[t.String()]; !ok {
			return nil, fault.New(fault.Internal, "", "no interpreter chosen for %s", t)
		}
	}
	return withPythons(targets, chosen), nil
}

// placesOf are the targets as a project's markers see them.
func placesOf(targets []resolve.TargetPython) []manifest.Place {
	out := make([]manifest.Place, len(targets))
	for i, t := range targets {
		out[i] = manifest.Place{Name: t.Target.String(), Env: pytag.Environment(t.Target, t.Python)}
	}
	return out
}

// targetOf returns the lock's entry for this machine, matching by what the
// target can run rather than by its exact spelling.
func (e *Engine) targetOf(l *lock.Lock, path string) (pytag.Target, pep440.Version, lock.Target, error) {
	host, err := e.host()
	if err != nil {
		return pytag.Target{}, pep440.Version{}, lock.Target{}, err
	}
	for _, lt := range l.Tool.Targets {
		t, err := pytag.ParseTarget(lt.Name)
		if err != nil {
			return pytag.Target{}, pep440.Version{}, lock.Target{}, err
		}
		if runsOn(t, host) {
			v, err := pep440.Parse(lt.Python)
			return t, v, lt, err
		}
	}
	return pytag.Target{}, pep440.Version{}, lock.Target{}, fault.New(fault.Input,
		"add it: [tool.snug] targets = [..., \""+host.String()+"\"], then snug lock",
		"%s: no target of this lock runs on this machine (%s)", path, host)
}

func runsOn(t, host pytag.Target) bool {
	return t.OS == host.OS && t.Arch == host.Arch && t.Libc == host.Libc
}

// withPythons are the targets with the interpreter that was chosen for each.
func withPythons(targets []pytag.Target, chosen map[string]interp.Interpreter) []resolve.TargetPython {
	out := make([]resolve.TargetPython, len(targets))
	for i, t := range targets {
		py := chosen[t.String()]
		out[i] = resolve.TargetPython{Target: t, Python: py.Version, Interpreter: lock.Interpreter{Source: py.Source, ID: py.ID, SHA256: py.SHA256}}
	}
	return out
}
