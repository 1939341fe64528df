package vet

import (
	"runtime"
	"sync"

	"snug/internal/advisory"
)

// few components are matched quicker than a goroutine starts.
const few = 16

// match asks the advisories about every component once, side by side: it is most of
// the work, and one answer needs no other.
func (v *vetting) match() {
	v.matched = map[string]advisory.Matched{}
	if v.Advisories == nil {
		return
	}
	var items []*Item
	for i := range v.Runtimes {
		for j := range v.Runtimes[i].Items {
			item := &v.Runtimes[i].Items[j]
			if id := key(item.Component); v.first(id) {
				items = append(items, item)
			}
		}
	}
	out := make([]advisory.Matched, len(items))
	var wait sync.WaitGroup
	side := max(1, min(runtime.GOMAXPROCS(0), len(items)/few))
	for n := range side {
		wait.Go(func() {
			for i := n; i < len(items); i += side {
				out[i] = v.Advisories.MatchIn(items[i].Component, items[i].Where)
			}
		})
	}
	wait.Wait()
	for i, item := range items {
		v.matched[key(item.Component)] = out[i]
	}
}

// first takes an id, if it was not taken before.
func (v *vetting) first(id string) bool {
	if _, ok := v.matched[id]; ok {
		return false
	}
	v.matched[id] = advisory.Matched{}
	return true
}
