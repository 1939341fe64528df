package vet

import (
	"runtime"
	"sync"

	"snug/internal/advisory"
)

// few components are matched quicker than a goroutine starts.
const few = 16

// match asks the advisories about every component, side by side: it is most of the
// work, and one answer needs no other. What is the same is asked once, unless there
// are overlays, which may say of one place what they do not say of another.
func (v *vetting) match() {
	v.matched = map[*Item]advisory.Matched{}
	if v.Advisories == nil {
		return
	}
	placed := len(v.Advisories.Info().Overlays) > 0
	first := map[string]int{}
	var asked []*Item
	answer := map[*Item]int{}
	for i := range v.Runtimes {
		for j := range v.Runtimes[i].Items {
			item := &v.Runtimes[i].Items[j]
			at, same := first[key(item.Component)]
			if !same || placed {
				at = len(asked)
				first[key(item.Component)] = at
				asked = append(asked, item)
			}
			answer[item] = at
		}
	}
	out := make([]advisory.Matched, len(asked))
	var wait sync.WaitGroup
	side := max(1, min(runtime.GOMAXPROCS(0), len(asked)/few))
	for n := range side {
		wait.Go(func() {
			for i := n; i < len(asked); i += side {
				out[i] = v.Advisories.MatchIn(asked[i].Component, asked[i].Where)
			}
		})
	}
	wait.Wait()
	for item, at := range answer {
		v.matched[item] = out[at]
	}
}
