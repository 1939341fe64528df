package resolve

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"snug/internal/index"
	"snug/internal/pep440"
)

// release is one version of a project. Which of its files each place would take
// is known from the start, since releases come in few shapes; the files
// themselves are read for the few releases that are looked at.
type release struct {
	of      *project
	version pep440.Version
	offered *index.Release
	*fit

	once  sync.Once
	files []index.File
	says  []*telling
}

// fit is what each place would take of a release.
type fit struct {
	wheel  []int    // for each place, which of the files; -1: none
	why    []string // for each place without one, the reason
	banned string   // why the release is out on every place
	yanked bool     // that is the reason
}

// releases lists what the index offers, best liked first: stable versions before
// pre-releases unless the project likes these as well, new ones before old.
func (s *shelf) releases(p *project, l *index.Listing) []*release {
	all := make([]release, len(l.Releases)) // one allocation instead of thousands
	out := make([]*release, 0, len(all))
	fits := fitting{shelf: s, of: p, shapes: map[int]*fit{}, pythons: map[[2]string]bool{}}
	any := s.asked.prereleases(p.name)
	for _, pre := range []bool{false, true} {
		for i := range l.Releases {
			if offered := &l.Releases[i]; (!any && offered.Version.IsPrerelease()) == pre {
				all[i] = release{of: p, version: offered.Version, offered: offered, fit: fits.one(offered)}
				out = append(out, &all[i])
			}
		}
	}
	return out
}

// read reads the release's files.
func (r *release) read() {
	r.once.Do(func() {
		r.files = r.offered.Files()
		r.says = r.tellings()
	})
}

// best is the wheel that a place would take, nil if there is none.
func (r *release) best(place int) *index.File {
	if !r.has(place) {
		return nil
	}
	r.read()
	return &r.files[r.wheel[place]]
}

// has tells whether a place has a wheel of the release.
func (r *release) has(place int) bool { return r.banned == "" && r.wheel[place] >= 0 }

// told is what the wheel of each place says of itself, nil where there is none.
func (r *release) told() []*telling {
	r.read()
	return r.says
}

// fitting works out which files of a project's releases fit, once for each
// shape.
type fitting struct {
	shelf   *shelf
	of      *project
	shapes  map[int]*fit
	pythons map[[2]string]bool // whether a Requires-Python admits the Python of a place
}

// one is the fit of one release. The project's own pins and hashes may tell
// releases apart that are of one shape.
func (m *fitting) one(offered *index.Release) *fit {
	asked := m.shelf.asked
	n := asked.names[m.of.name]
	pinned := asked.pinned(m.of.name, offered.Version)
	if n != nil && len(n.hashes) > 0 {
		return m.work(offered.Offers(), pinned, hashAllowed(offered.Files(), n.hashes))
	}
	if offered.Shape == 0 || pinned {
		return m.work(offered.Offers(), pinned, nil)
	}
	f := m.shapes[offered.Shape]
	if f == nil {
		f = m.work(offered.Offers(), pinned, nil)
		m.shapes[offered.Shape] = f
	}
	return f
}

// hashAllowed tells for each file whether it has one of the hashes.
func hashAllowed(files []index.File, hashes []string) []bool {
	out := make([]bool, len(files))
	for i, f := range files {
		for name, sum := range f.Hashes.Map() {
			out[i] = out[i] || slices.Contains(hashes, name+":"+sum)
		}
	}
	return out
}

// work finds the best wheel for each place, or says why there is none. hashed
// says which files have a hash that the project allows, nil: it allows any.
func (m *fitting) work(offers []index.Offer, pinned bool, hashed []bool) *fit {
	allowed, reason := admit(offers, pinned, hashed)
	f := &fit{}
	if len(allowed) == 0 {
		f.banned = reason
		f.yanked = strings.HasPrefix(reason, yanked)
		return f
	}
	places := m.shelf.places
	f.wheel, f.why = make([]int, len(places)), make([]string, len(places))
	for i, at := range places {
		f.wheel[i], f.why[i] = m.best(at, offers, allowed)
	}
	return f
}

const yanked = "yanked" // begins the reason of what was (PEP 592)

// admit leaves out files that may not be used anywhere; reason is why the last
// kind of them went.
func admit(offers []index.Offer, pinned bool, hashed []bool) (out []int, reason string) {
	for i, o := range offers {
		switch {
		case !o.Wheel:
			if reason == "" {
				reason = "it has only an sdist; building from source is not done yet"
			}
		case o.Yanked && !pinned:
			reason = strings.TrimSuffix(yanked+": "+o.YankedReason, ": ")
		case hashed != nil && !hashed[i]:
			reason = "its hash is none of those that the requirement allows"
		case !o.Hashed:
			reason = "the index gives no sha256 for it"
		default:
			out = append(out, i)
		}
	}
	return out, reason
}

// best picks by tag order, then by build number; -1 with the reason for none.
func (m *fitting) best(at place, offers []index.Offer, allowed []int) (int, string) {
	best, bestRank, unfit := -1, 0, ""
	for _, i := range allowed {
		o := &offers[i]
		rank, ok := at.tags.Rank(o.Tags)
		if !ok {
			continue
		}
		if !m.admits(o.RequiresPython, at) {
			unfit = o.RequiresPython
			continue
		}
		if best < 0 || rank < bestRank || rank == bestRank && o.Build.Compare(offers[best].Build) > 0 {
			best, bestRank = i, rank
		}
	}
	switch {
	case best >= 0:
		return best, ""
	case unfit != "":
		return -1, fmt.Sprintf("needs Python %s, not %s", unfit, at.python)
	}
	return -1, "no wheel for " + at.name + " and Python " + at.python.String()
}

func (m *fitting) admits(python string, at place) bool {
	key := [2]string{python, at.name}
	ok, known := m.pythons[key]
	if !known {
		ok = pythonFits(python, at.python)
		m.pythons[key] = ok
	}
	return ok
}
