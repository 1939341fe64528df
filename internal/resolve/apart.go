package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/pep508"
)

// outcome is what was picked, with what is to be said of it: here why targets have
// different versions of a package, in remarks.go and bound.go why one is older than
// it could be.
type outcome struct {
	ctx context.Context // of the one call of Resolve that owns it
	*shelf
	picks picks
	users []map[string][]*release // by place and name: usersOf
}

// notes say of each release of a name that has several where it is chosen, and
// why not another there: for all but the newest that is the newest, for the
// newest the next.
func (a *outcome) notes() (map[*release]string, error) {
	out := map[*release]string{}
	for _, name := range a.picks.several() {
		parts := a.picks.parts(name, classes(a.places))
		for _, part := range parts {
			r := a.picks[part.first()][name]
			if r == nil {
				continue
			}
			note, err := a.of(a.other(r, parts), part)
			if err != nil {
				return nil, err
			}
			out[r] = note
		}
	}
	return out, nil
}

// other is the newest of the other releases of r's name.
func (a *outcome) other(r *release, parts []targets) *release {
	var out *release
	for _, part := range parts {
		o := a.picks[part.first()][r.of.name]
		if o != nil && o != r && (out == nil || o.version.Compare(out.version) > 0) {
			out = o
		}
	}
	return out
}

// of says why the targets do not have o. Those that could have o, and only
// go with the others, give no reason.
func (a *outcome) of(o *release, on targets) (string, error) {
	reasons, order := map[string]targets{}, []string{}
	for i := range on.each {
		why, err := a.why(o, i)
		if err != nil {
			return "", err
		}
		if why != "" && reasons[why] == 0 {
			order = append(order, why)
		}
		reasons[why] |= 1 << i
	}
	var parts []string
	for _, why := range order {
		if where := reasons[why]; where == on {
			parts = append(parts, why+" there")
		} else {
			parts = append(parts, why+" on "+a.names(where))
		}
	}
	if len(parts) == 0 {
		parts = []string{fmt.Sprintf("%s does not fit with the other packages, or an older lock holds it back", o.version)}
	}
	return fmt.Sprintf("on %s: %s", a.names(on), strings.Join(parts, "; ")), nil
}

func (a *outcome) names(on targets) string { return strings.Join(namesOf(a.places, on), ", ") }

// why says what keeps o from a place: its files, who asks for another version,
// or what it needs itself; "" if it could be had there, or if the reason lies
// deeper.
func (a *outcome) why(o *release, at int) (string, error) {
	switch {
	case o.has(at):
		return a.clash(o, at)
	case strings.HasPrefix(o.why[at], "needs Python"):
		return fmt.Sprintf("%s %s", o.version, o.why[at]), nil
	}
	return fmt.Sprintf("%s has no wheel", o.version), nil
}

// clash is what keeps a release from a place that has a wheel of it.
func (a *outcome) clash(o *release, at int) (string, error) {
	if who := a.refuses(o, at); who != "" {
		return who, nil
	}
	if err := a.read(a.ctx, o, o.told()[at]); err != nil {
		return "", err
	}
	q, ok := a.need(o, at, func(q need) bool {
		r := a.picks[at][q.key]
		return r != nil && !q.Specifiers.Contains(r.version)
	})
	if ok {
		return fmt.Sprintf("%s needs %s, which is %s", o.version, q.told(), a.picks[at][q.key].version), nil
	}
	return "", nil
}

// refuses tells who asks for another version at a place, "" if nobody does.
func (a *outcome) refuses(o *release, at int) string {
	for _, q := range slices.Concat(a.asked.all, a.asked.limits[o.of.name]) {
		if ok, err := q.Marker.Eval(a.places[at].env, pep508.Context{}); err == nil && ok && q.Key() == o.of.name && !q.Specifiers.Contains(o.version) {
			return fmt.Sprintf("%s wants %s", q.Origin, plain(q.Requirement))
		}
	}
	for _, user := range a.usersOf(o.of.name, at) {
		if q, ok := a.need(user, at, func(q need) bool { return q.key == o.of.name && !q.Specifiers.Contains(o.version) }); ok {
			return fmt.Sprintf("%s %s needs %s", user.of.name, user.version, q.told())
		}
	}
	return ""
}

// usersOf are what is chosen at a place and names a package, by name.
func (a *outcome) usersOf(name string, at int) []*release {
	if a.users == nil {
		a.users = make([]map[string][]*release, len(a.places))
	}
	if a.users[at] == nil {
		users := map[string][]*release{}
		for _, user := range slices.Sorted(maps.Keys(a.picks[at])) {
			r := a.picks[at][user]
			if t := r.told()[at]; t != nil {
				for _, q := range t.needs {
					if all := users[q.key]; len(all) == 0 || all[len(all)-1] != r {
						users[q.key] = append(all, r)
					}
				}
			}
		}
		a.users[at] = users
	}
	return a.users[at][name]
}

// need finds a need of a release that counts at a place, with whatever extra.
func (a *outcome) need(of *release, at int, which func(need) bool) (need, bool) {
	t := of.told()[at]
	if t == nil {
		return need{}, false
	}
	for _, q := range t.needs {
		if !which(q) { // first: it is cheap
			continue
		}
		for _, extra := range append([]string{""}, t.extras...) {
			if ok, err := q.Marker.Eval(a.places[at].env, pep508.Context{Extra: extra}); err == nil && ok {
				return q, true
			}
		}
	}
	return need{}, false
}

// told is the need without its marker, and that it is an override.
func (n need) told() string {
	if n.override != nil {
		return plain(n.Requirement) + " by an override"
	}
	return plain(n.Requirement)
}
