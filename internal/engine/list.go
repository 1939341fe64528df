package engine

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"snug/internal/fault"
	"snug/internal/interp"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// Listed is a locked package and the runtimes that hold it on some target.
type Listed struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Runtimes []string `json:"runtimes"`
}

// List lists the packages of the lock, or of the named runtimes only, sorted
// by name.
func List(l *lock.Lock, runtimes []string) ([]Listed, error) {
	for _, name := range runtimes {
		if _, ok := l.Runtime(name); !ok {
			return nil, fault.New(fault.Usage, "snug list without a name lists all", "there is no runtime %q in the lock", name)
		}
	}
	rows := map[string]*Listed{}
	for _, r := range l.Tool.Runtimes {
		if len(runtimes) > 0 && !slices.Contains(runtimes, r.Name) {
			continue
		}
		if err := listInto(rows, l, r.Name); err != nil {
			return nil, err
		}
	}
	out := make([]Listed, 0, len(rows))
	for _, row := range rows {
		out = append(out, *row)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name+" "+out[i].Version < out[j].Name+" "+out[j].Version })
	return out, nil
}

func listInto(rows map[string]*Listed, l *lock.Lock, runtime string) error {
	for _, lt := range l.Tool.Targets {
		env, tags, py, err := contextOf(lt)
		if err != nil {
			return err
		}
		selected, err := l.Select(env, []string{runtime}, nil, tags, py)
		if err != nil {
			return fmt.Errorf("runtime %s on %s: %w", runtime, lt.Name, err)
		}
		for _, s := range selected {
			id := s.Package.Name + " " + s.Package.Version
			if rows[id] == nil {
				rows[id] = &Listed{Name: s.Package.Name, Version: s.Package.Version}
			}
			if !slices.Contains(rows[id].Runtimes, runtime) {
				rows[id].Runtimes = append(rows[id].Runtimes, runtime)
			}
		}
	}
	return nil
}

// Pythons lists the interpreters that can be had for a target ("" = this
// machine), newest first, in the order of the sources. A source that cannot be
// reached is said and passed over. p is the project whose mirror counts; it may
// be nil.
func (e *Engine) Pythons(ctx context.Context, p *manifest.Project, target string) ([]interp.Interpreter, error) {
	t, err := e.hostOr(target)
	if err != nil {
		return nil, err
	}
	var out []interp.Interpreter
	for _, s := range e.sourcesFor(ctx, p) {
		found, err := interp.List(ctx, s, t)
		if err != nil {
			e.say("interpreter", "note", s.Name(), err.Error())
			continue
		}
		sort.SliceStable(found, func(i, j int) bool { return found[i].Version.Compare(found[j].Version) > 0 })
		out = append(out, found...)
	}
	return out, nil
}

func (e *Engine) hostOr(target string) (pytag.Target, error) {
	if target == "" {
		return e.host()
	}
	return pytag.ParseTarget(target)
}

// InstallPython fetches the interpreter that `asked` means into the store; p is
// as for Pythons.
func (e *Engine) InstallPython(ctx context.Context, p *manifest.Project, asked string) (*interp.Interpreter, error) {
	t, err := e.host()
	if err != nil {
		return nil, err
	}
	chosen, _, err := interp.Choose(ctx, e.sourcesFor(ctx, p), asked, pep440.Specifiers{}, []pytag.Target{t})
	if err != nil {
		return nil, err
	}
	i := chosen[t.String()]
	_, err = e.interpreterTree(ctx, p, t, i.Version, lock.Interpreter{Source: i.Source, ID: i.ID, SHA256: i.SHA256})
	return &i, err
}
