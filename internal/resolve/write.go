package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// entry is one version of a package as the lock tells it.
type entry struct {
	*release
	in    map[int]string // place to the groups' part of the marker
	needs map[string]bool
	rules []string // what the project's overrides and excludes did about it
}

// write makes the lock of what was picked, sorted and without anything that
// the picks and the input do not determine.
func write(ctx context.Context, in Input, shelf *shelf, chosen picks) (*lock.Lock, error) {
	asked, places := shelf.asked, shelf.places
	entries, remarks := map[*release]*entry{}, map[string]bool{}
	rules, met := map[*release]*ruled{}, map[string]bool{}
	for i, place := range places {
		w := walk{at: i, place: place, own: asked.own, picks: chosen[i], entries: entries, remarks: remarks,
			project: in.Project, rules: rules, met: met}
		if err := w.runtimes(ctx, asked); err != nil {
			return nil, err
		}
	}
	l := head(in, asked)
	versions := map[string]int{}
	for r := range entries {
		versions[r.of.name]++
	}
	apart, err := (&outcome{ctx: ctx, shelf: shelf, picks: chosen}).notes()
	if err != nil {
		return nil, err
	}
	for r, e := range entries {
		e.rules = rules[r].notes(r, asked)
		p := e.pack(places, chosen, versions)
		for _, note := range p.Notes {
			remarks[fmt.Sprintf("%s %s: %s", p.Name, p.Version, note)] = true
		}
		if note := apart[r]; note != "" {
			remarks[fmt.Sprintf("%s %s %s", p.Name, p.Version, note)] = true
			p.Notes = append([]string{note}, p.Notes...)
		}
		l.Packages = append(l.Packages, p)
	}
	for _, text := range slices.Concat(slices.Sorted(maps.Keys(remarks)), asked.unmet(met), asked.dropped(places)) {
		in.say("%s", text)
	}
	slices.SortFunc(l.Packages, func(a, b lock.Package) int {
		return strings.Compare(a.Name+"\x00"+a.Version, b.Name+"\x00"+b.Version)
	})
	return l, nil
}

// head is everything of the lock but its packages.
func head(in Input, asked *roots) *lock.Lock {
	p := in.Project
	l := &lock.Lock{LockVersion: lock.Version, RequiresPython: p.RequiresPython.String(), CreatedBy: in.CreatedBy,
		Tool: lock.Tool{AsOf: in.AsOf, MinAge: in.MinAge, Resolution: string(p.Strategy.Resolution), Prereleases: p.Strategy.Prereleases, Overlaps: maps.Clone(p.Overlaps)}}
	if !in.MinAge.IsZero() {
		l.Tool.MinAgeAt = in.moment().UTC().Truncate(time.Second)
	}
	for _, t := range in.Targets {
		l.Tool.Targets = append(l.Tool.Targets, lock.Target{Name: t.Target.String(), Python: t.Python.String(), Interpreter: t.Interpreter})
	}
	for _, rt := range asked.runtimes {
		l.DependencyGroups = append(l.DependencyGroups, rt.Name)
		l.Tool.Runtimes = append(l.Tool.Runtimes, lock.Runtime{Name: rt.Name, Contains: rt.Contains,
			Isolated: rt.Isolated, NoBytecode: rt.NoBytecode, Slim: rt.Slim, Roots: rootTexts(rt.Requirements)})
	}
	if len(asked.runtimes) > 0 {
		l.DefaultGroups = []string{asked.runtimes[0].Name}
	}
	for _, place := range newPlaces(in.Targets) {
		text := fmt.Sprintf("python_version == '%s' and sys_platform == '%s' and platform_machine == '%s' and implementation_name == '%s'",
			place.env.PythonVersion, place.env.SysPlatform, place.env.PlatformMachine, place.env.ImplementationName)
		if !slices.Contains(l.Environments, text) {
			l.Environments = append(l.Environments, text)
		}
	}
	return l
}

func rootTexts(asks []manifest.Requirement) []string {
	var out []string
	for _, q := range asks {
		if text := q.Requirement.String(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// walk cuts the runtimes of one place from what was picked for it.
type walk struct {
	at      int
	place   place
	own     map[string]pep440.Version // first-party projects, which are no packages of the lock
	picks   map[string]*release
	entries map[*release]*entry
	remarks map[string]bool // to be said: extras that do not exist
	project *manifest.Project
	rules   map[*release]*ruled
	met     map[string]bool // names on which overrides and excludes replaced a need
}

// runtimes marks every release with the runtimes that reach it.
func (w *walk) runtimes(ctx context.Context, asked *roots) error {
	reached := make([]map[string]bool, len(asked.runtimes))
	groups := map[string][]string{}
	for n, rt := range asked.runtimes {
		reached[n] = map[string]bool{}
		if rt.inner >= 0 && rt.inner < n {
			maps.Copy(reached[n], reached[rt.inner])
		}
		if err := w.reach(ctx, rt.Requirements, reached[n]); err != nil {
			return err
		}
		for name := range reached[n] {
			groups[name] = append(groups[name], fmt.Sprintf("'%s' in dependency_groups", rt.Name))
		}
	}
	for name, list := range groups {
		w.entry(w.picks[name]).in[w.at] = strings.Join(list, " or ")
	}
	return nil
}

func (w *walk) entry(r *release) *entry {
	e := w.entries[r]
	if e == nil {
		e = &entry{release: r, in: map[int]string{}, needs: map[string]bool{}}
		w.entries[r] = e
	}
	return e
}

// reach adds to names all that the requirements bring in; extras are followed
// as parts of their own, so that cycles end.
func (w *walk) reach(ctx context.Context, asks []manifest.Requirement, names map[string]bool) error {
	type part struct{ name, extra string }
	var queue []part
	seen := map[part]bool{}
	add := func(q pep508.Requirement) {
		for _, extra := range append([]string{""}, q.Extras...) {
			if x := (part{q.Key(), pep508.NormalizeName(extra)}); !seen[x] {
				seen[x] = true
				queue = append(queue, x)
			}
		}
	}
	for _, q := range asks {
		ok, err := q.Marker.Eval(w.place.env, pep508.Context{})
		if err != nil {
			return badMarker(q, err)
		}
		if ok {
			add(q.Requirement)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		x := queue[0]
		r := w.picks[x.name]
		if r == nil {
			return fmt.Errorf("snug: internal error: %s was not picked for %s", x.name, w.place.name)
		}
		names[x.name] = true
		told := r.told()[w.at]
		if x.extra != "" && !told.provides(x.extra, w.place) {
			w.remarks[fmt.Sprintf("%s %s has no extra %q: nothing comes with it", x.name, r.version, x.extra)] = true
		}
		if err := w.replaced(r, x.extra); err != nil {
			return err
		}
		for _, n := range told.needs {
			ok, err := n.Marker.Eval(w.place.env, pep508.Context{Extra: x.extra})
			if err != nil {
				return fmt.Errorf("%s: %s: %w", x.name, n.Requirement, err)
			}
			if _, own := w.own[n.key]; ok && !own {
				w.entry(r).needs[n.key] = true
				add(n.Requirement)
			}
		}
	}
	return ctx.Err()
}

// pack is the entry as a package of the lock.
func (e *entry) pack(places []place, chosen picks, versions map[string]int) lock.Package {
	out := lock.Package{Name: e.of.name, Version: e.version.String(), Marker: e.marker(places), Notes: e.remarks()}
	for name := range e.needs {
		if name == e.of.name {
			continue
		}
		seen := map[string]bool{}
		for i := range e.in {
			d := lock.Dependency{Name: name}
			r := chosen[i][name]
			if r == nil {
				continue // needed on other targets only
			}
			if versions[name] > 1 {
				d.Version = r.version.String()
			}
			if !seen[d.Version] {
				seen[d.Version] = true
				out.Dependencies = append(out.Dependencies, d)
			}
		}
	}
	if d := e.of.direct; d != nil && d.source != nil {
		out.Archive, out.Directory, out.VCS = d.source.Archive, d.source.Directory, d.source.VCS
		return out
	}
	if d := e.of.direct; d != nil {
		out.Archive = &lock.Archive{URL: d.url, Path: d.path, Size: d.size, Hashes: map[string]string{"sha256": d.sum.String()}}
		return out
	}
	out.Index = e.of.listing.IndexURL
	var files []*index.File
	for _, i := range slices.Sorted(maps.Keys(e.in)) {
		if f := e.best(i); !slices.Contains(files, f) {
			files = append(files, f)
			locked := lock.File{Name: f.Name, URL: f.URL, Size: f.Size, UploadTime: f.Upload, Hashes: f.Hashes.Map()}
			if f.Wheel == nil {
				out.Sdist = &locked // one at most: best prefers none to another
			} else {
				out.Wheels = append(out.Wheels, locked)
			}
		}
	}
	text := files[0].RequiresPython
	if text == "" { // the index need not say it
		text = e.first().python
	}
	if set, _, err := pep440.ParseSpecifiersLenient(text); err == nil {
		out.RequiresPython = set.String()
	}
	return out
}

// first is what the release's file says at the first place that takes it: what
// it says elsewhere may not have been read.
func (e *entry) first() *telling { return e.told()[slices.Min(slices.Collect(maps.Keys(e.in)))] }

// remarks are what a reader of the lock should know of the release.
func (e *entry) remarks() []string {
	var out []string
	for _, i := range slices.Sorted(maps.Keys(e.in)) {
		for _, note := range e.told()[i].notes {
			if !slices.Contains(out, note) {
				out = append(out, note)
			}
		}
	}
	if l := e.of.listing; l != nil && l.Status != "" && l.Status != "active" {
		out = append(out, strings.TrimSpace("the project is "+l.Status+" on the index "+l.StatusReason))
	}
	if f := e.first().file; f.Yanked {
		out = append(out, strings.TrimSuffix("yanked, and asked for by ==: "+f.YankedReason, ": "))
	}
	if note := e.mended(); note != "" {
		out = append(out, note)
	}
	return append(out, e.rules...)
}

// marker names every runtime that contains the package, and the targets where
// these are not all.
func (e *entry) marker(places []place) string {
	byGroups := map[string]targets{}
	var order []string
	for _, i := range slices.Sorted(maps.Keys(e.in)) {
		if byGroups[e.in[i]] == 0 {
			order = append(order, e.in[i])
		}
		byGroups[e.in[i]] |= 1 << i
	}
	all := targets(1<<len(places) - 1)
	if len(order) == 1 && byGroups[order[0]] == all {
		return order[0]
	}
	var parts []string
	for _, groups := range order {
		parts = append(parts, "("+groups+") and "+onTargets(places, byGroups[groups]))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ") or (") + ")"
}

// onTargets is true on exactly these places among all.
func onTargets(places []place, on targets) string {
	var parts []string
	for i := range on.each {
		env := places[i].env
		text := fmt.Sprintf("sys_platform == '%s' and platform_machine == '%s'", env.SysPlatform, env.PlatformMachine)
		for _, o := range places {
			if o.env != env && o.env.SysPlatform == env.SysPlatform && o.env.PlatformMachine == env.PlatformMachine {
				text += fmt.Sprintf(" and python_full_version == '%s'", env.PythonFullVersion)
				break
			}
		}
		if !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "((" + strings.Join(parts, ") or (") + "))"
}
