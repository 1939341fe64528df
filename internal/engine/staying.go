package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/event"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/resolve"
)

// resolve chooses versions. What is locked and denied by policy is moved where it can
// be; where nothing else fits what is asked, it stays, and that is said: else a project
// with two pins that are denied could not mend one of them alone. Vetting denies it all
// the same. Malware never stays.
func (q question) resolve(ctx context.Context, events event.Handler) (*resolution, error) {
	made, err := q.once(ctx, events)
	locked := q.locked()
	var c *resolve.Conflict
	if q.judge == nil || locked == nil || !errors.As(err, &c) || !ofPolicy(c) {
		return made, err
	}
	j, stays := q.judge, q.pinned(locked)
	changed := len(stays) > 0
	for range maxRounds {
		if !changed && !inTheWay(c, locked, stays) {
			break
		}
		changed = false
		q.judge = j.letting(stays)
		if made, err = q.once(ctx, events); err == nil {
			sayStaying(events, made, j)
			return made, nil
		}
		if !errors.As(err, &c) {
			break
		}
	}
	return nil, err
}

func ofPolicy(c *resolve.Conflict) bool {
	return slices.ContainsFunc(c.Facts, func(f resolve.Fact) bool { return f.Kind == resolve.Policy })
}

// locked are the versions that are to be kept to where they can be, by name; nil: none.
func (q question) locked() map[string][]string {
	var out map[string][]string
	for _, l := range append(slices.Collect(maps.Values(q.keepApart)), q.keep) {
		if l == nil {
			continue
		}
		for _, p := range l.Packages {
			if out == nil {
				out = map[string][]string{}
			}
			out[p.Name] = append(out[p.Name], p.Version)
		}
	}
	return out
}

// pinned are those of what is locked that the project asks for by number.
func (q question) pinned(locked map[string][]string) map[string]bool {
	out := map[string]bool{}
	for _, rt := range q.project.Runtimes {
		for _, r := range rt.Requirements {
			if v, ok := exact(r.Specifiers); ok && slices.Contains(locked[r.Key()], v.String()) && q.judge.Release(r.Key(), v) != "" {
				out[r.Key()+" "+v.String()] = true
			}
		}
	}
	return out
}

// inTheWay adds to stays what is locked of the packages that policy denies in a
// conflict, and tells whether there was any.
func inTheWay(c *resolve.Conflict, locked map[string][]string, stays map[string]bool) (found bool) {
	for _, f := range c.Facts {
		for _, v := range locked[f.Name] {
			if key := f.Name + " " + v; f.Kind == resolve.Policy && slices.Contains(f.Versions, v) && !stays[key] {
				stays[key], found = true, true
			}
		}
	}
	return found
}

// letting is the judge that lets what is locked stay.
func (j *judge) letting(stays map[string]bool) *judge {
	out := *j
	out.staying = maps.Clone(stays)
	return &out
}

// sayStaying tells what a lock has that policy denies.
func sayStaying(events event.Handler, made *resolution, j *judge) {
	var named []string
	first := ""
	for _, l := range append([]*lock.Lock{made.lock}, made.apart...) {
		for _, p := range l.Packages {
			v, err := pep440.Parse(p.Version)
			text := p.Name + " " + p.Version
			if err == nil && p.Index != "" && len(j.grounds(p.Name, v)) > 0 && !slices.Contains(named, text) {
				named = append(named, text)
				if first == "" {
					first = p.Name
				}
			}
		}
	}
	if len(named) == 0 {
		return
	}
	if more := len(named) - maxDenied; more > 0 {
		named = append(named[:maxDenied], fmt.Sprintf("%d more", more))
	}
	events.Handle(event.Event{Stage: "resolve", Kind: event.Note, Message: fmt.Sprintf(
		"denied by policy, and kept as nothing else fits what is asked: %s (snug check says why, snug lock --upgrade %s what helps)", strings.Join(named, ", "), first)})
}
