package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/pep440"
)

// shelf holds what the index said, for the whole resolution: what was seen
// once does not change. It is safe for concurrent use.
type shelf struct {
	in     Input
	asked  *roots
	places []place
	keep   preferences // for guessing ahead

	mu       sync.Mutex
	projects map[string]*project
	crawled  map[string]bool
	ahead    sync.WaitGroup
}

func newShelf(in Input, asked *roots, places []place) *shelf {
	return &shelf{in: in, asked: asked, places: places, keep: merge(locked(in.Locked, places), all(places)), projects: map[string]*project{}, crawled: map[string]bool{}}
}

// project is everything that there is of one name.
type project struct {
	once     sync.Once
	name     string
	listing  *index.Listing
	releases []*release // stable ones first, newest first
	missing  string     // why there is none at all
	direct   *direct    // set when the project names a URL or file for it
	err      error
}

// release is one version with its wheels.
type release struct {
	of      *project
	version pep440.Version
	best    []*index.File // for each place, nil: none
	why     []string      // for each place without one, the reason
	told    []*telling    // for each place with one, what its metadata says
	banned  string        // why the release is out on every place
	yanked  bool          // that is the reason
}

// project returns the named project, asking the index the first time. The
// error ends the resolution; a name that nobody knows is no error.
func (s *shelf) project(ctx context.Context, name string) (*project, error) {
	s.mu.Lock()
	p := s.projects[name]
	if p == nil {
		p = &project{name: name}
		s.projects[name] = p
	}
	s.mu.Unlock()
	p.once.Do(func() { p.err = s.load(ctx, p) })
	return p, p.err
}

func (s *shelf) load(ctx context.Context, p *project) error {
	if n := s.asked.names[p.name]; n != nil && n.direct != nil {
		return s.loadDirect(ctx, p, *n.direct)
	}
	l, err := s.in.Index.Listing(ctx, p.name)
	if fault.CodeOf(err) == fault.NotFound {
		p.missing = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	p.listing = l
	if len(l.Files) == 0 {
		p.missing = emptyReason(l)
	}
	p.releases = s.releases(p, l.Files)
	return nil
}

func emptyReason(l *index.Listing) string {
	switch {
	case l.Status != "" && l.Status != "active":
		return fmt.Sprintf("%s is %s on the index %s", l.Name, l.Status, l.StatusReason)
	case l.Later+l.Undated > 0:
		return fmt.Sprintf("%s has no file from before the as-of date (%d are later, %d have no date)", l.Name, l.Later, l.Undated)
	}
	return l.Name + " has no usable file on the index"
}

// releases sorts the files into versions, best liked first.
func (s *shelf) releases(p *project, files []index.File) []*release {
	order := make([]*index.File, len(files))
	for i := range files {
		order[i] = &files[i]
	}
	slices.SortStableFunc(order, func(a, b *index.File) int { return likedFirst(a.Version, b.Version) })
	fits := pythons{}
	var out []*release
	for len(order) > 0 {
		n := 1
		for n < len(order) && order[n].Version.Equal(order[0].Version) {
			n++
		}
		r := &release{of: p, version: order[0].Version}
		s.fit(r, order[:n], fits)
		out = append(out, r)
		order = order[n:]
	}
	return out
}

// likedFirst puts stable versions before pre-releases and new ones before old.
func likedFirst(a, b pep440.Version) int {
	if x, y := a.IsPrerelease(), b.IsPrerelease(); x != y {
		if x {
			return 1
		}
		return -1
	}
	return b.Compare(a)
}

// fit finds the best wheel for each place, or says why there is none.
func (s *shelf) fit(r *release, files []*index.File, fits pythons) {
	r.best, r.why = make([]*index.File, len(s.places)), make([]string, len(s.places))
	allowed, reason := s.admit(r, files)
	if len(allowed) == 0 {
		r.banned = reason
		r.yanked = strings.HasPrefix(reason, yanked)
		return
	}
	for i, place := range s.places {
		r.best[i], r.why[i] = bestWheel(place, allowed, fits)
	}
	r.told = tellings(r.best)
}

const yanked = "yanked" // begins the reason of what was (PEP 592)

// admit drops files that may not be used anywhere; reason is why the last
// kind of them went.
func (s *shelf) admit(r *release, files []*index.File) (out []*index.File, reason string) {
	pinned := s.asked.pinned(r.of.name, r.version)
	var hashes []string
	if n := s.asked.names[r.of.name]; n != nil {
		hashes = n.hashes
	}
	for _, f := range files {
		switch {
		case f.Wheel == nil:
			if reason == "" {
				reason = "it has only an sdist; building from source is not done yet"
			}
		case f.Yanked && !pinned:
			reason = strings.TrimSuffix(yanked+": "+f.YankedReason, ": ")
		case len(hashes) > 0 && !hashAllowed(f, hashes):
			reason = "its hash is none of those that the requirement allows"
		case f.Hashes.Sum("sha256") == "":
			reason = "the index gives no sha256 for it"
		default:
			out = append(out, f)
		}
	}
	return out, reason
}

func hashAllowed(f *index.File, hashes []string) bool {
	for name, sum := range f.Hashes.Map() {
		if slices.Contains(hashes, name+":"+sum) {
			return true
		}
	}
	return false
}

// bestWheel picks by tag order, then by build number.
func bestWheel(at place, files []*index.File, fits pythons) (*index.File, string) {
	var best *index.File
	bestRank, unfit := 0, ""
	for _, f := range files {
		rank, ok := at.tags.Rank(f.Wheel.Tags)
		if !ok {
			continue
		}
		if !fits.fit(f.RequiresPython, at) {
			unfit = f.RequiresPython
			continue
		}
		if best == nil || rank < bestRank || rank == bestRank && f.Wheel.Build.Compare(best.Wheel.Build) > 0 {
			best, bestRank = f, rank
		}
	}
	switch {
	case best != nil:
		return best, ""
	case unfit != "":
		return nil, fmt.Sprintf("needs Python %s, not %s", unfit, at.python)
	}
	return nil, "no wheel for " + at.name + " and Python " + at.python.String()
}

// pythons remembers which Requires-Python admit the Python of a place: a project
// says few, often.
type pythons map[[2]string]bool

func (m pythons) fit(text string, at place) bool {
	if text == "" {
		return true
	}
	key := [2]string{text, at.name}
	ok, known := m[key]
	if !known {
		ok = pythonFits(text, at.python)
		m[key] = ok
	}
	return ok
}
