package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// maxNeeds bounds the dependencies that one release may name.
const maxNeeds = 10_000

// shelf holds what the index said, for the whole resolution: what was seen
// once does not change. It is safe for concurrent use.
type shelf struct {
	in     Input
	asked  *roots
	places []place

	mu       sync.Mutex
	projects map[string]*project
	crawled  map[string]bool
	ahead    sync.WaitGroup
}

func newShelf(in Input, asked *roots, places []place) *shelf {
	return &shelf{in: in, asked: asked, places: places, projects: map[string]*project{}, crawled: map[string]bool{}}
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
	wheels  []*index.File
	best    []*index.File // for each place, nil: none
	why     []string      // for each place without one, the reason
	banned  string        // why the release is out on every place

	once  sync.Once
	needs []need
	notes []string
	bad   string // why its metadata cannot be used
	err   error
}

// need is one Requires-Dist.
type need struct {
	pep508.Requirement
	key     string
	byExtra bool // its marker reads the extra
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
	case l.Status != "":
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
	fits := pythonFits{}
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
func (s *shelf) fit(r *release, files []*index.File, fits pythonFits) {
	r.best, r.why = make([]*index.File, len(s.places)), make([]string, len(s.places))
	allowed, reason := s.admit(r, files)
	if len(allowed) == 0 {
		r.banned = reason
		return
	}
	r.wheels = allowed
	for i, place := range s.places {
		r.best[i], r.why[i] = bestWheel(place, allowed, fits)
	}
}

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
				reason = fmt.Sprintf("only an sdist for %s %s; building from source is not done yet", r.of.name, r.version)
			}
		case f.Yanked && !pinned:
			reason = strings.TrimSuffix("yanked: "+f.YankedReason, ": ")
		case len(hashes) > 0 && !hashAllowed(f, hashes):
			reason = "its hash is none of those that the requirement allows"
		case f.Hashes["sha256"] == "":
			reason = "the index gives no sha256 for it"
		default:
			out = append(out, f)
		}
	}
	return out, reason
}

func hashAllowed(f *index.File, hashes []string) bool {
	for name, sum := range f.Hashes {
		if slices.Contains(hashes, name+":"+sum) {
			return true
		}
	}
	return false
}

// bestWheel picks by tag order, then by build number.
func bestWheel(at place, files []*index.File, fits pythonFits) (*index.File, string) {
	var best *index.File
	bestRank, unfit := 0, ""
	for _, f := range files {
		rank, ok := at.tags.Rank(f.Wheel.Tags)
		if !ok {
			continue
		}
		if !fits.ask(f.RequiresPython, at) {
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

// pythonFits remembers which Requires-Python admit the Python of a place: a
// project says few, often.
type pythonFits map[[2]string]bool

// ask: a Requires-Python that cannot be read even leniently says nothing.
func (m pythonFits) ask(text string, at place) bool {
	if text == "" {
		return true
	}
	key := [2]string{text, at.name}
	ok, known := m[key]
	if !known {
		set, _, err := pep440.ParseSpecifiersLenient(text)
		ok = err != nil || set.Contains(at.python)
		m[key] = ok
	}
	return ok
}

// read makes the release's dependencies known, asking the index the first
// time. Metadata that cannot be used is said in bad and is no error.
func (s *shelf) read(ctx context.Context, r *release) error {
	r.once.Do(func() {
		i := slices.IndexFunc(r.best, func(f *index.File) bool { return f != nil })
		if i < 0 {
			r.bad = "it has no wheel for any target"
			return
		}
		data, err := s.metadata(ctx, r.of, *r.best[i])
		if code := fault.CodeOf(err); err != nil && (ctx.Err() != nil || code == fault.Network || code == fault.Canceled || code == fault.Integrity) {
			r.err = fmt.Errorf("metadata of %s %s: %w", r.of.name, r.version, err)
			return
		}
		if err == nil {
			err = r.parse(data)
		}
		if err != nil {
			r.bad = err.Error()
		}
	})
	return r.err
}

func (s *shelf) metadata(ctx context.Context, p *project, f index.File) ([]byte, error) {
	if p.direct != nil {
		return p.direct.metadata, nil
	}
	return s.in.Index.Metadata(ctx, p.listing, f)
}

func (r *release) parse(data []byte) error {
	m, err := dist.ParseMetadata(data)
	if err != nil {
		return err
	}
	if pep508.NormalizeName(m.Name) != r.of.name {
		return fmt.Errorf("its metadata calls it %q", m.Name)
	}
	if len(m.RequiresDist) > maxNeeds {
		return errors.New("it names too many dependencies")
	}
	for _, text := range m.RequiresDist {
		q, said, err := pep508.ParseLenient(strings.Clone(text)) // a part of the text would keep all of METADATA
		if err != nil {
			return fmt.Errorf("Requires-Dist %q: %w", text, err)
		}
		r.notes = append(r.notes, said...)
		r.needs = append(r.needs, need{q, q.Key(), slices.Contains(q.Marker.Variables(), "extra")})
	}
	return nil
}

// metadataOf reads the raw METADATA of a locked package again, for Check.
func (s *shelf) metadataOf(ctx context.Context) func(name, version string) ([]byte, error) {
	return func(name, version string) ([]byte, error) {
		p, err := s.project(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, r := range p.releases {
			if i := slices.IndexFunc(r.best, func(f *index.File) bool { return f != nil }); i >= 0 && r.version.String() == version {
				return s.metadata(ctx, p, *r.best[i])
			}
		}
		return nil, fault.New(fault.Internal, "", "%s %s is locked but not known", name, version)
	}
}
