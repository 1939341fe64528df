package resolve

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/dist"
	"snug/internal/index"
)

// fitting works out which files of a project's releases fit, once for each
// shape, and what each text in them means, once for each place.
type fitting struct {
	shelf   *shelf
	of      *project
	wait    waiting
	sdists  building
	shapes  map[int]*fit
	ranks   [][]int32          // by place and the number of the text: unread, unfit, or the rank after those
	builds  map[int]dist.Build // by the number of the text, where it has one
	pythons [][]int32          // unread, unfit, or fits
	offers  []index.Offer      // room for those of one release
}

const (
	unread = iota
	unfit
	fits
)

func newFitting(s *shelf, p *project, l *index.Listing) *fitting {
	m := &fitting{shelf: s, of: p, wait: s.in.waiting(l), sdists: s.building(p.name), shapes: map[int]*fit{}, builds: map[int]dist.Build{}}
	for range s.places {
		m.ranks = append(m.ranks, make([]int32, l.Texts))
		m.pythons = append(m.pythons, make([]int32, l.Texts))
	}
	return m
}

// one is the fit of one release. The project's own pins and hashes, and how old
// its files are, may tell releases apart that are of one shape.
func (m *fitting) one(offered *index.Release) (*fit, error) {
	asked := m.shelf.asked
	pinned := asked.pinned(m.of.name, offered.Version)
	refused, err := m.refused(offered)
	if err != nil {
		return nil, err
	}
	alike := offered.Shape > 0 && !pinned && refused == nil
	if f := m.shapes[offered.Shape]; alike && f != nil {
		return f, nil
	}
	offers, err := offered.Offers(m.offers[:0])
	m.offers = offers
	if err != nil {
		return nil, err
	}
	f := m.work(offers, pinned, refused)
	if alike {
		m.shapes[offered.Shape] = f
	}
	return f, nil
}

// anyAge is the fit of one release without the cooldown.
func (m *fitting) anyAge(offered *index.Release) (*fit, error) {
	free := *m
	free.wait = waiting{}
	return free.one(offered)
}

// refused says of each file why it may not be used, "" if it may; nil: all may.
func (m *fitting) refused(offered *index.Release) ([]string, error) {
	refused, err := m.wait.refused(offered)
	n := m.shelf.asked.names[m.of.name]
	if err != nil || n == nil || len(n.hashes) == 0 {
		return refused, err
	}
	files, err := offered.Files()
	return hashRefused(files, n.hashes, refused), err
}

// hashRefused adds to refused (nil: none is) the files that have none of the
// hashes.
func hashRefused(files []index.File, hashes []string, refused []string) []string {
	if refused == nil {
		refused = make([]string, len(files))
	}
	for i, f := range files {
		allowed := false
		for name, sum := range f.Hashes.Map() {
			allowed = allowed || slices.Contains(hashes, name+":"+sum)
		}
		if !allowed {
			refused[i] = "its hash is none of those that the requirement allows"
		}
	}
	return refused
}

// work finds the best file for each place, or says why there is none. refused
// says why a file may not be used, "" if it may; nil: all may.
func (m *fitting) work(offers []index.Offer, pinned bool, refused []string) *fit {
	allowed, reason := m.admit(offers, pinned, refused)
	f := &fit{}
	if len(allowed) == 0 {
		f.banned = reason
		f.yanked = strings.HasPrefix(reason, yanked)
		f.young = youth(reason)
		return f
	}
	places := m.shelf.places
	f.choice, f.why, f.unfit = make([]int, len(places)), make([]string, len(places)), make([]string, len(places))
	alone := pure(offers)
	for i := range places {
		f.choice[i], f.why[i], f.unfit[i] = m.best(i, offers, allowed, alone)
		if f.choice[i] < 0 && refused != nil {
			f.why[i] = m.younger(i, offers, refused, f.why[i])
		}
	}
	return f
}

const yanked = "yanked" // begins the reason of what was (PEP 592)

// admit leaves out files that may not be used anywhere; reason is why the last
// kind of them went.
func (m *fitting) admit(offers []index.Offer, pinned bool, refused []string) (out []int, reason string) {
	for i, o := range offers {
		aside := m.sdists.aside(o.Wheel)
		switch {
		case aside != "":
			if reason == "" {
				reason = aside
			}
		case o.Yanked && !pinned:
			reason = strings.TrimSuffix(yanked+": "+o.YankedReason, ": ")
		case refused != nil && refused[i] != "":
			reason = refused[i]
		case !o.Hashed:
			reason = "the index gives no sha256 for it"
		default:
			out = append(out, i)
		}
	}
	return out, reason
}

// best picks a wheel by tag order, then by build number, or where none fits the
// sdist, if it is built there; -1 with the reason for none, and the Requires-Python
// that is the reason. alone: the release has no wheel for a platform.
func (m *fitting) best(place int, offers []index.Offer, allowed []int, alone bool) (best int, why, python string) {
	best, bestRank, sdist := -1, int32(0), -1
	for _, i := range allowed {
		o := &offers[i]
		if !o.Wheel {
			if sdist < 0 && m.sdists.at(place, alone) {
				sdist = i
			}
			continue
		}
		rank := m.rank(place, o.Tags)
		if rank == unfit {
			continue
		}
		if !m.admits(place, o.Python) {
			python = o.Python.String
			continue
		}
		if best < 0 || rank < bestRank || rank == bestRank && m.build(o.Tags).Compare(m.build(offers[best].Tags)) > 0 {
			best, bestRank = i, rank
		}
	}
	if best < 0 && sdist >= 0 {
		if m.admits(place, offers[sdist].Python) {
			return sdist, "", ""
		}
		python = offers[sdist].Python.String
	}
	at := m.shelf.places[place]
	switch {
	case best >= 0:
		return best, "", ""
	case python != "":
		return -1, fmt.Sprintf("needs Python %s, not %s", python, at.python), python
	}
	return -1, "no wheel for " + at.name + " and Python " + at.python.String() + m.sdists.unbuilt(offers), ""
}

// rank is what tags are worth at a place, the least is the best; those with a
// number are read once.
func (m *fitting) rank(place int, tags index.Text) int32 {
	if tags.Number >= 0 && m.ranks[place][tags.Number] != unread {
		return m.ranks[place][tags.Number]
	}
	rank := int32(unfit)
	if build, text, err := dist.CutBuild(tags.String); err == nil {
		if build.Set && tags.Number >= 0 {
			m.builds[tags.Number] = build
		}
		if r, ok := m.shelf.places[place].tags.RankText(text); ok {
			rank = fits + int32(r)
		}
	}
	if tags.Number >= 0 {
		m.ranks[place][tags.Number] = rank
	}
	return rank
}

// build is the one of tags that have a rank.
func (m *fitting) build(tags index.Text) dist.Build {
	if tags.Number >= 0 {
		return m.builds[tags.Number]
	}
	build, _, _ := dist.CutBuild(tags.String) // it was read for the rank
	return build
}

// admits reads a Requires-Python, one with a number once.
func (m *fitting) admits(place int, python index.Text) bool {
	if python.Number >= 0 && m.pythons[place][python.Number] != unread {
		return m.pythons[place][python.Number] == fits
	}
	answer := int32(unfit)
	if pythonFits(python.String, m.shelf.places[place].python) {
		answer = fits
	}
	if python.Number >= 0 {
		m.pythons[place][python.Number] = answer
	}
	return answer == fits
}
