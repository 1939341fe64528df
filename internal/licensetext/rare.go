package licensetext

import (
	"hash/maphash"
	"regexp"
	"sync"

	"github.com/google/licensecheck"
)

// run is how many words in a row tell a template from others, and enoughRuns how many of those a text must
// have. The shortest clause that tells two licences apart has a dozen words.
const (
	run        = 6
	enoughRuns = 3
)

// runs are the rows of words that only templates outside of the common scanner have.
type runs struct {
	seed maphash.Seed
	own  map[uint64]struct{}
}

var (
	free = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)//\*\*.*?\*\*//|__\d+__|\|\||\(\(|\)\)(?:\?\?)?`)
	}) // what is no word of a template
	rare = sync.OnceValue(newRuns)
)

func newRuns() runs {
	r := runs{maphash.MakeSeed(), map[uint64]struct{}{}}
	known := map[uint64]struct{}{}
	all := append(licensecheck.BuiltinLicenses(), templates()...)
	for _, l := range all {
		if isCommon(l) {
			r.each(l.LRE, func(h uint64) bool { known[h] = struct{}{}; return true })
		}
	}
	for _, l := range all {
		if isCommon(l) {
			continue
		}
		r.each(l.LRE, func(h uint64) bool {
			if _, ok := known[h]; !ok {
				r.own[h] = struct{}{}
			}
			return true
		})
	}
	return r
}

// in tells whether the text may hold a licence that the common scanner does not know.
func (r runs) in(text string) bool {
	n := 0
	r.row(text, func(h uint64) bool {
		if _, ok := r.own[h]; ok {
			n++
		}
		return n < enoughRuns
	})
	return n >= enoughRuns
}

// each visits the rows of words of a template, which its free parts interrupt.
func (r runs) each(lre string, visit func(uint64) bool) {
	for _, part := range free().Split(lre, -1) {
		r.row(part, visit)
	}
}

// row visits every run of words of the text, as a hash, until visit says false. A word is letters and
// digits, in any case.
func (r runs) row(text string, visit func(uint64) bool) {
	var words [run]uint64
	var h maphash.Hash
	h.SetSeed(r.seed)
	n, inside := 0, false
	for i := 0; i <= len(text); i++ {
		var c byte
		if i < len(text) {
			c = text[i]
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			h.WriteByte(c)
			inside = true
			continue
		}
		if !inside {
			continue
		}
		words[n%run] = h.Sum64()
		h.Reset()
		n, inside = n+1, false
		if n >= run && !visit(mix(words, n)) {
			return
		}
	}
}

// mix is one number of the last words, in their order.
func mix(words [run]uint64, n int) (sum uint64) {
	for i := range run {
		sum = sum*0x9E3779B97F4A7C15 + words[(n+i)%run]
	}
	return sum
}
