package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/pep508"
)

// rewrite puts the project's overrides in place of a runtime's requirements, and
// drops what is excluded.
func (r *roots) rewrite(rt *manifest.Runtime) error {
	var out []manifest.Requirement
	for _, q := range rt.Requirements {
		with, replaced, err := r.project.Instead(q.Requirement)
		switch {
		case err != nil:
			return badMarker(q, err)
		case replaced:
			r.replaced[q.Key()] = append(r.replaced[q.Key()], q)
			out = append(out, with...)
		default:
			out = append(out, q)
		}
	}
	rt.Requirements = out
	return nil
}

// oneOverride refuses two overrides of a name that hold for one target: which of
// them was meant?
func (r *roots) oneOverride(places []place) error {
	for _, at := range places {
		holds := map[string]manifest.Requirement{}
		for _, o := range r.project.Overrides {
			ok, err := o.Marker.Eval(at.env, pep508.Context{})
			if err != nil {
				return badMarker(o, err)
			}
			if other, twice := holds[o.Key()]; ok && twice {
				return fault.New(fault.Input, "give them markers of which one holds at a time", "%s: both overrides of %s hold on %s: %s, and %s", o.Origin, o.Name, at.name, other.Requirement, o.Requirement)
			}
			if ok {
				holds[o.Key()] = o
			}
		}
	}
	return nil
}

// unmet names the overrides and excludes that replaced nothing: neither the
// project nor any package of the lock asked for them.
func (r *roots) unmet(met map[string]bool) []string {
	var out []string
	for what, rules := range map[string][]manifest.Requirement{"override": r.project.Overrides, "exclude": r.project.Excludes} {
		for _, q := range rules {
			if !met[q.Key()] && r.replaced[q.Key()] == nil {
				out = append(out, fmt.Sprintf("%s: the %s %s met nothing: no package here asks for it", q.Origin, what, q.Requirement))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// dropped names what the project asks for itself and by its own rules does not
// get, at all or at some places.
func (r *roots) dropped(places []place) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(r.replaced)) {
		for _, q := range r.replaced[key] {
			var asked, gone []string
			for _, at := range places {
				if !holds(q, at) {
					continue
				}
				asked = append(asked, at.name)
				if !slices.ContainsFunc(r.all, func(o manifest.Requirement) bool { return o.Key() == key && holds(o, at) }) {
					gone = append(gone, at.name)
				}
			}
			where := ""
			if len(gone) < len(asked) {
				where = " on " + inWords(gone)
			}
			if len(gone) > 0 {
				out = append(out, fmt.Sprintf("%s: %s is not installed%s: %s", q.Origin, q.Requirement, where, r.ruleOf(key)))
			}
		}
	}
	return slices.Compact(out)
}

// holds tells whether a requirement counts at a place; a marker that cannot be
// decided has been refused.
func holds(q manifest.Requirement, at place) bool {
	ok, err := q.Marker.Eval(at.env, pep508.Context{})
	return ok && err == nil
}

// ruleOf is the rule by which a name is left out.
func (r *roots) ruleOf(key string) string {
	for _, x := range r.project.Excludes {
		if x.Key() == key {
			return fmt.Sprintf("the project excludes it (%s)", x.Origin)
		}
	}
	i := slices.IndexFunc(r.project.Overrides, func(o manifest.Requirement) bool { return o.Key() == key })
	return fmt.Sprintf("the override %s leaves it out (%s)", r.project.Overrides[i].Requirement, r.project.Overrides[i].Origin)
}

// ruled is what the project's rules did about one release.
type ruled struct {
	overridden bool
	broken     map[string]bool // needs on it that it does not meet
	dropped    map[string]bool // its own needs that are not there
}

// replaced notes what the rules did about the needs of a release, on it and on
// what it needed.
func (w *walk) replaced(r *release, extra string) error {
	for _, n := range r.told()[w.at].replaced {
		if extra != "" && !n.byExtra {
			continue // the release without the extra has it
		}
		ok, err := n.Marker.Eval(w.place.env, pep508.Context{Extra: extra})
		if err != nil {
			return fmt.Errorf("%s: %s: %w", r.of.name, n.Requirement, err)
		}
		if !ok {
			continue
		}
		w.met[n.key] = true
		n.Marker = nil
		switch now := w.picks[n.key]; {
		case slices.ContainsFunc(w.project.Excludes, func(x manifest.Requirement) bool { return x.Key() == n.key }):
			w.ruled(r).dropped["needs "+n.String()+", which the project excludes"] = true
		case now == nil:
			w.ruled(r).dropped["needs "+n.String()+", which an override of the project leaves out"] = true
		default:
			w.ruled(now).overridden = true
			if !n.Specifiers.Contains(now.version) {
				w.ruled(now).broken[fmt.Sprintf("%s %s needs %s", r.of.name, r.version, n)] = true
			}
		}
	}
	return nil
}

func (w *walk) ruled(r *release) *ruled {
	if w.rules[r] == nil {
		w.rules[r] = &ruled{broken: map[string]bool{}, dropped: map[string]bool{}}
	}
	return w.rules[r]
}

// notes tell a reader of the lock what the rules did about the release.
func (u *ruled) notes(r *release, asked *roots) []string {
	var out, by []string
	for _, o := range asked.project.Overrides {
		if o.Key() == r.of.name {
			by = append(by, fmt.Sprintf("%s (%s)", o.Requirement, o.Origin))
		}
	}
	own := asked.replaced[r.of.name]
	if u == nil {
		u = &ruled{overridden: own != nil, broken: map[string]bool{}}
	}
	for _, q := range own {
		if !q.Specifiers.Contains(r.version) {
			q.Marker = nil
			u.broken["the project asks for "+q.String()] = true
		}
	}
	if len(by) > 0 && (own != nil || u.overridden) {
		out = append(out, "overridden by "+strings.Join(by, " and "))
		if len(u.broken) > 0 {
			out[0] += ", though " + strings.Join(slices.Sorted(maps.Keys(u.broken)), ", ")
		}
	}
	return append(out, slices.Sorted(maps.Keys(u.dropped))...)
}
