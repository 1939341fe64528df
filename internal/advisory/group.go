package advisory

import (
	"slices"
	"strings"

	"snug/internal/finding"
)

// groups joins ids that mean one hole: aliases are symmetric and transitive, so
// that a chain PYSEC{X}, CVE{X,Y}, GHSA{Y} is one group and a cycle does no harm.
// upstream and related join nothing.
type groups struct {
	number map[string]int // of each id
	parent []int
	ids    []string
}

func newGroups(size int) *groups {
	return &groups{number: make(map[string]int, size), parent: make([]int, 0, size), ids: make([]string, 0, size)}
}

func (g *groups) of(id string) int {
	n, ok := g.number[id]
	if !ok {
		n = len(g.ids)
		g.number[id], g.ids, g.parent = n, append(g.ids, id), append(g.parent, n)
	}
	return n
}

// root is the member that stands for the group of n.
func (g *groups) root(n int) int {
	for g.parent[n] != n {
		g.parent[n] = g.parent[g.parent[n]]
		n = g.parent[n]
	}
	return n
}

func (g *groups) join(id, alias string) {
	a, b := g.root(g.of(id)), g.root(g.of(alias))
	g.parent[max(a, b)] = min(a, b)
}

// hole is what is known of a group as a whole.
type hole struct {
	ids          []string // sorted
	severity     *finding.Severity
	exploitation *finding.Exploitation
}

// holes are the groups by their roots.
func (g *groups) holes() map[int]*hole {
	out := make(map[int]*hole, len(g.ids))
	for n, id := range g.ids {
		root := g.root(n)
		if out[root] == nil {
			out[root] = &hole{}
		}
		out[root].ids = append(out[root].ids, id)
	}
	for _, h := range out {
		slices.Sort(h.ids)
	}
	return out
}

func (h *hole) block() []byte {
	var w writer
	w.texts(h.ids)
	w.flag(h.severity != nil)
	if s := h.severity; s != nil {
		w.text(string(s.Level))
		w.num(tenths(s.Score))
		w.text(s.Vector)
	}
	w.flag(h.exploitation != nil)
	if x := h.exploitation; x != nil {
		w.flag(x.KEV)
		w.text(x.KEVAdded)
		w.text(x.KEVDue)
		w.flag(x.Ransomware)
		w.num(millionths(x.EPSS))
		w.num(millionths(x.Percentile))
	}
	return w.b
}

func readHole(block string) (*hole, error) {
	r := reader{b: block}
	h := &hole{ids: r.texts()}
	if r.flag() {
		h.severity = &finding.Severity{Level: finding.Level(r.text()), Score: float64(r.num()) / 10, Vector: r.text()}
	}
	if r.flag() {
		h.exploitation = &finding.Exploitation{KEV: r.flag(), KEVAdded: r.text(), KEVDue: r.text(), Ransomware: r.flag(),
			EPSS: float64(r.num()) / 1e6, Percentile: float64(r.num()) / 1e6}
	}
	return h, r.err()
}

// Scores have one digit behind the point, probabilities up to six.
func tenths(f float64) uint64     { return uint64(f*10 + 0.5) }
func millionths(f float64) uint64 { return uint64(f*1e6 + 0.5) }

// speaks is the one of the ids that a group is told by: what was found to be
// malware, else the record that people of this kind of thing know best.
func speaks(ids []string) string {
	return slices.MinFunc(ids, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

func rank(id string) int {
	for i, prefix := range []string{malware, "PYSEC-", "PSF-", "GHSA-", "CVE-"} {
		if strings.HasPrefix(id, prefix) {
			return i
		}
	}
	return 9
}

// malware begins the ids of records about malicious releases.
const malware = "MAL-"
